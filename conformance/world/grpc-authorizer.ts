/**
 * The external authorizer of the recordings, asked over gRPC: `envoy.service.auth.v3.Authorization`.
 * Field numbers are those of envoy/service/auth/v3/external_auth.proto and attribute_context.proto.
 */
import type { HeaderList } from '../../src/policy/index.ts'
import { alice, cookieOf, denied, directiveOf, refusalOf, sessionCookie } from './directive.ts'
import type { Received, Reply } from './duplex-server.ts'
import { bytesOf, decodeFields, encodeField, type Fields, messageOf, numberOf, textOf } from './protobuf.ts'

/** A CheckRequest in the form of the recordings. */
export interface GrpcCheck {
  readonly method: string
  readonly path: string
  readonly host: string
  readonly scheme: string
  readonly protocol: string
  readonly headers: HeaderList
  readonly body?: string
  readonly rawBody?: boolean
  readonly size?: number
  readonly source: Peer
  readonly destination: Peer
}
interface Peer {
  readonly principal?: string
  readonly address?: string
  readonly port?: number
}

/** The same for a CheckResponse. */
export interface GrpcAnswer {
  readonly code?: string
  readonly ok?: {
    readonly headers: readonly (readonly [name: string, value: string, action: string])[]
    readonly headersToRemove?: readonly string[]
    readonly responseHeadersToAdd?: HeaderList
  }
  readonly denied?: { readonly status: number; readonly headers: HeaderList; readonly body: string }
  readonly queryParametersToSet?: HeaderList
  readonly queryParametersToRemove?: readonly string[]
  readonly rpcError?: string
}

/** @throws where the bytes are no CheckRequest */
export function readCheck(request: Received): GrpcCheck {
  const attributes = messageOf(decodeFields(request.bytes.subarray(5)), 1)
  const http = messageOf(messageOf(attributes, 4), 2)
  const raw = bytesOf(http, 12)
  const body = raw ?? bytesOf(http, 11)
  const size = numberOf(http, 9)
  return {
    method: textOf(http, 2),
    path: textOf(http, 4),
    host: textOf(http, 5),
    scheme: textOf(http, 6),
    protocol: textOf(http, 10),
    headers: headersOf(http),
    ...(body !== undefined && { body: body.toString('latin1') }),
    ...(raw !== undefined && { rawBody: true }),
    ...(size > 0 && { size }),
    source: peerOf(messageOf(attributes, 1)),
    destination: peerOf(messageOf(attributes, 2)),
  }
}

