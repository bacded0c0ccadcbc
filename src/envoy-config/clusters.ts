import type { Provider, Registry, RegistryService, Target } from '../policy/index.ts'
import { compact, type Json, typed } from './json.ts'
import { dataSource, type MeshIdentity } from './tls-context.ts'

/** Where a service's requests really go. */
export interface Upstream {
  readonly address: string
  readonly port: number
  /** HTTP/2 without asking, whatever the port is called. */
  readonly http2?: true
  /** Over TLS, verified with the system's authorities. */
  readonly tls?: { readonly serverName: string }
  /** Over the mesh's mutual TLS, as one sidecar calls another. */
  readonly mutual?: { readonly identity: MeshIdentity; readonly principals: readonly string[] }
}

/** `none` = a service without endpoints; undefined = where its name in the cluster leads. */
export type UpstreamOf = (service: {
  readonly cluster: string
  readonly host: string
  readonly port: number
}) => Upstream | 'none' | undefined

/** Where a provider (an EnvoyFilter's is `namespace/name`) is called instead of at its service. */
export type ProviderUpstreamOf = (provider: {
  readonly name: string
  readonly cluster: string
  readonly protocol: 'http' | 'grpc'
}) => Upstream | undefined

/** The clusters a configuration speaks of, each made when it is first named. */
export interface Clusters {
  readonly route: (target: Target) => string
  readonly provider: (provider: Provider) => string
  /** One that an EnvoyFilter (`namespace/name`) calls, over gRPC or HTTP. */
  readonly filter: (owner: string, cluster: string, grpc: boolean) => string
  /** A sidecar's own workload. */
  readonly inbound: (name: string, port: number, http2: boolean | 'as-received') => string
  readonly list: () => readonly Json[]
}

export interface ClusterOptions {
  readonly registry: Registry
  readonly upstream: UpstreamOf
  readonly providerUpstream: ProviderUpstreamOf
  /** Names are unique within one Envoy; several meshes in one need others. */
  readonly rename: (cluster: string) => string
}

export function clusterList({ registry, upstream, providerUpstream, rename }: ClusterOptions): Clusters {
  const made = new Map<string, Json>()
  const parts = (cluster: string) => {
    const [, port, host] = /^outbound\|(\d+)\|[^|]*\|(.+)$/.exec(cluster) ?? []
    return host === undefined ? undefined : { port: Number(port), host }
  }
  const portOf = (cluster: string) => {
    const of = parts(cluster)
    if (of === undefined) return undefined
    return registry.get(of.host)?.flatMap(({ ports }) => ports.filter(({ number }) => number === of.port))[0]
  }
  const named = (cluster: string) => {
    const of = parts(cluster)
    const entry = portOf(cluster)
    if (of === undefined || entry === undefined || made.has(cluster)) return
    const { host, port } = of
    const to = upstream({ cluster, host, port })
    made.set(cluster, outbound(rename(cluster), host, port, isHttp2(entry), to, serverName(cluster)))
  }
  /** What asks a provider, at its service or where it is said to be. */
  const called = (name: string, cluster: string, protocol: 'http' | 'grpc', http2: boolean): string => {
    const elsewhere = providerUpstream({ name, cluster, protocol })
    if (elsewhere === undefined) {
      named(cluster)
      return rename(cluster)
    }
    const own = rename(`provider|${name}`)
    made.set(own, outbound(own, elsewhere.address, elsewhere.port, http2, elsewhere))
    return own
  }
  return {
    route(target) {
      // A cluster that is not there is what makes Envoy answer 503, or 500.
      if (target.known) named(target.cluster)
      return rename(target.cluster)
    },
    provider(provider) {
      const { name, cluster, protocol, unreachable } = provider
      if (unreachable === 'no-cluster') return rename(cluster)
      return called(name, cluster, protocol, protocol === 'grpc' && unreachable !== 'not-http2')
    },
    filter(owner, cluster, grpc) {
      const entry = portOf(cluster)
      if (entry === undefined) return rename(cluster)
      return called(owner, cluster, grpc ? 'grpc' : 'http', grpc && isHttp2(entry))
    },
    inbound(name, port, http2) {
      const own = rename(name)
      if (!made.has(name)) {
        const to = upstream({ cluster: name, host: 'localhost', port })
        made.set(name, inbound(own, port, http2, to))
      }
      return own
    },
    list: () => [...made.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, cluster]) => cluster),
  }
}

