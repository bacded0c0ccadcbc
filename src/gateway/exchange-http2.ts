import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Readable } from 'node:stream'
import type { HeaderList } from '../policy/index.ts'
import { type Connection, connectionOf } from './connection.ts'
import type { Exchange, FlatHeaders, Refusal } from './exchange.ts'

const malformed = (reason: string): Refusal => ({ status: 400, reason })

export class Http2Exchange implements Exchange {
  readonly protocol = 'HTTP/2'
  readonly connection: Connection
  readonly method: string = ''
  readonly target: string = ''
  readonly host: string = ''
  readonly headers: HeaderList
  readonly fault?: Refusal
  readonly body: Readable | undefined
  onGone: { gone(): void } | undefined
  onDone: { done(): void } | undefined
  status = 0
  readonly #stream: ServerHttp2Stream
  #trailers: HeaderList = []

  constructor(stream: ServerHttp2Stream, raw: readonly string[], flags: number, most: number) {
    this.#stream = stream
    // The session's own socket is a proxy that hides what was put on the real one.
    this.connection = connectionOf(stream.session)
    const headers: [string, string][] = []
    const cookies: string[] = []
    let authority: string | undefined
    let host: string | undefined
    for (let at = 0; at < raw.length; at += 2) {
      const name = raw[at] as string
      const value = raw[at + 1] as string
      if (name === ':method') this.method = value
      else if (name === ':path') this.target = value
      else if (name === ':authority') authority = value
      else if (name.startsWith(':')) continue
      else if (name === 'host') {
        if (host !== undefined) this.fault = malformed('two-hosts')
        host = value
      } else if (name === 'cookie') cookies.push(value)
      else headers.push([name, value])
    }
    // RFC 9113 §8.2.3: crumbs become one line again before anything looks at them.
    if (cookies.length > 0) headers.push(['cookie', cookies.join('; ')])
    if (authority !== undefined && host !== undefined && authority.toLowerCase() !== host.toLowerCase()) {
      this.fault = malformed('authority-is-not-host')
    }
    if (raw.length > most * 2) this.fault = { status: 431, reason: 'too-many-headers' }
    this.host = authority ?? host ?? ''
    this.headers = headers
    this.body = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0 ? undefined : stream
    stream.on('trailers', (_named, _flags, rawTrailers?: string[]) => {
      this.#trailers = pairs(rawTrailers ?? [])
    })
    stream.on('error', () => {
      // `close` follows and says it all.
    })
    stream.on('close', () => {
      const gone = !stream.writableFinished || stream.rstCode !== constants.NGHTTP2_NO_ERROR
      const { onGone, onDone } = this
      this.onGone = undefined
      this.onDone = undefined
      if (gone) onGone?.gone()
      onDone?.done()
    })
  }

  get gone(): boolean {
    return this.#stream.destroyed || this.#stream.closed
  }

  requestTrailers(): HeaderList {
    return this.#trailers
  }

  continue(): void {
    // Node answers `expect: 100-continue` on HTTP/2 by itself unless told otherwise.
  }

  reply(status: number, headers: FlatHeaders, body: string | Buffer): void {
    if (this.gone) return
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    const empty = this.method === 'HEAD' || bytes.length === 0 || status === 204 || status === 304
    if (status !== 304 && status !== 204) headers.push('content-length', String(bytes.length))
    this.status = status
    this.#stream.respond(named(status, headers), { endStream: empty })
    if (!empty) this.#stream.end(bytes)
    // The answer stands without the rest of the body (RFC 9113 §8.1).
    if (this.body && !this.#stream.readableEnded) this.#stream.resume()
  }

  start(status: number, headers: FlatHeaders, trailers: boolean): void {
    if (this.gone) return
    this.status = status
    this.#stream.respond(named(status, headers), { waitForTrailers: trailers })
  }

  bare(status: number, headers: FlatHeaders): void {
    if (this.gone) return
    this.status = status
    this.#stream.respond(named(status, headers), { endStream: true })
  }

  write(chunk: Buffer): boolean {
    return this.#stream.write(chunk)
  }

  onDrain(call: () => void): void {
    this.#stream.once('drain', call)
  }

  end(chunk?: Buffer, trailers: HeaderList = []): void {
    if (this.gone) return
    this.#stream.once('wantTrailers', () => {
      if (!this.gone) this.#stream.sendTrailers(named(undefined, trailers.flat()))
    })
    this.#stream.end(chunk)
  }

  abort(): void {
    if (!this.#stream.closed) this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  }
}

function pairs(flat: readonly string[]): HeaderList {
  const list: [string, string][] = []
  for (let at = 0; at < flat.length; at += 2) list.push([flat[at] as string, flat[at + 1] as string])
  return list
}

/** Headers of one connection only, which HTTP/2 forbids (RFC 9113 §8.2.2). */
const forbidden = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'])

/** The form node's http2 takes: repeated headers as arrays. */
export function named(
  status: number | undefined,
  flat: readonly string[],
): Record<string, string | string[] | number> {
  const headers: Record<string, string | string[] | number> = Object.create(null)
  if (status !== undefined) headers[':status'] = status
  for (let at = 0; at < flat.length; at += 2) {
    const name = (flat[at] as string).toLowerCase()
    const value = flat[at + 1] as string
    if (forbidden.has(name)) continue
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else if (Array.isArray(before)) before.push(value)
    else headers[name] = [String(before), value]
  }
  return headers
}
