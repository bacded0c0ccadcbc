/**
 * What istiod pushes, made into what a stock Envoy runs without a control plane: routes and secrets in
 * place, listeners where the site opens them, every cluster one server, without the filters that only
 * Istio's build of Envoy has. Nothing that decides is touched; the recordings were made the same way.
 */
import { type Emitted, type Json, type TlsMaterial, transportSocket } from '../../src/envoy-config/index.ts'
import type { Site } from '../envoy/writer.ts'
import type { Pushed } from './ask-istiod.ts'
import { secretsInPlace } from './secrets-in-place.ts'

export interface Static extends Site {
  readonly namespace: string
  readonly sidecar: boolean
  readonly tls: TlsMaterial
  /** Clients announce no address: they connect to the mesh's own ports. */
  readonly direct?: true
}

const proxyProtocol: Json = {
  name: 'envoy.filters.listener.proxy_protocol',
  typedConfig: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol',
  },
}

/** Filters of Istio's own Envoy, by their names or their messages' names. */
const onlyIstios =
  /istio\.(metadata_exchange|alpn|stats|peer_metadata|workload_discovery)|peer_metadata|\/(udpa\.type|stats\.PluginConfig|io\.istio\.)/

/** Logs and traces are not looked at, and would go to files and collectors that are not there. */
const notServed = [
  'accessLog',
  'tracing',
  'listenerFiltersTimeout',
  'useOriginalDst',
  'connectionBalanceConfig',
]

const inboundPort = 15006

export function asStatic(pushed: Pushed, to: Static): Emitted {
  const routes = new Map((pushed.routes ?? []).map((each) => [String(each.name), each]))
  const known = new Map((pushed.clusters ?? []).map((each) => [String(each.name), each]))
  const wanted = new Map<string, Json>()
  const cluster = (name: string): string => {
    const own = to.rename(name)
    const found = known.get(name)
    if (found !== undefined) wanted.set(own, serverOf(found, own, echoOf(name, to)))
    return own
  }
  const authorizer = (name: string, protocol: 'http' | 'grpc'): string => {
    const found = known.get(name)
    const upstream = to.authorizer(name, protocol)
    if (found === undefined || upstream === undefined) return cluster(name)
    const own = to.rename(`authorizer|${protocol}|${name}`)
    wanted.set(own, serverOf(found, own, upstream))
    return own
  }
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.filter((each) => !isIstios(each)).map(walk)
    if (typeof value !== 'object' || value === null) return value
    const object = value as Json
    if (isAuthorizer(object)) return withAuthorizer(object, authorizer)
    const out: Record<string, unknown> = {}
    for (const [key, each] of Object.entries(object)) {
      if (notServed.includes(key)) continue
      if (key === 'rds') {
        const name = String((each as Json).routeConfigName)
        out.routeConfig = walk({ ...(routes.get(name) ?? { name, virtualHosts: [] }) })
      } else if ((key === 'cluster' || key === 'clusterName') && typeof each === 'string') {
        out[key] = cluster(each)
      } else if (key === 'weightedClusters') {
        out[key] = weighted(walk(each) as Json, cluster)
      } else if (key === 'commonTlsContext') {
        out[key] = secretsInPlace(each as Json, to)
      } else {
        out[key] = walk(each)
      }
    }
    return out
  }
  const listeners = (pushed.listeners ?? []).flatMap((listener): Json[] => {
    const port = portOf(listener)
    if (port === undefined || (to.sidecar && port !== inboundPort)) return []
    const { address, port: portValue } = to.placeOf(port)
    const filters = (listener.listenerFilters as readonly Json[] | undefined) ?? []
    const { bindToPort: _, ...rest } = walk({ ...listener, listenerFilters: undefined }) as Json
    return [
      {
        ...rest,
        name: to.listenerName(String(listener.name)),
        address: { socketAddress: { address, portValue } },
        listenerFilters: [
          ...(to.direct ? [] : [proxyProtocol]),
          ...filters.filter(({ name }) => name !== 'envoy.filters.listener.original_dst'),
        ],
      },
    ]
  })
  return { listeners, clusters: [...wanted.values()], problems: [] }
}

function portOf(listener: Json): number | undefined {
  const { socketAddress } = listener.address as { socketAddress?: { portValue: number; protocol?: string } }
  return socketAddress?.protocol === 'UDP' ? undefined : socketAddress?.portValue
}

function isIstios(value: unknown): boolean {
  const { name, typedConfig } = (value ?? {}) as Json
  if (typeof name !== 'string' || typedConfig === undefined) return false
  return onlyIstios.test(name) || onlyIstios.test(String((typedConfig as Json)['@type']))
}

function weighted(value: Json, cluster: (name: string) => string): Json {
  const clusters = (value.clusters as readonly Json[]).map((each) => ({
    ...each,
    name: cluster(String(each.name)),
  }))
  return { ...value, clusters }
}

function isAuthorizer(value: Json): boolean {
  return /ext_authz\.v3\.ExtAuthz$/.test(String(value['@type'] ?? ''))
}

function withAuthorizer(filter: Json, authorizer: (name: string, protocol: 'http' | 'grpc') => string): Json {
  const { grpcService, httpService } = filter as {
    grpcService?: { envoyGrpc: { clusterName: string } }
    httpService?: { serverUri: { cluster: string } }
  }
  if (grpcService?.envoyGrpc) {
    const clusterName = authorizer(grpcService.envoyGrpc.clusterName, 'grpc')
    return {
      ...filter,
      grpcService: { ...grpcService, envoyGrpc: { ...grpcService.envoyGrpc, clusterName } },
    }
  }
  if (httpService?.serverUri) {
    const cluster = authorizer(httpService.serverUri.cluster, 'http')
    return { ...filter, httpService: { ...httpService, serverUri: { ...httpService.serverUri, cluster } } }
  }
  return filter
}

function echoOf(cluster: string, to: Site) {
  if (cluster === 'BlackHoleCluster') return 'none'
  return to.echo(cluster, cluster.split('|')[3] ?? cluster)
}

/** One plain server in the place of all endpoints; the protocol spoken to it stays. */
function serverOf(
  { typedExtensionProtocolOptions, altStatName }: Json,
  name: string,
  to: ReturnType<Site['echo']>,
): Json {
  const endpoints =
    to === 'none'
      ? []
      : [
          {
            lbEndpoints: [
              { endpoint: { address: { socketAddress: { address: to.address, portValue: to.port } } } },
            ],
          },
        ]
  return {
    name,
    type: 'STATIC',
    connectTimeout: '2s',
    commonLbConfig: { healthyPanicThreshold: {} },
    loadAssignment: { clusterName: name, endpoints },
    ...(to !== 'none' &&
      to.mutual !== undefined && { transportSocket: transportSocket(to, 'outbound_.mesh') }),
    ...(altStatName !== undefined && { altStatName }),
    ...(typedExtensionProtocolOptions !== undefined && { typedExtensionProtocolOptions }),
  }
}
