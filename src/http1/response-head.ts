import { STATUS_CODES } from 'node:http'

/** How the end of an answer's body is told: `none` = it has no body. */
export type Framing = 'none' | 'length' | 'chunked'

interface ResponseHead {
  readonly text: string
  readonly framing: Framing
  /** Of the body; -1 = not said. */
  readonly length: number
  /** Whether it ends the connection. */
  readonly last: boolean
}

/**
 * The head of an answer as Node's `writeHead` would send it, without its notes on keep-alive. A
 * Transfer-Encoding is left out: how the body is framed is decided here.
 *
 * @param headers names and values in turn
 * @param close the client wants the connection closed behind it
 */
export function headOf(
  status: number,
  headers: readonly string[],
  toHead: boolean,
  date: string,
  close: boolean,
): ResponseHead {
  let text = statusLine(status)
  let length = -1
  let dated = false
  let last = false
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] as string
    const value = headers[at + 1] as string
    const kind = kindOf(name)
    checkValue(name, value)
    switch (kind) {
      case 'transfer-encoding':
        continue
      case 'content-length':
        length = Number(value)
        if (!Number.isSafeInteger(length) || length < 0) throw new TypeError('content-length is no number')
        break
      case 'date':
        dated = true
        break
      case 'connection':
        if (/(?:^|\W)close(?:$|\W)/i.test(value)) last = true
    }
    text += `${name}: ${value}\r\n`
  }
  if (!dated) text += `Date: ${date}\r\n`
  // Who asked for the end of the connection may still take it for kept, unless told (RFC 9112 §9.6).
  if (close && !last) text += 'Connection: close\r\n'
  if (toHead || status === 204 || status === 304) {
    return { text: `${text}\r\n`, framing: 'none', length: -1, last }
  }
  if (length >= 0) return { text: `${text}\r\n`, framing: 'length', length, last }
  return { text: `${text}Transfer-Encoding: chunked\r\n\r\n`, framing: 'chunked', length, last }
}

/** An answer without a body, all but its date: checked and put together once, sent as often as wanted. */
export interface PreparedAnswer {
  readonly lines: string
}

/**
 * @param headers names and values in turn; neither Date nor Connection, and the length 0
 *
 * @throws TypeError where a name is no token, a value would end its line, or the headers are others
 */
export function prepareAnswer(status: number, headers: readonly string[]): PreparedAnswer {
  const { text, length, last } = headOf(status, headers, false, '', false)
  const names = headers.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase())
  const lengths = names.filter((name) => name === 'content-length').length
  if (lengths !== 1 || length !== 0 || last || names.includes('date'))
    throw new TypeError('an answer that is prepared has no body, date or end')
  return { lines: text.slice(0, -NO_DATE.length) }
}

const NO_DATE = 'Date: \r\n\r\n'

const lines = new Map<number, string>()

function statusLine(status: number): string {
  let line = lines.get(status)
  if (line === undefined) {
    if (!Number.isInteger(status) || status < 200 || status > 999) throw new TypeError('no final status')
    line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`
    lines.set(status, line)
  }
  return line
}

/** The names that are looked at, and any other. */
type Kind = 'transfer-encoding' | 'content-length' | 'date' | 'connection' | 'other'

/** By spelling; an upstream may make up as many as it likes. */
const known = new Map<string, Kind>()
const REMEMBERED = 512

function kindOf(name: string): Kind {
  const before = known.get(name)
  if (before !== undefined) return before
  // RFC 9110 §5.6.2.
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) throw new TypeError('a header name is no token')
  const lower = name.toLowerCase()
  const kind =
    lower === 'transfer-encoding' || lower === 'content-length' || lower === 'date' || lower === 'connection'
      ? lower
      : 'other'
  if (known.size < REMEMBERED && name.length <= 64) known.set(name, kind)
  return kind
}

/** Whatever ends a line ends it for the client too (CVE-2016-2216): what a header cannot hold is not sent. */
function checkValue(name: string, value: string): void {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code > 0xff) {
      throw new TypeError(`a character in \`${name}\` cannot be sent`)
    }
  }
}
