import type { AuthorizationRule } from '../../mesh/index.ts'
import type { Rule } from '../rule.ts'
import { actionOf, nameOf } from '../walk.ts'

/** `- from` and `- to` as two rules: OR where AND was meant. */
export const fromAndToApart: Rule = {
  code: 'KFD0218',
  severity: 'warning',
  title: '`from` and `to` stand in two rules where one was meant',
  why: 'Rules are alternatives. `- from: …` and `- to: …`, each with its own dash, let in these callers to everything, and everybody to these paths.',
  remedy: 'Take the dash in front of the second one away, so that both belong to one rule.',

  *check({ mesh }) {
    for (const policy of mesh.authorizationPolicies) {
      const rules = policy.rules ?? []
      for (const [index, rule] of rules.entries()) {
        const next = rules[index + 1]
        if (next === undefined || actionOf(policy) === 'CUSTOM') continue
        const who = [rule, next].find(({ from, to, when }) => from && !to && !when)
        const where = [rule, next].find(({ from, to, when }) => to && !from && !when)
        if (who === undefined || where === undefined || isForProbes(where)) continue
        yield {
          message: `${nameOf(policy)} ${actionOf(policy) === 'DENY' ? 'refuses' : 'lets in'} these callers everywhere, and everybody on these paths: \`rules[${index}]\` and \`rules[${index + 1}]\` are alternatives`,
          evidence: [
            { at: rule.at, text: `rules[${index}].${rule === who ? 'from' : 'to'}` },
            { at: next.at, text: `rules[${index + 1}].${next === who ? 'from' : 'to'}` },
          ],
        }
      }
    }
  },
}

/** Paths of the kubelet and of metrics stand beside callers on purpose. */
function isForProbes({ to }: AuthorizationRule): boolean {
  return (
    to?.every(({ operation }) => operation?.paths?.every(({ value }) => probe.test(value)) ?? false) ?? false
  )
}

const probe =
  /\/(healthz?|readyz?|livez?|ready|live|health\/(ready|live)|ping|metrics|stats\/prometheus|wait-for-drain)$/
