import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ForwardDecision } from '../policy/index.ts'
import { type Outside, refuse, replyWith } from './answer.ts'
import { joinBytes } from './byte-stream.ts'
import { clientHeaderFilter, foldName } from './client-headers.ts'
import { connectionOf } from './connection.ts'
import { deliberate, type Final, type Outcome } from './deliberate.ts'
import type { Exchange, Refusal } from './exchange.ts'
import { Http1Exchange } from './exchange-http1.ts'
import { Forward, type Mirror, ownAnswer } from './forward.ts'
import { type OpenListener, openListener, type Planner } from './listener.ts'
import {
  type DoorPort,
  defaultLimits,
  type GatewayOptions,
  type Limits,
  type ListenerSpec,
  type RunningGateway,
} from './options.ts'
import { http1Server, http2Server, plainFace } from './protocol-servers.ts'
import { RequestBody } from './request-body.ts'
import { bareHost, connectionRequest, doorRequest, originForm, strictRefusal } from './strict.ts'
import { Transports } from './transports.ts'
import { Turn } from './turn.ts'
import { forwardUpgrade, statusLine } from './upgrade.ts'

/** A door's policy, and what follows from it once for all requests. */
interface Current {
  readonly door: DoorPort
  readonly filter: ReturnType<typeof clientHeaderFilter>
  readonly identity: ReadonlySet<string>
}

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
  listeners: RunningGateway['listeners'] = []
  readonly #options: GatewayOptions
  readonly #limits: Limits
  readonly #strict: boolean
  readonly #transports: Transports
  #current: Current
  #open: OpenListener[] = []
  readonly #stopped: OpenListener[] = []
  #outside = new Map<string, Outside>()
  #draining = false
  #running = 0
  #idle: (() => void) | undefined
  readonly #http1
  readonly #plain
  readonly #http2

  constructor(options: GatewayOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#strict = options.hardening === 'default'
    this.#transports = new Transports(this.#limits)
    this.#current = this.#prepare(options.door)
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
  }

  async open(): Promise<void> {
    try {
      for (const spec of this.#options.listeners) await this.#listenOn(spec)
    } catch (error) {
      for (const listener of this.#open) listener.destroy()
      throw error
    }
    this.#bound()
  }

  async listen(wanted: readonly ListenerSpec[]): Promise<void> {
    const same = (one: ListenerSpec, other: ListenerSpec) =>
      one.gateway === other.gateway && one.targetPort === other.targetPort && one.address === other.address
    const gone = this.#open.filter(({ spec }) => !wanted.some((each) => same(each, spec)))
    for (const listener of gone) listener.stop()
    this.#open = this.#open.filter((listener) => !gone.includes(listener))
    // Their connections go on, and end with the others.
    this.#stopped.push(...gone)
    for (const spec of wanted) {
      if (!this.#open.some((listener) => same(listener.spec, spec))) await this.#listenOn(spec)
    }
    this.#bound()
  }

  async #listenOn(spec: ListenerSpec): Promise<void> {
    this.#open.push(
      await openListener(
        spec,
        this.#limits,
        {
          http1: (socket) =>
            this.#options.nodeHttp1 ? this.#http1.emit('connection', socket) : this.#plain.take(socket),
          http2: (socket) => this.#http2.arrive(socket),
          bytes: (socket) => this.#pass(socket),
        },
        this.#planner(spec),
      ),
    )
  }

  /** What is open now, and how it is reached. */
  #bound(): void {
    const { door } = this.#current
    this.listeners = this.#open.map(({ spec, port }) => {
      const { gateway, meshPort, targetPort, address } = spec
      const secure = spec.tls ?? door.secure?.(spec)
      const host = address.includes(':') ? `[${address}]` : address
      return {
        gateway,
        meshPort,
        targetPort,
        address,
        port,
        url: `${secure ? 'https' : 'http'}://${host}:${port}`,
      }
    })
    if (!this.#strict) return
    for (const { gateway, meshPort, port } of this.listeners) {
      const ports = { ...this.#outside.get(gateway)?.ports, [meshPort]: port }
      this.#outside.set(gateway, { ports, cookies: true })
    }
    for (const [gateway, ports] of Object.entries(this.#options.outerPorts ?? {})) {
      this.#outside.set(gateway, { ports, cookies: true })
    }
  }

  /** The door of the moment is asked about each connection. */
  #planner(spec: ListenerSpec): Planner | undefined {
    if (!this.#options.door.plan) return undefined
    return (arrival) => this.#current.door.plan?.(spec, arrival) ?? { kind: 'close' }
  }

  #prepare(door: DoorPort): Current {
    return {
      door,
      filter: clientHeaderFilter(door.identityHeaders, this.#options.trustedHops ?? 0),
      identity: new Set(door.identityHeaders.map(foldName)),
    }
  }

  replace(change: Parameters<RunningGateway['replace']>[0]): void {
    for (const { gateway, targetPort, servers } of change.tls ?? []) {
      this.#open
        .find(({ spec }) => spec.gateway === gateway && spec.targetPort === targetPort)
        ?.replaceTls(servers)
    }
    if (change.door) this.#current = this.#prepare(change.door)
  }

  async close(drainMs = 10_000): Promise<void> {
    this.#draining = true
    for (const listener of this.#open) listener.stop()
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
    for (const listener of [...this.#open, ...this.#stopped]) listener.destroy()
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
    const decided = this.#decide(turn, current, body)
    if (decided instanceof Promise) return this.#carryOutLater(turn, current, body, decided)
    this.#carryOut(turn, current, body, decided)
    return undefined
  }

  async #carryOutLater(
    turn: Turn,
    current: Current,
    body: RequestBody | undefined,
    decided: Promise<Final | undefined>,
  ): Promise<void> {
    this.#carryOut(turn, current, body, await decided)
  }

  #carryOut(turn: Turn, current: Current, body: RequestBody | undefined, decided: Final | undefined): void {
    const { exchange } = turn
    if (!decided || exchange.gone) return
    const outside = this.#outside.get(exchange.connection.listener.gateway)
    if (decided.kind !== 'forward') {
      this.#answer(exchange, decided, outside)
      return
    }
    const upstream = current.door.upstream(decided)
    turn.upstream = decided.upstream
    if (!upstream) {
      ownAnswer(exchange, 503, 'no healthy upstream')
      return
    }
    const forward = new Forward(exchange, decided, this.#transports.to(upstream), {
      id: turn.id,
      outside,
      bodyIdleMs: this.#limits.bodyIdleMs,
      body,
      mirrors: this.#mirrors(decided, current),
    })
    if (decided.delayMs) setTimeout(() => !exchange.gone && forward.start(), decided.delayMs)
    else forward.start()
  }

  /** The workloads that get a copy this time. */
  #mirrors({ mirrors }: ForwardDecision, { door }: Current): readonly Mirror[] {
    if (!mirrors || mirrors.length === 0) return []
    return mirrors.flatMap(({ upstream: cluster, host, percent }) => {
      if (percent < 100 && Math.random() * 100 >= percent) return []
      const upstream = door.upstream({
        upstream: cluster,
        destination: destinationOf(cluster),
        path: '',
        host,
        headers: [],
      })
      return upstream ? [{ transport: this.#transports.to(upstream), host }] : []
    })
  }

  /** A connection that is no HTTP of ours: decided as a whole, then joined to where it goes. */
  #pass(socket: Socket): void {
    const connection = connectionOf(socket)
    const { door } = this.#current
    const run = async () => {
      const outcome = await deliberate(door, connectionRequest(connection), {
        listener: connection.listener,
        invariant: false,
        identity: this.#current.identity,
        now: this.#options.clock,
        caller: { wait: (asking) => socket.once('close', () => asking.gone()), proceed: () => {} },
      })
      if (!('decision' in outcome) || outcome.decision.kind !== 'forward') {
        // Ended, not broken off: the client sees a connection that was closed.
        socket.destroySoon()
        return
      }
      joinBytes(socket, door.upstream(outcome.decision), this.#limits)
    }
    run().catch(() => socket.destroy())
  }

  #decide(
    turn: Turn,
    current: Current,
    body: RequestBody | undefined,
  ): Final | undefined | Promise<Final | undefined> {
    const { exchange } = turn
    const wrong = exchange.fault ?? (this.#strict ? strictRefusal(exchange, this.#limits) : undefined)
    if (wrong) return stop(turn, wrong)
    let { host, target, headers } = exchange
    if (this.#strict) {
      if (target === '*') return stop(turn, optionsOfServer)
      const origin = originForm(target, host)
      if (origin === undefined) return stop(turn, { status: 400, reason: 'authority-is-not-host' })
      target = origin
      host = this.#withoutOwnPort(exchange, host)
      headers = current.filter(headers)
    }
    const outcome = deliberate(current.door, doorRequest(exchange, host, target, headers), {
      listener: exchange.connection.listener,
      invariant: this.#strict,
      identity: current.identity,
      now: this.#options.clock,
      caller: turn,
      body,
    })
    return outcome instanceof Promise ? judgedLater(turn, outcome) : judged(turn, outcome)
  }

  /** A door on 8443 stands for one on 443: its port in Host is a matter of this machine only. */
  #withoutOwnPort(exchange: Exchange, host: string): string {
    const bare = bareHost(host)
    if (bare.length === host.length) return host
    const { gateway } = exchange.connection.listener
    const port = Number(host.slice(bare.length + 1))
    const { meshPort } = exchange.connection.listener
    return this.#outside.get(gateway)?.ports[meshPort] === port ? host.slice(0, bare.length) : host
  }

  #answer(
    exchange: Exchange,
    decision: Exclude<Final, { kind: 'forward' }>,
    outside: Outside | undefined,
  ): void {
    switch (decision.kind) {
      case 'reply':
        replyWith(exchange, outside, decision.status, decision.headers, decision.body)
        break
      case 'drop':
        exchange.abort()
        break
      case 'unknown':
        ownAnswer(
          exchange,
          503,
          'KFD1502: the door cannot tell whether this request is allowed, so it is not\n',
        )
    }
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
      const decided = await this.#decide(turn, current, undefined)
      if (!decided || exchange.gone) return
      const outside = this.#outside.get(exchange.connection.listener.gateway)
      if (decided.kind !== 'forward') return this.#answer(exchange, decided, outside)
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

/** A mistake of ours must not open the door, and not stop it either. */
function failed(turn: Turn): void {
  const { exchange } = turn
  turn.reason = 'internal-error'
  if (exchange.gone) return
  if (exchange.status === 0) ownAnswer(exchange, 500, 'KFD1503: the door failed to decide this request\n')
  else exchange.abort()
}

const optionsOfServer: Refusal = {
  status: 200,
  reason: 'options-of-the-server',
  headers: ['allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'],
}

function stop(turn: Turn, refusal: Refusal): undefined {
  turn.reason = refusal.reason
  refuse(turn.exchange, refusal)
}

function judged(turn: Turn, outcome: Outcome): Final | undefined {
  if ('refusal' in outcome) return stop(turn, outcome.refusal)
  turn.verdict = outcome.decision.verdict
  turn.reason = outcome.decision.reason
  return outcome.decision
}

async function judgedLater(turn: Turn, outcome: Promise<Outcome>): Promise<Final | undefined> {
  return judged(turn, await outcome)
}

/** `outbound|80|v1|app.ns.svc.cluster.local` */
function destinationOf(cluster: string): ForwardDecision['destination'] {
  const [, port = '', subset = '', host = ''] = cluster.split('|')
  return { host, port: Number(port), ...(subset !== '' && { subset }) }
}
