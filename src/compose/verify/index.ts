export {
  type Asked,
  type AskOptions,
  askWitnesses,
  type NotAsked,
  type Plan,
  planWitnesses,
  type Verification,
} from './ask-witnesses.ts'
export { asFixture } from './fixture.ts'
export { ownPrincipal } from './own.ts'
export type { Own, Permissions } from './polite.ts'
export { type Answering, type PredictedWitness, type Prediction, predict } from './prediction.ts'
export { createSend, type Send } from './send.ts'
export {
  planVerification,
  type VerifiedDoor,
  type VerifyOptions,
  type VerifyPlan,
  verifyDoor,
} from './verify-door.ts'
export { whoAnswers } from './who-answers.ts'
