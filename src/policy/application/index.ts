import type { Application, Arrival } from './application.ts'
import { isAccessManagement, visitAccessManagement } from './kfam.ts'
import { isPipelines, visitPipelines } from './pipelines.ts'
import { isWebApp, visitWebApp } from './web-app.ts'

export { type AccessMesh, accessReview } from './access-review.ts'
export type { Application, Arrival } from './application.ts'
export { handsOn } from './pipelines-ui.ts'

/** What the application behind a workload makes of a request; undefined = it has no check that is known. */
export function visitApplication(arrival: Arrival): Application | undefined {
  const { workload } = arrival
  if (isPipelines(workload)) return visitPipelines(arrival)
  if (isAccessManagement(workload)) return visitAccessManagement(arrival)
  if (isWebApp(workload)) return visitWebApp(arrival)
  return undefined
}
