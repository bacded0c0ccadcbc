import type { FlatHeaders } from './exchange.ts'

/** What a parser tells of one answer, in this order. */
export interface ResponseSink {
  /** Names in lower case. `bodied` = `data` and `end` tell the rest; else `end` follows at once. */
  head(status: number, headers: FlatHeaders, bodied: boolean): void
  data(chunk: Buffer): void
  /** `reusable` = the connection can carry another request. */
  end(reusable: boolean): void
}

/** Bytes of a status line and its headers, and of one line of a chunked body. */
const MOST_HEAD = 64 * 1024
const MOST_LINE = 4096
const END_OF_HEAD = Buffer.from('\r\n\r\n', 'latin1')

/** What the next byte belongs to. */
type State = 'head' | 'length' | 'until-close' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'done'

/**
 * Reads answers of HTTP/1.1 servers (RFC 9112) from one connection, one at a time. Strict: what two
 * readers could read differently is an error, and an error ends the connection: bare line feeds,
 * folded lines, both framings, two lengths, a chunk size that is none, bytes after the end.
 */
export class ResponseParser {
  #state: State = 'done'
  #sink: ResponseSink | undefined
  #head = false
  #reusable = true
  /** Of the body or chunk that is being read. */
  #left = 0
  #kept: Buffer | undefined

  /** The next answer goes here. `toHead` = it answers a HEAD request, and has no body whatever it says. */
  expect(sink: ResponseSink, toHead: boolean): void {
    this.#state = 'head'
    this.#sink = sink
    this.#head = toHead
    this.#kept = undefined
  }

  /** Whether bytes of an answer have come. */
  get begun(): boolean {
    return this.#state !== 'head' || this.#kept !== undefined
  }

