import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { createHttp1Face } from '../http1/index.ts'
import type { HeaderList } from '../policy/index.ts'
import type { Authorize, AuthzCheck, Verdict, Via } from './check.ts'
import { readHttpCheck, writeVerdict } from './http-check.ts'
import { type HttpExchange, NodeExchange, PlainExchange } from './http-exchange.ts'
import { soleValue, type TrustedProxies } from './trusted.ts'

/** What is told about each decision, for the log and the figures. */
export interface Decided {
  readonly check: AuthzCheck
  readonly verdict: Verdict
  /** From the first byte that was read of the check to the verdict, in milliseconds. */
  readonly ms: number
  /** `traceparent` of the request. */
  readonly trace?: string | undefined
}

export interface AuthzDoor {
  readonly authorize: Authorize
  readonly trusted: TrustedProxies
  /** `/check`: what lies below it are checks, and nothing else. Empty: every path is one. */
  readonly pathPrefix: string
  /** The sign-in's own paths, `/oauth2/`, when a route leads here. */
  isOwnPath(path: string): boolean
  /** A form that an issuer posts to a path of the sign-in: its word that a session is over. */
  posted?(path: string, form: string): Promise<Posted>
}

export interface Posted {
  readonly status: number
  readonly headers: HeaderList
  readonly body: string
}

export interface HttpServerOptions {
  /** Read at each request, so that settings can change under a server that stays. */
  readonly door: () => AuthzDoor
  readonly decided: (decided: Decided) => void
  /** `ready`, or what is missing. */
  readonly ready: () => readonly string[]
  /** Whether probes get an answer where every path is a check: only to who is no gateway. */
  readonly probes: boolean
}

export interface AuthzHttpServer {
  readonly server: Server
  /** From now on each answer ends its connection. */
  drain(): void
  /** Closes the connections on which nothing is under way. */
  closeIdle(): void
  /** Closes all that are left. */
  end(): void
}

const HEADER_LIMIT = 64 * 1024
/** Heads of more bytes or lines are rare, and read by Node. */
const PLAIN_HEAD = 16 * 1024
const PLAIN_LINES = 100
const HEAD_MS = 10_000
/** Longer than a gateway keeps an idle connection, so that it never asks on one that is closing. */
const KEEP_ALIVE_MS = 620_000
/** How long a client may take to read why it is turned away. */
const LINGER = 500
const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'

