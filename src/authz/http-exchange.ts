import type { IncomingMessage, ServerResponse } from 'node:http'
import { type PreparedAnswer, prepareAnswer, type ServedRequest } from '../http1/index.ts'
import type { HeaderList } from '../policy/index.ts'

/** The head of an answer without a body, names and values in turn, made once for many answers. */
export interface KnownHead {
  /** With `content-length: 0`. */
  readonly head: readonly string[]
  /** For status 200, once it was sent. */
  prepared?: PreparedAnswer
}

/** One request of a proxy or probe, on whichever of our two readers of HTTP/1.1 it came. */
export interface HttpExchange {
  readonly method: string
  readonly target: string
  /** Names in lower case, Host among them, in the order they came. */
  readonly headers: HeaderList
  /** Address of who asks. */
  readonly peer: string | undefined
  /** undefined = it has none. */
  readonly body: AsyncIterable<Buffer> | undefined
  /** Whether nobody waits for an answer any more. */
  readonly gone: boolean
  /** Whether an answer has begun. */
  readonly answered: boolean
  /** An answer without a body. @throws TypeError where a value would end its line */
  known(status: number, known: KnownHead): void
  /** @throws TypeError where a value would end its line */
  answer(status: number, head: readonly string[], body: string | undefined): void
  /** Cuts the connection off. */
  abort(): void
}

/** Where something is unusual about a request: Node's parser has the say. */
export class NodeExchange implements HttpExchange {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly headers: HeaderList

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request
    this.#response = response
    const headers: [string, string][] = []
    const raw = request.rawHeaders
    for (let at = 0; at < raw.length; at += 2)
      headers.push([(raw[at] as string).toLowerCase(), raw[at + 1] as string])
    this.headers = headers
  }
  get method() {
    return this.#request.method ?? ''
  }
  get target() {
    return this.#request.url ?? ''
  }
  get peer() {
    return this.#request.socket.remoteAddress
  }
  get body() {
    const { headers } = this.#request
    const has = Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined
    return has ? (this.#request as AsyncIterable<Buffer>) : undefined
  }
  get gone() {
    return this.#response.destroyed
  }
  get answered() {
    return this.#response.headersSent
  }
  known(status: number, { head }: KnownHead) {
    this.answer(status, head, undefined)
  }
  answer(status: number, head: readonly string[], body: string | undefined) {
    this.#response.writeHead(status, head as unknown as Record<string, string>)
    this.#response.end(body)
  }
  abort() {
    this.#response.destroy()
  }
}

/** A request that is read by ourselves, as nearly every one of a proxy is. */
export class PlainExchange implements HttpExchange {
  readonly #request: ServedRequest
  readonly headers: HeaderList
  answered = false

  constructor(request: ServedRequest) {
    this.#request = request
    const headers: (readonly [string, string])[] = [['host', request.host]]
    for (const header of request.headers) {
      const name = header[0].toLowerCase()
      headers.push(name === header[0] ? header : [name, header[1]])
    }
    this.headers = headers
  }
  get method() {
    return this.#request.method
  }
  get target() {
    return this.#request.target
  }
  get peer() {
    return this.#request.socket.remoteAddress
  }
  get body() {
    return this.#request.body
  }
  get gone() {
    return this.#request.gone
  }
  known(status: number, known: KnownHead) {
    if (status !== 200) return this.answer(status, known.head, undefined)
    known.prepared ??= prepareAnswer(200, known.head)
    this.answered = true
    this.#request.send(known.prepared)
  }
  answer(status: number, head: readonly string[], body: string | undefined) {
    this.#request.start(status, head)
    this.answered = true
    this.#request.end(body === undefined ? undefined : Buffer.from(body))
  }
  abort() {
    this.#request.abort()
  }
}
