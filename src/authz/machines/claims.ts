import { isFitName } from '../identity-headers.ts'

/** `{"matches": "@example.com$", "replaces": ""}`: one entry of authservice's `USERID_TRANSFORMERS`. */
export interface Transformer {
  /** Whether the name fits, and what it becomes. The first that fits counts. */
  apply(name: string): string | undefined
}

export interface ClaimRules {
  /** The claim a name is taken from: `email`, `sub`. */
  readonly user: string
  readonly groups: string
  readonly userPrefix: string
  readonly groupsPrefix: string
  readonly transformers: readonly Transformer[]
  /** Claims that have to hold one of these values. */
  readonly required: Readonly<Record<string, readonly string[]>>
  /** Empty = everybody. */
  readonly allowedGroups: readonly string[]
  readonly allowedUsers: readonly string[]
}

export interface Named {
  readonly user: string
  readonly groups: readonly string[]
}

export type Naming =
  | ({ readonly kind: 'named' } & Named)
  /** `detail` is for the log. */
  | { readonly kind: 'nameless' | 'not-admitted'; readonly detail: string }

/** Who a verified token speaks of, and whether this door admits them. */
export function nameOf(claims: Readonly<Record<string, unknown>>, rules: ClaimRules): Naming {
  const raw = claims[rules.user]
  if (!isFitName(raw))
    return { kind: 'nameless', detail: `claim \`${rules.user}\` holds no name a header can carry` }
  // An address its own issuer does not vouch for is nobody's.
  if (rules.user === 'email' && claims.email_verified !== undefined && claims.email_verified !== true)
    return { kind: 'nameless', detail: 'claim `email_verified` is not true' }
  for (const [claim, wanted] of Object.entries(rules.required)) {
    const has = valuesOf(claims[claim])
    if (!wanted.some((one) => has.includes(one)))
      return { kind: 'not-admitted', detail: `claim \`${claim}\` holds none of the values that are required` }
  }
  let user: string = raw
  for (const transformer of rules.transformers) {
    const changed = transformer.apply(user)
    if (changed === undefined) continue
    user = changed
    break
  }
  user = rules.userPrefix + user
  if (!isFitName(user)) return { kind: 'nameless', detail: 'a transformer left no name' }
  // A group with a comma would be two groups to whoever reads the header, so it is none.
  const groups = valuesOf(claims[rules.groups])
    .filter((one) => isFitName(one) && !one.includes(','))
    .map((one) => rules.groupsPrefix + one)
  if (rules.allowedUsers.length > 0 && !rules.allowedUsers.includes(user))
    return { kind: 'not-admitted', detail: 'the user is not on the list' }
  if (rules.allowedGroups.length > 0 && !groups.some((one) => rules.allowedGroups.includes(one)))
    return { kind: 'not-admitted', detail: 'none of the groups is on the list' }
  return { kind: 'named', user, groups }
}

/** A claim's texts: one, or a list; numbers and truth values as written, everything else nothing. */
function valuesOf(claim: unknown): string[] {
  return (Array.isArray(claim) ? claim : [claim]).flatMap((one) =>
    typeof one === 'string'
      ? [one]
      : typeof one === 'number' || typeof one === 'boolean'
        ? [String(one)]
        : [],
  )
}
