import type { Certificate } from '../certificate.ts'
import { nameOf } from './path.ts'
import type { Objection } from './rules.ts'

const ANY_POLICY = '2.5.29.32.0'
/** policyMappings, inhibitAnyPolicy. */
const steering = new Set(['2.5.29.33', '2.5.29.54'])

/**
 * Whether the certificates below a root, leaf first, have a policy in common, where one of them asks for
 * it (RFC 5280 §6.1.4 (i), §6.1.5 (b)); `root` = its own wish counts too.
 */
export function policyMissing(
  path: readonly Certificate[],
  root: Certificate | undefined,
): Objection | string | undefined {
  const asks = [...path, ...(root ? [root] : [])].find(
    ({ needsPolicy }, at) => needsPolicy !== undefined && needsPolicy <= at,
  )
  if (asks === undefined) return undefined
  const who = `\`${nameOf(asks)}\` asks for a certificate policy`
  const silent = path.find(({ policies }) => policies === undefined)
  if (silent) return `${who}, and \`${nameOf(silent)}\` has none`
  if (path.some(({ extensions }) => extensions?.some(({ oid }) => steering.has(oid)))) {
    return { reason: `${who}, and some are mapped or not inherited, which is not followed here`, maybe: true }
  }
  const named = path.flatMap(({ policies = [] }) => (policies.includes(ANY_POLICY) ? [] : [policies]))
  const [first = [ANY_POLICY], ...rest] = named
  return first.some((one) => rest.every((policies) => policies.includes(one)))
    ? undefined
    : `${who}, and there is none that all have`
}
