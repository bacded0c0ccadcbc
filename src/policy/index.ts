export type { At } from '../base/index.ts'
export type { Acting } from './act-as.ts'
export { assumedKeys } from './act-as.ts'
export { type AccessMesh, type Application, accessReview } from './application/index.ts'
export { attaches } from './attach.ts'
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
export { aroundGateways, type Entrance } from './entrances.ts'
export { honoursOldFilterNames } from './envoy-filter.ts'
export type { Explanation, Question, Unasked } from './explain.ts'
export { explain } from './explain.ts'
export type { Chain, GatewayProxy, Listener } from './listener.ts'
export type { Hop, InsideCall, PathDecision } from './path.ts'
export { decidePath } from './path.ts'
export type { Principal } from './principal.ts'
export { identityHeaders, parsePrincipal } from './principal.ts'
export { compileProvider } from './provider.ts'
export type { Registry } from './registry.ts'
export { compileRegistry } from './registry.ts'
export type { EngineOptions, ProxyIdentity, VerificationKey } from './seam.ts'
export { injectionOf } from './workload-of.ts'
