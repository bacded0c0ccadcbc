/**
 * Envoy's ext_authz filter over gRPC: the CheckRequest it sends, and what a CheckResponse does.
 *
 * Agrees with Envoy's check_request_utils.cc, ext_authz_grpc_impl.cc and ext_authz.cc.
 */
import type { Check, CheckAnswer, HeaderList } from './decision.ts'
import { checkBody, wantsBody } from './ext-authz-http.ts'
import { type Flow, localReply, type Stop } from './flow.ts'
import { headerValues, joinedHeaders, withHeader, withoutHeader } from './header-list.ts'
import type { GrpcProvider } from './provider.ts'
import { parseParams, withParams } from './query.ts'
import type { NormalizedRequest } from './seam.ts'

/** A CheckResponse in the form of the recordings, as `CheckAnswer.grpc` carries it. */
export interface GrpcAnswer {
  /** gRPC code name, `OK` = allowed. */
  readonly code?: string
  /** The call itself failed with that code. */
  readonly rpcError?: string
  readonly ok?: {
    readonly headers?: readonly (readonly [name: string, value: string, mode?: string])[] | null
    readonly headersToRemove?: readonly string[] | null
    readonly responseHeadersToAdd?: HeaderList | null
    readonly queryParametersToSet?: HeaderList | null
    readonly queryParametersToRemove?: readonly string[] | null
  }
  readonly denied?: {
    readonly status?: number
    readonly headers?: readonly (readonly [name: string, value: string, mode?: string])[] | null
    readonly body?: string
  }
  readonly queryParametersToSet?: HeaderList | null
  readonly queryParametersToRemove?: readonly string[] | null
}

/** Every header goes into a check over gRPC; there is no list to choose by. */
export function grpcCheck(provider: GrpcProvider, flow: Flow): Check | 'too-large' {
  const { request } = flow
  const body = checkBody(provider, flow)
  if (body === 'too-large') return body
  let all: HeaderList = [
    ...request.headers,
    [':authority', request.host],
    [':method', request.method],
    [':path', request.path],
    [':scheme', request.scheme],
  ]
  if (body !== undefined) all = withHeader(all, 'x-envoy-auth-partial-body', String(body.partial))
  return {
    provider: provider.name,
    service: provider.cluster,
    method: request.method,
    path: request.path,
    host: request.host,
    headers: joinedHeaders(all),
    ...(body !== undefined && { body: body.text }),
    ...wantsBody(provider, flow),
    protocol: 'grpc',
    timeoutMs: provider.timeoutMs,
    grpc: {
      scheme: request.scheme,
      protocol: request.protocol ?? 'HTTP/1.1',
      ...(body !== undefined && { size: body.size, rawBody: provider.body?.asBytes === true }),
      ...peersOf(request),
    },
  }
}

/** The check a TCP connection causes: who connects, and where to. */
export function grpcConnectionCheck(provider: GrpcProvider, request: NormalizedRequest): Check {
  return {
    provider: provider.name,
    service: provider.cluster,
    method: '',
    path: '',
    host: '',
    headers: [],
    protocol: 'grpc',
    timeoutMs: provider.timeoutMs,
    grpc: { scheme: '', protocol: '', ...peersOf(request) },
  }
}

function peersOf(request: NormalizedRequest) {
  const [principal] = request.principals
  const local = request.localPrincipal
  return {
    source: { ...(principal !== undefined && { principal }), address: request.sourceIp },
    destination: {
      ...(local !== undefined && { principal: local }),
      address: request.destinationIp,
      port: request.port,
    },
  }
}

/** What a response does; undefined = the request goes on, changed. */
export function applyGrpcAnswer(provider: GrpcProvider, flow: Flow, response: GrpcAnswer): Stop | undefined {
  if (response.code === 'OK') {
    applyOk(provider, flow, response)
    return undefined
  }
  // A refusal that carries no response of its own is a bare 403.
  const refusal = response.denied
  // Of a refusal Envoy takes what overwrites, as often as it is there; what appends is dropped.
  const headers = (refusal?.headers ?? [])
    .filter(([, , mode]) => mode !== 'append=true')
    .map(([name, value]) => [name.toLowerCase(), value] as const)
  return localReply(refusal?.status || 403, refusal?.body ?? '', 'provider-denied', headers)
}

/** undefined = the call failed, whatever code it failed with. */
export function grpcVerdict(provider: GrpcProvider, answer: CheckAnswer): GrpcAnswer | undefined {
  const response = answer.grpc as GrpcAnswer | undefined
  if (answer.failure !== undefined || response === undefined || response.rpcError !== undefined)
    return undefined
  return answer.delayMs !== undefined && answer.delayMs >= provider.timeoutMs ? undefined : response
}

function applyOk(provider: GrpcProvider, flow: Flow, response: GrpcAnswer): void {
  const { request } = flow
  const { ok } = response
  let list = request.headers
  let { path, host } = request
  const written = ok?.headers ?? []
  for (const [header, value, mode] of written) {
    const name = header.toLowerCase()
    if (mode === 'append=true') {
      // Only the deprecated flag appends, and only to what is there.
      const before = headerValues(list, name)
      if (before.length > 0) list = withHeader(list, name, [...before, value].join(','))
    } else if (name === 'host' || name === ':authority') {
      host = value
    } else if (name === ':path') {
      path = value
    } else if (!name.startsWith(':')) {
      list = withHeader(list, name, value)
    }
  }
  const removed = ok?.headersToRemove ?? []
  for (const each of removed) {
    const name = each.toLowerCase()
    if (name !== 'host' && !name.startsWith(':')) list = withoutHeader(list, name)
  }
  const set = response.queryParametersToSet ?? ok?.queryParametersToSet ?? []
  const unset = response.queryParametersToRemove ?? ok?.queryParametersToRemove ?? []
  if (set.length + unset.length > 0) {
    const params = parseParams(path, false)
    for (const [name, value] of set) params.set(name, [value])
    for (const name of unset) params.delete(name)
    path = withParams(path, params)
  }
  for (const [name, value] of ok?.responseHeadersToAdd ?? []) {
    flow.addDownstream(name.toLowerCase(), value)
  }
  if (written.length + removed.length + set.length + unset.length === 0) return
  flow.change({ headers: list, path, host })
  if (provider.clearRouteCache) flow.reroute = true
}
