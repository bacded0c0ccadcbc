export type { At } from '../base/index.ts'
export type { Acting } from './act-as.ts'
export { actAs, assumedKeys, kubernetesIssuer, sessionIssuer } from './act-as.ts'
export type { AccessMesh, Application } from './application/index.ts'
export { accessReview } from './application/index.ts'
export type { AskingFilter } from './asking-filters.ts'
export { askingFilters } from './asking-filters.ts'
export { attaches, byAge } from './attach.ts'
export type { AttributeSource } from './attributes.ts'
export { Attributes } from './attributes.ts'
export { authService, dexConfig, dexIssuer, seconds, sessionToken } from './auth-service.ts'
export { fromBase64Url } from './base64url.ts'
export { exportedTo, gatewayName } from './bind-services.ts'
export type { Blueprint, InboundBlueprint } from './blueprint.ts'
export { blueprintOf, inboundBlueprintOf } from './blueprint.ts'
export type { Case, CaseAnswer, CaseOutcome, CaseRequest, CaseWorld } from './case.ts'
export { decideCase, proxyOf } from './case.ts'
export { parseCidr } from './cidr.ts'
export { claimPath } from './condition.ts'
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
export { coversHost } from './destination-rules.ts'
export type { Door } from './door.ts'
export { compileDoor } from './door.ts'
export { reachOf } from './egress.ts'
export type { Entrance } from './entrances.ts'
export { aroundGateways } from './entrances.ts'
export type { OwnedPatch } from './envoy-filter.ts'
export { honoursOldFilterNames, patchesOn } from './envoy-filter.ts'
export {
  asObject as patchObject,
  coversRoute,
  field as patchField,
  textField as patchText,
} from './envoy-filter-match.ts'
export type { Explanation, Question, Unasked } from './explain.ts'
export { explain } from './explain.ts'
export type { Field } from './field.ts'
export { decideFromInside, type InsideCall } from './from-inside.ts'
export { serviceTargets } from './gateway-selection.ts'
export { resolvePorts } from './gateway-servers.ts'
export type { Hop, PathDecision } from './hop.ts'
export type { InboundPort, PortProtocol } from './inbound-port.ts'
export { inboundPorts } from './inbound-port.ts'
export type { Probe, ProxyInsight } from './inspect.ts'
export { inspectConnections, inspectProxy } from './inspect.ts'
export type { JwtProvider } from './jwt-provider.ts'
export type { Chain, GatewayProxy, Listener } from './listener.ts'
export { type Next, nextHop } from './next-hop.ts'
export type { PathRules } from './path-normalization.ts'
export { normalizePath } from './path-normalization.ts'
export { PathShelves } from './path-shelves.ts'
export { isPathTemplate, isTemplateLiteral, matchesPathValue, parsePathTemplate } from './path-template.ts'
export type { PortMode } from './peer-authentication.ts'
export { modeOf } from './peer-authentication.ts'
export type { Principal } from './principal.ts'
export { foldHeaderName, identityHeaders, parsePrincipal } from './principal.ts'
export type { Provider } from './provider.ts'
export { compileProvider } from './provider.ts'
export type { Registry, RegistryService } from './registry.ts'
export { compileRegistry } from './registry.ts'
export { matchesExpression } from './regular-expression.ts'
export type { HeadRules } from './request-head.ts'
export { isSingleHeader } from './request-head.ts'
export { rewritePath } from './rewrite.ts'
export type { ForwardAction, PathMatch, RedirectAction, Route, Target } from './route.ts'
export { routesFor } from './route-index.ts'
export { isCatchAll, matchesPath, routingClaim } from './route-match.ts'
export type { RouteTable, VirtualHost } from './route-table.ts'
export { chosenRoute, findHost, findRoute } from './route-table.ts'
export type { Entry, Rule } from './rule.ts'
export { isDryRun } from './rule-set.ts'
export type { ChosenRoute, EngineOptions, NormalizedRequest, ProxyIdentity, VerificationKey } from './seam.ts'
export type { WholePath } from './through-applications.ts'
export { throughApplications } from './through-applications.ts'
export type { TrustDomains } from './trust-domain.ts'
export { expandPrincipal, expandTrustDomain } from './trust-domain.ts'
export { matchesValue, parseValuePattern } from './value-pattern.ts'
export { decidePath } from './walk.ts'
export { injectionOf, sidecarOf } from './workload-of.ts'