/** `headers` (field 3) is a map; `header_map` (13) lists them, with `raw_value` where asked for. */
function headersOf(http: Fields | undefined): HeaderList {
  const map = (http?.get(3) ?? []).map((entry) => decodeFields(entry as Buffer))
  const listed = (messageOf(http, 13)?.get(1) ?? []).map((entry) => decodeFields(entry as Buffer))
  const pairs = [...map, ...listed].map(
    (entry) => [textOf(entry, 1), textOf(entry, 2) || textOf(entry, 3)] as const,
  )
  return pairs.filter(([name]) => name !== 'x-request-id').sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

function peerOf(peer: Fields | undefined): Peer {
  const socket = messageOf(messageOf(peer, 1), 1)
  const principal = textOf(peer, 4)
  const address = textOf(socket, 2)
  const port = numberOf(socket, 3)
  return {
    ...(principal !== '' && { principal }),
    ...(address !== '' && { address }),
    ...(port > 0 && { port }),
  }
}

const byDefault = (headers: HeaderList) => headers.map(([name, value]) => [name, value, 'default'] as const)

/** `slow` answers like `allow-bare`, after 1.5 s. */
export function grpcAnswer(check: Pick<GrpcCheck, 'headers' | 'path' | 'host'>): GrpcAnswer {
  const directive = directiveOf(check.headers, check.path)
  const user = ['x-auth-user', 'alice', 'default'] as const
  switch (directive) {
    case 'allow': {
      const token = cookieOf(check.headers, 'idtoken')
      const bearer = token === undefined ? [] : [['authorization', `Bearer ${token}`] as const]
      return {
        code: 'OK',
        ok: { headers: byDefault([...alice, ...bearer]), responseHeadersToAdd: [sessionCookie] },
      }
    }
    case 'slow':
    case 'allow-bare':
      return { code: 'OK' }
    case 'allow-append':
      return {
        code: 'OK',
        ok: {
          headers: [
            ['x-auth-groups', 'extra', 'append_if_exists_or_add'],
            ['x-auth-user', 'alice', 'overwrite_if_exists_or_add'],
            ['x-team', 'red', 'add_if_absent'],
          ],
        },
      }
    case 'allow-oldappend':
      return { code: 'OK', ok: { headers: [['x-auth-groups', 'extra', 'append=true']] } }
    case 'allow-strip':
      return {
        code: 'OK',
        ok: {
          headers: [user],
          headersToRemove: ['authorization', 'cookie', 'x-authz', 'x-auth-groups', 'host', ':path'],
        },
      }
    case 'allow-host':
      return {
        code: 'OK',
        ok: { headers: [['host', 'other.example.com', 'default'], [':path', '/changed', 'default'], user] },
      }
    case 'allow-query':
      return {
        code: 'OK',
        ok: { headers: [user] },
        queryParametersToRemove: ['secret'],
        queryParametersToSet: [['user', 'alice']],
      }
    case 'deny-json':
      return {
        code: 'PermissionDenied',
        denied: {
          status: 403,
          headers: [
            ['content-type', 'application/json'],
            ['x-auth-reason', 'policy'],
          ],
          body: '{"error":"no"}',
        },
      }
    case 'deny-bare':
      return { code: 'PermissionDenied' }
    case 'deny-unauth':
      return { code: 'Unauthenticated' }
    case 'deny-nostatus':
      return {
        code: 'PermissionDenied',
        denied: { status: 0, headers: [['x-auth-reason', 'nostatus']], body: 'no status' },
      }
    case 'deny-ok':
      return { code: 'PermissionDenied', ok: { headers: byDefault(alice) } }
    case 'deny-in-ok':
      return { code: 'OK', denied: { status: 418, headers: [], body: 'denied body, ok code' } }
    case 'error':
      return { rpcError: 'Internal' }
    case 'rpc-unavailable':
      return { rpcError: 'Unavailable' }
    case 'rpc-denied':
      return { rpcError: 'PermissionDenied' }
  }
  return { code: 'PermissionDenied', denied: refusalOf(directive, check.host) ?? denied }
}

const codes: Readonly<Record<string, number>> = {
  OK: 0,
  PermissionDenied: 7,
  Internal: 13,
  Unavailable: 14,
  Unauthenticated: 16,
}

/** A whole gRPC answer over HTTP/2. */
export function grpcReply(answer: GrpcAnswer): Reply {
  const headers: HeaderList = [['content-type', 'application/grpc']]
  if (answer.rpcError !== undefined) {
    const status = ['grpc-status', String(codes[answer.rpcError])] as const
    return { status: 200, headers: [...headers, status], body: '' }
  }
  const message = encodeAnswer(answer)
  const frame = Buffer.alloc(5)
  frame.writeUInt32BE(message.length, 1)
  return { status: 200, headers, body: Buffer.concat([frame, message]), trailers: [['grpc-status', '0']] }
}

const actions: Readonly<Record<string, number>> = {
  append_if_exists_or_add: 0,
  add_if_absent: 1,
  overwrite_if_exists_or_add: 2,
}

function encodeAnswer(answer: GrpcAnswer): Buffer {
  const { code, ok, denied: refusal } = answer
  const status = codes[code ?? 'OK'] ?? 2
  const parts = [encodeField(1, status === 0 ? Buffer.alloc(0) : encodeField(1, status))]
  if (refusal !== undefined) {
    const http = refusal.status === 0 ? [] : [encodeField(1, encodeField(1, refusal.status))]
    const headers = refusal.headers.map(([name, value]) => encodeField(2, headerOption(name, value)))
    parts.push(encodeField(2, Buffer.concat([...http, ...headers, encodeField(3, refusal.body)])))
  }
  if (ok !== undefined) {
    parts.push(
      encodeField(
        3,
        Buffer.concat([
          ...ok.headers.map(([name, value, action]) => encodeField(2, headerOption(name, value, action))),
          ...(ok.headersToRemove ?? []).map((name) => encodeField(5, name)),
          ...(ok.responseHeadersToAdd ?? []).map(([name, value]) =>
            encodeField(6, headerOption(name, value)),
          ),
          ...(answer.queryParametersToSet ?? []).map(([name, value]) =>
            encodeField(7, Buffer.concat([encodeField(1, name), encodeField(2, value)])),
          ),
          ...(answer.queryParametersToRemove ?? []).map((name) => encodeField(8, name)),
        ]),
      ),
    )
  }
  return Buffer.concat(parts)
}

/** HeaderValueOption: `default` writes neither `append` nor `append_action`. */
function headerOption(name: string, value: string, action = 'default'): Buffer {
  const parts = [encodeField(1, Buffer.concat([encodeField(1, name), encodeField(2, value)]))]
  if (action === 'append=true') parts.push(encodeField(2, encodeField(1, 1)))
  else if (action !== 'default') parts.push(encodeField(3, actions[action] ?? 0))
  return Buffer.concat(parts)
}
