export type { At } from '../base/index.ts'
export type { Acting } from './act-as.ts'
export { assumedKeys } from './act-as.ts'
export { type AccessMesh, type Application, accessReview } from './application/index.ts'
export type { Case, CaseAnswer, CaseOutcome, CaseRequest, CaseWorld } from './case.ts'
export { decideCase, proxyOf } from './case.ts'
export type {
  AskDecision,
  Check,
  CheckAnswer,
  Context,
  Decision,
  DoorRequest,
  DropDecision,
  ForwardDecision,
  HeaderList,
  PeerCertificate,
  ReplyDecision,
  Step,
  UnknownDecision,
  Verdict,
} from './decision.ts'
export type { Door } from './door.ts'
export { compileDoor } from './door.ts'
export type { Explanation, Question, Unasked } from './explain.ts'
export { explain } from './explain.ts'
export type { Chain, GatewayProxy, Listener } from './listener.ts'
export type { Hop, InsideCall, PathDecision } from './path.ts'
export { decidePath } from './path.ts'
export type { Principal } from './principal.ts'
export { identityHeaders, parsePrincipal } from './principal.ts'
export type { EngineOptions, ProxyIdentity, VerificationKey } from './seam.ts'
