import { type ClientHttp2Session, connect, constants } from 'node:http2'
import type { Check, CheckAnswer } from '../policy/index.ts'
import { decodeResponse, encodeCheck } from './check-message.ts'

/** An authorizer that answers more than this is broken. Bytes. */
const largestAnswer = 1024 * 1024
const path = '/envoy.service.auth.v3.Authorization/Check'

export interface GrpcAuthorizer {
  ask(check: Check, signal: AbortSignal, body?: Buffer): Promise<CheckAnswer>
  close(): void
}

/**
 * Asks an authorizer over gRPC, as Envoy's `envoyExtAuthzGrpc` does: one HTTP/2 connection, kept.
 * Whatever goes wrong is no answer, which the engine knows the meaning of.
 */
export function grpcAuthorizer(url: string, clock: () => number): GrpcAuthorizer {
  let session: ClientHttp2Session | undefined
  const open = (): ClientHttp2Session => {
    if (session && !session.closed && !session.destroyed) return session
    const fresh = connect(url)
    const forget = () => {
      if (session === fresh) session = undefined
    }
    fresh.on('error', forget).on('close', forget).on('goaway', forget)
    fresh.unref()
    session = fresh
    return fresh
  }
  return {
    ask: (check, signal, body) => call(open(), frame(encodeCheck(check, clock(), body)), signal, check),
    close: () => session?.destroy(),
  }
}

function frame(message: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

const failed: CheckAnswer = { status: 0, headers: [], failure: 'reset' }

function call(
  session: ClientHttp2Session,
  message: Buffer,
  signal: AbortSignal,
  { timeoutMs }: Check,
): Promise<CheckAnswer> {
  return new Promise((resolve) => {
    const stream = session.request(
      {
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: path,
        'content-type': 'application/grpc',
        te: 'trailers',
        'grpc-timeout': `${Math.max(1, Math.min(timeoutMs, 99_999_999))}m`,
      },
      { signal },
    )
    const parts: Buffer[] = []
    let size = 0
    let code: string | undefined
    stream.on('response', (headers) => {
      if (headers[':status'] !== 200) stream.close(constants.NGHTTP2_CANCEL)
      code = headers['grpc-status'] as string | undefined
    })
    stream.on('trailers', (trailers) => {
      code = trailers['grpc-status'] as string | undefined
    })
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > largestAnswer) stream.close(constants.NGHTTP2_CANCEL)
      else parts.push(chunk)
    })
    stream.on('error', () => resolve(failed))
    stream.on('close', () => resolve(code === '0' ? answerOf(Buffer.concat(parts)) : failed))
    stream.end(message)
  })
}

/** One message, not compressed. */
function answerOf(bytes: Buffer): CheckAnswer {
  if (bytes.length < 5 || bytes[0] !== 0 || bytes.readUInt32BE(1) !== bytes.length - 5) return failed
  try {
    return { status: 0, headers: [], grpc: decodeResponse(bytes.subarray(5)) }
  } catch (error) {
    if (error instanceof RangeError) return failed
    throw error
  }
}
