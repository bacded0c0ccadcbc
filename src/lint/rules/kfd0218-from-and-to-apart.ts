import type { Rule } from '../rule.ts'
import { actionOf, nameOf } from '../walk.ts'

/** `- from` and `- to` as two rules: OR where AND was meant. */
export const fromAndToApart: Rule = {
  code: 'KFD0218',
  severity: 'warning',
  title: '`from` and `to` stand in two rules where one was meant',
  why: 'Rules are alternatives. `- from: …` and `- to: …`, each with its own dash, let in these callers to everything, and everybody to these paths.',
  remedy: 'Take the dash in front of `to` away, so that both belong to one rule.',

  *check({ mesh }) {
    for (const policy of mesh.authorizationPolicies) {
      const rules = policy.rules ?? []
      for (const [index, rule] of rules.entries()) {
        const next = rules[index + 1]
        if (next === undefined || actionOf(policy) === 'CUSTOM') continue
        const apart = rule.from && !rule.to && !rule.when && next.to && !next.from && !next.when
        if (!apart) continue
        yield {
          message: `${nameOf(policy)} ${actionOf(policy) === 'DENY' ? 'refuses' : 'lets in'} these callers everywhere, and everybody on these paths: \`rules[${index}]\` and \`rules[${index + 1}]\` are alternatives`,
          evidence: [
            { at: rule.at, text: `rules[${index}].from` },
            { at: next.at, text: `rules[${index + 1}].to` },
          ],
        }
      }
    }
  },
}
