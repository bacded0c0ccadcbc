/**
 * A compact JWS (RFC 7515 §7.1) taken apart, without trusting anything in it.
 *
 * Strict where leniency has been a hole: exactly three parts, unpadded base64url with canonical
 * last characters, header and payload JSON objects without duplicate member names at the top level.
 */
export interface CompactJws {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
  /** `header.payload` as it stands, the bytes the signature covers. */
  readonly signed: string
  readonly signature: Uint8Array
}

/** Longest token looked at, in characters; the header block limit of the door is 64 KiB. */
const LONGEST = 64 * 1024

/** The bytes of unpadded, canonical base64url (RFC 4648 §5); undefined = it is none. */
type BytesOf = (text: string) => Uint8Array | undefined

/** Undefined when `token` is not one. Never throws. `bytesOf` is for where there is no Node. */
export function parseCompactJws(token: string, bytesOf: BytesOf = base64url): CompactJws | undefined {
  if (token.length > LONGEST) return undefined
  const parts = token.split('.')
  if (parts.length !== 3) return undefined
  const [head = '', body = '', tail = ''] = parts
  const header = objectOf(bytesOf(head))
  const payload = objectOf(bytesOf(body))
  const signature = bytesOf(tail)
  if (!header || !payload || !signature) return undefined
  return { header, payload, signed: `${head}.${body}`, signature }
}

/** RFC 4648 §5 without padding; a text that encodes the same bytes another way is refused. */
function base64url(text: string): Uint8Array | undefined {
  // Written anew, whatever a lenient reader skipped or took for another character is gone.
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function objectOf(bytes: Uint8Array | undefined): Record<string, unknown> | undefined {
  if (!bytes || bytes.length === 0) return undefined
  try {
    const text = utf8.decode(bytes)
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return hasDuplicateMember(text) ? undefined : (value as Record<string, unknown>)
  } catch {
    return undefined
  }
}

/**
 * Whether the outermost object names a member twice. Parsers disagree on which one counts, so such
 * a token means two things at once (RFC 7519 §4 lets a verifier refuse it).
 */
function hasDuplicateMember(json: string): boolean {
  let names: Set<string> | undefined
  let first: string | undefined
  let depth = 0
  for (let i = 0; i < json.length; i++) {
    const char = json.charCodeAt(i)
    if (char === OPEN_BRACE || char === OPEN_BRACKET) depth++
    else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) depth--
    else if (char === QUOTE) {
      const start = i
      let escaped = false
      for (i++; json.charCodeAt(i) !== QUOTE; i++) {
        if (json.charCodeAt(i) !== BACKSLASH) continue
        escaped = true
        i++
      }
      if (depth !== 1) continue
      let after = i + 1
      while (isSpace(json.charCodeAt(after))) after++
      if (json.charCodeAt(after) !== COLON) continue
      const name = escaped ? (JSON.parse(json.slice(start, i + 1)) as string) : json.slice(start + 1, i)
      if (first === undefined) first = name
      else {
        names ??= new Set([first])
        if (names.has(name)) return true
        names.add(name)
      }
    }
  }
  return false
}

const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
/** RFC 8259 §2; the text was parsed already, so there is no other. */
const isSpace = (code: number) => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
