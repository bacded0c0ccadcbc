/** What a token says about itself. Nothing that lets anybody in: no signature, no claim beyond these. */
export interface TokenFacts {
  readonly issuer?: string
  readonly subject?: string
  readonly audiences: readonly string[]
  /** Seconds since the epoch. */
  readonly expiresAt?: number
}

const jwt = /\beyJ[A-Za-z0-9_-]{5,20000}\.(eyJ[A-Za-z0-9_-]{2,20000})\.[A-Za-z0-9_-]*/g

/** The tokens in a text, decoded here and not verified; what cannot be read is left out. */
export function tokensIn(text: string): readonly TokenFacts[] {
  const found: TokenFacts[] = []
  // A token in an escaped URL begins after `%20`, which no word boundary is.
  for (const [, payload = ''] of text.replaceAll('%20', ' ').matchAll(jwt)) {
    const facts = claimsOf(payload)
    if (facts) found.push(facts)
    if (found.length === 5) break
  }
  return found
}

function claimsOf(payload: string): TokenFacts | undefined {
  try {
    const claims = JSON.parse(base64UrlText(payload)) as Record<string, unknown>
    const { iss, sub, aud, exp } = claims
    return {
      issuer: shown(iss),
      subject: shown(sub),
      audiences: (Array.isArray(aud) ? aud : [aud]).flatMap((each) => shown(each) ?? []).slice(0, 5),
      expiresAt: typeof exp === 'number' && Number.isFinite(exp) ? exp : undefined,
    }
  } catch {
    return undefined
  }
}

/** A claim as it may be printed: one short line of visible characters. */
const shown = (claim: unknown): string | undefined =>
  typeof claim === 'string' && /^[\x21-\x7e]{1,200}$/.test(claim) ? claim : undefined

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** RFC 4648, section 5; the bytes are UTF-8. */
function base64UrlText(text: string): string {
  let bits = 0
  let held = 0
  let escaped = ''
  for (const letter of text) {
    held = (held << 6) | alphabet.indexOf(letter)
    bits += 6
    if (bits < 8) continue
    bits -= 8
    escaped += `%${((held >> bits) & 0xff).toString(16).padStart(2, '0')}`
    held &= (1 << bits) - 1
  }
  return decodeURIComponent(escaped)
}

/** Whether a value may be a credential: a token, a cookie's value, anything long without a blank. */
export const looksSecret = (value: string): boolean =>
  /eyj/i.test(value) || /[A-Za-z0-9+/_=-]{40,}/.test(value)
