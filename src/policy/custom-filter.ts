/**
 * CUSTOM policies: which provider is asked, and when. One provider per workload; a second one, or one
 * that Istio refuses, turns every CUSTOM rule into a denial.
 *
 * Agrees with Istio's pilot/pkg/security/authz/builder/builder.go, buildHTTP.
 */
import type { AuthorizationPolicy, Mesh } from '../mesh/index.ts'
import type { Check, CheckAnswer } from './decision.ts'
import type { Exemption } from './envoy-filter-match.ts'
import { applyGrpcAnswer, grpcCheck, grpcVerdict } from './ext-authz-grpc.ts'
import { applyHttpAnswer, httpCheck, httpFailed, payloadTooLarge, providerFailed } from './ext-authz-http.ts'
import { denied, type Flow, type HttpFilter, type NamedObject, type Stop } from './flow.ts'
import { compileProvider, type Provider } from './provider.ts'
import { compileBrokenCustom } from './rbac-filter.ts'
import type { Registry } from './registry.ts'
import type { RuleContext } from './rule.ts'
import { compileRuleSet, findRule, isDryRun, matchedPlace, type RuleSet, traceRules } from './rule-set.ts'

/** The CUSTOM filters of an HTTP chain. */
export function compileCustom(
  mesh: Mesh,
  registry: Registry,
  namespace: string,
  policies: readonly AuthorizationPolicy[],
  context: RuleContext,
  exemptions: readonly Exemption[],
): readonly HttpFilter[] {
  const plan = planCustom(mesh, registry, namespace, policies, context)
  return 'provider' in plan ? [customFilter(plan, exemptions)] : plan
}

/** One provider, the rules that ask it, and those of dry runs. */
export interface CustomPlan {
  readonly provider: Provider
  readonly set: RuleSet
  readonly dryRun: RuleSet
}

/** Which provider CUSTOM policies mean, or the filters that deny in its place. */
export function planCustom(
  mesh: Mesh,
  registry: Registry,
  namespace: string,
  policies: readonly AuthorizationPolicy[],
  context: RuleContext,
): CustomPlan | readonly HttpFilter[] {
  const names = [...new Set(policies.map(providerOf))].sort()
  const rulesOf = (name: string, dry: boolean) =>
    policies.filter((policy) => providerOf(policy) === name && isDryRun(policy) === dry)
  const denying = (reason: string, text: string) =>
    names.map((name) => compileBrokenCustom(rulesOf(name, false), context, { reason, text }))
  const [name] = names
  if (name === undefined) return []
  if (names.length > 1) {
    const list = names.join(', ')
    return denying(
      'several-providers',
      `only one CUSTOM provider is allowed per workload, and ${list} are named: what the rule matches is denied`,
    )
  }
  const provider = compileProvider(mesh, registry, name, namespace)
  if ('problem' in provider) {
    return denying(
      'provider-invalid',
      `provider \`${name}\` ${provider.problem}: what the rule matches is denied`,
    )
  }
  return {
    provider,
    set: compileRuleSet(rulesOf(name, false), context),
    dryRun: compileRuleSet(rulesOf(name, true), context),
  }
}

function providerOf(policy: AuthorizationPolicy): string {
  return policy.provider?.value ?? ''
}

const filterName = 'envoy.filters.http.ext_authz'

function customFilter(plan: CustomPlan, exemptions: readonly Exemption[]): HttpFilter {
  const { provider, set, dryRun } = plan
  return {
    name: 'envoy.filters.http.rbac',
    also: filterName,
    phase: 'custom',
    run(flow) {
      const rule = findRule(set, flow)
      if (flow.trace) traceRules(set, flow, 'custom', rule)
      // istiod gives dry-run CUSTOM rules to the enforcing half of the filter, so they deny.
      const dry = dryRun.rules.length > 0 ? findRule(dryRun, flow) : undefined
      if (dry !== undefined) {
        if (flow.trace) {
          const place = matchedPlace(dry, flow.attributes)
          flow.step('custom', 'rejected', 'dry-run-custom-matched', {
            object: dry.policy,
            rule: place,
            at: dry.at,
          })
        }
        return { ...denied, reason: 'dry-run-custom-matched' }
      }
      if (rule === undefined) {
        if (set.rules.length > 0 || set.policies.length > 0) flow.reason = 'no-custom-rule-matched'
        return undefined
      }
      const place = flow.trace ? matchedPlace(rule, flow.attributes) : ''
      return askProvider(provider, flow, {
        object: rule.policy,
        rule: place,
        at: rule.at,
        filter: filterName,
        exemptions,
      })
    },
  }
}