/** A path without its query. */
const pathOf = (target: string) => {
  const cut = target.search(/[?#]/)
  return cut < 0 ? target : target.slice(0, cut)
}

/** Headers that somebody in between wrote: a probe of the kubelet has none of them. */
const isRelayed = ({ headers }: HttpExchange) =>
  headers.some(
    ([name]) =>
      name.startsWith('x-envoy-') ||
      name.startsWith('x-forwarded-') ||
      name.startsWith('x-original-') ||
      name === 'x-request-id' ||
      name === 'via' ||
      name === 'forwarded' ||
      name === 'content-length',
  )

/**
 * The service over HTTP. Envoy's ext_authz sends the original request's method and path; nginx and
 * Traefik have endpoints of their own, but only where a prefix keeps checks apart from them.
 *
 * Requests in which nothing is unusual are read by ourselves; a connection that brings any other goes
 * on with Node's parser.
 */
export function createHttpServer(options: HttpServerOptions): AuthzHttpServer {
  let closing = false
  const sockets = new Set<Socket>()

  const answer = (exchange: HttpExchange, via: Via, target: string): Promise<void> | void => {
    const began = performance.now()
    const { authorize, trusted } = options.door()
    const { check, trace } = readHttpCheck(exchange, via, target, trusted)
    const tell = (verdict: Verdict) => {
      if (!exchange.gone) writeVerdict(exchange, via, verdict, closing)
      options.decided({ check, verdict, ms: performance.now() - began, trace })
    }
    const verdict = authorize(check)
    return verdict instanceof Promise ? verdict.then(tell) : tell(verdict)
  }

  const route = (exchange: HttpExchange): Promise<void> | void => {
    const { pathPrefix, isOwnPath, posted } = options.door()
    const url = exchange.target
    // With a body it is no check: those have none.
    if (posted && exchange.method === 'POST' && url.endsWith('/backchannel-logout') && exchange.body)
      if (isOwnPath(url)) return takeForm(exchange, exchange.body, posted)
    if (pathPrefix === '') {
      if (options.probes && (url === '/ping' || url === '/ready') && exchange.method === 'GET') {
        if (!isRelayed(exchange))
          return plain(exchange, url === '/ping' ? 200 : status(options.ready()), closing)
      }
      return answer(exchange, 'http', url)
    }
    if (url.startsWith(pathPrefix)) {
      const rest = url.slice(pathPrefix.length)
      if (rest === '' || rest.startsWith('/')) return answer(exchange, 'http', rest)
      // `/check?x` names no path.
      if (rest.startsWith('?')) return answer(exchange, 'http', '')
    }
    const path = pathOf(url)
    if (isOwnPath(path)) return answer(exchange, 'direct', url)
    switch (path) {
      case '/forward-auth':
        return answer(exchange, 'forward-auth', '')
      case '/auth-request':
        return answer(exchange, 'auth-request', '')
      case '/ping':
      case '/healthz':
        return plain(exchange, 200, closing)
      case '/ready':
      case '/readyz':
        return plain(exchange, status(options.ready()), closing)
    }
    return plain(exchange, 404, closing)
  }
  const take = (exchange: HttpExchange) => {
    const failed = () => {
      if (!exchange.answered) plain(exchange, 503, true)
      else exchange.abort()
    }
    try {
      const done = route(exchange)
      if (done instanceof Promise) done.catch(failed)
    } catch {
      failed()
    }
  }

  const server = createServer(
    {
      maxHeaderSize: HEADER_LIMIT,
      headersTimeout: HEAD_MS,
      requestTimeout: 30_000,
      keepAliveTimeout: KEEP_ALIVE_MS,
      noDelay: true,
    },
    // What Node parsed before it, such as an expectation, changes nothing about a check.
    (request, response) => take(new NodeExchange(request, response)),
  )
  server.on('connect', (_request, socket) =>
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n\r\n'),
  )
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end(BAD_REQUEST)
  })
  // The size is limited already; headers beyond a number would be dropped unseen.
  server.maxHeadersCount = 0

  const byNode = server.listeners('connection') as ((socket: Socket) => void)[]
  server.removeAllListeners('connection')
  const face = createHttp1Face({
    headBytes: PLAIN_HEAD,
    headerLines: PLAIN_LINES,
    headMs: HEAD_MS,
    keepAliveMs: KEEP_ALIVE_MS,
    clock: Date.now,
    serve: (request) => take(new PlainExchange(request)),
    other(socket) {
      socket.allowHalfOpen = true
      for (const listener of byNode) listener.call(server, socket)
    },
    refuse(socket) {
      if (socket.writable) socket.end(BAD_REQUEST)
      setTimeout(() => socket.destroy(), LINGER).unref()
    },
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
    // Node's server opens them so that it can end them itself; here a client that leaves is let go.
    socket.allowHalfOpen = false
    face.take(socket)
  })

  return {
    server,
    drain() {
      // Idle ones stay: a gateway that has not heard of the end may be about to ask on one.
      closing = true
    },
    closeIdle() {
      face.closeIdle()
      server.closeIdleConnections()
    },
    end() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

const LARGEST_FORM = 64 * 1024

async function takeForm(
  exchange: HttpExchange,
  body: AsyncIterable<Buffer>,
  posted: NonNullable<AuthzDoor['posted']>,
): Promise<void> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of body) {
    size += part.length
    if (size > LARGEST_FORM) return plain(exchange, 413, true)
    parts.push(part)
  }
  const type = soleValue(exchange.headers, 'content-type') ?? ''
  const form = /^application\/x-www-form-urlencoded\b/i.test(type)
    ? Buffer.concat(parts).toString('utf8')
    : ''
  const { status: code, headers, body: text } = await posted(exchange.target, form)
  const length = ['content-length', String(Buffer.byteLength(text))] as const
  exchange.answer(code, [...headers, length].flat(), text)
}

const status = (missing: readonly string[]) => (missing.length === 0 ? 200 : 503)

function plain(exchange: HttpExchange, code: number, close: boolean): void {
  const text = code === 200 ? 'OK' : code === 404 ? '404 page not found\n' : 'not ready\n'
  const head = ['content-type', 'text/plain; charset=utf-8', 'content-length', String(text.length)]
  exchange.answer(code, close ? [...head, 'connection', 'close'] : head, text)
}
