/** A sidecar's inbound side: Istio's pilot/pkg/networking/core/listener_inbound.go. */
import {
  type Blueprint,
  type InboundPort,
  inboundBlueprintOf,
  modeOf,
  type PortProtocol,
} from '../policy/index.ts'
import { isHttp2 } from './clusters.ts'
import { type ChainPlace, patchFilters, patchManager } from './filter-patches.ts'
import { connectionPolicyFilters, type GatewayOptions, policyFilters, tcpProxy } from './gateway.ts'
import { closingFilters, httpConnectionManager } from './http-connection-manager.ts'
import { inboundMatches } from './inbound-match.ts'
import { compact, extension, type Json, some } from './json.ts'
import { sidecarTls } from './tls-context.ts'

/** Where a sidecar's traffic is redirected to. */
const inboundPort = 15006

interface ChainSet {
  /** undefined = every port no chain of its own is for. */
  readonly port?: number
  readonly chains: readonly Json[]
}

/** One listener for all ports, or one for each that `bindings` opens. */
export function inboundListeners(blueprint: Blueprint, options: GatewayOptions): readonly Json[] {
  const { bindings } = options
  const sets = chainSets(blueprint, options)
  const whole = bindings.of(inboundPort, '')
  if (bindings.inbound === 'redirected') {
    if (whole === undefined) return []
    const chains = sets.flatMap((set) => set.chains)
    return [listener(blueprint, bindings.name('virtualInbound'), whole, [blackhole, ...chains], options)]
  }
  return bindings.opened.flatMap((port) => {
    const bound = bindings.of(port, '')
    const own = sets.find((set) => set.port === port) ?? sets.find((set) => set.port === undefined)
    if (bound === undefined || own === undefined) return []
    const chains = own.chains.map(anyPort)
    return [listener(blueprint, bindings.name(`0.0.0.0_${port}`), bound, chains, options)]
  })
}

function anyPort(chain: Json): Json {
  const { destinationPort: _, ...match } = chain.filterChainMatch as Json
  return { ...chain, filterChainMatch: match }
}

const blackhole: Json = {
  name: 'virtualInbound-blackhole',
  filterChainMatch: { destinationPort: inboundPort },
  filters: [tcpProxy('BlackHoleCluster')],
}

function listener(
  _blueprint: Blueprint,
  name: string,
  bound: { readonly address: string; readonly port: number },
  filterChains: readonly Json[],
  { bindings }: GatewayOptions,
): Json {
  return compact({
    name,
    address: { socketAddress: { address: bound.address, portValue: bound.port } },
    trafficDirection: 'INBOUND',
    continueOnListenerFiltersTimeout: true,
    listenerFiltersTimeout: '0s',
    listenerFilters: some([
      ...bindings.listenerFilters,
      ...inspectors(filterChains, bindings.inbound === 'redirected'),
    ]),
    filterChains,
    maxConnectionsToAcceptPerSocketEvent: 1,
  })
}

/** TLS and HTTP are looked for on those ports whose chains ask: populateListenerFilters. */
function inspectors(chains: readonly Json[], byPort: boolean): readonly Json[] {
  const asks = new Map<number, { tls: boolean; http: boolean }>()
  for (const { filterChainMatch } of chains) {
    const match = filterChainMatch as Json
    const port = typeof match.destinationPort === 'number' ? match.destinationPort : 0
    const known = asks.get(port) ?? { tls: false, http: false }
    const protocols = (match.applicationProtocols ?? []) as readonly string[]
    asks.set(port, {
      tls: known.tls || match.transportProtocol === 'tls',
      http: known.http || protocols.includes('http/1.1') || protocols.includes('h2c'),
    })
  }
  const without = (what: 'tls' | 'http') => {
    if (!byPort) return undefined
    const ports = [...asks].filter(([port, each]) => port !== 0 && !each[what]).map(([port]) => port)
    const rules = ports
      .sort((a, b) => a - b)
      .map((port) => ({ destinationPortRange: { start: port, end: port + 1 } }))
    return rules.length > 1 ? { orMatch: { rules } } : rules[0]
  }
  const inspector = (what: 'tls' | 'http', type: string, message: Json) => {
    if (![...asks.values()].some((each) => each[what])) return []
    const name = `envoy.filters.listener.${what}_inspector`
    const filterDisabled = without(what)
    return [{ ...extension(name, type, message), ...(filterDisabled && { filterDisabled }) }]
  }
  return [
    ...inspector('tls', 'extensions.filters.listener.tls_inspector.v3.TlsInspector', {
      initialReadBufferSize: 512,
    }),
    ...inspector('http', 'extensions.filters.listener.http_inspector.v3.HttpInspector', {}),
  ]
}

