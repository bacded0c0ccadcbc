/**
 * Envoy's external authorization messages (`envoy/service/auth/v3/external_auth.proto` and
 * `attribute_context.proto`): a check as CheckRequest, and a CheckResponse in the form the engine
 * takes it.
 */
import type { Check } from '../policy/index.ts'
import { type Field, MessageWriter, readFields } from './protobuf.ts'

/** @param body the bytes of the request's body the check carries */
export function encodeCheck(check: Check, now: number, body?: Buffer): Buffer {
  const { grpc } = check
  return new MessageWriter()
    .message(1, (attributes) => {
      attributes.message(1, (peer) => writePeer(peer, grpc?.source))
      attributes.message(2, (peer) => writePeer(peer, grpc?.destination))
      attributes.message(4, (request) => {
        request.message(1, (time) => {
          time.number(1, Math.floor(now / 1000)).number(2, (now % 1000) * 1_000_000)
        })
        // A connection has no request in it.
        if (check.method !== '') request.message(2, (http) => writeHttp(http, check, body))
      })
    })
    .done()
}

type Peer = NonNullable<Check['grpc']>['source']

function writePeer(message: MessageWriter, peer: Peer | undefined): void {
  const { address, port, principal } = peer ?? {}
  if (address !== undefined) {
    message.message(1, (outer) =>
      outer.message(1, (socket) => {
        socket.text(2, address).number(3, port ?? 0)
      }),
    )
  }
  message.text(4, principal)
}

function writeHttp(message: MessageWriter, check: Check, body: Buffer | undefined): void {
  const { grpc } = check
  message.text(1, check.headers.find(([name]) => name === 'x-request-id')?.[1])
  message.text(2, check.method)
  for (const [name, value] of check.headers) {
    message.message(3, (entry) => {
      entry.bytes(1, Buffer.from(name)).bytes(2, Buffer.from(value, 'latin1'))
    })
  }
  message.text(4, check.path).text(5, check.host).text(6, grpc?.scheme)
  message.number(9, grpc?.size ?? -1).text(10, grpc?.protocol)
  if (body === undefined || body.length === 0) return
  message.bytes(grpc?.rawBody ? 12 : 11, body)
}

type Pair = readonly [name: string, value: string]

/** What a CheckResponse says, by the names of `GrpcAnswer` in the policy room. */
export interface CheckResponse {
  code: string
  ok?: {
    headers: (readonly [name: string, value: string, mode: string])[]
    headersToRemove: string[]
    responseHeadersToAdd: Pair[]
    queryParametersToSet: Pair[]
    queryParametersToRemove: string[]
  }
  denied?: { status: number; headers: (readonly [name: string, value: string, mode: string])[]; body: string }
}

/** @throws RangeError for bytes that are no CheckResponse */
export function decodeResponse(bytes: Buffer): CheckResponse {
  const response: CheckResponse = { code: 'OK' }
  for (const { number, value } of readFields(bytes)) {
    if (number === 1) response.code = statusOf(part(value))
    else if (number === 2) response.denied = deniedOf(part(value))
    else if (number === 3) response.ok = okOf(part(value))
  }
  return response
}

function statusOf(bytes: Buffer): string {
  for (const { number, value } of readFields(bytes)) {
    if (number === 1) return grpcCodes[value as number] ?? String(value)
  }
  return 'OK'
}

function deniedOf(bytes: Buffer): NonNullable<CheckResponse['denied']> {
  const denied: NonNullable<CheckResponse['denied']> = { status: 0, headers: [], body: '' }
  for (const { number, value } of readFields(bytes)) {
    if (number === 1) denied.status = numberIn(part(value), 1)
    else if (number === 2) denied.headers.push(headerOf(part(value)))
    else if (number === 3) denied.body = part(value).toString()
  }
  return denied
}

function okOf(bytes: Buffer): NonNullable<CheckResponse['ok']> {
  const ok: NonNullable<CheckResponse['ok']> = {
    headers: [],
    headersToRemove: [],
    responseHeadersToAdd: [],
    queryParametersToSet: [],
    queryParametersToRemove: [],
  }
  for (const { number, value } of readFields(bytes)) {
    if (number === 2) ok.headers.push(headerOf(part(value)))
    else if (number === 5) ok.headersToRemove.push(part(value).toString())
    else if (number === 6) {
      const [name, text] = headerOf(part(value))
      ok.responseHeadersToAdd.push([name, text])
    } else if (number === 7) ok.queryParametersToSet.push(pairOf(part(value)))
    else if (number === 8) ok.queryParametersToRemove.push(part(value).toString())
  }
  return ok
}

const modes = [
  'append_if_exists_or_add',
  'add_if_absent',
  'overwrite_if_exists_or_add',
  'overwrite_if_exists',
]

/** A HeaderValueOption; `append` is the older way to say what `append_action` says. */
function headerOf(bytes: Buffer): readonly [name: string, value: string, mode: string] {
  let pair: Pair = ['', '']
  let mode = 'default'
  for (const { number, value } of readFields(bytes)) {
    if (number === 1) pair = pairOf(part(value))
    else if (number === 2) mode = `append=${numberIn(part(value), 1) === 1}`
    else if (number === 3) mode = modes[value as number] ?? 'default'
  }
  return [pair[0], pair[1], mode]
}

/** HeaderValue (whose third field is the value as bytes) and QueryParameter. */
function pairOf(bytes: Buffer): Pair {
  let [name, text] = ['', '']
  for (const { number, value } of readFields(bytes)) {
    if (number === 1) name = part(value).toString()
    else if (number === 2 || number === 3) text = part(value).toString('latin1') || text
  }
  return [name, text]
}

function numberIn(bytes: Buffer, wanted: number): number {
  for (const { number, value } of readFields(bytes))
    if (number === wanted && typeof value === 'number') return value
  return 0
}

function part(value: Field['value']): Buffer {
  if (typeof value === 'number') throw new RangeError('a number where a message should be')
  return value
}

/** grpc/status.h */
const grpcCodes = [
  'OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS',
  'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED',
  'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED',
] // biome-ignore format: one list
