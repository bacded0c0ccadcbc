import type { AuthorizationPolicy } from '../mesh/index.ts'
import { denied, type Flow, type HttpFilter, localReply, type Stop } from './flow.ts'
import type { RuleContext } from './rule.ts'
import { compileRuleSet, findRule, isDryRun, matchedPlace, type RuleSet, traceRules } from './rule-set.ts'

const name = 'envoy.filters.http.rbac'

const denyMatched: Stop = { ...denied, reason: 'deny-rule-matched' }
const noAllowMatched: Stop = { ...denied, reason: 'no-allow-rule-matched' }

type Enforced = 'AUDIT' | 'DENY' | 'ALLOW'

/**
 * AUDIT, DENY or ALLOW as one filter; undefined when no policy of that action applies. A dry-run
 * policy is only looked at for the steps; an ALLOW filter that has nothing else lets everything pass.
 */
export function compileRbac(
  action: Enforced,
  policies: readonly AuthorizationPolicy[],
  context: RuleContext,
): HttpFilter | undefined {
  if (policies.length === 0) return undefined
  const enforced = policies.filter((policy) => !isDryRun(policy))
  const shadow = policies.filter(isDryRun)
  const set = enforced.length > 0 ? compileRuleSet(enforced, context) : undefined
  const dryRun = shadow.length > 0 ? compileRuleSet(shadow, context) : undefined
  return {
    name,
    ...(set && { rules: set.rules }),
    phase: action === 'ALLOW' ? 'allow' : action === 'DENY' ? 'deny' : 'audit',
    run(flow) {
      if (flow.trace && dryRun) traceDryRun(action, dryRun, flow)
      if (set === undefined) return undefined
      switch (action) {
        case 'AUDIT':
          return audit(set, flow)
        case 'DENY':
          return deny(set, flow)
        case 'ALLOW':
          return allow(set, flow)
      }
    },
  }
}

function audit(set: RuleSet, flow: Flow): undefined {
  // Only the access log sees it, so nobody has to look unless steps are wanted.
  if (!flow.trace) return undefined
  const rule = findRule(set, flow)
  traceRules(set, flow, 'audit', rule)
  if (rule === undefined) return undefined
  const place = matchedPlace(rule, flow.attributes)
  flow.step('audit', 'matched', 'audit-rule-matched', { object: rule.policy, rule: place, at: rule.at })
  return undefined
}

function deny(set: RuleSet, flow: Flow): Stop | undefined {
  const rule = findRule(set, flow)
  if (flow.trace) traceRules(set, flow, 'deny', rule)
  if (rule === undefined) {
    flow.reason = 'no-deny-rule-matched'
    if (flow.trace) flow.step('deny', 'passed', flow.reason)
    return undefined
  }
  if (flow.trace) {
    const place = matchedPlace(rule, flow.attributes)
    flow.step('deny', 'rejected', 'deny-rule-matched', { object: rule.policy, rule: place, at: rule.at })
  }
  return denyMatched
}

function allow(set: RuleSet, flow: Flow): Stop | undefined {
  const rule = findRule(set, flow)
  if (flow.trace) traceRules(set, flow, 'allow', rule)
  if (rule === undefined) {
    if (flow.trace) {
      const [only] = set.policies
      flow.step('allow', 'rejected', 'no-allow-rule-matched', {
        ...(set.policies.length === 1 && only && { object: only, at: only.at }),
        text: `none of the ${set.rules.length} ALLOW rules that apply matches`,
      })
    }
    return noAllowMatched
  }
  flow.reason = 'allow-rule-matched'
  if (flow.trace) {
    const place = matchedPlace(rule, flow.attributes)
    flow.step('allow', 'matched', flow.reason, { object: rule.policy, rule: place, at: rule.at })
  }
  return undefined
}

function traceDryRun(action: Enforced, set: RuleSet, flow: Flow): void {
  const rule = findRule(set, flow)
  const phase = action === 'ALLOW' ? 'allow' : action === 'DENY' ? 'deny' : 'audit'
  const outcome = rule === undefined ? 'missed' : 'skipped'
  flow.step(phase, outcome, `dry-run-${action.toLowerCase()}-${rule ? 'matched' : 'missed'}`, {
    object: (rule?.policy ?? set.policies[0]) as AuthorizationPolicy,
    ...(rule && { rule: `rules[${rule.index}]`, at: rule.at }),
    text: 'a dry run: never enforced',
  })
}

/** A CUSTOM policy that cannot be carried out denies what it matches. */
export function compileBrokenCustom(
  policies: readonly AuthorizationPolicy[],
  context: RuleContext,
  problem: { readonly reason: string; readonly text: string },
): HttpFilter {
  const set = compileRuleSet(policies, context)
  return {
    name,
    phase: 'custom',
    run(flow) {
      const rule = findRule(set, flow)
      if (flow.trace) traceRules(set, flow, 'custom', rule)
      if (rule === undefined) return undefined
      if (flow.trace) {
        flow.step('custom', 'rejected', problem.reason, {
          object: rule.policy,
          rule: matchedPlace(rule, flow.attributes),
          at: rule.policy.provider?.at ?? rule.at,
          text: problem.text,
        })
      }
      return { ...localReply(403, denied.body, problem.reason) }
    },
  }
}
