import type { Socket } from 'node:net'
import { Connection } from './connection.ts'
import type { HeadLimits } from './request-head.ts'
import type { ServedRequest } from './served-request.ts'

/** All times in milliseconds. */
export interface Http1FaceOptions extends HeadLimits {
  /** From a connection's beginning, or a request's first byte, to the end of its head. */
  readonly headMs: number
  /** Between an answer and the next request. */
  readonly keepAliveMs: number
  readonly clock: () => number
  /** Takes a request; its answer may come at any time. */
  readonly serve: (request: ServedRequest) => void
  /**
   * Takes a connection at a request that is not served here; its bytes were put back. Usually
   * `(socket) => server.emit('connection', socket)` of a `node:http` server.
   */
  readonly other: (socket: Socket) => void
  /** Ends a connection whose head did not come in time, or that ended within a request. */
  readonly refuse: (socket: Socket, why: 'late' | 'cut-off') => void
}

export interface Http1Face {
  /** Takes a connection from its first byte on; it has to have an `error` listener. */
  take(socket: Socket): void
  /** Closes the connections on which nothing is under way. */
  closeIdle(): void
}

/**
 * Serves HTTP/1.1 on sockets, as far as it is plain: requests that every reader reads the same, with
 * Content-Length or without a body. A connection that brings anything else is given to another server,
 * which judges it; so nothing is refused here, and nothing that is doubtful is read here.
 *
 * @example
 * const face = createHttp1Face({
 *   headBytes: 16_384, headerLines: 100, headMs: 10_000, keepAliveMs: 75_000, clock: Date.now,
 *   serve(request) {
 *     request.start(200, ['content-length', '2'])
 *     request.end(Buffer.from('ok'))
 *   },
 *   other: (socket) => server.emit('connection', socket),
 *   refuse: (socket) => socket.destroy(),
 * })
 * createServer((socket) => face.take(socket.on('error', () => {})))
 */
export function createHttp1Face(options: Http1FaceOptions): Http1Face {
  return new Face(options)
}

export class Face implements Http1Face {
  readonly #options: Http1FaceOptions
  readonly #connections = new Set<Connection>()
  readonly #tickMs: number
  /** One timer for all connections: each waits for a number of its ticks. */
  #timer: NodeJS.Timeout | undefined
  #tick = 1
  #second = -1
  #date = ''

  constructor(options: Http1FaceOptions) {
    this.#options = options
    this.#tickMs = Math.min(1000, options.headMs, options.keepAliveMs)
  }

  take(socket: Socket): void {
    this.#connections.add(new Connection(socket, this, this.#options))
    this.#timer ??= setInterval(() => this.#pass(), this.#tickMs).unref()
  }

  closeIdle(): void {
    for (const connection of this.#connections) if (connection.idle) connection.socket.destroy()
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection)
  }

  /** The tick by which so much time has passed; one more, as the current one has begun already. */
  ticksUntil(ms: number): number {
    return this.#tick + Math.ceil(ms / this.#tickMs) + 1
  }

  date(): string {
    const now = this.#options.clock()
    const second = Math.floor(now / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#date = new Date(now).toUTCString()
    }
    return this.#date
  }

  #pass(): void {
    this.#tick++
    for (const connection of this.#connections) {
      if (connection.deadline !== 0 && connection.deadline <= this.#tick) connection.expire()
    }
    if (this.#connections.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
