import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net'
import { gunzipSync, inflateSync } from 'node:zlib'
import type { GrpcAnswer, GrpcCall } from './grpc/service.ts'

export interface Listening {
  readonly port: number
  /** Ends every connection. */
  close(): Promise<void>
}

export interface Service {
  readonly handle: (request: Request, info: { readonly remoteAddress?: string }) => Promise<Response>
  readonly call: (call: GrpcCall) => GrpcAnswer
  /** Bytes a request may have. */
  readonly largest: number
}

/** What an HTTP/2 client with prior knowledge says first (RFC 9113, section 3.4). */
const preface = Buffer.from('PRI * HTTP/2.0')

/** One port for HTTP/1.1 and cleartext HTTP/2, told apart by the first bytes, and for gRPC in the latter. */
export async function listen(
  service: Service,
  { address, port }: { readonly address: string; readonly port: number },
): Promise<Listening> {
  const sockets = new Set<Socket>()
  const sessions = new Set<ServerHttp2Session>()
  const rest = (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ) => void answerHttp(service, request, response).catch(() => request.socket?.destroy())
  const http1 = createServer({ requestTimeout: 60_000 }, rest)
  const http2 = createHttp2Server()
  http2.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.on('error', () => session.destroy())
  })
  http2.on('request', (request, response) => {
    if (!String(request.headers['content-type'] ?? '').startsWith('application/grpc')) {
      rest(request, response)
      return
    }
    void answerCall(service, request, response).catch(() => request.stream.destroy())
  })
  const net = createNetServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    sniff(socket, (first) => {
      const server = first.subarray(0, preface.length).equals(preface) ? http2 : http1
      server.emit('connection', socket)
      // HTTP/2 takes over the socket's handle; HTTP/1 reads the stream, which has to flow again.
      if (server === http1) socket.resume()
    })
  })
  await new Promise<void>((resolve, reject) => {
    net.once('error', reject)
    net.listen(port, address, () => {
      net.off('error', reject)
      resolve()
    })
  })
  return {
    port: (net.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise((resolve) => net.close(resolve))
      for (const session of sessions) session.destroy()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** Waits until it is clear which protocol begins, and puts back what was read. */
function sniff(socket: Socket, then: (first: Buffer) => void): void {
  let first = Buffer.alloc(0)
  const look = (part: Buffer) => {
    first = Buffer.concat([first, part])
    if (first.length < preface.length && preface.subarray(0, first.length).equals(first)) return
    socket.off('data', look)
    socket.pause()
    socket.setTimeout(0)
    socket.unshift(first)
    then(first)
  }
  socket.on('data', look)
  socket.setTimeout(60_000, () => socket.destroy())
}

/** A body as it comes, given up on where it gets too large. */
async function* bounded(source: AsyncIterable<Uint8Array>, largest: number): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const part of source) {
    size += part.length
    if (size > largest) throw new RangeError('the body is too large')
    yield part
  }
}

async function answerHttp(
  service: Service,
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): Promise<void> {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith(':') || value === undefined) continue
    for (const each of Array.isArray(value) ? value : [value]) headers.append(name, each)
  }
  const authority = (request.headers[':authority'] as string | undefined) ?? request.headers.host
  const host = authority && /^[\w.:[\]-]+$/.test(authority) ? authority : 'localhost'
  headers.set('host', host)
  const method = request.method ?? 'GET'
  const bare = method === 'GET' || method === 'HEAD'
  const parts: Uint8Array[] = []
  for await (const part of bounded(request, service.largest)) parts.push(part)
  // A target such as `//x/y` is a path here, never another host.
  const path = (request.url ?? '/').startsWith('/') ? (request.url ?? '/') : '/'
  const asked = new Request(new URL(`http://${host}${path}`), {
    method,
    headers,
    body: bare ? undefined : Buffer.concat(parts),
  })
  const answered = await service.handle(asked, { remoteAddress: request.socket?.remoteAddress })
  response.statusCode = answered.status
  for (const [name, value] of answered.headers) response.setHeader(name, value)
  if (method === 'HEAD' || !answered.body) {
    response.end()
    return
  }
  // Bodies are small: classes of flowers, or the words of a refusal.
  response.end(Buffer.from(await answered.arrayBuffer()))
}

/** gRPC over HTTP/2: one framed message in, one out, the status in the trailers. */
async function answerCall(
  service: Service,
  request: Http2ServerRequest,
  response: Http2ServerResponse,
): Promise<void> {
  const headers = request.headers as Readonly<Record<string, string>>
  const parts: Uint8Array[] = []
  for await (const part of bounded(request, service.largest)) parts.push(part)
  const message = unframe(Buffer.concat(parts), headers['grpc-encoding'])
  const answered: GrpcAnswer =
    message === undefined
      ? { status: 12, text: 'The message is compressed in a way this server does not know.' }
      : service.call({ host: headers[':authority'] ?? '', path: headers[':path'] ?? '', message })
  const trailers = {
    'grpc-status': String(answered.status),
    ...(answered.text ? { 'grpc-message': encodeURIComponent(answered.text).replaceAll('%20', ' ') } : {}),
  }
  const head = {
    'content-type': 'application/grpc',
    'grpc-accept-encoding': 'identity,deflate,gzip',
  }
  if (!answered.message) {
    // One frame that ends the stream: an empty data frame after it would hide the status.
    response.stream.respond({ ':status': 200, ...head, ...trailers }, { endStream: true })
    return
  }
  response.writeHead(200, head)
  response.addTrailers(trailers)
  const frame = Buffer.alloc(5)
  frame.writeUInt32BE(answered.message.length, 1)
  response.end(Buffer.concat([frame, answered.message]))
}

/** The message within its length-prefixed frame; undefined when it is compressed otherwise. */
function unframe(bytes: Buffer, encoding: string | undefined): Uint8Array | undefined {
  const length = bytes.length >= 5 ? bytes.readUInt32BE(1) : 0
  const message = bytes.subarray(5, 5 + length)
  if (bytes[0] !== 1) return message
  if (encoding === 'gzip') return gunzipSync(message, { maxOutputLength: 64 * 1024 * 1024 })
  if (encoding === 'deflate') return inflateSync(message, { maxOutputLength: 64 * 1024 * 1024 })
  return undefined
}
