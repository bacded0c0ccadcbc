import { createHash } from 'node:crypto'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import type { Clock } from '../../base/index.ts'
import { parseCompactJws } from '../../identity/index.ts'

export type Claims = Readonly<Record<string, unknown>> & { readonly iss: string; readonly sub: string }

export type TokenCheck =
  | { readonly kind: 'valid'; readonly claims: Claims; readonly expiresAt: number }
  | { readonly kind: 'expired' | 'invalid' | 'unreachable' }

/** Asymmetric signatures only: a client secret or a public key must never verify a token. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

/** How far clocks may be apart. */
export const SKEW_SECONDS = 60

/** `requiredClaims`: `exp` and `sub` by default. */
export type VerifyToken = (
  token: string,
  audiences: readonly string[],
  requiredClaims?: readonly string[],
) => Promise<TokenCheck>

/** Whether a token is this issuer's, for one of the audiences, whole and not over. */
export function createTokenCheck(
  issuer: string,
  wanted: readonly string[] | undefined,
  keysFor: (kid: unknown) => Promise<JSONWebKeySet>,
  clock: Clock,
): VerifyToken {
  const algorithms = ALGORITHMS.filter((one) => wanted?.includes(one) ?? true)
  return async (token, audiences, requiredClaims = ['exp', 'sub']) => {
    const jws = parseCompactJws(token)
    if (!jws || jws.payload.iss !== issuer) return { kind: 'invalid' }
    let set: JSONWebKeySet
    try {
      set = await keysFor(jws.header.kid)
    } catch {
      return { kind: 'unreachable' }
    }
    try {
      const { payload } = await jwtVerify(token, createLocalJWKSet(set), {
        issuer,
        audience: [...audiences],
        algorithms,
        clockTolerance: SKEW_SECONDS,
        currentDate: new Date(clock()),
        requiredClaims: [...requiredClaims],
      })
      const claims = { ...payload, iss: issuer, sub: String(payload.sub ?? '') }
      return { kind: 'valid', claims, expiresAt: Number(payload.exp) * 1000 }
    } catch (error) {
      const { code } = error as { readonly code?: string }
      return { kind: code === 'ERR_JWT_EXPIRED' ? 'expired' : 'invalid' }
    }
  }
}

/** OpenID Connect Core §3.1.3.6: half of the hash, of the ID token's own algorithm. */
export function matchesAccessToken(idToken: string, claimed: unknown, accessToken: string): boolean {
  if (claimed === undefined) return true
  const alg = String(parseCompactJws(idToken)?.header.alg)
  const bits = /(256|384|512)$/.exec(alg)?.[1] ?? (alg === 'EdDSA' ? '512' : undefined)
  if (!bits) return false
  const digest = createHash(`sha${bits}`).update(accessToken).digest()
  return digest.subarray(0, digest.length / 2).toString('base64url') === claimed
}