  /** False = these bytes are no sound answer, or more than one. */
  push(chunk: Buffer): boolean {
    let rest = chunk
    while (rest.length > 0) {
      if (this.#state === 'done') return false
      switch (this.#state) {
        case 'length':
        case 'chunk': {
          const part = rest.length > this.#left ? rest.subarray(0, this.#left) : rest
          this.#left -= part.length
          rest = rest.subarray(part.length)
          this.#sink?.data(part)
          if (this.#left > 0) break
          if (this.#state === 'chunk') this.#state = 'chunk-end'
          else this.#state = 'done'
          break
        }
        case 'until-close':
          this.#sink?.data(rest)
          return true
        default: {
          if (this.#kept) rest = Buffer.concat([this.#kept, rest])
          this.#kept = undefined
          const used = this.#state === 'head' ? this.#readHead(rest) : this.#readLine(rest)
          if (used < 0) return false
          if (used === 0) {
            if (rest.length > (this.#state === 'head' ? MOST_HEAD : MOST_LINE)) return false
            this.#kept = rest
            return true
          }
          rest = rest.subarray(used)
        }
      }
      if (this.#state === 'done') return this.#tell(rest.length === 0)
    }
    return true
  }

  /** What comes behind an answer nobody asked for: it must not be taken for the next one's. */
  #tell(alone: boolean): boolean {
    const sink = this.#sink
    this.#sink = undefined
    sink?.end(this.#reusable && alone)
    return alone
  }

  /** The connection has ended. True = so has the answer, as it should. */
  close(): boolean {
    if (this.#state !== 'until-close') return false
    this.#reusable = false
    this.#state = 'done'
    return this.#tell(true)
  }

  /** Bytes read; 0 = it is not all here; -1 = it is wrong. */
  #readHead(bytes: Buffer): number {
    const end = bytes.indexOf(END_OF_HEAD)
    if (end === -1) return 0
    if (end > MOST_HEAD) return -1
    const text = bytes.toString('latin1', 0, end)
    const first = text.indexOf('\r\n')
    const status = readStatus(first === -1 ? text : text.slice(0, first))
    if (status === 0) return -1
    const headers: FlatHeaders = []
    if (first !== -1 && !readHeaders(text, first + 2, headers)) return -1
    const used = end + 4
    // Interim answers belong to the connection between us and the upstream; nobody asked for a switch.
    if (status < 200) return status === 101 ? -1 : used
    return this.#frame(status, headers, text.charCodeAt(7) === 0x30) ? used : -1
  }

  /** RFC 9112 §6.3. */
  #frame(status: number, headers: FlatHeaders, isOld: boolean): boolean {
    let length: number | undefined
    let coding: string | undefined
    let connection = ''
    for (let at = 0; at < headers.length; at += 2) {
      const value = headers[at + 1] as string
      switch (headers[at]) {
        case 'content-length': {
          const number = readLength(value)
          // Twice the same too: Node and Envoy take no such answer.
          if (number < 0 || length !== undefined) return false
          length = number
          break
        }
        case 'transfer-encoding':
          if (coding !== undefined) return false
          coding = value.toLowerCase()
          break
        case 'connection':
          connection += `,${value.toLowerCase()}`
      }
    }
    const asked = connection === '' ? [] : connection.split(',').map((token) => token.trim())
    this.#reusable = isOld ? asked.includes('keep-alive') : !asked.includes('close')
    const sink = this.#sink
    if (coding !== undefined && (coding !== 'chunked' || length !== undefined || isOld)) return false
    if (this.#head || status === 204 || status === 304) {
      this.#state = 'done'
      sink?.head(status, headers, false)
      return true
    }
    if (coding !== undefined) this.#state = 'chunk-size'
    else if (length !== undefined) {
      this.#state = 'length'
      this.#left = length
    } else this.#state = 'until-close'
    if (length === 0) this.#state = 'done'
    sink?.head(status, headers, length !== 0)
    return true
  }

  /** A line of a chunked body (RFC 9112 §7.1). */
  #readLine(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n', 0, 'latin1')
    if (end === -1) return 0
    if (end > MOST_LINE) return -1
    const line = bytes.toString('latin1', 0, end)
    switch (this.#state) {
      case 'chunk-size': {
        const [, digits = '', extension = ''] = /^([0-9a-fA-F]{1,13})[ \t]*(;.*)?$/.exec(line) ?? []
        if (digits === '' || extension.includes('\n') || extension.includes('\r')) return -1
        this.#left = Number.parseInt(digits, 16)
        this.#state = this.#left === 0 ? 'trailer' : 'chunk'
        return end + 2
      }
      case 'chunk-end':
        if (line !== '') return -1
        this.#state = 'chunk-size'
        return 2
      default:
        // Trailers: nobody downstream of HTTP/1.1 waits for them.
        if (line === '') this.#state = 'done'
        else if (!readHeaders(line, 0, [])) return -1
        return end + 2
    }
  }
}

/** `HTTP/1.1 200 OK`, the phrase may be missing; 0 = it is none. */
function readStatus(line: string): number {
  const version = line.slice(0, 9)
  if (version !== 'HTTP/1.1 ' && version !== 'HTTP/1.0 ') return 0
  const digit = (at: number) => line.charCodeAt(at) - 48
  const [a, b, c] = [digit(9), digit(10), digit(11)]
  if (!(a >= 1 && a <= 9 && b >= 0 && b <= 9 && c >= 0 && c <= 9)) return 0
  if (line.length > 12 && line.charCodeAt(12) !== 0x20) return 0
  return hasControl(line, 12) ? 0 : a * 100 + b * 10 + c
}

/** Digits only: no sign, no space, nothing that overflows. */
function readLength(value: string): number {
  if (value.length === 0 || value.length > 15) return -1
  let number = 0
  for (let at = 0; at < value.length; at++) {
    const digit = value.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return -1
    number = number * 10 + digit
  }
  return number
}

/** The lines from `at` on, as names and values in turn; false = one is no field (RFC 9112 §5). */
function readHeaders(text: string, from: number, into: FlatHeaders): boolean {
  for (let at = from; at < text.length; ) {
    let end = text.indexOf('\r\n', at)
    if (end === -1) end = text.length
    const colon = text.indexOf(':', at)
    if (colon === -1 || colon >= end) return false
    const name = fieldName(text.slice(at, colon))
    if (name === undefined) return false
    let [start, stop] = [colon + 1, end]
    while (start < stop && isBlank(text.charCodeAt(start))) start++
    while (stop > start && isBlank(text.charCodeAt(stop - 1))) stop--
    const value = text.slice(start, stop)
    if (hasControl(value, 0)) return false
    into.push(name, value)
    at = end + 2
  }
  return true
}

const isBlank = (code: number) => code === 0x20 || code === 0x09

/** Anything below space but a tab, and DEL: among them the line feeds that could begin another field. */
function hasControl(text: string, from: number): boolean {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return true
  }
  return false
}

/** Servers use few spellings; what others they may make up is not kept. */
const names = new Map<string, string>()
const REMEMBERED = 512

/** In lower case; undefined = no token (RFC 9110 §5.6.2). */
function fieldName(written: string): string | undefined {
  const known = names.get(written)
  if (known !== undefined) return known
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(written)) return undefined
  const lower = written.toLowerCase()
  if (names.size < REMEMBERED && written.length <= 64) names.set(written, lower)
  return lower
}
