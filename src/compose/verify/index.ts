export {
  type Asked,
  type AskOptions,
  askWitnesses,
  type NotAsked,
  planWitnesses,
  type Verification,
} from './ask-witnesses.ts'
export { asFixture } from './fixture.ts'
export { type PredictedWitness, predict } from './prediction.ts'
export { createSend } from './send.ts'
export {
  checkReach,
  planVerification,
  type VerifiedDoor,
  type VerifyOptions,
  type VerifyPlan,
  verifyDoor,
} from './verify-door.ts'
