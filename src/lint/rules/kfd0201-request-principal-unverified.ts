import type { Rule } from '../rule.ts'
import { actionOf, conditionsOf, nameOf, sourcesOf } from '../walk.ts'

/** Token conditions: what has no value where no token was verified. */
export const requestPrincipalUnverified: Rule = {
  code: 'KFD0201',
  severity: 'error',
  title: 'a rule asks for a verified token where none is ever verified',
  why: 'A token is verified by the proxy a RequestAuthentication selects, and what it said is not carried to the next one. Where none selects the workload, `requestPrincipals` and `request.auth.*` have no value: an ALLOW rule then lets nobody in, and a DENY rule on their absence keeps everybody out.',
  remedy:
    'Add a RequestAuthentication for the same workload, or ask for the mTLS principal of the gateway with `principals`.',

  *check({ mesh, queries }) {
    for (const policy of mesh.authorizationPolicies) {
      if (actionOf(policy) === 'CUSTOM') continue
      const uses = [
        ...[...sourcesOf(policy)].flatMap(({ source }) => [
          ...(source.requestPrincipals ?? []),
          ...(source.notRequestPrincipals ?? []),
        ]),
        ...[...conditionsOf(policy)]
          .map(({ condition }) => condition.key)
          .filter(({ value }) => value.startsWith('request.auth.')),
      ]
      const [first] = uses
      if (first === undefined) continue
      const selected = queries.proxies().filter(({ proxy }) => queries.selects(policy, proxy))
      const blind = selected.filter(({ proxy }) => queries.authenticationsOn(proxy).length === 0)
      if (blind.length === 0) continue
      // An ALLOW for a whole mesh is one of many at most workloads, unless nobody verifies. A DENY on a missing
      // token closes each workload where none can be there.
      const wide = policy.selector === undefined && policy.targetRefs.length === 0
      const closes =
        actionOf(policy) === 'DENY' &&
        [...sourcesOf(policy)].some(({ source }) => source.notRequestPrincipals !== undefined)
      if (wide && blind.length < selected.length && !closes) continue
      const names = blind.map(({ name }) => name)
      yield {
        message: `${nameOf(policy)} asks for a verified token at ${names.slice(0, 2).join(' and ')}, where no RequestAuthentication verifies one`,
        evidence: [{ at: first.at, text: first.value }],
      }
    }
  },
}