/** istiod speaks HTTP/2 to ports that say so: `pkg/config/protocol`. */
export function isHttp2(port: RegistryService['ports'][number]): boolean {
  const written = (port.appProtocol ?? port.name).toLowerCase()
  const is = (name: string) =>
    written === name || (port.appProtocol === undefined && written.startsWith(`${name}-`))
  return is('http2') || is('grpc') || is('grpc-web') || written === 'kubernetes.io/h2c'
}

const options = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions'

function protocol(message: Json): Json {
  return { [options]: typed('extensions.upstreams.http.v3.HttpProtocolOptions', message) }
}

function outbound(
  name: string,
  host: string,
  port: number,
  http2: boolean,
  to: Upstream | 'none' | undefined,
  sni = 'outbound_.mesh',
): Json {
  return compact({
    ...base(name, to === undefined ? { address: host, port } : to, sni),
    commonLbConfig: { healthyPanicThreshold: {} },
    typedExtensionProtocolOptions:
      http2 || (typeof to === 'object' && to.http2)
        ? protocol({ explicitHttpConfig: { http2ProtocolOptions: {} } })
        : undefined,
  })
}

function inbound(
  name: string,
  port: number,
  http2: boolean | 'as-received',
  to: Upstream | 'none' | undefined,
): Json {
  return compact({
    ...base(name, to ?? { address: '127.0.0.1', port }),
    typedExtensionProtocolOptions:
      http2 === 'as-received'
        ? protocol({
            ...(port === 0 && { commonHttpProtocolOptions: { idleTimeout: '300s' } }),
            useDownstreamProtocolConfig: { httpProtocolOptions: {}, http2ProtocolOptions: {} },
          })
        : http2
          ? protocol({ explicitHttpConfig: { http2ProtocolOptions: {} } })
          : undefined,
  })
}

/** What a sidecar is called in the TLS hello: Istio's `BuildDNSSrvSubsetKey`, `outbound_.80_.v1_.host`. */
function serverName(cluster: string): string {
  return cluster.replaceAll('|', '_.')
}

function base(name: string, to: Upstream | 'none', sni = ''): Json {
  const common = { name, altStatName: `${name};`, connectTimeout: '2s' }
  if (to === 'none') return { ...common, type: 'STATIC', loadAssignment: { clusterName: name } }
  const { address, port } = to
  const isAddress = /^[\d.]+$|:/.test(address)
  return {
    ...common,
    type: isAddress ? 'STATIC' : 'STRICT_DNS',
    transportSocket: transportSocket(to, sni),
    loadAssignment: {
      clusterName: name,
      endpoints: [
        { lbEndpoints: [{ endpoint: { address: { socketAddress: { address, portValue: port } } } }] },
      ],
    },
  }
}

/** How a server is spoken to; undefined = in plain text. */
export function transportSocket({ tls, mutual }: Upstream, sni: string): Json | undefined {
  const socket = (message: Json): Json => ({
    name: 'envoy.transport_sockets.tls',
    typedConfig: typed('extensions.transport_sockets.tls.v3.UpstreamTlsContext', message),
  })
  if (mutual !== undefined) {
    const { identity, principals } = mutual
    return socket({
      sni,
      commonTlsContext: {
        alpnProtocols: ['istio-http/1.1', 'istio', 'http/1.1'],
        tlsCertificates: [
          { certificateChain: dataSource(identity.chain), privateKey: dataSource(identity.key) },
        ],
        validationContext: {
          trustedCa: dataSource(identity.authority),
          matchSubjectAltNames: principals.map((name) => ({ exact: name })),
        },
      },
    })
  }
  if (tls === undefined) return undefined
  return socket({
    sni: tls.serverName,
    commonTlsContext: {
      alpnProtocols: ['http/1.1'],
      validationContext: {
        trustedCa: { filename: '/etc/ssl/certs/ca-certificates.crt' },
        matchTypedSubjectAltNames: [{ sanType: 'DNS', matcher: { exact: tls.serverName } }],
      },
    },
  })
}
