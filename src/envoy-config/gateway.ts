/** A gateway's listeners: Istio's pilot/pkg/networking/core/gateway.go. */
import type { Blueprint, Chain, GatewayProxy, Listener } from '../policy/index.ts'
import { authorizationFilters, customFilters } from './authorization-filters.ts'
import type { Clusters } from './clusters.ts'
import { type ChainPlace, patchFilters, patchManager } from './filter-patches.ts'
import { closingFilters, httpConnectionManager } from './http-connection-manager.ts'
import { compact, extension, type Json, some } from './json.ts'
import { jwtFilter } from './jwt-filter.ts'
import type { Bindings } from './listen.ts'
import type { Problem } from './problem.ts'
import { patchRoutes } from './route-patches.ts'
import { routeTable } from './route-table.ts'
import { gatewayTls, type TlsMaterial } from './tls-context.ts'

export interface GatewayOptions {
  readonly clusters: Clusters
  readonly bindings: Bindings
  readonly tls: TlsMaterial
  readonly problem: (problem: Problem) => void
}

const tlsInspector = extension(
  'envoy.filters.listener.tls_inspector',
  'extensions.filters.listener.tls_inspector.v3.TlsInspector',
  { initialReadBufferSize: 512 },
)

export function gatewayListeners(
  blueprint: Blueprint,
  proxy: GatewayProxy,
  options: GatewayOptions,
): readonly Json[] {
  for (const { port, clash, chains } of proxy.refused) {
    if (options.bindings.of(port, '') === undefined) continue
    options.problem({
      severity: 'note',
      at: chains[0]?.server.server.at,
      message: `port ${port} is left out: two filter chains take \`${clash}\`, and Envoy refuses such a listener`,
    })
  }
  return proxy.listeners
    .map((listener) => gatewayListener(blueprint, listener, options))
    .filter((listener) => listener !== undefined)
}

function gatewayListener(
  blueprint: Blueprint,
  listener: Listener,
  options: GatewayOptions,
): Json | undefined {
  const { bindings } = options
  const bound = bindings.of(listener.port, listener.bind)
  if (bound === undefined) return undefined
  const name = `${listener.bind === '' ? '0.0.0.0' : listener.bind}_${listener.port}`
  const filterChains = listener.chains
    .map((chain) => chainOf(blueprint, chain, listener, name, options))
    .filter((chain) => chain !== undefined)
  if (filterChains.length === 0) return undefined
  const reads = listener.chains.some((chain) => chain.tls || chain.serverNames !== undefined)
  return compact({
    name: bindings.name(name),
    address: { socketAddress: { address: bound.address, portValue: bound.port } },
    trafficDirection: 'OUTBOUND',
    listenerFilters: some([...bindings.listenerFilters, ...(reads ? [tlsInspector] : [])]),
    filterChains,
    maxConnectionsToAcceptPerSocketEvent: 1,
  })
}

function chainOf(
  blueprint: Blueprint,
  chain: Chain,
  listener: Listener,
  name: string,
  options: GatewayOptions,
): Json | undefined {
  const { server } = chain.server
  const transportSocket =
    chain.tls && server.tls !== undefined
      ? gatewayTls(
          server.tls,
          server.tls.mode?.value ?? 'PASSTHROUGH',
          options.tls,
          blueprint.proxy.namespace,
          chain.table === undefined,
        )
      : undefined
  if (typeof transportSocket === 'string') {
    options.problem({
      severity: 'error',
      at: server.tls?.at ?? server.at,
      message: `${chain.server.gateway.object.kind} ${chain.server.gateway.key}: ${transportSocket}`,
    })
    return undefined
  }
  const place: ChainPlace = {
    listener: name,
    port: listener.port,
    serverNames: chain.serverNames ?? [],
    tls: chain.tls,
  }
  return compact({
    filterChainMatch: chain.serverNames && { serverNames: chain.serverNames },
    filters:
      chain.table === undefined
        ? connectionFilters(blueprint, chain, options)
        : [manager(blueprint, chain.table(), place, options)],
    transportSocket,
    transportSocketConnectTimeout: '15s',
  })
}

function manager(
  blueprint: Blueprint,
  table: ReturnType<NonNullable<Chain['table']>>,
  place: ChainPlace,
  options: GatewayOptions,
): Json {
  const { clusters } = options
  const config = routeTable(table, { meshConfig: blueprint.mesh.meshConfig, clusterOf: clusters.route })
  const chain = [...policyFilters(blueprint, options), ...closingFilters]
  const filters = patchFilters(blueprint, place, chain, clusters)
  const hcm = httpConnectionManager({
    kind: 'gateway',
    head: blueprint.head,
    meshConfig: blueprint.mesh.meshConfig,
    statPrefix: `outbound_${place.listener};`,
    routeConfig: patchRoutes(blueprint, table, config),
    filters,
  })
  return patchManager(blueprint, place, hcm)
}

/** CUSTOM, JWT, AUDIT, DENY, ALLOW. */
export function policyFilters(
  blueprint: Blueprint,
  { clusters, bindings }: Pick<GatewayOptions, 'clusters' | 'bindings'>,
): readonly Json[] {
  const context = { domains: blueprint.domains, tcp: false, port: bindings.seenPort }
  const jwt = jwtFilter(blueprint)
  return [
    ...customFilters(blueprint, { ...context, clusterOf: clusters.provider }),
    ...(jwt === undefined ? [] : [jwt]),
    ...authorizationFilters(blueprint, context),
  ]
}

/** What a connection passes whose bytes are not read. */
export function connectionPolicyFilters(
  blueprint: Blueprint,
  { clusters, bindings }: Pick<GatewayOptions, 'clusters' | 'bindings'>,
): readonly Json[] {
  const context = { domains: blueprint.domains, tcp: true, port: bindings.seenPort }
  return [
    ...customFilters(blueprint, { ...context, clusterOf: clusters.provider }, 'network'),
    ...authorizationFilters(blueprint, context, 'network'),
  ]
}

export function tcpProxy(cluster: string): Json {
  return extension('envoy.filters.network.tcp_proxy', 'extensions.filters.network.tcp_proxy.v3.TcpProxy', {
    cluster,
    statPrefix: cluster,
  })
}

function connectionFilters(blueprint: Blueprint, chain: Chain, options: GatewayOptions): readonly Json[] {
  if (chain.target === undefined) throw new Error('a chain has a route table or a target')
  return [...connectionPolicyFilters(blueprint, options), tcpProxy(options.clusters.route(chain.target))]
}
