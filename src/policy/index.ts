export type { At } from '../base/index.ts'
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
export type { Chain, GatewayProxy, Listener } from './listener.ts'
export type { Hop, PathDecision } from './path.ts'
export { decidePath } from './path.ts'
export { placeholderRequestId } from './request-head.ts'
export type { EngineOptions, ProxyIdentity, VerificationKey } from './seam.ts'
