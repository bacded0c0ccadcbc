import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Refusal } from '../answer-json.ts'

export const isGrpc = (contentType: string | undefined): boolean =>
  contentType !== undefined && /^application\/grpc(\+|;|$)/.test(contentType)

export const text = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' || value === undefined ? value : value[0]

/** gRPC's `http-grpc-status-mapping.md`. */
const fromHttp: Readonly<Record<number, number>> = { 400: 13, 401: 16, 403: 7, 404: 12 }
const toHttp: Readonly<Record<string, number>> = {
  '': 200,
  '0': 200,
  '5': 404,
  '7': 403,
  '12': 404,
  '14': 503,
  '16': 401,
}

/** A status of gRPC for those who read statuses of HTTP. */
export const httpStatus = (grpc: string): number => toHttp[grpc] ?? 500

/** Ends a call with a status and no message (gRPC over HTTP/2, "Trailers-Only"). */
export function refuse(stream: ServerHttp2Stream, { status, code, message, hint }: Refusal): void {
  if (stream.destroyed) return
  if (stream.headersSent) {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    return
  }
  const words = `${code}: ${message}${hint === undefined ? '' : `; ${hint}`}`
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': String(fromHttp[status] ?? 14),
      // Percent-encoded but for printable ASCII.
      'grpc-message': words.replace(/[^ -~]|%/gu, encodeURIComponent),
    },
    { endStream: true },
  )
  // What is still sent is not read; without this the window of the session would fill.
  stream.resume()
}

/** `grpc-message` as it was meant. */
export function messageOf(headers: IncomingHttpHeaders): string {
  const message = text(headers['grpc-message']) ?? ''
  try {
    return decodeURIComponent(message)
  } catch {
    return message
  }
}

/** Names and values in turn as HTTP/2 takes them; the host goes as `:authority`. */
export function grouped(lines: readonly string[]): OutgoingHttpHeaders {
  const headers: Record<string, string | string[]> = {}
  for (let i = 0; i < lines.length; i += 2) {
    const name = (lines[i] as string).toLowerCase()
    if (name === 'host') continue
    const value = lines[i + 1] as string
    const before = headers[name]
    headers[name] = before === undefined ? value : [before, value].flat()
  }
  return headers
}

const kept = new Set([
  'set-cookie',
  'location',
  'connection',
  'transfer-encoding',
  'strict-transport-security',
])

/** What a client gets of an answer's head: nothing that tells of a session or grants other sites anything. */
export const headOf = (headers: IncomingHttpHeaders): OutgoingHttpHeaders =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => !kept.has(name) && !name.startsWith('access-control-')),
  )

export const trailersOf = (trailers: IncomingHttpHeaders): OutgoingHttpHeaders =>
  Object.fromEntries(Object.entries(trailers).filter(([name]) => !name.startsWith(':')))
