/** Envoy's ext_authz configuration as an EnvoyFilter writes it, read as a provider. */
import type { At } from '../base/index.ts'
import type { EnvoyFilter } from '../mesh/index.ts'
import type { NameMatch, Provider } from './provider.ts'
import { isVisible, type Registry } from './registry.ts'
import { lowerCase } from './value-pattern.ts'

type Json = Readonly<Record<string, unknown>>

export const isExtAuthz = (type: string): boolean => /\.ext_authz\.v[23](alpha)?\.ExtAuthz$/.test(type)

/** undefined = it says something that is not modelled. Settings unset are Envoy's defaults, not istiod's. */
export function providerOfFilter(
  owner: EnvoyFilter,
  at: At,
  config: Json,
  registry: Registry,
  namespace: string,
): Provider | undefined {
  const get = reader(config)
  const http = get.object('http_service')
  const grpc = get.object('grpc_service')
  if (get.has('filter_enabled') || get.has('filter_enabled_metadata') || get.has('deny_at_disable')) {
    return undefined
  }
  const status = get.object('status_on_error')?.text('code')
  const body = get.object('with_request_body')
  const common = {
    name: `${owner.namespace}/${owner.name}`,
    at,
    failOpen: get.flag('failure_mode_allow'),
    statusOnError: statusOf(status) ?? 403,
    ...(body && {
      body: {
        maxBytes: Number(body.text('max_request_bytes') ?? 0),
        allowPartial: body.flag('allow_partial_message'),
        asBytes: body.flag('pack_as_bytes'),
      },
    }),
    clearRouteCache: get.flag('clear_route_cache'),
  }
  if (grpc !== undefined) {
    const cluster = grpc.object('envoy_grpc')?.text('cluster_name')
    if (cluster === undefined) return undefined
    return {
      ...common,
      protocol: 'grpc',
      cluster,
      ...reachability(cluster, registry, namespace),
      timeoutMs: milliseconds(grpc.text('timeout')) ?? 200,
    }
  }
  const server = http?.object('server_uri')
  const cluster = server?.text('cluster')
  if (http === undefined || server === undefined || cluster === undefined) return undefined
  const request = http.object('authorization_request')
  const response = http.object('authorization_response')
  const allowed = matches(get.object('allowed_headers')) ?? matches(request?.object('allowed_headers')) ?? []
  const added = request?.list('headers_to_add') ?? []
  return {
    ...common,
    protocol: 'http',
    cluster,
    ...reachability(cluster, registry, namespace),
    timeoutMs: milliseconds(server.text('timeout')) ?? 200,
    pathPrefix: http.text('path_prefix') ?? '',
    requestHeaders: allowed,
    addedHeaders: added.map((each) => {
      const header = reader(each as Json)
      return [lowerCase(header.text('key') ?? ''), header.text('value') ?? ''] as const
    }),
    upstreamOnAllow: matches(response?.object('allowed_upstream_headers')) ?? [],
    upstreamToAppend: matches(response?.object('allowed_upstream_headers_to_append')) ?? [],
    downstreamOnDeny: matches(response?.object('allowed_client_headers')) ?? [],
    downstreamOnAllow: matches(response?.object('allowed_client_headers_on_success')) ?? [],
  }
}

/** Fields in snake case or camel case, as protobuf's JSON takes both. */
interface Reader {
  has(name: string): boolean
  text(name: string): string | undefined
  flag(name: string): boolean
  object(name: string): Reader | undefined
  list(name: string): readonly unknown[]
}

function reader(value: Json): Reader {
  const get = (name: string): unknown =>
    value[name] ?? value[name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())]
  return {
    has: (name) => get(name) !== undefined,
    text(name) {
      const found = get(name)
      return typeof found === 'string' || typeof found === 'number' ? String(found) : undefined
    },
    flag: (name) => get(name) === true,
    object(name) {
      const found = get(name)
      const isObject = typeof found === 'object' && found !== null && !Array.isArray(found)
      return isObject ? reader(found as Json) : undefined
    },
    list(name) {
      const found = get(name)
      return Array.isArray(found) ? found : []
    },
  }
}

function matches(list: Reader | undefined): readonly NameMatch[] | undefined {
  if (list === undefined) return undefined
  return list.list('patterns').flatMap((pattern) => {
    const get = reader(pattern as Json)
    for (const kind of ['exact', 'prefix', 'suffix', 'contains'] as const) {
      const text = get.text(kind)
      // Names are compared in lower case, so a pattern that keeps capitals matches nothing.
      if (text !== undefined) return [{ kind, text: get.flag('ignore_case') ? lowerCase(text) : text }]
    }
    return []
  })
}

/** An istiod cluster name whose service or port is not there is no cluster; others cannot be judged. */
function reachability(
  cluster: string,
  registry: Registry,
  namespace: string,
): { readonly unreachable?: 'no-cluster' } {
  const found = /^outbound\|(\d+)\|[^|]*\|(.+)$/.exec(cluster)
  if (found === null) return {}
  const services = registry.get(found[2] as string) ?? []
  const there = services.some(
    (service) =>
      isVisible(service, namespace) && service.ports.some((port) => String(port.number) === found[1]),
  )
  return there ? {} : { unreachable: 'no-cluster' }
}

/** A number, or the name of Envoy's StatusCode. */
function statusOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return Number(text) || undefined
  const named: Readonly<Record<string, number>> = {
    OK: 200,
    BadRequest: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    TooManyRequests: 429,
    InternalServerError: 500,
    BadGateway: 502,
    ServiceUnavailable: 503,
    GatewayTimeout: 504,
  }
  return named[text]
}

/** `10s`, `0.25s`. */
function milliseconds(text: string | undefined): number | undefined {
  const found = text === undefined ? null : /^(\d+(?:\.\d+)?)s$/.exec(text)
  return found === null ? undefined : Math.round(Number(found[1]) * 1000)
}
