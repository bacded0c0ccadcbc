export { createAccessReview } from './access-review.ts'
export type { PipelinesOptions } from './options.ts'
export { createPipelines } from './server.ts'
export { pipelinesSettings } from './settings.ts'