function chainSets(blueprint: Blueprint, options: GatewayOptions): readonly ChainSet[] {
  const { ports, modes } = inboundBlueprintOf(blueprint.mesh, blueprint.proxy)
  const undeclared = [...modes.ports.keys()].filter((port) => !ports.has(port)).sort((a, b) => a - b)
  const passing = (port: number | undefined): ChainSet => ({
    ...(port !== undefined && { port }),
    chains: chainsOf(blueprint, { port, protocol: 'auto', mode: modeOf(modes, port ?? -1) }, options),
  })
  return [
    passing(undefined),
    ...undeclared.map(passing),
    ...[...ports.values()]
      .sort((a, b) => a.port - b.port)
      .map((declared) => ({
        port: declared.port,
        chains: chainsOf(
          blueprint,
          { port: declared.port, protocol: declared.protocol, mode: modeOf(modes, declared.port), declared },
          options,
        ),
      })),
  ]
}

interface PortPlan {
  readonly port: number | undefined
  readonly protocol: PortProtocol
  readonly mode: ReturnType<typeof modeOf>
  readonly declared?: InboundPort
}

function chainsOf(blueprint: Blueprint, plan: PortPlan, options: GatewayOptions): readonly Json[] {
  const { mesh: identity } = options.tls
  const { port, declared } = plan
  return inboundMatches(plan.mode, plan.protocol).flatMap(({ http, tls, match }) => {
    if (tls && identity === undefined) {
      options.problem({
        severity: 'error',
        message: `port ${port ?? 'any'} takes mutual TLS, and no certificate of the mesh is given`,
      })
      return []
    }
    const cluster = clusterOf(plan, options)
    const passing = http ? 'virtualInbound-catchall-http' : 'virtualInbound'
    const name = declared === undefined ? passing : `0.0.0.0_${port}`
    const filters = http
      ? [manager(blueprint, plan, cluster, tls, options)]
      : [...connectionPolicyFilters(blueprint, options), tcpProxy(cluster)]
    return [
      compact({
        name,
        filterChainMatch: { ...match, destinationPort: port },
        filters,
        transportSocket: tls && identity ? sidecarTls(identity, blueprint.domains, !http) : undefined,
      }),
    ]
  })
}

/** Whether the port is declared, and as what. */
function declaredAs({ declared, port }: PortPlan) {
  if (declared === undefined || declared.by.kind !== 'Service') return undefined
  const { ports } = declared.by
  return (
    ports.find(({ targetPort, port: own }) => (targetPort ?? own) === port) ??
    ports.find((each) => typeof each.targetPort === 'string')
  )
}

function http2Of(plan: PortPlan): boolean {
  const entry = declaredAs(plan)
  return entry !== undefined && isHttp2({ number: entry.port, ...entry })
}

function clusterOf(plan: PortPlan, { clusters }: GatewayOptions): string {
  if (plan.declared === undefined || plan.port === undefined) {
    return clusters.inbound('InboundPassthroughCluster', 0, 'as-received')
  }
  const http2 = plan.protocol === 'auto' ? 'as-received' : http2Of(plan)
  return clusters.inbound(`inbound|${plan.port}||`, plan.port, http2)
}

function manager(
  blueprint: Blueprint,
  plan: PortPlan,
  cluster: string,
  tls: boolean,
  options: GatewayOptions,
): Json {
  const place: ChainPlace = { listener: 'virtualInbound', port: plan.port ?? 0, serverNames: [], tls }
  const entry = declaredAs(plan)
  const grpc = entry !== undefined && /^grpc/i.test(entry.appProtocol ?? entry.name)
  const name = plan.declared === undefined ? 'InboundPassthroughCluster' : `inbound|${plan.port}||`
  const hcm = httpConnectionManager({
    kind: 'sidecar',
    head: { ...blueprint.head, underscores: 'allow', trustedHops: 0 },
    meshConfig: blueprint.mesh.meshConfig,
    statPrefix: plan.declared === undefined ? `${name};` : `inbound_0.0.0.0_${plan.port};`,
    http2: http2Of(plan),
    routeConfig: {
      name,
      validateClusters: false,
      virtualHosts: [
        {
          name: `inbound|http|${entry?.port ?? plan.port ?? 0}`,
          domains: ['*'],
          routes: [inboundRoute(cluster, !grpc)],
        },
      ],
    },
    filters: patchFilters(
      blueprint,
      place,
      [...policyFilters(blueprint, options), ...closingFilters],
      options.clusters,
    ),
  })
  return patchManager(blueprint, place, hcm)
}

function inboundRoute(cluster: string, retries: boolean): Json {
  return compact({
    name: 'default',
    match: { prefix: '/' },
    route: {
      cluster,
      timeout: '0s',
      maxStreamDuration: { maxStreamDuration: '0s', grpcTimeoutHeaderMax: '0s' },
      retryPolicy: retries ? { retryOn: 'reset-before-request', numRetries: 2 } : undefined,
    },
  })
}
