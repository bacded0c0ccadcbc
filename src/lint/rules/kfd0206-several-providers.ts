import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

/** Two providers on one workload: Istio takes neither. */
export const severalProviders: Rule = {
  code: 'KFD0206',
  severity: 'error',
  title: 'one workload has CUSTOM policies of several providers',
  why: 'Istio supports one provider a workload. With two, none is asked, and every request the rules match is refused.',
  remedy: 'Keep one provider on each workload; narrow the selectors, or take one policy away.',

  *check({ queries }) {
    for (const { proxy, name } of queries.proxies()) {
      const policies = queries.policiesOn(proxy, 'CUSTOM').filter(({ provider }) => provider !== undefined)
      const [first] = policies
      const other = policies.find(({ provider }) => provider?.value !== first?.provider?.value)
      if (first?.provider === undefined || other?.provider === undefined) continue
      yield {
        message: `${name} has CUSTOM policies of \`${first.provider.value}\` and \`${other.provider.value}\`, so neither is asked and what they match is refused`,
        evidence: [
          { at: other.provider.at, text: nameOf(other) },
          { at: first.provider.at, text: nameOf(first) },
        ],
      }
    }
  },
}
