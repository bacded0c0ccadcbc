import { fromBase64Url } from './base64url.ts'

/** One usable key of a JWKS. Which tokens it may verify follows from `kid` and `alg`; empty = any. */
export interface Jwk {
  readonly kid: string
  readonly alg: string
  readonly jwk: Readonly<Record<string, unknown>>
}

/**
 * The keys of a JWKS that Envoy would use (jwks.cc, createFromJwksCore): each judged by itself, the
 * unusable ones left out. undefined = not a JWKS at all.
 */
export function readJwks(text: string): readonly Jwk[] | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  const keys = (parsed as { readonly keys?: unknown } | null)?.keys
  if (!Array.isArray(keys)) return undefined
  return keys.flatMap((key: unknown) => {
    if (typeof key !== 'object' || key === null || Array.isArray(key)) return []
    const jwk = key as Readonly<Record<string, unknown>>
    if (!isUsable(jwk)) return []
    return [{ kid: textOf(jwk.kid), alg: textOf(jwk.alg), jwk }]
  })
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function isUsable(jwk: Readonly<Record<string, unknown>>): boolean {
  const alg = textOf(jwk.alg)
  switch (jwk.kty) {
    case 'RSA':
      return /^(RS|PS|$)/.test(alg) && isBase64(jwk.n) && isBase64(jwk.e)
    case 'EC': {
      const curve = textOf(jwk.crv)
      const byAlg = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[alg]
      if (alg !== '' && !alg.startsWith('ES')) return false
      if (alg !== '' && curve !== '' && byAlg !== curve) return false
      if (alg !== '' && curve === '' && byAlg === undefined) return false
      if (curve !== '' && !['P-256', 'P-384', 'P-521'].includes(curve)) return false
      return isBase64(jwk.x) && isBase64(jwk.y)
    }
    case 'oct':
      return /^(HS256|HS384|HS512|)$/.test(alg) && isBase64(jwk.k) && jwk.k !== ''
    case 'OKP':
      return /^(EdDSA|)$/.test(alg) && jwk.crv === 'Ed25519' && isBase64(jwk.x)
    default:
      return false
  }
}

function isBase64(value: unknown): boolean {
  return typeof value === 'string' && fromBase64Url(value) !== undefined
}
