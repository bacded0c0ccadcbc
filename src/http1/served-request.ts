import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { RequestHead } from './request-head.ts'
import { type Framing, headOf, type PreparedAnswer } from './response-head.ts'

/** Bytes of a body that are worth a copy: they leave in one string with the head. */
const SHORT = 4096

/** What a request needs of the connection it came on. */
export interface Carrier {
  readonly socket: Socket
  /** The text of the Date header. */
  date(): string
  /** Whether the request's body has come as a whole. */
  bodyComplete(request: ServedRequest): boolean
  /** The answer is written; `left` is called when it has left. */
  readonly left: () => void
}

const CLOSE = 'Connection: close\r\n'

/** One request, and how it is answered. Names of headers may be in any case, values are Latin-1. */
export class ServedRequest {
  readonly method: string
  readonly target: string
  /** As sent; not among `headers`. */
  readonly host: string
  readonly headers: RequestHead['headers']
  /** undefined = there is none. It may be left unread. */
  readonly body: Readable | undefined
  /**
   * Told once: `whole` when the answer has left, not when it never will as a whole. An object and no
   * function: what a closure closes over outlives the young generation (ADR 90).
   */
  owner: { closed(whole: boolean): void } | undefined
  /** Whether the connection ends with the answer. */
  last: boolean
  readonly #carrier: Carrier
  #framing: Framing | undefined
  /** The answer's head, until something leaves with it. */
  #head = ''
  /** Bytes that the answer's own length still owes; -1 = it has none. */
  #owed = -1
  #ended = false
  #closed = false
  #aborted = false

  constructor(carrier: Carrier, head: RequestHead, body: Readable | undefined) {
    this.#carrier = carrier
    this.method = head.method
    this.target = head.target
    this.host = head.host
    this.headers = head.headers
    this.last = head.last
    this.body = body
  }

  get socket(): Socket {
    return this.#carrier.socket
  }

  /** Whether the whole body has come, read or not. */
  get complete(): boolean {
    return this.body === undefined || this.#carrier.bodyComplete(this)
  }

  /** Whether the client is gone, or the answer was cut off. */
  get gone(): boolean {
    return this.#closed || this.#aborted
  }

  get ended(): boolean {
    return this.#ended
  }

  /**
   * The head of the answer, names and values in turn. It leaves with the first of the body, or at the end.
   * Framing is added where `headers` has no Content-Length; a Transfer-Encoding in it is left out.
   *
   * @throws TypeError where a name is no token or a value would end its line
   */
  start(status: number, headers: readonly string[]): void {
    const head = headOf(status, headers, this.method === 'HEAD', this.#carrier.date(), this.last)
    this.#head = head.text
    this.#framing = head.framing
    this.#owed = head.length
    if (head.last) this.last = true
  }

  /** False = wait for `drain` of the socket. */
  write(chunk: Buffer): boolean {
    if (this.gone || this.#ended || this.#framing === 'none' || chunk.length === 0) return true
    const { socket } = this.#carrier
    this.#owed -= chunk.length
    if (this.#owed < 0 && this.#framing === 'length') return this.#mismatch()
    const chunked = this.#framing === 'chunked'
    const before = chunked ? `${this.#takeHead()}${chunk.length.toString(16)}\r\n` : this.#takeHead()
    if (before === '') return socket.write(chunk)
    socket.cork()
    socket.write(before, 'latin1')
    let more = socket.write(chunk)
    if (chunked) more = socket.write('\r\n', 'latin1')
    socket.uncork()
    return more
  }

  /** The rest of the answer, if any. */
  end(chunk?: Buffer): void {
    if (this.gone || this.#ended) return
    this.#ended = true
    const { socket, left } = this.#carrier
    const last = this.#framing === 'none' || chunk?.length === 0 ? undefined : chunk
    if (this.#framing === 'length' && this.#owed !== (last?.length ?? 0)) {
      this.#mismatch()
      return
    }
    let before = this.#takeHead()
    let after = ''
    if (this.#framing === 'chunked') {
      if (last) before += `${last.length.toString(16)}\r\n`
      after = last ? '\r\n0\r\n\r\n' : '0\r\n\r\n'
    }
    if (!last) socket.write(before + after, 'latin1', left)
    else if (before !== '' && last.length < SHORT) {
      socket.write(before + last.toString('latin1') + after, 'latin1', left)
    } else {
      socket.cork()
      if (before !== '') socket.write(before, 'latin1')
      if (after === '') socket.write(last, left)
      else {
        socket.write(last)
        socket.write(after, 'latin1', left)
      }
      socket.uncork()
    }
  }

  /** A whole answer. It is for any method: it has no body. */
  send({ lines }: PreparedAnswer): void {
    if (this.gone || this.#ended) return
    this.#ended = true
    const { socket, left } = this.#carrier
    const close = this.last ? CLOSE : ''
    socket.write(`${lines}${close}Date: ${this.#carrier.date()}\r\n\r\n`, 'latin1', left)
  }

  /** Cuts the connection off. */
  abort(): void {
    this.#aborted = true
    this.#carrier.socket.destroy()
  }

  /** Told by the connection, once. */
  closed(whole: boolean): void {
    if (this.#closed) return
    this.#closed = true
    const { owner } = this
    this.owner = undefined
    owner?.closed(whole)
  }

  #takeHead(): string {
    const head = this.#head
    this.#head = ''
    return head
  }

  /** More or less than was announced: the rest would be read as the next answer. */
  #mismatch(): true {
    this.abort()
    return true
  }
}
