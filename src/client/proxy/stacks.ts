import { createServer, type IncomingMessage, type Server } from 'node:http'
import {
  createServer as createHttp2Server,
  type Http2Server,
  Http2ServerRequest,
  Http2ServerResponse,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Answering, Asking, Head } from './answering.ts'
import { isGrpc } from './grpc/words.ts'
import { refuseUpgrade } from './websocket.ts'

/** What is done with what the stacks have read. */
export interface Hands {
  request(request: Asking, response: Answering): void
  /** A call of gRPC, which is answered on its stream. */
  call(head: Head, stream: ServerHttp2Stream): void
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Whether a client that asks first may send its body. */
  wants(request: IncomingMessage): boolean
}

/** HTTP/1.1 and HTTP/2 as a local proxy takes them; neither listens anywhere. */
export function stacks(hands: Hands): { readonly http1: Server; readonly http2: Http2Server } {
  const http1 = createServer({
    keepAliveTimeout: 75_000,
    requestTimeout: 0,
    maxHeaderSize: 64 * 1024,
    noDelay: true,
    // Only a WebSocket is one: Java offers h2c with every request, and is answered in HTTP/1.1.
    shouldUpgradeCallback: ({ headers, method }: IncomingMessage) =>
      headers.upgrade?.toLowerCase() === 'websocket' && method === 'GET',
  })
  http1.on('request', (request, response) => hands.request(request, response))
  http1.on('checkContinue', (request, response) => {
    if (hands.wants(request)) response.writeContinue()
    hands.request(request, response)
  })
  http1.on('connect', (_request, socket: Duplex) => refuseUpgrade(socket, 405, 'Method Not Allowed'))
  http1.on('upgrade', (request, socket: Duplex, head: Buffer) => hands.upgrade(request, socket, head))
  http1.on('clientError', (_error, socket: Socket) => {
    if (socket.writable) refuseUpgrade(socket, 400, 'Bad Request')
    else socket.destroy()
  })

  const http2 = createHttp2Server({ settings: { initialWindowSize: WINDOW } })
  http2.on('session', (session) => session.setLocalWindowSize(4 * WINDOW))
  http2.on('sessionError', () => {})
  http2.on('stream', (stream: ServerHttp2Stream, headers, _flags, rawHeaders) => {
    stream.on('error', () => {})
    if (headers[':method'] === 'CONNECT') return stream.respond({ ':status': 405 }, { endStream: true })
    if (headers.expect === '100-continue') stream.additionalHeaders({ ':status': 100 })
    if (headers[':method'] === 'POST' && isGrpc(headers['content-type']))
      return hands.call({ method: 'POST', url: headers[':path'], headers, rawHeaders }, stream)
    return hands.request(
      new Http2ServerRequest(stream, headers, {}, rawHeaders),
      new Http2ServerResponse(stream),
    )
  })
  return { http1, http2 }
}

/** Of a stream; the default of 64 KiB stalls uploads. */
const WINDOW = 1024 * 1024
