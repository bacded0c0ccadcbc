import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { HeaderList } from '../policy/index.ts'
import { type Connection, connectionOf } from './connection.ts'
import type { Exchange, FlatHeaders, Refusal } from './exchange.ts'

/** Bytes of a body that are worth a copy. */
const SHORT = 4096

const twoHosts: Refusal = { status: 400, reason: 'two-hosts', close: true }
const tooMany: Refusal = { status: 431, reason: 'too-many-headers', close: true }

/** Host apart, everything else in pairs; order and repetition kept. */
function readHttp1Headers(
  raw: readonly string[],
  most: number,
): { host: string; headers: [string, string][]; fault?: Refusal } {
  const headers: [string, string][] = []
  let host: string | undefined
  if (raw.length > most * 2) return { host: '', headers, fault: tooMany }
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string
    const value = raw[at + 1] as string
    if (name.length === 4 && name.toLowerCase() === 'host') {
      // RFC 9112 §3.2: more than one is 400, whatever they say.
      if (host !== undefined) return { host, headers, fault: twoHosts }
      host = value
    } else headers.push([name, value])
  }
  return { host: host ?? '', headers }
}

export class Http1Exchange implements Exchange {
  readonly protocol = 'HTTP/1.1'
  readonly connection: Connection
  readonly method: string
  readonly target: string
  readonly host: string
  readonly headers: HeaderList
  readonly fault?: Refusal
  readonly body: Readable | undefined
  onGone: { gone(): void } | undefined
  onDone: { done(): void } | undefined
  status = 0
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  /** Kept apart: undici takes it from a request whose body it gives up. */
  readonly #socket: Socket
  readonly #waits: boolean
  readonly #draining: () => boolean

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    options: { headerLines: number; waits: boolean; draining: () => boolean },
  ) {
    this.#request = request
    this.#response = response
    this.#socket = request.socket
    this.#waits = options.waits
    this.#draining = options.draining
    this.connection = connectionOf(request.socket)
    this.method = request.method ?? ''
    this.target = request.url ?? ''
    const { host, headers, fault } = readHttp1Headers(request.rawHeaders, options.headerLines)
    this.host = host
    this.headers = headers
    this.fault = fault
    const { headers: named } = request
    const length = named['content-length']
    this.body =
      named['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
        ? request
        : undefined
    // Every answer ends in `close`; whoever went away before it had ended is gone.
    response.on('close', () => {
      const gone = !response.writableFinished
      const { onGone, onDone } = this
      this.onGone = undefined
      this.onDone = undefined
      if (gone) onGone?.gone()
      onDone?.done()
    })
  }

  get gone(): boolean {
    return this.#response.destroyed || this.#socket.destroyed
  }

  requestTrailers(): HeaderList {
    return []
  }

  continue(): void {
    if (this.#waits) this.#response.writeContinue()
  }

  reply(status: number, headers: FlatHeaders, body: string | Buffer): void {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    if (status !== 304 && status !== 204) headers.push('content-length', String(bytes.length))
    // A body nobody will read would be taken for the next request, or have to be swallowed.
    if (this.body && !this.#request.complete) headers.push('connection', 'close')
    this.start(status, headers, false)
    this.#response.end(this.method === 'HEAD' || status === 204 || status === 304 ? undefined : bytes)
    if (this.body && !this.#request.complete) this.#discard()
  }

  /** Lets a little of an unwanted body in, so that the client can read the answer before the reset. */
  #discard(): void {
    this.#request.resume()
    this.#response.once('finish', () => setTimeout(() => this.#socket.destroy(), 500).unref())
  }

  start(status: number, headers: FlatHeaders, _trailers: boolean): void {
    this.status = status
    if (this.#draining()) headers.push('connection', 'close')
    // Node's `keep-alive` notes say nothing in HTTP/1.1, and Envoy sends none.
    else if (this.#request.httpVersionMinor === 1 && this.#response.shouldKeepAlive)
      this.#response.removeHeader('connection')
    this.#response.sendDate = !has(headers, 'date')
    this.#response.writeHead(status, headers)
  }

  bare(status: number, headers: FlatHeaders): void {
    this.start(status, headers, false)
    this.#response.end()
  }

  write(chunk: Buffer): boolean {
    return this.#response.write(chunk)
  }

  onDrain(call: () => void): void {
    this.#response.once('drain', call)
  }

  end(chunk?: Buffer): void {
    // As text it leaves together with its head, in one string; as bytes the two are gathered.
    if (chunk && chunk.length < SHORT) this.#response.end(chunk.toString('latin1'), 'latin1')
    else this.#response.end(chunk)
  }

  abort(): void {
    this.#socket.destroy()
  }
}

function has(headers: FlatHeaders, name: string): boolean {
  for (let at = 0; at < headers.length; at += 2) if (headers[at] === name) return true
  return false
}
