import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo, Server as Http2Like } from 'node:net'
import {
  type AuthzDoor,
  createAuthorize,
  createGrpcServer,
  createHttpServer,
  type Decided,
  identityHeaders,
  type SignIn,
  trustedProxies,
} from '../../authz/index.ts'
import { type Clock, Fault } from '../../base/index.ts'
import type { AuthProvider } from '../../sign-in/index.ts'
import { askByHttp } from '../ask-by-http.ts'
import { openAuditLog } from './audit.ts'
import { type IncumbentPorts, withFallback, withShadow } from './incumbent.ts'
import { openKubeClient } from './kube-client.ts'
import { type RunningMachines, startMachines } from './machines.ts'
import { createMetrics, createMetricsServer } from './metrics.ts'
import { type Outside, openOutside, readPem } from './outside.ts'
import { openSessionStore } from './session-store.ts'
import type { AuthzSettings, ListenAt } from './settings.ts'
import { newLoginKey, type SignInSeat, seatSignIn } from './sign-in.ts'
import { inTraceOf, withTraceHeaders } from './trace-context.ts'

export interface AuthzReady {
  readonly ready: true
  readonly http: string
  readonly grpc?: string
  readonly metrics?: string
  readonly probe?: string
}

export interface RunningAuthz {
  readonly ready: AuthzReady
  /** The sign-in, for whoever mints sessions in a test. */
  readonly provider?: AuthProvider
  /**
   * Other settings from the next check on; sessions, keys and listeners stay.
   *
   * @throws Fault when they cannot be used; what ran before runs on
   */
  apply(settings: AuthzSettings): Promise<void>
  /** Asks every issuer for its keys again. */
  refreshKeys(): Promise<void>
  event(name: string, facts: Readonly<Record<string, unknown>>): void
  /** Resolves when the audit log holds all decisions so far. */
  flushLog(): Promise<void>
  /** Counts settings that were refused. */
  refused(): void
  /** Not ready, connections end with their next answer, then the rest; resolves when nothing is open. */
  close(drainMs?: number): Promise<void>
}

export interface ServePorts {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  /** Calls to issuers; the network by default. */
  readonly outside?: Outside
}

/** How often issuers are asked for their keys, so that a key they took out is not taken for long. */
const REFRESH = 4 * 60_000
/** A service that never had an issuer's keys waits so long before it says it is ready all the same. */
const PATIENCE = 30_000
const END = 10_000
/** An auth service that is replaced and does not answer in time refuses. */
const INCUMBENT_MS = 5000

/**
 * The ext_authz service: HTTP, gRPC and figures on a port each.
 *
 * @throws Fault ERR_PORT_BUSY, ERR_CANNOT_LISTEN, ERR_FILE_UNWRITABLE, ERR_SESSIONS_UNUSABLE, ERR_USAGE
 */
