import type { Readable } from 'node:stream'
import type { ServedRequest } from '../http1/index.ts'
import type { HeaderList } from '../policy/index.ts'
import { type Connection, connectionOf } from './connection.ts'
import type { Exchange, FlatHeaders } from './exchange.ts'

/** A request that our own HTTP/1.1 took: one in which nothing is unusual. */
export class PlainExchange implements Exchange {
  readonly protocol = 'HTTP/1.1'
  readonly fault = undefined
  readonly connection: Connection
  readonly method: string
  readonly target: string
  readonly host: string
  readonly headers: HeaderList
  readonly body: Readable | undefined
  onGone: { gone(): void } | undefined
  onDone: { done(): void } | undefined
  status = 0
  readonly #request: ServedRequest
  readonly #draining: () => boolean

  constructor(request: ServedRequest, draining: () => boolean) {
    this.#request = request
    this.#draining = draining
    this.connection = connectionOf(request.socket)
    this.method = request.method
    this.target = request.target
    this.host = request.host
    this.headers = request.headers
    this.body = request.body
    request.owner = this
  }

  /** Told by the request, once. */
  closed(whole: boolean): void {
    const { onGone, onDone } = this
    this.onGone = undefined
    this.onDone = undefined
    if (!whole) onGone?.gone()
    onDone?.done()
  }

  get gone(): boolean {
    return this.#request.gone
  }

  requestTrailers(): HeaderList {
    return []
  }

  continue(): void {
    // Who waits to be told is not served here.
  }

  reply(status: number, headers: FlatHeaders, body: string | Buffer): void {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    if (status !== 304 && status !== 204) headers.push('content-length', String(bytes.length))
    // A body nobody will read would be taken for the next request, or have to be swallowed.
    if (!this.#request.complete) headers.push('connection', 'close')
    this.start(status, headers, false)
    this.#request.end(bytes)
  }

  start(status: number, headers: FlatHeaders, _trailers: boolean): void {
    if (this.#draining()) headers.push('connection', 'close')
    this.#request.start(status, headers)
    this.status = status
  }

  bare(status: number, headers: FlatHeaders): void {
    this.start(status, headers, false)
    this.#request.end()
  }

  write(chunk: Buffer): boolean {
    return this.#request.write(chunk)
  }

  onDrain(call: () => void): void {
    this.#request.socket.once('drain', call)
  }

  end(chunk?: Buffer): void {
    this.#request.end(chunk)
  }

  abort(): void {
    this.#request.abort()
  }
}
