/** What a token says about itself. Its signature, and whatever is not here, is not shown. */
export interface TokenFacts {
  /** The whole token; never printed. */
  readonly token: string
  readonly algorithm?: string
  readonly keyId?: string
  readonly issuer?: string
  readonly subject?: string
  readonly email?: string
  readonly groups?: readonly string[]
  readonly audiences: readonly string[]
  /** ms */
  readonly issuedAt?: number
  readonly notBefore?: number
  readonly expiresAt?: number
  /** `NS/NAME`, where it is a service account's. */
  readonly serviceAccount?: string
}

/** The first token in a text: alone, in a header, in an ExecCredential. Undefined = there is none. */
export function decodeToken(text: string): TokenFacts | undefined {
  const token = findToken(text.slice(0, 256 * 1024))
  if (token === undefined) return undefined
  const [head, body] = token.split('.').map(part)
  if (!head || !body) return undefined
  const word = (value: unknown) => (typeof value === 'string' ? visible(value) : undefined)
  const time = (value: unknown) =>
    typeof value === 'number' && Number.isFinite(value) ? value * 1000 : undefined
  const words = (value: unknown) => (Array.isArray(value) ? value : [value]).flatMap((one) => word(one) ?? [])
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(word(body.sub) ?? '') ?? []
  return {
    token,
    algorithm: word(head.alg),
    keyId: word(head.kid),
    issuer: word(body.iss),
    subject: word(body.sub),
    email: word(body.email),
    groups: body.groups === undefined ? undefined : words(body.groups),
    audiences: words(body.aud),
    issuedAt: time(body.iat),
    notBefore: time(body.nbf),
    expiresAt: time(body.exp),
    serviceAccount: namespace === undefined ? undefined : `${namespace}/${name}`,
  }
}

/** Word by word, not by one pattern: that would take a quadratic time over a text made to hurt. */
function findToken(text: string): string | undefined {
  for (const word of text.split(/[^\w.-]+/)) {
    const parts = word.split('.')
    const at = parts.findIndex((one) => one.startsWith('eyJ'))
    if (at >= 0 && parts.length - at >= 3) return parts.slice(at, at + 3).join('.')
  }
  return undefined
}

function part(text: string): Record<string, unknown> | undefined {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) =>
      one.charCodeAt(0),
    )
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** One short line that moves no cursor. */
const visible = (text: string) => text.replace(/[^\x20-\x7e\u00a0-\u{10ffff}]/gu, '?').slice(0, 200)
