import type { Certificate } from '../certificate.ts'
import { nameOf } from './path.ts'
import type { Objection } from './rules.ts'

const ANY_POLICY = '2.5.29.32.0'
const policyMappings = '2.5.29.33'

/** Whether the certificates of a path, leaf first, have a policy in common. */
export function policyMissing(path: readonly Certificate[], who: string): Objection | string | undefined {
  const silent = path.find(({ policies }) => policies === undefined)
  if (silent) return `${who} asks for a certificate policy, and \`${nameOf(silent)}\` has none`
  if (
    path.some(({ extensions }) =>
      extensions?.some(({ oid }) => oid === policyMappings || oid === '2.5.29.54'),
    )
  ) {
    return {
      reason: `${who} asks for a certificate policy, and some are mapped, which is not followed here`,
      maybe: true,
    }
  }
  const named = path.flatMap(({ policies = [] }) => (policies.includes(ANY_POLICY) ? [] : [policies]))
  const [first = [ANY_POLICY], ...rest] = named
  return first.some((one) => rest.every((policies) => policies.includes(one)))
    ? undefined
    : `${who} asks for a certificate policy, and there is none that all have`
}
