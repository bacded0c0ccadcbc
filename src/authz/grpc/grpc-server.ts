import {
  createServer,
  type Http2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AuthzCheck, Verdict } from '../check.ts'
import type { AuthzDoor, Decided } from '../http-server.ts'
import { isForwardedHeader } from '../trusted.ts'
import { type CheckRequest, deniedResponse, okResponse, readCheckRequest } from './messages.ts'

export interface GrpcServerOptions {
  readonly door: () => AuthzDoor
  readonly decided: (decided: Decided) => void
  readonly ready: () => readonly string[]
}

export interface AuthzGrpcServer {
  readonly server: Http2Server
  /** No new calls on any connection; those begun come to their end. */
  drain(): void
  /** Ends what is left. */
  end(): void
}

const CHECK = '/envoy.service.auth.v3.Authorization/Check'
const HEALTH = '/grpc.health.v1.Health/Check'
/** A check carries a header block and at most the part of a body the mesh sends along. */
const LARGEST = 5 * 1024 * 1024

/** google.rpc.Code */
const UNIMPLEMENTED = 12
const RESOURCE_EXHAUSTED = 8
const INTERNAL = 13
const INVALID_ARGUMENT = 3

/**
 * `envoy.service.auth.v3.Authorization/Check` over node:http2: one unary call, so a library for all
 * of gRPC would carry more than it saves (docs/adr/0040).
 */
export function createGrpcServer(options: GrpcServerOptions): AuthzGrpcServer {
  /** With the address of who is at the other end; a session's own socket is asked by way of a proxy. */
  const sessions = new Map<Http2Session, string | undefined>()
  const server = createServer({
    maxSessionMemory: 64,
    settings: { maxConcurrentStreams: 1000, maxHeaderListSize: 64 * 1024, enablePush: false },
  })
  server.on('session', (session) => {
    sessions.set(session, session.socket.remoteAddress)
    session.once('close', () => sessions.delete(session))
    session.on('error', () => session.destroy())
  })
  server.on('sessionError', () => {})
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {})
    const type = String(headers['content-type'] ?? '')
    if (headers[':method'] !== 'POST' || !type.startsWith('application/grpc')) {
      stream.respond({ ':status': 415 }, { endStream: true })
      return
    }
    const path = headers[':path']
    if (path !== CHECK && path !== HEALTH) return fail(stream, UNIMPLEMENTED, 'no such method')
    const encoding = headers['grpc-encoding']
    if (encoding !== undefined && encoding !== 'identity')
      return fail(stream, UNIMPLEMENTED, 'messages have to be uncompressed')
    const parts: Buffer[] = []
    let size = 0
    stream.on('data', (part: Buffer) => {
      size += part.length
      if (size <= LARGEST) parts.push(part)
      else if (parts.length > 0) {
        parts.length = 0
        fail(stream, RESOURCE_EXHAUSTED, 'the check is too large')
        stream.close()
      }
    })
    stream.on('end', () => {
      if (size > LARGEST || stream.destroyed) return
      const message = unframed(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts))
      if (message === undefined)
        return fail(stream, INVALID_ARGUMENT, 'the message is not framed as gRPC has it')
      if (path === HEALTH) {
        // SERVING 1, NOT_SERVING 2
        return answer(stream, Uint8Array.of(8, options.ready().length === 0 ? 1 : 2))
      }
      const failed = () => fail(stream, INTERNAL, 'deciding the request failed')
      try {
        const done = check(stream, message, stream.session && sessions.get(stream.session))
        if (done instanceof Promise) done.catch(failed)
      } catch {
        failed()
      }
    })
  })

  const check = (
    stream: ServerHttp2Stream,
    message: Uint8Array,
    peer: string | undefined,
  ): Promise<void> | void => {
    const began = performance.now()
    const { authorize, trusted } = options.door()
    let request: CheckRequest
    try {
      request = readCheckRequest(message)
    } catch {
      return fail(stream, INVALID_ARGUMENT, 'the message is no CheckRequest')
    }
    const { read, trace } = checkOf(request, trusted.has(peer))
    const tell = (verdict: Verdict) => {
      if (!stream.destroyed) answer(stream, responseOf(verdict))
      options.decided({ check: read, verdict, ms: performance.now() - began, trace })
    }
    const verdict = authorize(read)
    return verdict instanceof Promise ? verdict.then(tell) : tell(verdict)
  }

  return {
    server,
    drain() {
      for (const session of sessions.keys()) session.close()
    },
    end() {
      for (const session of sessions.keys()) session.destroy()
    },
  }
}

function responseOf(verdict: Verdict): Uint8Array {
  if (verdict.kind !== 'allow') return deniedResponse(verdict)
  if (verdict.status === 200) return okResponse(verdict)
  // oauth2-proxy's 202 is no "let it through" for Envoy, over HTTP neither.
  return deniedResponse({ status: verdict.status, headers: verdict.set, body: '', reason: 'answered' })
}

function checkOf(request: CheckRequest, trusted: boolean): { read: AuthzCheck; trace: string | undefined } {
  const headers: [string, string][] = []
  let trace: string | undefined
  for (const header of request.headers) {
    const [name, value] = header
    // Copies of what stands in the attributes; the attributes decide.
    if (name.startsWith(':') || name === 'host') continue
    if (name === 'traceparent') trace = value
    if (!trusted && isForwardedHeader(name)) continue
    headers.push(header as [string, string])
  }
  return {
    read: { via: 'grpc', method: request.method, target: request.path, host: request.host, headers },
    trace: trace !== undefined && /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-/.test(trace) ? trace : undefined,
  }
}

/** The one message of a unary call, without its length prefix. */
function unframed(bytes: Buffer): Uint8Array | undefined {
  if (bytes.length < 5 || bytes[0] !== 0) return undefined
  return bytes.readUInt32BE(1) === bytes.length - 5 ? bytes.subarray(5) : undefined
}

const HEAD = { ':status': 200, 'content-type': 'application/grpc' } as const

const WITH_TRAILERS = { waitForTrailers: true, sendDate: false }
const TRAILERS = { 'grpc-status': '0' }

function sendOk(this: ServerHttp2Stream): void {
  this.sendTrailers(TRAILERS)
}

function answer(stream: ServerHttp2Stream, message: Uint8Array): void {
  const frame = Buffer.allocUnsafe(5 + message.length)
  frame[0] = 0
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, 5)
  stream.respond(HEAD, WITH_TRAILERS)
  stream.once('wantTrailers', sendOk)
  stream.end(frame)
}

function fail(stream: ServerHttp2Stream, status: number, text: string): void {
  if (stream.destroyed || stream.headersSent) return
  stream.respond({ ...HEAD, 'grpc-status': String(status), 'grpc-message': text }, { endStream: true })
}