export async function serveAuthz(settings: AuthzSettings, ports: ServePorts): Promise<RunningAuthz> {
  const { clock } = ports
  const audit = openAuditLog(settings.auditLog)
  const { sessions, ...kept } = openSessionStore(settings.sessions, clock)
  const metrics = createMetrics({ sessions: kept.count, logLinesLost: () => audit.lost })
  const outside = ports.outside ?? openOutside(trustedBy(settings))
  const loginKey = newLoginKey()
  const newId = idMaker()
  const startedAt = clock()
  let draining = false
  const ending = new AbortController()
  let closing: Promise<void> | undefined

  interface Current extends AuthzDoor {
    readonly machines: RunningMachines
    readonly seat: SignInSeat
  }
  const besideIncumbent = ({ shadow, fallback }: AuthzSettings, seat: SignInSeat): SignIn => {
    const url = shadow ?? fallback
    if (url === undefined) return seat.signIn
    const incumbent: IncumbentPorts = {
      ask(check) {
        const headers = withTraceHeaders(check.headers)
        return askByHttp(url, { ...check, headers, timeoutMs: INCUMBENT_MS }, ending.signal)
      },
      isOwnPath: seat.isOwnPath,
      log: (event, facts) => audit.event(event, facts),
    }
    return shadow === undefined ? withFallback(seat.signIn, incumbent) : withShadow(seat.signIn, incumbent)
  }
  const build = (from: AuthzSettings): Current => {
    const machines = startMachines(from.machines, {
      outside,
      env: ports.env,
      clock,
      keysRefreshed: (issuer, outcome) => {
        metrics.keysRefreshed(issuer, outcome)
        if (outcome !== 'same') audit.event('issuer-keys', { issuer, outcome })
      },
      cached: metrics.cached,
    })
    const tokenReview = reviewFor(from, ports)
    const seat = seatSignIn(from, {
      sessions,
      outside,
      clock,
      loginKey,
      ...(tokenReview && { tokenReview }),
      log: ({ event, ...facts }) => audit.event(event, facts),
    })
    const authorize = createAuthorize({
      signIn: besideIncumbent(from, seat),
      machines: from.signIn?.judgesTokens ? { identify: () => undefined } : machines.machines,
      identity: identityHeaders(from.identity),
      nameSessions: seat.nameSessions,
      newId,
    })
    return {
      machines,
      seat,
      authorize: (check) => inTraceOf(check.headers, () => authorize(check)),
      trusted: trustedProxies(from.trustedProxies),
      pathPrefix: from.pathPrefix,
      isOwnPath: seat.isOwnPath,
      ...(seat.posted && { posted: seat.posted }),
    }
  }
  let current = build(settings)

  const missing = (): readonly string[] => {
    if (draining) return ['the service is closing']
    return clock() - startedAt < PATIENCE ? current.machines.missing() : []
  }
  const decided = (one: Decided) => {
    metrics.decided(one)
    audit.decision(one)
  }
  const door = () => current
  const http = createHttpServer({ door, decided, ready: missing, probes: true })
  const grpc = settings.grpcListen && createGrpcServer({ door, decided, ready: missing })
  const figures =
    settings.metricsListen &&
    createMetricsServer(metrics, {
      missing,
      checks: () => [
        { name: 'serving', ...(draining && { problem: 'the service is closing' }) },
        ...current.machines.missing().map((name) => ({ name, problem: 'not had yet' })),
      ],
    })
  const probe =
    settings.probeListen &&
    createServer((_request, response) => {
      const waiting = missing().length > 0
      response.writeHead(waiting ? 503 : 200, { 'content-type': 'text/plain' })
      response.end(waiting ? 'not ready\n' : 'OK')
    })
  const open: Http2Like[] = []
  const start = async (server: Http2Like, at: ListenAt, flag: string) => {
    await listen(server, at, flag)
    open.push(server)
    const { address, port } = server.address() as AddressInfo
    return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  }
  const end = async () => {
    clearInterval(timer)
    ending.abort()
    await current.machines.close()
    await outside.close()
    await kept.close()
    await audit.close()
  }
  const timer = setInterval(() => void current.machines.refresh(), REFRESH)
  timer.unref()
  let ready: AuthzReady
  try {
    ready = {
      ready: true,
      http: await start(http.server, settings.listen, '--listen'),
      ...(grpc &&
        settings.grpcListen && {
          grpc: await start(grpc.server, settings.grpcListen, '--grpc-listen'),
        }),
      ...(figures &&
        settings.metricsListen && {
          metrics: await start(figures, settings.metricsListen, '--metrics-listen'),
        }),

      ...(probe &&
        settings.probeListen && {
          probe: await start(probe, settings.probeListen, '--probe-listen'),
        }),
    }
  } catch (error) {
    for (const server of open) server.close()
    await end()
    throw error
  }
  // Asked for now, so that the first caller does not wait; whoever comes earlier waits for the same answer.
  void current.machines.refresh()

  return {
    ready,
    get provider() {
      return current.seat.provider
    },
    async apply(next) {
      const fresh = build(next)
      await fresh.machines.refresh()
      const before = current
      current = fresh
      metrics.reloaded('applied')
      await before.machines.close()
    },
    refreshKeys: () => current.machines.refresh(),
    event: (name, facts) => audit.event(name, facts),
    flushLog: () => audit.flush(),
    refused: () => metrics.reloaded('refused'),
    close(drainMs = settings.drainMs) {
      closing ??= close(drainMs)
      return closing
    },
  }

  async function close(drainMs: number): Promise<void> {
    draining = true
    http.drain()
    // Whoever reads the readiness stops sending here; what still comes meanwhile is answered.
    if (drainMs > 0) await new Promise((later) => setTimeout(later, drainMs))
    grpc?.drain()
    const closed = open.map((server) => new Promise((done) => server.close(done)))
    http.closeIdle()
    figures?.closeAllConnections()
    probe?.closeAllConnections()
    const late = setTimeout(() => {
      http.end()
      grpc?.end()
    }, END)
    await Promise.all(closed)
    clearTimeout(late)
    await end()
  }
}

/** Ids that are short, unique among all replicas, and say nothing. */
function idMaker(): () => string {
  const mine = randomBytes(6).toString('base64url')
  let count = 0
  return () => `${mine}-${(++count).toString(36)}`
}

/** oidc-authservice asks the API server of its own cluster about tokens of service accounts. */
function reviewFor({ signIn }: AuthzSettings, { env, clock }: ServePorts) {
  if (signIn?.style !== 'authservice' || !signIn.settings.tokenReview) return undefined
  if (!env.KUBERNETES_SERVICE_HOST) return undefined
  return openKubeClient({}, env, clock).review
}

function trustedBy({ caFile, caFiles = [] }: AuthzSettings): { readonly ca?: string } {
  const files = caFile === undefined ? caFiles : [...caFiles, caFile]
  return files.length === 0 ? {} : { ca: files.map(readCa).join('\n') }
}

function readCa(path: string): string {
  try {
    return readPem(path)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable'
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason }, { cause: error })
  }
}

function listen(server: Http2Like, { host, port }: ListenAt, flag: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new Fault('ERR_PORT_BUSY', { address: host, port, flag })
          : new Fault('ERR_CANNOT_LISTEN', { address: host, port, reason: error.code ?? error.message }),
      )
    })
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      server.on('error', () => {})
      resolve()
    })
  })
}
