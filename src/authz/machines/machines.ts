import { hash } from 'node:crypto'
import { andThen, type Clock } from '../../base/index.ts'
import type { TokenReview } from '../../identity/index.ts'
import { isFitName } from '../identity-headers.ts'
import { type ClaimRules, type Named, type Naming, nameOf } from './claims.ts'
import { createTokenCache } from './token-cache.ts'
import { readToken, type TrustedIssuer, verifyToken } from './verify-token.ts'

export interface MachineIssuer extends TrustedIssuer {
  readonly claims: ClaimRules
}

/** Asks the API server; rejects when it cannot be asked. */
export type ReviewToken = (token: string, audiences: readonly string[]) => Promise<TokenReview>

export interface MachinesOptions {
  readonly issuers: readonly MachineIssuer[]
  /** For tokens of issuers that are not among them, and for tokens that are no JWT. */
  readonly review?: {
    readonly ask: ReviewToken
    readonly audiences: readonly string[]
    readonly claims: Pick<ClaimRules, 'userPrefix' | 'groupsPrefix' | 'allowedGroups' | 'allowedUsers'>
  }
  readonly clock: Clock
  /** Tokens that are remembered. */
  readonly cacheSize?: number
  readonly counted?: (what: 'hit' | 'miss') => void
}

export type MachineAnswer =
  | ({ readonly kind: 'admitted'; readonly by: 'token' | 'token-review' } & Named)
  | {
      readonly kind: 'refused'
      readonly reason:
        | 'token-not-accepted'
        | 'token-expired'
        | 'token-audience'
        | 'not-admitted'
        | 'unavailable'
      readonly detail: string
    }
  /** Nothing for us: not a JWT, and nobody to ask. */
  | undefined

export interface Machines {
  identify(token: string): MachineAnswer | Promise<MachineAnswer>
}

const CACHE_SIZE = 10_000
/** A review says what holds now: a deleted account or pod ends its token, and we want to hear of it. */
const REVIEW_KEPT = 30_000

const refused = (reason: (MachineAnswer & { kind: 'refused' })['reason'], detail: string): MachineAnswer => ({
  kind: 'refused',
  reason,
  detail,
})

const unnamed = ({ kind, detail }: Exclude<Naming, { kind: 'named' }>) =>
  refused(kind === 'nameless' ? 'token-not-accepted' : 'not-admitted', detail)

const reasonOf = {
  bad: 'token-not-accepted',
  expired: 'token-expired',
  audience: 'token-audience',
  unavailable: 'unavailable',
} as const

/**
 * Who a bearer token speaks of.
 *
 * What was found out is kept under SHA-256 of the whole token, the issuer with its audiences, and the
 * epoch of the key set (CVE-2026-35039, CVE-2026-33496: a cache is an authorization boundary). A
 * token is looked up before it is read, so a known one costs a hash and a look-up.
 */
export function createMachines(options: MachinesOptions): Machines {
  const { issuers, review, clock, counted = () => {} } = options
  const cache = createTokenCache<MachineAnswer>(clock, options.cacheSize ?? CACHE_SIZE)
  const tagged = issuers.map((one) => ({
    one,
    // Settings that change are another door's findings.
    tag: hash('sha256', JSON.stringify([one.issuer, [...one.audiences].sort()]), 'base64url'),
  }))
  const reviewTag =
    review && hash('sha256', JSON.stringify(['review', [...review.audiences].sort()]), 'base64url')

  const ask = async (token: string, digest: string, expiresAt: number): Promise<MachineAnswer> => {
    if (!review) return undefined
    let answer: TokenReview
    try {
      answer = await review.ask(token, review.audiences)
    } catch (error) {
      return refused('unavailable', `TokenReview: ${error instanceof Error ? error.message : String(error)}`)
    }
    if (!answer.authenticated) return refused('token-not-accepted', `TokenReview: ${answer.error}`)
    // An API server that knows nothing of audiences answers with none of them.
    if (!review.audiences.some((one) => answer.audiences.includes(one)))
      return refused('token-audience', `TokenReview: its audience is none of ${review.audiences.join(', ')}`)
    const { username, groups } = answer.user
    const { userPrefix, groupsPrefix, allowedGroups, allowedUsers } = review.claims
    const named = nameOf(
      { sub: username, groups: [...groups] },
      {
        user: 'sub',
        groups: 'groups',
        userPrefix,
        groupsPrefix,
        transformers: [],
        required: {},
        allowedGroups,
        allowedUsers,
      },
    )
    if (named.kind !== 'named') return unnamed(named)
    const admitted: MachineAnswer = {
      kind: 'admitted',
      by: 'token-review',
      user: named.user,
      groups: named.groups,
    }
    cache.put(`${digest} ${reviewTag}`, admitted, Math.min(expiresAt, clock() + REVIEW_KEPT))
    return admitted
  }

  const find = (token: string, digest: string): MachineAnswer | Promise<MachineAnswer> => {
    const read = readToken(token)
    if (!read) return ask(token, digest, Number.POSITIVE_INFINITY)
    const { jws, issuer } = read
    const candidates = tagged.filter(({ one }) => one.issuer === issuer)
    if (candidates.length === 0) {
      const exp = jws.payload.exp
      if (review) return ask(token, digest, typeof exp === 'number' ? exp * 1000 : 0)
      const shown = isFitName(issuer) ? `\`${issuer.slice(0, 200)}\`` : 'none'
      return refused('token-not-accepted', `its issuer ${shown} is not among those trusted`)
    }
    /** The first that takes it; what the last one had against it otherwise. */
    const tryFrom = (at: number, last: MachineAnswer): MachineAnswer | Promise<MachineAnswer> => {
      const candidate = candidates[at]
      if (candidate === undefined) return last
      const { one, tag } = candidate
      return andThen(verifyToken(jws, one, clock()), (checked) => {
        if (checked.kind !== 'valid') return tryFrom(at + 1, refused(reasonOf[checked.kind], checked.detail))
        const named = nameOf(checked.claims, one.claims)
        if (named.kind !== 'named') return unnamed(named)
        const { user, groups } = named
        const admitted: MachineAnswer = { kind: 'admitted', by: 'token', user, groups }
        cache.put(`${digest} ${tag} ${checked.epoch}`, admitted, checked.expiresAt)
        return admitted
      })
    }
    return tryFrom(0, undefined)
  }

  return {
    identify(token) {
      const digest = hash('sha256', token, 'base64url')
      for (const { one, tag } of tagged) {
        const epoch = one.keys.known()?.epoch
        const known = epoch === undefined ? undefined : cache.get(`${digest} ${tag} ${epoch}`)
        if (known === undefined) continue
        counted('hit')
        return known
      }
      const reviewed = reviewTag && cache.get(`${digest} ${reviewTag}`)
      if (reviewed) {
        counted('hit')
        return reviewed
      }
      counted('miss')
      return find(token, digest)
    },
  }
}
