import { constants, type KeyObject, verify } from 'node:crypto'

/**
 * The algorithms Envoy's jwt_authn verifies (google/jwt_verify_lib, src/verify.cc), less HMAC: a
 * key set that is fetched is public, so a symmetric algorithm would let everybody sign.
 */
export type VerifyingAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'

interface Recipe {
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null
  readonly type: 'rsa' | 'ec' | 'ed25519'
  readonly pss?: true
  /** RFC 7518 §3.4: each algorithm belongs to one curve and one signature length. */
  readonly curve?: string
  readonly length?: number
}

const recipes: { readonly [A in VerifyingAlgorithm]: Recipe } = {
  RS256: { hash: 'sha256', type: 'rsa' },
  RS384: { hash: 'sha384', type: 'rsa' },
  RS512: { hash: 'sha512', type: 'rsa' },
  PS256: { hash: 'sha256', type: 'rsa', pss: true },
  PS384: { hash: 'sha384', type: 'rsa', pss: true },
  PS512: { hash: 'sha512', type: 'rsa', pss: true },
  ES256: { hash: 'sha256', type: 'ec', curve: 'prime256v1', length: 64 },
  ES384: { hash: 'sha384', type: 'ec', curve: 'secp384r1', length: 96 },
  ES512: { hash: 'sha512', type: 'ec', curve: 'secp521r1', length: 132 },
  EdDSA: { hash: null, type: 'ed25519', length: 64 },
}

export function isVerifyingAlgorithm(name: unknown): name is VerifyingAlgorithm {
  return typeof name === 'string' && Object.hasOwn(recipes, name)
}

/** Whether `key` is of the type and curve the algorithm wants. */
export function fitsAlgorithm(algorithm: VerifyingAlgorithm, key: KeyObject): boolean {
  const { type, curve } = recipes[algorithm]
  if (key.asymmetricKeyType !== type) return false
  return curve === undefined || key.asymmetricKeyDetails?.namedCurve === curve
}

/** RFC 7515 §5.2 for one algorithm and key. False for everything that does not verify; never throws. */
export function verifySignature(
  algorithm: VerifyingAlgorithm,
  key: KeyObject,
  signed: string,
  signature: Uint8Array,
): boolean {
  const { hash, pss, type, length } = recipes[algorithm]
  if (!fitsAlgorithm(algorithm, key)) return false
  if (length !== undefined && signature.length !== length) return false
  try {
    // A signed text of base64url and a dot has no character of two bytes.
    const bytes = Buffer.from(signed, 'latin1')
    if (type === 'rsa' && !pss) return verify(hash, bytes, key, signature)
    return verify(
      hash,
      bytes,
      {
        key,
        // JWS carries r and s side by side, not in DER (RFC 7518 §3.4).
        ...(type === 'ec' ? { dsaEncoding: 'ieee-p1363' as const } : {}),
        // RFC 7518 §3.5: the salt is as long as the hash.
        ...(pss
          ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
          : {}),
      },
      signature,
    )
  } catch {
    return false
  }
}
