import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { promisify } from 'node:util'
import { CompactSign } from 'jose'
import { type Clock, Fault } from '../base/index.ts'
import { type CompactJws, parseCompactJws } from './jws.ts'
import { verifySignature } from './signature.ts'

/** Where signing keys outlive the process. Both may fail; the text is a secret. */
export interface KeyStore {
  /** What was saved last, or undefined when there is nothing yet. */
  load(): Promise<string | undefined>
  /** Must be atomic: a half-written file would lose every key. */
  save(text: string): Promise<void>
}

export interface PublicJwk {
  readonly use: 'sig'
  readonly kty: string
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly [member: string]: unknown
}

export type SigningAlgorithm = 'RS256' | 'ES256'

export interface SigningKeysOptions {
  readonly clock: Clock
  /** RS256 (RSA-2048) by default, as Dex signs. */
  readonly algorithm?: SigningAlgorithm
  /** Kept nowhere when left out. */
  readonly store?: KeyStore
  /** A private key of one's own in PEM (PKCS #8, PKCS #1 or SEC 1); it is never rotated. */
  readonly pem?: string
  /** Milliseconds a key signs; Dex's `expiry.signingKeys`, 6 h. `0` = for ever. */
  readonly rotateEvery?: number
  /** Milliseconds a retired key still verifies: the life of the longest token it signed. 24 h. */
  readonly keepFor?: number
  /** Called after a new key began to sign: whoever copied the key set has to read it again. */
  readonly onRotate?: () => void
}

/** The keys of one issuer: sign with the newest, publish and verify with all that still matter. */
export interface SigningKeys {
  readonly algorithm: SigningAlgorithm
  /** A compact JWS over the claims, with `alg` and `kid` in its header; members keep their order. */
  sign(claims: object): Promise<string>
  /** The public keys, newest first (RFC 7517). */
  jwks(): { readonly keys: readonly PublicJwk[] }
  /**
   * The token taken apart, when one of these keys signed it. `exp`, `iss` and `aud` are the
   * caller's to judge.
   */
  verify(token: string): CompactJws | undefined
}

interface Key {
  readonly kid: string
  readonly privateKey: KeyObject | undefined
  readonly publicKey: KeyObject
  readonly jwk: PublicJwk
  /** When it began to sign, ms. */
  readonly since: number
  /** When it may be forgotten, ms; undefined while it signs. */
  readonly until?: number
}

interface SavedKey {
  readonly kid: string
  readonly since: number
  readonly until?: number
  /** PEM of the private key while it signs, of the public key afterwards. */
  readonly pem: string
}

const HOUR = 3_600_000
const generate = promisify(generateKeyPair)

/**
 * Opens the keys, or makes the first one (100–400 ms of one thread-pool thread for RSA-2048; the
 * event loop stays free, so start it beside other work).
 *
 * Rotation follows Dex (server/signer/rotation.go): a retired key loses its private half and stays
 * published until the tokens it signed are dead. It happens when a token is asked for, so an idle
 * door needs no timer; while the next key is being made the present one keeps signing.
 *
 * @example
 * const keys = await createSigningKeys({ clock: Date.now })
 * const token = await keys.sign({ iss: 'https://door.test/dex', sub: 'me' })
 * keys.verify(token)?.payload.sub // 'me'
 */
