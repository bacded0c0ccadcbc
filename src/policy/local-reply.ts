import type { HeaderList } from './decision.ts'

/** An answer a proxy makes itself, before it is fitted to the request. */
export interface LocalReply {
  readonly status: number
  readonly headers: HeaderList
  readonly body: string
}

/** HTTP status → gRPC status of an answer that never reached the server (Envoy's httpToGrpcStatus). */
const grpcStatus: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
}

/**
 * The same answer as this request gets it: a gRPC call sees 200 with status and text in headers, HEAD
 * sees no body. Agrees with Envoy's Utility::prepareLocalReply.
 */
export function fitReply(
  reply: LocalReply,
  request: { readonly method: string; readonly headers: HeaderList },
): LocalReply {
  const { status, headers: sent, body } = reply
  if (!isGrpc(request.headers)) {
    return { status, headers: sent, body: request.method === 'HEAD' ? '' : body }
  }
  const others = sent.filter(([name]) => name !== 'content-type' && name !== 'content-length')
  const headers: [string, string][] = [
    ...others.map(([name, value]): [string, string] => [name, value]),
    ['content-type', 'application/grpc'],
    ['grpc-status', String(grpcStatus[status] ?? 2)],
  ]
  if (body !== '' && request.method !== 'HEAD') headers.push(['grpc-message', percentEncode(body)])
  return { status: 200, headers, body: '' }
}

function isGrpc(headers: HeaderList): boolean {
  return headers.some(([name, value]) => name === 'content-type' && /^application\/grpc($|[+;])/.test(value))
}

/** As gRPC wants its messages: everything but printable ASCII, and `%`. */
function percentEncode(text: string): string {
  return text.replace(/[^ -$&-~]/gu, (char) => encodeURIComponent(char))
}
