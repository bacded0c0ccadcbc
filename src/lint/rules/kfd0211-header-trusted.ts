import type { Text } from '../../mesh/index.ts'
import { identityHeaders } from '../../policy/index.ts'
import type { Rule } from '../rule.ts'
import { actionOf, nameOf } from '../walk.ts'

/** A header decides, and nothing says who may send it. */
export const headerTrusted: Rule = {
  code: 'KFD0211',
  severity: 'error',
  title: 'an identity header is believed from any caller in the mesh',
  why: 'Whoever reaches the workload past the gateway writes the header himself and is whom he likes. Only the mTLS principal of the caller tells the gateway’s header from a made-up one.',
  remedy:
    'Add `from.source.principals` with the gateway’s service account (and whoever else may say the header) to the same rule.',

  *check({ mesh }) {
    for (const policy of mesh.authorizationPolicies) {
      if (actionOf(policy) !== 'ALLOW') continue
      for (const { from, when } of policy.rules ?? []) {
        // Sources are alternatives: one that names nobody is enough for a header of one's own.
        const vouched = from?.every(
          ({ source }) =>
            names(source?.principals) || names(source?.serviceAccounts) || names(source?.namespaces),
        )
        const named = when?.some(
          ({ key, values }) =>
            /^source\.(principal|namespace|serviceAccount)$/.test(key.value) && names(values),
        )
        if (vouched || named) continue
        for (const { key, values } of when ?? []) {
          const header = /^request\.headers\[(.*)\]$/.exec(key.value)?.[1]?.toLowerCase()
          if (header === undefined || values === undefined || !identityHeaders.includes(header)) continue
          yield {
            message: `${nameOf(policy)} believes \`${header}\` whoever sends it`,
            evidence: [{ at: key.at, text: key.value }],
          }
        }
      }
    }
  },
}

/** Whether a list names somebody: `*` is anybody with a sidecar. */
function names(values: readonly Text[] | undefined): boolean {
  return values?.every(({ value }) => value !== '*') ?? false
}
