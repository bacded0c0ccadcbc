/** The two protocol stacks that read requests: Node's, with the limits of a door. They listen nowhere themselves. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  createServer as createHttp2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '../base/index.ts'
import { createHttp1Face, type Http1Face } from '../http1/index.ts'
import { connectionOf, mark } from './connection.ts'
import type { Exchange } from './exchange.ts'
import { Http1Exchange } from './exchange-http1.ts'
import { Http2Exchange } from './exchange-http2.ts'
import { PlainExchange } from './exchange-plain.ts'
import { GuardedSocket } from './http2-guard.ts'
import type { Limits } from './options.ts'
import { statusLine } from './upgrade.ts'

/** Who takes what they have read. */
interface Hands {
  /** No further request is wanted on a connection. */
  readonly draining: () => boolean
  readonly take: (exchange: Exchange) => void
}

/** Connections come by `emit('connection')`. */
export function http1Server(
  limits: Limits,
  hands: Hands & { readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void },
): Server {
  const server = createServer({
    insecureHTTPParser: false,
    requireHostHeader: false,
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headerMs,
    // A whole request may take as long as its bytes keep coming.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(1000, limits.headerMs),
    noDelay: true,
    // Only a WebSocket is one; whatever else a client would rather speak, it gets HTTP/1.1.
    shouldUpgradeCallback: (request: IncomingMessage) =>
      request.headers.upgrade?.toLowerCase() === 'websocket' && request.method === 'GET',
  })
  // Cutting headers off at a count would hide some from the policy; they are counted and refused.
  server.maxHeadersCount = 0
  const serve = (waits: boolean) => (request: IncomingMessage, response: ServerResponse) => {
    hands.take(
      new Http1Exchange(request, response, {
        headerLines: limits.headerLines,
        waits,
        draining: hands.draining,
      }),
    )
  }
  server.on('request', serve(false))
  server.on('checkContinue', serve(true))
  server.on('checkExpectation', (_request, response: ServerResponse) => {
    response.writeHead(417, ['server', 'istio-envoy', 'connection', 'close']).end()
  })
  server.on('connect', (_request, socket: Duplex) => {
    socket.end(statusLine(405, ['server', 'istio-envoy', 'content-length', '0', 'connection', 'close']))
  })
  server.on('upgrade', (request, socket, head) => hands.upgrade(request, socket, head))
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') return socket.destroy()
    const status =
      error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
    refuseConnection(socket, status)
  })
  return server
}

/** The last words on a connection whose bytes make no request. */
function refuseConnection(socket: Duplex, status: 400 | 408 | 431): void {
  const body = 'Bad Request'
  const headers = ['content-type', 'text/plain', 'content-length', String(body.length)]
  const about = status === 400 ? headers : ['content-length', '0']
  socket.end(
    statusLine(status, [...about, 'server', 'istio-envoy', 'connection', 'close']) +
      (status === 400 ? body : ''),
  )
  // Bytes that cannot be understood are not read to their end.
  setTimeout(() => socket.destroy(), 500).unref()
}

/** Heads of more bytes are rare, and read by Node. */
const MOST_PLAIN_HEAD = 16 * 1024

/** Serves plain requests by itself; at any other `server` takes the connection. */
export function plainFace(
  server: Server,
  limits: Limits,
  hands: Hands & { readonly clock: Clock },
): Http1Face {
  return createHttp1Face({
    headBytes: Math.min(MOST_PLAIN_HEAD, limits.headerBytes / 2),
    headerLines: limits.headerLines,
    headMs: limits.headerMs,
    keepAliveMs: limits.keepAliveMs,
    clock: hands.clock,
    serve: (request) => hands.take(new PlainExchange(request, hands.draining)),
    other: (socket) => server.emit('connection', socket),
    refuse: (socket, why) => {
      if (socket.writable) refuseConnection(socket, why === 'late' ? 408 : 400)
      else socket.destroy()
    },
  })
}

export interface Http2Stack {
  /** The session of a connection is made, and announced, before this returns. */
  arrive(socket: Socket): void
  /** Sessions end with the streams they have. */
  close(): void
}

export function http2Server(limits: Limits, hands: Hands): Http2Stack {
  let arriving: Socket | undefined
  const sessions = new Set<ServerHttp2Session>()
  const server = createHttp2Server({
    settings: {
      maxConcurrentStreams: limits.streams,
      maxHeaderListSize: limits.headerBytes,
      enablePush: false,
      initialWindowSize: 256 * 1024,
    },
    maxHeaderListPairs: limits.headerLines + 8,
    // Floods of frames that do nothing (CVE-2019-9511 to 9518, CVE-2023-44487).
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    streamResetBurst: 200,
    streamResetRate: 50,
    maxSettings: 16,
    maxOutstandingPings: 4,
    maxDeflateDynamicTableSize: 4096,
    maxSessionMemory: 32,
  })
  server.on('session', (session) => {
    if (arriving) mark(session as never, connectionOf(arriving))
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.on('error', () => {})
    session.setTimeout(limits.keepAliveMs, () => session.close())
    if (hands.draining()) session.close()
  })
  server.on('sessionError', () => {})
  server.on('stream', (opened, _headers, flags, raw) => {
    const stream = opened as ServerHttp2Stream
    // A stream that was malformed behind its head is over before it is looked at; its error still comes.
    if (stream.destroyed || stream.closed) {
      stream.on('error', () => {})
      return
    }
    hands.take(new Http2Exchange(stream, raw as unknown as string[], flags, limits.headerLines))
  })
  return {
    arrive(socket) {
      arriving = socket
      server.emit('connection', new GuardedSocket(socket, 2 * limits.headerBytes))
      arriving = undefined
    },
    close() {
      for (const session of sessions) session.close()
    },
  }
}
