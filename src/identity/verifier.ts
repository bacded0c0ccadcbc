import { createPublicKey, hash, type KeyObject } from 'node:crypto'
import { type CompactJws, parseCompactJws } from './jws.ts'
import { fitsAlgorithm, isVerifyingAlgorithm, verifySignature } from './signature.ts'

/** One public key as a RequestAuthentication's key set has it. */
export interface VerifierKey {
  /** The name the engine asks by; unique among the keys. */
  readonly id: string
  /** The `iss` whose tokens this key may have signed; left out, the caller judges the issuer. */
  readonly issuer?: string
  readonly jwk: JsonWebKey & { readonly kid?: string }
}

export interface Verifier {
  /**
   * Verifies every (token, key) pair that can match, so that `verified` can answer at once.
   * Resolves when done; the work is spread over ticks when there is much of it.
   */
  prepare(tokens: readonly string[]): Promise<void>
  /** Whether it was prepared before: then there is nothing to wait for. */
  knows(token: string): boolean
  /** Whether `token` carries a good signature of key `keyId`. Never true for a key it does not know. */
  verified(keyId: string, token: string): boolean
  /** Keys that can never verify anything, and why. */
  readonly unusable: readonly { readonly id: string; readonly reason: string }[]
}

interface Usable {
  readonly id: string
  readonly issuer: string | undefined
  readonly kid: string | undefined
  readonly alg: string | undefined
  readonly key: KeyObject
}

const CACHE_SIZE = 10_000
/** RSA below this is refused: BoringSSL, and so Envoy, takes no key of fewer bits. */
const SMALLEST_RSA = 1024

/**
 * Signature checks for the policy engine, with the rules of Envoy's jwt_authn (google/jwt_verify_lib,
 * src/verify.cc): asymmetric algorithms only; a token with a `kid` is tried with keys of that kid
 * or of none, a key with an `alg` only for that algorithm. Stricter than it on purpose: a key with
 * `use: enc` or without `verify` among its `key_ops` verifies nothing, and a token with `crit` is
 * refused because nothing critical is understood here (RFC 7515 §4.1.11).
 *
 * What was found is kept under SHA-256 of the whole token and the key's id, least recently used
 * thrown out first. A new key set is a new verifier, so nothing outlives a rotated key.
 *
 * @example
 * const { verified } = createVerifier([{ id: 'dex/1', issuer: 'https://door.test/dex', jwk }])
 * verified('dex/1', token)
 */
export function createVerifier(
  keys: readonly VerifierKey[],
  cacheSize = CACHE_SIZE,
  isFit: (payload: CompactJws['payload']) => boolean = () => true,
): Verifier {
  const usable = new Map<string, Usable>()
  const unusable: { id: string; reason: string }[] = []
  for (const { id, issuer, jwk } of keys) {
    const key = importKey(jwk)
    if (typeof key === 'string') unusable.push({ id, reason: key })
    else usable.set(id, { id, issuer, kid: jwk.kid, alg: jwk.alg, key })
  }
  const results = new Map<string, boolean>()
  /** Digests of tokens that were tried with every key that may fit. */
  const prepared = new Set<string>()
  const remember = (name: string, result: boolean) => {
    results.delete(name)
    results.set(name, result)
    if (results.size > cacheSize) {
      const [oldest] = results.keys()
      if (oldest !== undefined) results.delete(oldest)
    }
    return result
  }
  /** The same token is asked about several times in a row, by each who has a say. */
  let last = { token: '', digest: '' }
  const digestOf = (token: string) => {
    if (last.token !== token) last = { token, digest: hash('sha256', token, 'base64url') }
    return last.digest
  }
  const check = (key: Usable, token: string, parsed?: CompactJws) => {
    const name = `${digestOf(token)} ${key.id}`
    const known = results.get(name)
    if (known !== undefined) return remember(name, known)
    const jws = parsed ?? parseCompactJws(token)
    return remember(name, jws !== undefined && isFit(jws.payload) && holds(key, jws))
  }

  return {
    unusable,
    verified(keyId, token) {
      const key = usable.get(keyId)
      return key !== undefined && check(key, token)
    },
    knows: (token) => prepared.has(digestOf(token)),
    async prepare(tokens) {
      let pairs = 0
      for (const token of new Set(tokens)) {
        const digest = digestOf(token)
        if (prepared.has(digest)) continue
        // What was thrown out of the results is only worked out again.
        if (prepared.size >= cacheSize) prepared.clear()
        prepared.add(digest)
        const jws = parseCompactJws(token)
        if (!jws) continue
        for (const key of usable.values()) {
          if (key.issuer !== undefined && key.issuer !== jws.payload.iss) continue
          if (!mayMatch(key, jws)) continue
          check(key, token, jws)
          // An RSA verification is ~30 µs; a request with many tokens must not hold up the others.
          if (++pairs % 32 === 0) await new Promise((next) => setImmediate(next))
        }
      }
    },
  }
}

/**
 * Whether one of the keys made a token's signature, by the same rules and with nothing remembered:
 * for whoever keeps what was found out.
 */
export function signedByOneOf(keys: readonly VerifierKey[]): (jws: CompactJws) => boolean {
  const usable: Usable[] = []
  for (const { id, issuer, jwk } of keys) {
    const key = importKey(jwk)
    if (typeof key !== 'string') usable.push({ id, issuer, kid: jwk.kid, alg: jwk.alg, key })
  }
  return (jws) => usable.some((key) => holds(key, jws))
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/

/**
 * Stricter than Istio on purpose, for a door of ours: a token whose claims would end a header line,
 * and one whose address its own issuer does not vouch for, verify as little as one without a
 * signature. Claims become identity headers, and a workload believes those.
 */
export function isFitPayload(payload: CompactJws['payload']): boolean {
  if (typeof payload.email === 'string' && payload.email_verified === false) return false
  return Object.values(payload)
    .flat()
    .every((value) => typeof value !== 'string' || !CONTROL.test(value))
}

function mayMatch(key: Usable, { header }: CompactJws): boolean {
  if (!isVerifyingAlgorithm(header.alg) || !fitsAlgorithm(header.alg, key.key)) return false
  if (key.alg !== undefined && key.alg !== header.alg) return false
  return header.kid === undefined || key.kid === undefined || key.kid === header.kid
}

function holds(key: Usable, jws: CompactJws): boolean {
  const { alg } = jws.header
  if (!isVerifyingAlgorithm(alg) || !mayMatch(key, jws)) return false
  // `b64: false` (RFC 7797) is only lawful together with `crit`.
  if ('crit' in jws.header || 'b64' in jws.header) return false
  return verifySignature(alg, key.key, jws.signed, jws.signature)
}

function importKey(jwk: VerifierKey['jwk']): KeyObject | string {
  if (jwk.kty !== 'RSA' && jwk.kty !== 'EC' && jwk.kty !== 'OKP')
    return `kty ${String(jwk.kty)} is not asymmetric`
  if (jwk.use !== undefined && jwk.use !== 'sig') return `use is ${jwk.use}, not sig`
  if (jwk.key_ops !== undefined && !jwk.key_ops.includes('verify')) return 'key_ops has no verify'
  if (jwk.alg !== undefined && !isVerifyingAlgorithm(jwk.alg)) return `alg ${jwk.alg} is not supported`
  try {
    const key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
    const bits = key.asymmetricKeyDetails?.modulusLength
    return bits !== undefined && bits < SMALLEST_RSA ? `an RSA key of ${bits} bits is too small` : key
  } catch {
    return 'it is not a valid public key'
  }
}
