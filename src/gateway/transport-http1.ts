import { connect as connectPlain } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { Connection, Http1Sending, type Owner } from './http1-connection.ts'
import type { Limits, Upstream } from './options.ts'
import type { Outgoing, Sending, Transport } from './upstream.ts'

type Origin = Extract<Upstream, { kind: 'origin' }>

/** Connections to one origin at a time; further requests wait. */
const MOST_OPEN = 512
/** Idle connections are looked through so often. Milliseconds. */
const sweepMs = 1000

/**
 * HTTP/1.1 to one origin over kept-alive connections, one request on each at a time. The message is
 * put together from its parts, so what was decided about is what is sent.
 */
export function http1Transport(origin: Origin, limits: Limits): Transport {
  return new Pool(origin, limits)
}

class Pool implements Transport, Owner {
  readonly #origin: Origin
  readonly #limits: Limits
  readonly #url: URL
  readonly #open = new Set<Connection>()
  /** The one used last is on top: it is the likeliest to be alive. */
  readonly #idle: Connection[] = []
  readonly #waiting: Http1Sending[] = []
  #sweep: NodeJS.Timeout | undefined
  #closed = false

  constructor(origin: Origin, limits: Limits) {
    this.#origin = origin
    this.#limits = limits
    this.#url = new URL(origin.url)
  }

  send(outgoing: Outgoing): Sending {
    const sending = new Http1Sending(outgoing)
    const free = this.#idle.pop()
    if (free) free.carry(sending)
    else if (this.#open.size < MOST_OPEN) this.#connect(sending)
    else this.#waiting.push(sending)
    return sending
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#sweep)
    for (const connection of this.#open) connection.destroy()
  }

  #connect(sending: Http1Sending): void {
    const { protocol, hostname, port } = this.#url
    const host = hostname.replace(/^\[|\]$/g, '')
    const secure = protocol === 'https:'
    const number = Number(port) || (secure ? 443 : 80)
    const { tls } = this.#origin
    const socket = secure
      ? connectTls({
          host,
          port: number,
          servername: tls?.serverName ?? host,
          ALPNProtocols: ['http/1.1'],
          ...(tls?.caPem !== undefined && { ca: tls.caPem }),
        })
      : connectPlain({ host, port: number, noDelay: true })
    const connection = new Connection(
      socket,
      this,
      this.#limits.connectMs,
      secure ? 'secureConnect' : 'connect',
    )
    this.#open.add(connection)
    connection.carry(sending)
  }

  /** A connection has nothing to do. */
  released(connection: Connection): void {
    const next = this.#next()
    if (next) connection.carry(next)
    else if (this.#closed) connection.destroy()
    else {
      this.#idle.push(connection)
      this.#sweep ??= setInterval(() => this.#sweepIdle(), sweepMs).unref()
    }
  }

  lost(connection: Connection): void {
    this.#open.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at !== -1) this.#idle.splice(at, 1)
    const next = this.#closed ? undefined : this.#next()
    if (next) this.#connect(next)
  }

  #next(): Http1Sending | undefined {
    for (;;) {
      const next = this.#waiting.shift()
      if (!next || next.wanted) return next
    }
  }

  #sweepIdle(): void {
    const now = performance.now()
    // Destroying takes them from the list.
    for (const connection of [...this.#idle]) if (connection.idleUntil < now) connection.destroy()
    if (this.#idle.length > 0) return
    clearInterval(this.#sweep)
    this.#sweep = undefined
  }
}
