/**
 * Signatures by WebCrypto, with the rules of `src/identity/verifier.ts`: the engine asks at once and
 * WebCrypto answers later, so a question is put again until nothing is left to find out.
 */
import { parseCompactJws } from '../../identity/index.ts'
import { fromBase64Url, type VerificationKey } from '../../policy/index.ts'

interface Recipe {
  readonly importing: RsaHashedImportParams | EcKeyImportParams | Algorithm
  readonly verifying: AlgorithmIdentifier | RsaPssParams | EcdsaParams
  readonly kty: 'RSA' | 'EC' | 'OKP'
  readonly crv?: string
  /** Bytes of a signature, where there is only one length. */
  readonly length?: number
}

const rsa = (bits: number): Recipe => ({
  importing: { name: 'RSASSA-PKCS1-v1_5', hash: `SHA-${bits}` },
  verifying: { name: 'RSASSA-PKCS1-v1_5' },
  kty: 'RSA',
})
const pss = (bits: number): Recipe => ({
  importing: { name: 'RSA-PSS', hash: `SHA-${bits}` },
  verifying: { name: 'RSA-PSS', saltLength: bits / 8 },
  kty: 'RSA',
})
const ec = (bits: number, crv: string, length: number): Recipe => ({
  importing: { name: 'ECDSA', namedCurve: crv },
  verifying: { name: 'ECDSA', hash: `SHA-${bits}` },
  kty: 'EC',
  crv,
  length,
})

const recipes = new Map<unknown, Recipe>([
  ['RS256', rsa(256)],
  ['RS384', rsa(384)],
  ['RS512', rsa(512)],
  ['PS256', pss(256)],
  ['PS384', pss(384)],
  ['PS512', pss(512)],
  ['ES256', ec(256, 'P-256', 64)],
  ['ES384', ec(384, 'P-384', 96)],
  ['ES512', ec(512, 'P-521', 132)],
  [
    'EdDSA',
    {
      importing: { name: 'Ed25519' },
      verifying: { name: 'Ed25519' },
      kty: 'OKP',
      crv: 'Ed25519',
      length: 64,
    },
  ],
])

type Jwk = Readonly<Record<string, unknown>>

export class Signatures {
  readonly #keys: ReadonlyMap<string, Jwk>
  readonly #assumed: ReadonlySet<string>
  readonly #known = new Map<string, boolean>()
  readonly #asked = new Map<string, readonly [keyId: string, token: string]>()

  constructor(keys: readonly VerificationKey[]) {
    this.#keys = new Map(keys.map(({ id, jwk }) => [id, jwk as Jwk]))
    this.#assumed = new Set(keys.filter(({ jwk }) => (jwk as Jwk).kfdoor === 'assumed').map(({ id }) => id))
  }

  /** Whether a signature is good; undefined = the key is not in the YAML. What is not known yet is bad until `settle`. */
  readonly look = (keyId: string, token: string): boolean | undefined => {
    if (this.#assumed.has(keyId)) return undefined
    const name = `${keyId} ${token}`
    const known = this.#known.get(name)
    if (known === undefined) this.#asked.set(name, [keyId, token])
    return known ?? false
  }

  /** Finds out what was asked; true = there was something, and the question has to be put again. */
  async settle(): Promise<boolean> {
    const asked = [...this.#asked]
    this.#asked.clear()
    for (const [name, [keyId, token]] of asked) {
      const jwk = this.#keys.get(keyId)
      this.#known.set(name, jwk !== undefined && (await verified(jwk, token)))
    }
    return asked.length > 0
  }
}

const smallestRsa = 1024

/** RFC 7515 §5.2 for one key. False for everything that does not verify; never throws. */
export async function verified(jwk: Jwk, token: string): Promise<boolean> {
  const jws = parseCompactJws(token, strictBytes)
  const recipe = jws && recipes.get(jws.header.alg)
  if (!jws || !recipe) return false
  const { header, signature } = jws
  if (jwk.kty !== recipe.kty || (recipe.crv !== undefined && jwk.crv !== recipe.crv)) return false
  if (jwk.use !== undefined && jwk.use !== 'sig') return false
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify')))
    return false
  if (jwk.alg !== undefined && jwk.alg !== header.alg) return false
  if (header.kid !== undefined && jwk.kid !== undefined && jwk.kid !== header.kid) return false
  // Nothing critical is understood here (RFC 7515 §4.1.11).
  if ('crit' in header || 'b64' in header) return false
  if (recipe.length !== undefined && signature.length !== recipe.length) return false
  if (recipe.kty === 'RSA' && bitsOf(jwk.n) < smallestRsa) return false
  const { kty, crv, n, e, x, y } = jwk as JsonWebKey
  const bare = kty === 'RSA' ? { kty, n, e } : kty === 'EC' ? { kty, crv, x, y } : { kty, crv, x }
  try {
    const key = await crypto.subtle.importKey('jwk', bare, recipe.importing, false, ['verify'])
    const signed = new TextEncoder().encode(jws.signed)
    return await crypto.subtle.verify(recipe.verifying, key, new Uint8Array(signature), signed)
  } catch {
    return false
  }
}

function bitsOf(n: unknown): number {
  const bytes = typeof n === 'string' ? fromBase64Url(n) : undefined
  const first = bytes?.findIndex((byte) => byte !== 0) ?? -1
  if (!bytes || first < 0) return 0
  return (bytes.length - first) * 8 - (Math.clz32(bytes[first] as number) - 24)
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Only the one text that encodes the bytes: no padding, and nothing in the last bits. */
function strictBytes(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return undefined
  const spare = [0, 0, 15, 3][text.length % 4] as number
  if (spare !== 0 && (alphabet.indexOf(text.at(-1) as string) & spare) !== 0) return undefined
  return fromBase64Url(text)
}
