export { type AccessMesh, createAccessReview } from './access-review.ts'
export type { AccessAnswer, AccessQuestion, PipelinesOptions, TokenReview } from './options.ts'
export type { Release } from './release.ts'
export { createPipelines, type Pipelines } from './server.ts'
