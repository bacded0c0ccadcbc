import type { ChangePlace } from '../../compose/change/apply-plan.ts'
import { openPlace } from '../../compose/change/open-place.ts'
import type { Plan } from '../../planner/index.ts'
import type { Io } from '../io.ts'

export interface PlaceWords {
  readonly context?: string
  readonly kubeconfig?: string
  readonly kubeAs?: string
}

/** Opens the cluster a plan is for, and closes it whatever happens. */
export async function withPlace<T>(
  io: Io,
  plan: Plan,
  { context, kubeconfig, kubeAs }: PlaceWords,
  work: (place: ChangePlace) => Promise<T>,
): Promise<T> {
  const place = await openPlace(plan, {
    env: io.env,
    ...(context !== undefined && { context }),
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(kubeAs !== undefined && { as: kubeAs }),
    say: (line) => io.err(line),
  })
  try {
    return await work(place)
  } finally {
    place.close()
  }
}
