export { withAnybody } from './anybody.ts'
export { applyChanges } from './apply-changes.ts'
export { createOf, deleteOf, type EditableObject, updateOf } from './changes.ts'
export { editObject, objectText } from './edit-text.ts'
export { findEntrance, type IntentWorld } from './entrance.ts'
export {
  type ExposeAsk,
  type Grantee,
  parseGrantee,
  type SubjectKind,
  usualAudience,
} from './expose/ask.ts'
export { expose } from './expose/expose.ts'
export { shellWord } from './expose/paste.ts'
export { exposePipelines, type PipelinesGrantee } from './expose/pipelines.ts'
export { unexpose } from './expose/unexpose.ts'
export { inverseOf } from './inverse-of.ts'
export { PROXY as proxyName } from './jwks-proxy.ts'
export { keeperOf } from './keeper.ts'
export { type ComponentFile, componentOf } from './kustomize.ts'
export { enableM2m, type M2mAsk } from './m2m-enable.ts'
export { type Discovered, type Distribution, refuseKeysUrl } from './m2m-signer.ts'
export { migrateAuthService, type SeatAsk } from './migrate-auth-service.ts'
export {
  type AuthnFilterAsk,
  type AuthnOffer,
  type AuthnOffers,
  type AuthnWay,
  authnOffers,
  migrateAuthnFilter,
} from './migrate-authn-filter.ts'
export type {
  Change,
  Effect,
  FindingLine,
  Intended,
  KubeObject,
  ObjectName,
  Plan,
  PlanSource,
} from './plan.ts'
export { parsePlan, planText } from './plan-file.ts'
export { fileNameOf, type PlanOptions, planOf } from './plan-of.ts'
export { keyOf, type RawDoor, type RawObject, readRawDoor, textOf } from './raw-door.ts'
export { beyondRemit } from './remit.ts'
export { isInPart, type Seat, seatAmong, seatIn, seatOf } from './seat.ts'
export { type SplitAsk, splitGateway } from './split-gateway.ts'
export { enableTls, type ServedWith, servedWith, type TlsAsk } from './tls-enable.ts'
export { spelling } from './yaml-text.ts'
