import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { HeaderList } from '../policy/index.ts'
import type { Authorize, AuthzCheck, Verdict, Via } from './check.ts'
import { readHttpCheck, writeVerdict } from './http-check.ts'
import type { TrustedProxies } from './trusted.ts'

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
}

const HEADER_LIMIT = 64 * 1024

/** A path without its query. */
const pathOf = (target: string) => {
  const cut = target.search(/[?#]/)
  return cut < 0 ? target : target.slice(0, cut)
}

/** Headers that somebody in between wrote: a probe of the kubelet has none of them. */
const isRelayed = ({ headers }: IncomingMessage) =>
  Object.keys(headers).some(
    (name) =>
      name.startsWith('x-envoy-') || name.startsWith('x-forwarded-') || name.startsWith('x-original-'),
  ) ||
  headers['x-request-id'] !== undefined ||
  headers.via !== undefined ||
  headers.forwarded !== undefined ||
  headers['content-length'] !== undefined

/**
 * The service over HTTP. Envoy's ext_authz sends the original request's method and path; nginx and
 * Traefik have endpoints of their own, but only where a prefix keeps checks apart from them.
 */
export function createHttpServer(options: HttpServerOptions): AuthzHttpServer {
  let closing = false

  const answer = (
    request: IncomingMessage,
    response: ServerResponse,
    via: Via,
    target: string,
  ): Promise<void> | void => {
    const began = performance.now()
    const { authorize, trusted } = options.door()
    const { check, trace } = readHttpCheck(request, via, target, trusted)
    const tell = (verdict: Verdict) => {
      if (!response.destroyed) writeVerdict(response, via, verdict, closing)
      options.decided({ check, verdict, ms: performance.now() - began, trace })
    }
    const verdict = authorize(check)
    return verdict instanceof Promise ? verdict.then(tell) : tell(verdict)
  }

  const route = (request: IncomingMessage, response: ServerResponse): Promise<void> | void => {
    const { pathPrefix, isOwnPath, posted } = options.door()
    const url = request.url ?? ''
    // With a body it is no check: those have none.
    if (posted && request.method === 'POST' && hasBody(request) && url.endsWith('/backchannel-logout'))
      if (isOwnPath(url)) return takeForm(request, response, url, posted)
    if (pathPrefix === '') {
      if (options.probes && (url === '/ping' || url === '/ready') && request.method === 'GET') {
        if (!isRelayed(request))
          return plain(response, url === '/ping' ? 200 : status(options.ready()), closing)
      }
      return answer(request, response, 'http', url)
    }
    if (url.startsWith(pathPrefix)) {
      const rest = url.slice(pathPrefix.length)
      if (rest === '' || rest.startsWith('/')) return answer(request, response, 'http', rest)
      // `/check?x` names no path.
      if (rest.startsWith('?')) return answer(request, response, 'http', '')
    }
    const path = pathOf(url)
    if (isOwnPath(path)) return answer(request, response, 'direct', url)
    switch (path) {
      case '/forward-auth':
        return answer(request, response, 'forward-auth', '')
      case '/auth-request':
        return answer(request, response, 'auth-request', '')
      case '/ping':
      case '/healthz':
        return plain(response, 200, closing)
      case '/ready':
      case '/readyz':
        return plain(response, status(options.ready()), closing)
    }
    return plain(response, 404, closing)
  }

  const server = createServer(
    {
      maxHeaderSize: HEADER_LIMIT,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      // Longer than a gateway keeps an idle connection, so that it never asks on one that is closing.
      keepAliveTimeout: 620_000,
      noDelay: true,
    },
    (request, response) => {
      // What Node parsed before it, such as an expectation, changes nothing about a check.
      const failed = () => {
        if (!response.headersSent) plain(response, 503, true)
        else response.destroy()
      }
      try {
        const done = route(request, response)
        if (done instanceof Promise) done.catch(failed)
      } catch {
        failed()
      }
    },
  )
  server.on('connect', (_request, socket) =>
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n\r\n'),
  )
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
  })
  // The size is limited already; headers beyond a number would be dropped unseen.
  server.maxHeadersCount = 0

  return {
    server,
    drain() {
      // Idle ones stay: a gateway that has not heard of the end may be about to ask on one.
      closing = true
    },
  }
}

const LARGEST_FORM = 64 * 1024
const hasBody = ({ headers }: IncomingMessage) =>
  Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined

async function takeForm(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  posted: NonNullable<AuthzDoor['posted']>,
): Promise<void> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    if (size > LARGEST_FORM) return plain(response, 413, true)
    parts.push(part)
  }
  const type = request.headers['content-type'] ?? ''
  const form = /^application\/x-www-form-urlencoded\b/i.test(type)
    ? Buffer.concat(parts).toString('utf8')
    : ''
  const { status: code, headers, body } = await posted(path, form)
  response.writeHead(code, [...headers, ['content-length', String(Buffer.byteLength(body))] as const].flat())
  response.end(body)
}

const status = (missing: readonly string[]) => (missing.length === 0 ? 200 : 503)

function plain(response: ServerResponse, code: number, close: boolean): void {
  const text = code === 200 ? 'OK' : code === 404 ? '404 page not found\n' : 'not ready\n'
  response.writeHead(code, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    ...(close && { connection: 'close' }),
  })
  response.end(text)
}