/** An authorizer that is neither of Kubeflow's two may say anything. */
export const unknownAuthorizer = { kind: 'unknown', reason: 'authorizer-unknown' } as const

/** What made the check necessary: a rule of a policy, or an EnvoyFilter. */
export interface Because {
  readonly object: NamedObject
  readonly rule?: string
  readonly at: Provider['at']
  /** Envoy's name of the filter that asks, and the routes that switch it off. */
  readonly filter: string
  readonly exemptions: readonly Exemption[]
}

/** Asks, or goes on with the answer that is there. */
export function askProvider(provider: Provider, flow: Flow, because: Because): Stop | undefined {
  const tell = (
    outcome: 'passed' | 'rejected' | 'skipped' | 'matched' | 'unknown',
    reason: string,
    text: string,
  ) => {
    flow.reason = reason
    const { object, rule, at } = because
    if (flow.trace) flow.step('custom', outcome, reason, { object, ...(rule && { rule }), at, text })
  }
  if (!flow.call.routed) {
    tell('skipped', 'no-route-no-check', 'no route matches, so Envoy does not ask the provider')
    return undefined
  }
  for (const exemption of because.exemptions) {
    if (exemption.filter !== because.filter) continue
    const covered = exemption.covers(flow.call.route)
    if (covered === false) continue
    const { owner } = exemption
    const reason = covered ? 'ext-authz-disabled-here' : 'ext-authz-exemption-unknown'
    const text = `EnvoyFilter ${owner.namespace}/${owner.name} switches the check off on this route`
    flow.reason = reason
    if (flow.trace) {
      flow.step('custom', covered ? 'skipped' : 'unknown', reason, { object: owner, at: exemption.at, text })
    }
    return covered ? undefined : { kind: 'unknown', reason }
  }
  if (provider.unreachable !== undefined) {
    const stop = providerFailed(provider)
    tell(
      stop === undefined ? 'passed' : 'rejected',
      stop === undefined ? 'provider-failed-open' : 'provider-unreachable',
      provider.unreachable === 'not-http2'
        ? `${provider.cluster} is not an HTTP/2 port, so every gRPC check fails`
        : `there is no cluster ${provider.cluster}, so every check fails`,
    )
    return stop && { ...stop, reason: 'provider-unreachable' }
  }
  // A body may be too large for a check, so one that carries it is put together each time.
  let answer = provider.body === undefined ? flow.answered() : undefined
  if (answer === undefined) {
    const check: Check | 'too-large' =
      provider.protocol === 'http' ? httpCheck(provider, flow) : grpcCheck(provider, flow)
    if (check === 'too-large') {
      tell(
        'rejected',
        'body-too-large',
        `the body is larger than the ${provider.body?.maxBytes} bytes a check may carry`,
      )
      return payloadTooLarge
    }
    answer = flow.answer(check)
    if (answer === undefined) {
      tell('matched', 'ask-provider', `${provider.name} has to be asked`)
      return { kind: 'ask', check, reason: 'ask-provider' }
    }
  }
  if (answer.untold) {
    tell('unknown', unknownAuthorizer.reason, `what ${provider.name} says to this caller is not known here`)
    return unknownAuthorizer
  }
  const stop = applyAnswer(provider, flow, answer)
  if (stop === 'failed') {
    const closed = providerFailed(provider)
    if (closed === undefined)
      tell('passed', 'provider-failed-open', `${provider.name} failed, and may fail open`)
    else tell('rejected', 'provider-failed', `${provider.name} failed, which refuses`)
    return closed
  }
  if (stop === undefined) {
    tell('passed', 'provider-allowed', `${provider.name} lets it pass`)
  } else {
    const status = stop.kind === 'reply' ? ` with ${stop.status}` : ''
    tell('rejected', stop.reason, `${provider.name} refused${status}`)
  }
  return stop
}

function applyAnswer(provider: Provider, flow: Flow, answer: CheckAnswer): Stop | 'failed' | undefined {
  if (provider.protocol === 'http') {
    return httpFailed(provider, answer) ? 'failed' : applyHttpAnswer(provider, flow, answer)
  }
  const response = grpcVerdict(provider, answer)
  return response === undefined ? 'failed' : applyGrpcAnswer(provider, flow, response)
}
