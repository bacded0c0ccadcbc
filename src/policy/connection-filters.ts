/**
 * The network filters of a TCP port: CUSTOM (gRPC providers only), AUDIT, DENY and ALLOW over what a
 * connection has. What only HTTP has spoils an ALLOW rule and falls out of a DENY rule.
 *
 * Agrees with Istio's pilot/pkg/security/authz/builder/builder.go, buildTCP.
 */
import type { AuthorizationPolicy, Mesh } from '../mesh/index.ts'
import { grpcConnectionCheck, grpcVerdict } from './ext-authz-grpc.ts'
import type { PoliciesByAction } from './filters.ts'
import type { Flow, HttpFilter, Stop } from './flow.ts'
import { compileProvider, type GrpcProvider } from './provider.ts'
import { compileBrokenCustom, compileRbac } from './rbac-filter.ts'
import type { Registry } from './registry.ts'
import type { RuleContext } from './rule.ts'
import { compileRuleSet, findRule, isDryRun, matchedPlace, type RuleSet, traceRules } from './rule-set.ts'

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

function compileCustomTcp(
  mesh: Mesh,
  registry: Registry,
  namespace: string,
  policies: readonly AuthorizationPolicy[],
  context: RuleContext,
): readonly HttpFilter[] {
  const names = [...new Set(policies.map((policy) => policy.provider?.value ?? ''))].sort()
  const of = (name: string, dry: boolean) =>
    policies.filter((policy) => (policy.provider?.value ?? '') === name && isDryRun(policy) === dry)
  if (names.length > 1) {
    const text = 'only one CUSTOM provider is allowed per workload: what the rule matches is denied'
    return names.map((name) =>
      compileBrokenCustom(of(name, false), context, { reason: 'several-providers', text }),
    )
  }
  const [name] = names
  if (name === undefined) return []
  const provider = compileProvider(mesh, registry, name, namespace)
  if ('problem' in provider) {
    const text = `provider \`${name}\` ${provider.problem}: what the rule matches is denied`
    return [compileBrokenCustom(of(name, false), context, { reason: 'provider-invalid', text })]
  }
  // An HTTP authorizer cannot be asked about a connection, and then nobody is.
  if (provider.protocol === 'http') return []
  const dry = compileRuleSet(of(name, true), context)
  return [customTcp(provider, compileRuleSet(of(name, false), context), dry)]
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
        const outcome = stop === undefined ? 'passed' : stop.kind === 'ask' ? 'matched' : 'rejected'
        flow.step('custom', outcome, flow.reason, { object: rule.policy, rule: place, at: rule.at })
      }
      return stop
    },
  }
}

function ask(provider: GrpcProvider, flow: Flow): Stop | undefined {
  const failed: Stop | undefined = provider.failOpen ? undefined : { kind: 'drop', reason: 'provider-failed' }
  if (provider.unreachable !== undefined) return failed
  const check = grpcConnectionCheck(provider, flow.request)
  const answer = flow.answer(check)
  if (answer === undefined) return { kind: 'ask', check, reason: 'ask-provider' }
  const verdict = grpcVerdict(provider, answer)
  if (verdict === undefined) return failed
  return verdict.code === 'OK' ? undefined : { kind: 'drop', reason: 'provider-denied' }
}
