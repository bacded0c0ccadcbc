/**
 * The policies of one action that apply to one proxy, as one Envoy RBAC filter sees them.
 *
 * Agrees with Istio's pilot/pkg/security/authz/builder/builder.go.
 */
import { parseGoBool } from '../base/index.ts'
import type { AuthorizationPolicy } from '../mesh/index.ts'
import type { Attributes } from './attributes.ts'
import type { Step } from './decision.ts'
import type { Field } from './field.ts'
import type { Flow } from './flow.ts'
import {
  compileRule,
  type DroppedRule,
  type Entry,
  type Rule,
  type RuleContext,
  ruleMatches,
} from './rule.ts'
import { indexRules, type RuleIndex } from './rule-index.ts'

export interface RuleSet {
  readonly policies: readonly AuthorizationPolicy[]
  /** In Envoy's order. */
  readonly rules: readonly Rule[]
  readonly dropped: readonly DroppedRule[]
  readonly index: RuleIndex
}

export function compileRuleSet(policies: readonly AuthorizationPolicy[], context: RuleContext): RuleSet {
  const rules: Rule[] = []
  const dropped: DroppedRule[] = []
  for (const policy of policies) {
    for (const [index, rule] of (policy.rules ?? []).entries()) {
      const compiled = compileRule(policy, rule, index, context)
      if ('reason' in compiled) dropped.push(compiled)
      else rules.push(compiled)
    }
  }
  rules.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  let index: RuleIndex | undefined
  return {
    policies,
    rules,
    dropped,
    // Analyses read the rules only.
    get index() {
      index ??= indexRules(rules)
      return index
    },
  }
}

/** By its annotation `istio.io/dry-run`. */
export function isDryRun(policy: AuthorizationPolicy): boolean {
  return parseGoBool(policy.dryRun?.value) === true
}

/** The rule Envoy would name when tracing; otherwise whichever is found first. */
export function findRule(set: RuleSet, flow: Flow): Rule | undefined {
  if (!flow.trace) return set.index.find(flow.attributes)
  return set.rules.find((rule) => ruleMatches(rule, flow.attributes))
}

type Phase = Step['phase']

/** One step per rule up to the one that matched, near misses told apart, and the rules left out. */
export function traceRules(set: RuleSet, flow: Flow, phase: Phase, matched: Rule | undefined): void {
  for (const policy of set.policies) {
    if ((policy.rules ?? []).length > 0) continue
    flow.step(phase, 'missed', 'policy-without-rules', {
      object: policy,
      at: policy.at,
      text: 'a policy without rules matches nothing',
    })
  }
  for (const { policy, index, at, reason, values } of set.dropped) {
    const list = values.map((value) => `\`${value.value}\``).join(', ')
    flow.step(phase, 'skipped', `rule-dropped-${reason}`, {
      object: policy,
      rule: `rules[${index}]`,
      at,
      text: `Istio leaves this rule out because of ${list}`,
    })
  }
  for (const rule of set.rules) {
    if (rule === matched) break
    const miss = nearMiss(rule, flow.attributes)
    flow.step(phase, miss === undefined ? 'missed' : 'near-miss', miss?.reason ?? 'rule-missed', {
      object: rule.policy,
      rule: `rules[${rule.index}]${miss?.place ? `.${miss.place}` : ''}`,
      at: miss?.field.values[0]?.at ?? miss?.field.at ?? rule.at,
      ...(miss && { text: miss.text }),
    })
  }
}

/** Where in the rule the request matched: `rules[0].from[1].to[0]`. */
export function matchedPlace(rule: Rule, attributes: Attributes): string {
  const holds = (entry: Entry) => entry.fields.every((field) => field.test(attributes))
  const places = [rule.from.find(holds)?.place, rule.to.find(holds)?.place]
  return [`rules[${rule.index}]`, ...places.filter((place) => place !== undefined && place !== '')].join('.')
}

interface NearMiss {
  readonly place: string
  readonly field: Field
  readonly reason: string
  readonly text: string
}

/** The one field that keeps a rule from matching; undefined when there are more. */
function nearMiss(rule: Rule, attributes: Attributes): NearMiss | undefined {
  const from = closest(rule.from, attributes)
  const to = closest(rule.to, attributes)
  if (from.failing.length + to.failing.length !== 1) return undefined
  const side = from.failing.length === 1 ? from : to
  const field = side.failing[0] as Field
  const name = field.name.startsWith('when ') ? 'condition' : fieldNoun(field.name)
  return {
    place: side.entry.place,
    field,
    reason: `near-miss-${name}`,
    text: `would have matched but for \`${field.name}\`: ${field.values.map((value) => value.value).join(', ')}`,
  }
}

function fieldNoun(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function closest(
  entries: readonly Entry[],
  attributes: Attributes,
): { readonly entry: Entry; readonly failing: readonly Field[] } {
  const judged = entries.map((entry) => ({
    entry,
    failing: entry.fields.filter((field) => !field.test(attributes)),
  }))
  return judged.reduce((best, next) => (next.failing.length < best.failing.length ? next : best))
}
