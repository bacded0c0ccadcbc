import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { answer, carryOut, failed, type Means } from './carry-out.ts'
import { type Current, currentOf } from './current.ts'
import { Decider } from './decide.ts'
import type { Final } from './deliberate.ts'
import type { Exchange } from './exchange.ts'
import { Http1Exchange } from './exchange-http1.ts'
import { OpenListeners } from './open-listeners.ts'
import {
  defaultLimits,
  type GatewayOptions,
  type Limits,
  type ListenerSpec,
  type RunningGateway,
} from './options.ts'
import { passBytes } from './pass-bytes.ts'
import { http1Server, http2Server, plainFace } from './protocol-servers.ts'
import { RequestBody } from './request-body.ts'
import { Transports } from './transports.ts'
import { Turn } from './turn.ts'
import { forwardUpgrade, statusLine } from './upgrade.ts'

/**
 * Opens the listeners of a door and serves them: reads requests strictly, drops what clients may
 * not say, has every request decided, and forwards, answers or refuses as decided. It knows HTTP
 * and no domain; verdicts, tokens, providers and upstreams are ports (`DoorPort`).
 *
 * Throws `ERR_PORT_BUSY`, `ERR_CANNOT_LISTEN` or `ERR_TLS_SERVER_UNUSABLE`, and has then closed
 * what was open.
 *
 * @example
 * const gateway = await startGateway({ listeners, door, hardening: 'default', clock: Date.now })
 * console.log(gateway.listeners[0].url)
 * await gateway.close(10_000)
 */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const gateway = new Gateway(options)
  await gateway.open()
  return gateway
}

class Gateway implements RunningGateway {
  readonly #options: GatewayOptions
  readonly #limits: Limits
  readonly #listeners: OpenListeners
  readonly #decider: Decider
  readonly #means: Means
  readonly #transports: Transports
  #current: Current
  #draining = false
  #running = 0
  #idle: (() => void) | undefined
  readonly #http1
  readonly #plain
  readonly #http2

  constructor(options: GatewayOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#transports = new Transports(this.#limits)
    this.#current = currentOf(options.door, options)
    const draining = () => this.#draining
    this.#http1 = http1Server(this.#limits, {
      draining,
      take: (exchange) => this.#take(exchange),
      upgrade: (request, socket, head) => this.#upgrade(request, socket, head),
    })
    this.#plain = plainFace(this.#http1, this.#limits, {
      draining,
      take: (exchange) => this.#take(exchange),
      clock: options.clock,
    })
    this.#http2 = http2Server(this.#limits, { draining, take: (exchange) => this.#take(exchange) })
    this.#listeners = new OpenListeners(
      options,
      this.#limits,
      {
        http1: (socket) =>
          options.nodeHttp1 ? this.#http1.emit('connection', socket) : this.#plain.take(socket),
        http2: (socket) => this.#http2.arrive(socket),
        bytes: (socket) => passBytes(socket, this.#current, this.#limits, options.clock),
      },
      () => this.#current.door,
    )
    this.#decider = new Decider(options.hardening === 'default', this.#limits, options.clock, this.#listeners)
    this.#means = { limits: this.#limits, listeners: this.#listeners, transports: this.#transports }
  }

  get listeners(): RunningGateway['listeners'] {
    return this.#listeners.bound
  }

  open(): Promise<void> {
    return this.#listeners.open()
  }

  listen(wanted: readonly ListenerSpec[]): Promise<void> {
    return this.#listeners.change(wanted)
  }

  replace(change: Parameters<RunningGateway['replace']>[0]): void {
    for (const { gateway, targetPort, servers } of change.tls ?? [])
      this.#listeners.replaceTls(gateway, targetPort, servers)
    if (change.door) this.#current = currentOf(change.door, this.#options)
  }

  async close(drainMs = 10_000): Promise<void> {
    this.#draining = true
    this.#listeners.stop()
    this.#http1.closeIdleConnections()
    this.#plain.closeIdle()
    this.#http2.close()
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, drainMs)
        this.#idle = () => {
          clearTimeout(timer)
          // The last answer still has to leave its socket.
          setImmediate(resolve)
        }
      })
    }
    this.#listeners.destroy()
    await this.#transports.close()
  }

  #take(exchange: Exchange): void {
    this.#running++
    const turn = new Turn(exchange, this.#options.clock(), this)
    exchange.onDone = turn
    try {
      const serving = this.#serve(turn)
      if (serving) serving.catch(() => failed(turn))
    } catch {
      failed(turn)
    }
  }

  /** Told by a turn, once. */
  over(turn: Turn): void {
    this.#log(turn)
    if (--this.#running === 0) this.#idle?.()
  }

  /** A promise only where something has to be waited for. */
  #serve(turn: Turn): Promise<void> | undefined {
    const current = this.#current
    const { exchange } = turn
    const body = exchange.body && new RequestBody(exchange.body, this.#limits.bodyIdleMs)
    const decided = this.#decider.decide(turn, current, body)
    if (decided instanceof Promise) return this.#carryOutLater(turn, current, body, decided)
    carryOut(turn, current, body, decided, this.#means)
    return undefined
  }

  async #carryOutLater(
    turn: Turn,
    current: Current,
    body: RequestBody | undefined,
    decided: Promise<Final | undefined>,
  ): Promise<void> {
    carryOut(turn, current, body, await decided, this.#means)
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const response = new ServerResponse(request)
    response.assignSocket(socket as never)
    response.shouldKeepAlive = false
    response.on('finish', () => socket.end())
    const exchange = new Http1Exchange(request, response, {
      headerLines: this.#limits.headerLines,
      waits: false,
      draining: () => true,
    })
    const turn = new Turn(exchange, this.#options.clock(), this)
    const current = this.#current
    this.#running++
    socket.on('error', () => {})
    socket.once('close', () => turn.done())
    const run = async () => {
      const decided = await this.#decider.decide(turn, current, undefined)
      if (!decided || exchange.gone) return
      const outside = this.#listeners.outsideOf(exchange.connection.listener.gateway)
      if (decided.kind !== 'forward') return answer(exchange, decided, outside)
      turn.upstream = decided.upstream
      response.detachSocket(socket as never)
      forwardUpgrade({
        exchange,
        request,
        socket,
        head,
        decision: decided,
        upstream: current.door.upstream(decided),
        id: turn.id,
        outside,
        limits: this.#limits,
        answer: (status, body) => {
          exchange.status = status
          socket.end(
            statusLine(status, [
              'content-type', 'text/plain', 'content-length', String(Buffer.byteLength(body)),
              'server', 'istio-envoy', 'connection', 'close',
            ]) + body, // biome-ignore format: pairs
          )
        },
      })
    }
    run().catch(() => socket.destroy())
  }

  #log(turn: Turn): void {
    this.#options.log?.(turn.entry(this.#options.clock))
  }
}
