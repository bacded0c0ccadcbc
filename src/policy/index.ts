export type { At } from '../base/index.ts'
export type { Acting } from './act-as.ts'
export { actAs, assumedKeys } from './act-as.ts'
export { type AccessMesh, type Application, accessReview } from './application/index.ts'
export { attaches } from './attach.ts'
export type { AttributeSource } from './attributes.ts'
export { Attributes } from './attributes.ts'
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
export type { Field } from './field.ts'
export { serviceTargets } from './gateway-selection.ts'
export type { Probe, ProxyInsight } from './inspect.ts'
export { inspectProxy } from './inspect.ts'
export type { Chain, GatewayProxy, Listener } from './listener.ts'
export type { Hop, InsideCall, Next, PathDecision } from './path.ts'
export { decideFromInside, decidePath, nextHop } from './path.ts'
export type { PathRules } from './path-normalization.ts'
export { normalizePath } from './path-normalization.ts'
export { isPathTemplate, matchesPathValue, parsePathTemplate } from './path-template.ts'
export type { Principal } from './principal.ts'
export { identityHeaders, parsePrincipal } from './principal.ts'
export { compileProvider } from './provider.ts'
export type { Registry } from './registry.ts'
export { compileRegistry } from './registry.ts'
export { matchesExpression } from './regular-expression.ts'
export { isSingleHeader } from './request-head.ts'
export { rewritePath } from './rewrite.ts'
export type { ForwardAction, PathMatch, Route } from './route.ts'
export { matchesPath } from './route-match.ts'
export type { RouteTable, VirtualHost } from './route-table.ts'
export { chosenRoute, findHost, findRoute } from './route-table.ts'
export type { Entry, Rule } from './rule.ts'
export type { EngineOptions, NormalizedRequest, ProxyIdentity, VerificationKey } from './seam.ts'
export { throughApplications, type WholePath } from './through-applications.ts'
export { matchesValue, parseValuePattern } from './value-pattern.ts'
export { injectionOf, sidecarOf } from './workload-of.ts'
