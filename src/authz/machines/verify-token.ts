import { type CompactJws, type KeySet, type KeySource, parseCompactJws } from '../../identity/index.ts'

/** An issuer whose tokens are taken, and for whom they have to be made. */
export interface TrustedIssuer {
  /** To the letter: a slash more is another issuer. */
  readonly issuer: string
  /** At least one; a token for any of them will do. */
  readonly audiences: readonly string[]
  readonly keys: KeySource
}

export type TokenCheck =
  | {
      readonly kind: 'valid'
      readonly claims: Readonly<Record<string, unknown>>
      /** Milliseconds since the epoch. */
      readonly expiresAt: number
      /** Of the key set that verified it. */
      readonly epoch: number
    }
  | { readonly kind: 'bad' | 'expired' | 'audience' | 'unavailable'; readonly detail: string }

const SKEW_SECONDS = 60

/**
 * A bearer token against one issuer (RFC 7519 §7.2, RFC 8725): signature first, so that what is said
 * about the rest is said to nobody who could not know it. Asymmetric algorithms only, no key and no
 * address from the token itself; `exp` has to be there, times are numbers, one minute of skew.
 */
export function verifyToken(
  jws: CompactJws,
  trusted: TrustedIssuer,
  now: number,
): TokenCheck | Promise<TokenCheck> {
  const unavailable = (error: unknown): TokenCheck => {
    const why = error instanceof Error ? error.message : String(error)
    return { kind: 'unavailable', detail: `the keys of ${trusted.issuer}: ${why}` }
  }
  const { keys } = trusted
  let found: KeySet | Promise<KeySet>
  try {
    found = keys.forKid(jws.header.kid)
  } catch (error) {
    return unavailable(error)
  }
  return found instanceof Promise
    ? found.then((late) => verifyWith(late, jws, trusted, now), unavailable)
    : verifyWith(found, jws, trusted, now)
}

function verifyWith(keys: KeySet, jws: CompactJws, trusted: TrustedIssuer, now: number): TokenCheck {
  if (!keys.verifies(jws)) return { kind: 'bad', detail: `no key of ${trusted.issuer} made its signature` }
  const { exp, nbf, iat, aud } = jws.payload
  const seconds = now / 1000
  if (!isTime(exp)) return { kind: 'bad', detail: 'claim `exp` is no time' }
  if (exp + SKEW_SECONDS <= seconds) return { kind: 'expired', detail: `it expired at ${exp}` }
  return (
    tooEarly('nbf', nbf, seconds) ??
    tooEarly('iat', iat, seconds) ??
    (trusted.audiences.some((one) => (Array.isArray(aud) ? aud.includes(one) : aud === one))
      ? { kind: 'valid', claims: jws.payload, expiresAt: exp * 1000, epoch: keys.epoch }
      : { kind: 'audience', detail: `its audience is none of ${trusted.audiences.join(', ')}` })
  )
}

function tooEarly(name: string, value: unknown, seconds: number): TokenCheck | undefined {
  if (value === undefined) return undefined
  if (!isTime(value)) return { kind: 'bad', detail: `claim \`${name}\` is no time` }
  return value - SKEW_SECONDS > seconds
    ? { kind: 'bad', detail: `it is not valid before ${value}` }
    : undefined
}

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0

/** The token taken apart, when it is one: what `iss` says is what it claims, nothing more. */
export function readToken(
  token: string,
): { readonly jws: CompactJws; readonly issuer: string | undefined } | undefined {
  const jws = parseCompactJws(token)
  if (!jws) return undefined
  const { iss } = jws.payload
  return { jws, issuer: typeof iss === 'string' ? iss : undefined }
}
