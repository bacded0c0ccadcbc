import type { Claims } from './attributes.ts'
import { fromBase64Url, utf8Text } from './base64url.ts'
import { readJsonObject } from './json-object.ts'
import type { JwtFailure } from './jwt-status.ts'

/** A token read but not yet verified. */
export interface Token {
  /** The three parts, joined: what has to be verified. */
  readonly compact: string
  /** The middle part as it stands in the token, for `outputPayloadToHeader`. */
  readonly payloadPart: string
  readonly alg: string
  readonly kid: string
  readonly issuer: string
  readonly audiences: readonly string[]
  /** Seconds since the epoch; 0 = not in the token. */
  readonly notBefore: number
  readonly expires: number
  readonly payload: Claims
  /** In bytes. */
  readonly signatureLength: number
}

const algorithms = new Set(
  'ES256 ES384 ES512 HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 EdDSA'.split(' '),
)

/**
 * Reads a compact JWS in the order, and with the strictness, of Envoy's Jwt::parseFromString: the
 * first thing wrong is the one reported.
 */
export function readToken(text: string): Token | JwtFailure {
  // Empty parts are skipped before counting, as there; so `a.b.` has two.
  const parts = text.split('.').filter((part) => part !== '')
  const [header, payload, signature] = parts
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined) {
    return 'token-malformed'
  }

  const headerBytes = fromBase64Url(header)
  if (headerBytes === undefined) return 'token-header-not-base64'
  const head = readObject(headerBytes)
  if (head === undefined) return 'token-header-not-json'
  const alg = own(head, 'alg')
  if (typeof alg !== 'string') return 'token-alg-missing'
  if (!algorithms.has(alg)) return 'token-alg-unsupported'
  const kid = own(head, 'kid') ?? ''
  if (typeof kid !== 'string' || own(head, 'kid') === null) return 'token-kid-not-string'

  const payloadBytes = fromBase64Url(payload)
  if (payloadBytes === undefined) return 'token-payload-not-base64'
  const body = readObject(payloadBytes)
  if (body === undefined) return 'token-payload-not-json'
  const issuer = stringClaim(body, 'iss')
  if (issuer === undefined) return 'token-iss-not-string'
  if (stringClaim(body, 'sub') === undefined) return 'token-sub-not-string'
  const issued = timeClaim(body, 'iat')
  if (issued === 'type') return 'token-iat-not-integer'
  if (issued === 'range') return 'token-iat-out-of-range'
  const notBefore = timeClaim(body, 'nbf')
  if (notBefore === 'type') return 'token-nbf-not-integer'
  if (notBefore === 'range') return 'token-nbf-out-of-range'
  const expires = timeClaim(body, 'exp')
  if (expires === 'type') return 'token-exp-not-integer'
  if (expires === 'range') return 'token-exp-out-of-range'
  if (stringClaim(body, 'jti') === undefined) return 'token-jti-not-string'
  const audiences = stringList(body, 'aud')
  if (audiences === undefined) return 'token-aud-not-string'

  const signatureBytes = fromBase64Url(signature)
  if (signatureBytes === undefined) return 'token-signature-not-base64'
  return {
    compact: `${header}.${payload}.${signature}`,
    payloadPart: payload,
    alg,
    kid,
    issuer,
    audiences,
    notBefore,
    expires,
    payload: body,
    signatureLength: signatureBytes.length,
  }
}

/** The compact form of anything with three parts: what a shell is asked to verify. */
export function compactToken(text: string): string | undefined {
  const first = text.indexOf('.')
  const second = text.indexOf('.', first + 1)
  // Nearly always it is in that form already.
  if (first > 0 && second > first + 1 && second < text.length - 1 && text.indexOf('.', second + 1) === -1) {
    return text
  }
  const parts = text.split('.').filter((part) => part !== '')
  return parts.length === 3 ? parts.join('.') : undefined
}

function readObject(bytes: Uint8Array): Claims | undefined {
  const text = utf8Text(bytes)
  return text === undefined ? undefined : readJsonObject(text)
}

/** Reads each token once: a caller sends the same one again and again. */
export function tokenReader(): (text: string) => Token | JwtFailure {
  const known = new Map<string, Token | JwtFailure>()
  return (text) => {
    const before = known.get(text)
    if (before !== undefined) return before
    // Full is rare, and starting over is cheaper than keeping order.
    if (known.size >= mostRemembered) known.clear()
    const token = readToken(text)
    if (text.length <= longestRemembered) known.set(text, token)
    return token
  }
}

const mostRemembered = 512
/** Longer ones are read anew, so that nobody fills the memory. */
const longestRemembered = 8192

function own(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}

/** `''` when it is missing; undefined when it is something else. */
function stringClaim(claims: Claims, name: string): string | undefined {
  const value = own(claims, name)
  if (value === undefined) return ''
  return typeof value === 'string' ? value : undefined
}

/** Whole seconds, cut off; 0 when it is missing. */
function timeClaim(claims: Claims, name: string): number | 'type' | 'range' {
  const value = own(claims, name)
  if (value === undefined) return 0
  if (typeof value !== 'number') return 'type'
  return value < 0 || value >= 2 ** 64 ? 'range' : Math.trunc(value)
}

function stringList(claims: Claims, name: string): readonly string[] | undefined {
  const value = own(claims, name)
  if (value === undefined) return []
  if (typeof value === 'string') return [value]
  if (!Array.isArray(value)) return undefined
  return value.every((entry) => typeof entry === 'string') ? (value as string[]) : undefined
}
