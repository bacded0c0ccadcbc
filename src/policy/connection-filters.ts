/**
 * The network filters of a TCP port, a sidecar's or a gateway's: CUSTOM (gRPC providers only), AUDIT, DENY and ALLOW over what a
 * connection has. What only HTTP has spoils an ALLOW rule and falls out of a DENY rule.
 *
 * Agrees with Istio's pilot/pkg/security/authz/builder/builder.go, buildTCP.
 */
import type { AuthorizationPolicy, Mesh } from '../mesh/index.ts'
import { planCustom, unknownAuthorizer } from './custom-filter.ts'
import type { DoorRequest, PeerCertificate } from './decision.ts'
import { grpcConnectionCheck, grpcVerdict } from './ext-authz-grpc.ts'
import type { PoliciesByAction } from './filters.ts'
import type { Flow, HttpFilter, Stop } from './flow.ts'
import type { GrpcProvider } from './provider.ts'
import { compileRbac } from './rbac-filter.ts'
import type { Registry } from './registry.ts'
import { principalsOf } from './request-head.ts'
import type { RuleContext } from './rule.ts'
import { findRule, matchedPlace, type RuleSet, traceRules } from './rule-set.ts'
import type { NormalizedRequest } from './seam.ts'

/** They run like HTTP filters; every refusal of theirs closes the connection. */
export function connectionFilters(
  mesh: Mesh,
  registry: Registry,
  namespace: string,
  policies: PoliciesByAction,
  context: RuleContext,
): readonly HttpFilter[] {
  const filters = [
    ...compileCustomTcp(mesh, registry, namespace, policies.CUSTOM, context),
    compileRbac('AUDIT', policies.AUDIT, context),
    compileRbac('DENY', policies.DENY, context),
    compileRbac('ALLOW', policies.ALLOW, context),
  ]
  return filters.filter((filter) => filter !== undefined)
}

/** What they see of a connection: `peer` is the certificate its TLS ended with here, if any. */
export function connectionOf(
  request: DoorRequest,
  peer: PeerCertificate | undefined,
  localPrincipal: string | undefined,
): NormalizedRequest {
  return {
    method: '',
    host: '',
    path: '',
    scheme: '',
    headers: [],
    port: request.port,
    destinationIp: request.destinationIp ?? '127.0.0.1',
    sourceIp: request.sourceIp,
    remoteIp: request.sourceIp,
    sni: request.sni ?? '',
    principals: principalsOf(peer),
    forwardedProto: '',
    ...(localPrincipal !== undefined && { localPrincipal }),
  }
}

function compileCustomTcp(
  mesh: Mesh,
  registry: Registry,
  namespace: string,
  policies: readonly AuthorizationPolicy[],
  context: RuleContext,
): readonly HttpFilter[] {
  const plan = planCustom(mesh, registry, namespace, policies, context)
  if (!('provider' in plan)) return plan
  const { provider, set, dryRun } = plan
  // An HTTP authorizer cannot be asked about a connection, and then nobody is.
  return provider.protocol === 'grpc' ? [customTcp(provider, set, dryRun)] : []
}

function customTcp(provider: GrpcProvider, set: RuleSet, dryRun: RuleSet): HttpFilter {
  return {
    name: 'envoy.filters.network.ext_authz',
    run(flow) {
      const rule = findRule(set, flow)
      if (flow.trace) traceRules(set, flow, 'custom', rule)
      if (dryRun.rules.length > 0 && findRule(dryRun, flow) !== undefined) {
        return { kind: 'drop', reason: 'dry-run-custom-matched' }
      }
      if (rule === undefined) return undefined
      const stop = ask(provider, flow)
      flow.reason = stop?.reason ?? 'provider-allowed'
      if (flow.trace) {
        const place = matchedPlace(rule, flow.attributes)
        const outcome = stop === undefined ? 'passed' : outcomes[stop.kind]
        flow.step('custom', outcome, flow.reason, { object: rule.policy, rule: place, at: rule.at })
      }
      return stop
    },
  }
}

const outcomes = { ask: 'matched', unknown: 'unknown', reply: 'rejected', drop: 'rejected' } as const

function ask(provider: GrpcProvider, flow: Flow): Stop | undefined {
  const failed: Stop | undefined = provider.failOpen ? undefined : { kind: 'drop', reason: 'provider-failed' }
  if (provider.unreachable !== undefined) return failed
  const check = grpcConnectionCheck(provider, flow.request)
  const answer = flow.answer(check)
  if (answer === undefined) return { kind: 'ask', check, reason: 'ask-provider' }
  if (answer.untold) return unknownAuthorizer
  const verdict = grpcVerdict(provider, answer)
  if (verdict === undefined) return failed
  return verdict.code === 'OK' ? undefined : { kind: 'drop', reason: 'provider-denied' }
}