export async function createSigningKeys(options: SigningKeysOptions): Promise<SigningKeys> {
  const { clock, store } = options
  const algorithm = options.algorithm ?? 'RS256'
  const rotateEvery = options.pem === undefined ? (options.rotateEvery ?? 6 * HOUR) : 0
  const keepFor = options.keepFor ?? 24 * HOUR
  let keys: readonly Key[] = options.pem
    ? [fromPrivate(createPrivateKey(options.pem), algorithm, clock())]
    : await loadKeys(store, algorithm)
  let rotating: Promise<void> | undefined

  const due = () => {
    const [newest] = keys
    if (!newest?.privateKey) return true
    return rotateEvery > 0 && clock() >= newest.since + rotateEvery
  }
  const rotate = async () => {
    const { privateKey } = await makePair(algorithm)
    const now = clock()
    const retired = keys.map((key) =>
      key.until === undefined ? { ...key, privateKey: undefined, until: now + keepFor } : key,
    )
    keys = [fromPrivate(privateKey, algorithm, now), ...retired.filter((key) => (key.until ?? 0) > now)]
    options.onRotate?.()
    await store?.save(serialize(keys))
  }
  const rotateOnce = () => {
    rotating ??= rotate().finally(() => {
      rotating = undefined
    })
    return rotating
  }

  if (options.pem === undefined && !keys[0]?.privateKey) await rotateOnce()

  return {
    algorithm,
    async sign(claims) {
      // A store that fails must not stop a door whose present key still works.
      if (due()) rotateOnce().catch(() => {})
      const [key] = keys
      if (!key?.privateKey) throw new Fault('ERR_SIGNING_KEY_MISSING', { algorithm })
      return new CompactSign(Buffer.from(JSON.stringify(claims)))
        .setProtectedHeader({ alg: algorithm, kid: key.kid })
        .sign(key.privateKey)
    },
    jwks() {
      const now = clock()
      return { keys: keys.filter((key) => (key.until ?? now + 1) > now).map((key) => key.jwk) }
    },
    verify(token) {
      const jws = parseCompactJws(token)
      if (!jws || jws.header.alg !== algorithm || 'crit' in jws.header) return undefined
      const kid = jws.header.kid
      const now = clock()
      for (const key of keys) {
        if ((key.until ?? now + 1) <= now || (kid !== undefined && kid !== key.kid)) continue
        if (verifySignature(algorithm, key.publicKey, jws.signed, jws.signature)) return jws
      }
      return undefined
    },
  }
}

/** Equal, in a time that depends on the lengths only. */
export function sameSecret(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  // Different lengths are compared too, against themselves, so that the work is alike.
  return timingSafeEqual(a, a.length === b.length ? b : a) && a.length === b.length
}

async function makePair(algorithm: SigningAlgorithm): Promise<{ privateKey: KeyObject }> {
  return algorithm === 'RS256'
    ? generate('rsa', { modulusLength: 2048 })
    : generate('ec', { namedCurve: 'P-256' })
}

function fromPrivate(privateKey: KeyObject, algorithm: SigningAlgorithm, since: number, kid?: string): Key {
  return { ...fromPublic(createPublicKey(privateKey), algorithm, since, kid), privateKey }
}

function fromPublic(publicKey: KeyObject, algorithm: SigningAlgorithm, since: number, kid?: string): Key {
  const wanted = algorithm === 'RS256' ? 'rsa' : 'ec'
  if (publicKey.asymmetricKeyType !== wanted) {
    throw new Fault('ERR_SIGNING_KEY_UNFIT', {
      algorithm,
      reason: `it is of type ${publicKey.asymmetricKeyType}`,
    })
  }
  // Dex: hex of twenty random bytes (server/signer/rotation.go).
  const name = kid ?? randomBytes(20).toString('hex')
  const { kty, ...rest } = publicKey.export({ format: 'jwk' })
  const jwk: PublicJwk = { ...rest, use: 'sig', kty: String(kty), kid: name, alg: algorithm }
  return { kid: name, privateKey: undefined, publicKey, jwk, since }
}

function serialize(keys: readonly Key[]): string {
  const saved: SavedKey[] = keys.map(({ kid, since, until, privateKey, publicKey }) => ({
    kid,
    since,
    ...(until === undefined ? {} : { until }),
    pem: String(
      privateKey
        ? privateKey.export({ type: 'pkcs8', format: 'pem' })
        : publicKey.export({ type: 'spki', format: 'pem' }),
    ),
  }))
  return `${JSON.stringify({ version: 1, keys: saved }, null, 2)}\n`
}

async function loadKeys(store: KeyStore | undefined, algorithm: SigningAlgorithm): Promise<readonly Key[]> {
  const text = await store?.load()
  if (text === undefined) return []
  try {
    const { version, keys } = JSON.parse(text) as { version: number; keys: SavedKey[] }
    if (version !== 1) throw new Error(`written by another version (${version})`)
    return keys.map(({ kid, since, until, pem }) =>
      until === undefined
        ? fromPrivate(createPrivateKey(pem), algorithm, since, kid)
        : { ...fromPublic(createPublicKey(pem), algorithm, since, kid), until },
    )
  } catch (error) {
    if (error instanceof Fault) throw error
    // The cause may quote the file, which is a secret: only its kind is told.
    throw new Fault('ERR_SIGNING_KEY_UNFIT', { algorithm, reason: 'what was saved cannot be read' })
  }
}
