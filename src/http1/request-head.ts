/** The head of a request in which nothing is unusual. */
export interface RequestHead {
  readonly method: string
  /** Origin form, as sent. */
  readonly target: string
  /** The one Host, as sent; not among `headers`. */
  readonly host: string
  /** In the order and spelling they were sent. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Bytes of the body that follows; 0 = there is none. */
  readonly length: number
  /** Whether the client wants the connection closed after the answer. */
  readonly last: boolean
  /** Bytes of the head, its empty line included. */
  readonly size: number
}

export interface HeadLimits {
  /** Bytes of a request line and its headers. */
  readonly headBytes: number
  /** Host among them. */
  readonly headerLines: number
}

/** `more` = sound so far, and not at its end; `other` = not for this reader, which need not mean it is wrong. */
export type Reading = RequestHead | 'more' | 'other'

const methods: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const LONGEST_METHOD = 7
const VERSION = Buffer.from(' HTTP/1.1\r\n', 'latin1')

const UPPER = 1
const TARGET = 2
const NAME = 4
const VALUE = 8

/** What each byte may be part of: a good deal less than RFC 9110 and RFC 9112 let it. */
const kinds = new Uint8Array(256)
const allow = (kind: number, chars: string) => {
  for (const char of chars) kinds[char.charCodeAt(0)] = (kinds[char.charCodeAt(0)] ?? 0) | kind
}
const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const alphanumeric = `${upper}${upper.toLowerCase()}0123456789`
allow(UPPER, upper)
allow(TARGET, `${alphanumeric}-._~!$&'()*+,;=:@/?%`)
allow(NAME, `${alphanumeric}-_`)
for (let code = 0x20; code < 0x7f; code++) allow(VALUE, String.fromCharCode(code))

const CR = 13
const LF = 10
const SPACE = 32
const SLASH = 47
const COLON = 58

/**
 * Reads the head of a request at the beginning of `bytes`, and only one that every reader reads the same:
 * a usual method, a target in origin form, HTTP/1.1, lines that end in CR LF, names of letters, digits
 * and dashes right before their colon, values of printable ASCII, one Host, at most one Content-Length,
 * and nothing that changes the framing or the protocol. What it takes, Node's parser takes too, and reads
 * the same (`request-head.test.ts` asks it).
 */
export function readRequestHead(bytes: Buffer, { headBytes, headerLines }: HeadLimits): Reading {
  const available = Math.min(bytes.length, headBytes)
  const short: Reading = bytes.length < headBytes ? 'more' : 'other'
  let at = 0
  while (at < available && kindOf(bytes, at) & UPPER) at++
  const methodEnd = at
  const method = bytes.toString('latin1', 0, Math.min(methodEnd, LONGEST_METHOD + 1))
  if (at === available) return methods.some((each) => each.startsWith(method)) ? short : 'other'
  if (bytes[at] !== SPACE || !methods.includes(method)) return 'other'
  at++
  if (at < available && bytes[at] !== SLASH) return 'other'
  while (at < available && kindOf(bytes, at) & TARGET) at++
  const targetEnd = at
  for (let each = 0; each < VERSION.length; each++, at++) {
    if (at === available) return short
    if (bytes[at] !== VERSION[each]) return 'other'
  }

  const text = bytes.toString('latin1', 0, endOfHead(bytes, at, available))
  const headers: (readonly [string, string])[] = []
  let host: string | undefined
  let length = -1
  let connection: string | undefined
  for (;;) {
    if (at === available) return short
    if (bytes[at] === CR) {
      if (at + 1 === available) return short
      if (bytes[at + 1] !== LF || host === undefined) return 'other'
      return {
        method,
        target: text.slice(methodEnd + 1, targetEnd),
        host,
        headers,
        length: Math.max(length, 0),
        last: connection === 'close',
        size: at + 2,
      }
    }
    const nameStart = at
    while (at < available && kindOf(bytes, at) & NAME) at++
    if (at === available) return short
    const nameEnd = at
    if (bytes[at] !== COLON || nameEnd === nameStart) return 'other'
    at++
    while (at < available && bytes[at] === SPACE) at++
    const valueStart = at
    while (at < available && kindOf(bytes, at) & VALUE) at++
    if (at + 1 >= available) return at < available && bytes[at] !== CR ? 'other' : short
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return 'other'
    let valueEnd = at
    while (valueEnd > valueStart && bytes[valueEnd - 1] === SPACE) valueEnd--
    at += 2

    const name = text.slice(nameStart, nameEnd)
    const value = text.slice(valueStart, valueEnd)
    switch (nameEnd - nameStart) {
      case 4:
        if (name.toLowerCase() !== 'host') break
        if (host !== undefined || value === '') return 'other'
        host = value
        continue
      case 6:
        if (name.toLowerCase() === 'expect') return 'other'
        break
      case 7: {
        const lower = name.toLowerCase()
        if (lower === 'upgrade' || lower === 'trailer') return 'other'
        break
      }
      case 10:
        if (name.toLowerCase() !== 'connection') break
        if (connection !== undefined) return 'other'
        connection = value.toLowerCase()
        if (connection !== 'keep-alive' && connection !== 'close') return 'other'
        break
      case 14:
        if (name.toLowerCase() !== 'content-length') break
        if (length >= 0) return 'other'
        length = readLength(value)
        if (length < 0) return 'other'
        break
      case 16:
        // Some readers take it for Connection.
        if (name.toLowerCase() === 'proxy-connection') return 'other'
        break
      case 17:
        if (name.toLowerCase() === 'transfer-encoding') return 'other'
    }
    if (headers.length === headerLines - 1) return 'other'
    headers.push([name, value])
  }
}

const kindOf = (bytes: Buffer, at: number): number => kinds[bytes[at] as number] as number

const END = Buffer.from('\r\n\r\n', 'latin1')

/** Where the head may end; only what is read as head is ever cut out of the text up to there. */
function endOfHead(bytes: Buffer, from: number, available: number): number {
  // The request line's own end counts: there may be no headers.
  const end = bytes.indexOf(END, from - 2)
  return end === -1 ? available : Math.min(end + END.length, available)
}

/** Digits only, without a zero in front, and few enough to be exact; -1 = no such number. */
function readLength(value: string): number {
  return /^(?:0|[1-9]\d{0,14})$/.test(value) ? Number(value) : -1
}
