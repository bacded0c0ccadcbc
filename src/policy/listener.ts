/** Which of a proxy's listeners and filter chains takes a connection. */
import type { Mesh } from '../mesh/index.ts'
import type { BoundService } from './bound-route.ts'
import type { DoorRequest } from './decision.ts'
import { type ResolveTarget, targetResolver } from './destinations.ts'
import { selectGateways, serviceTargets } from './gateway-selection.ts'
import {
  type GatewayConfig,
  type MergedServer,
  mergeGateways,
  type SkippedServer,
} from './gateway-servers.ts'
import { type BytesTo, passthroughChains, tcpTarget } from './l4-route.ts'
import { isPlainHttp, passesThrough, terminatesHttps, tlsMode } from './protocol.ts'
import type { Registry } from './registry.ts'
import type { Target } from './route.ts'
import { compileTable, type RouteTable, type TableContext } from './route-table.ts'
import type { ProxyIdentity } from './seam.ts'
import { lowerCase } from './value-pattern.ts'

/** One filter chain: what it takes, and what it does with it. */
export interface Chain {
  /** The server (of several plain HTTP ones the first). */
  readonly server: MergedServer
  /** SNI names it takes; undefined = any, and connections without. */
  readonly serverNames?: readonly string[]
  /** TLS ends here. */
  readonly tls: boolean
  /** HTTP by a route table, else bytes to one place. */
  readonly table?: () => RouteTable
  readonly target?: Target
  /** The route that names `target`. */
  readonly by?: Pick<BytesTo, 'object' | 'rule'>
}

export interface Listener {
  readonly port: number
  /** Empty = every address. */
  readonly bind: string
  readonly chains: readonly Chain[]
}

export interface GatewayProxy {
  readonly listeners: readonly Listener[]
  readonly skipped: readonly SkippedServer[]
}

/** Parts of a mesh all its gateways share. */
export interface GatewayWorld {
  readonly mesh: Mesh
  readonly registry: Registry
  readonly gateways: readonly GatewayConfig[]
  readonly services: readonly BoundService[]
}

export function compileGatewayProxy(world: GatewayWorld, proxy: ProxyIdentity): GatewayProxy {
  const { mesh, registry } = world
  const targets = serviceTargets(mesh, proxy.namespace, proxy.labels)
  const merged = mergeGateways(selectGateways(world.gateways, proxy.labels, targets))
  const resolve = targetResolver(mesh, registry, proxy.namespace)
  const context: TableContext = { mesh, proxy, resolve, servicesOf: servicesByGateway(world, proxy) }
  const tables = new Map<string, RouteTable>()
  const tableFor = (name: string) => () => {
    const known = tables.get(name)
    if (known !== undefined) return known
    const table = compileTable(merged.tables.get(name) ?? [], context)
    tables.set(name, table)
    return table
  }
  const listeners = new Map<string, { port: number; bind: string; chains: Chain[] }>()
  for (const entry of merged.ports) {
    const key = `${entry.bind}_${entry.port}`
    const listener = listeners.get(key) ?? { port: entry.port, bind: entry.bind, chains: [] }
    listeners.set(key, listener)
    const [first] = entry.servers
    if (first !== undefined && isPlainHttp(entry.protocol)) {
      listener.chains.push({ server: first, tls: false, table: tableFor(entry.routeName) })
      continue
    }
    for (const server of entry.servers) listener.chains.push(...chainsOf(server, context, resolve, tableFor))
  }
  return {
    listeners: [...listeners.values()].filter((listener) => listener.chains.length > 0),
    skipped: merged.skipped,
  }
}

function chainsOf(
  merged: MergedServer,
  context: TableContext,
  resolve: ResolveTarget,
  tableFor: (name: string) => () => RouteTable,
): readonly Chain[] {
  const { server } = merged
  const serverNames = namesOf(merged.sniHosts)
  if (terminatesHttps(server)) {
    return [{ server: merged, serverNames, tls: true, table: tableFor(merged.routeName) }]
  }
  const services = context.servicesOf(merged.gateway.key)
  if (server.tls !== undefined && passesThrough(server)) {
    if (tlsMode(server) === 'AUTO_PASSTHROUGH') return []
    return passthroughChains(merged, services, resolve).map(({ names, target, ...by }) => ({
      server: merged,
      serverNames: namesOf(names),
      tls: false,
      target,
      by,
    }))
  }
  const found = tcpTarget(merged, services, resolve)
  if (found === undefined) return []
  const { target, ...by } = found
  return [{ server: merged, serverNames, tls: server.tls !== undefined, target, by }]
}

/** A `*` among the names means any. */
function namesOf(hosts: readonly string[] | undefined): readonly string[] | undefined {
  return hosts === undefined || hosts.length === 0 || hosts.includes('*') ? undefined : hosts
}

/**
 * VirtualServices as a gateway gets them: first those private to its namespace, then those exported
 * to it, then public ones (`VirtualServicesForGateway`).
 */
function servicesByGateway(world: GatewayWorld, proxy: ProxyIdentity) {
  const byGateway = new Map<string, BoundService[]>()
  const { namespace } = proxy
  const rank = (service: BoundService) => {
    if (service.exportTo === undefined) {
      return service.semantics === 'gateway' && service.namespace === namespace ? 2 : 3
    }
    return service.namespace === namespace ? 0 : 1
  }
  const seen = world.services.filter(
    (service) => service.exportTo === undefined || service.exportTo.includes(namespace),
  )
  for (const service of seen.map((entry) => [rank(entry), entry] as const).sort((a, b) => a[0] - b[0])) {
    for (const gateway of new Set(service[1].gateways)) {
      const list = byGateway.get(gateway)
      if (list === undefined) byGateway.set(gateway, [service[1]])
      else list.push(service[1])
    }
  }
  return (gateway: string): readonly BoundService[] => byGateway.get(gateway) ?? []
}

/** Where a connection ends. */
export type Accepted =
  | { readonly kind: 'chain'; readonly listener: Listener; readonly chain: Chain }
  | {
      readonly kind: 'drop'
      readonly error: 'connect: refused' | 'tls handshake failed' | 'connection closed without response'
      readonly reason: string
    }

type Connection = Pick<DoorRequest, 'port' | 'scheme' | 'sni'>

/** Of several addresses on one port, the one that stands for all. */
function listenerFor(proxy: GatewayProxy, connection: Connection): Listener | undefined {
  let first: Listener | undefined
  for (const listener of proxy.listeners) {
    if (listener.port !== connection.port) continue
    if (listener.bind === '' || listener.bind === '0.0.0.0') return listener
    first ??= listener
  }
  return first
}

/** The chain a connection ends at, whether or not it speaks what the chain wants. */
export function chainFor(proxy: GatewayProxy, connection: Connection): Chain | undefined {
  const listener = listenerFor(proxy, connection)
  return listener && findChain(listener.chains, connection.scheme === 'https' ? (connection.sni ?? '') : '')
}

export function accept(proxy: GatewayProxy, request: DoorRequest): Accepted {
  const listener = listenerFor(proxy, request)
  if (listener === undefined) return { kind: 'drop', error: 'connect: refused', reason: 'no-listener' }
  const encrypted = request.scheme === 'https'
  const chain = findChain(listener.chains, encrypted ? (request.sni ?? '') : '')
  const failed = encrypted ? 'tls handshake failed' : 'connection closed without response'
  if (chain === undefined) return { kind: 'drop', error: failed, reason: 'no-filter-chain' }
  if (chain.target !== undefined && !chain.tls) return { kind: 'chain', listener, chain }
  if (encrypted !== chain.tls) {
    return { kind: 'drop', error: failed, reason: encrypted ? 'listener-is-plaintext' : 'listener-is-tls' }
  }
  if (encrypted) {
    const refusal = refusesPeer(chain, request)
    if (refusal !== undefined) return { kind: 'drop', error: 'tls handshake failed', reason: refusal }
  }
  return { kind: 'chain', listener, chain }
}

/** Exact name, then the longest `*.` ending, then the chain that takes any. */
function findChain(chains: readonly Chain[], sni: string): Chain | undefined {
  const name = lowerCase(sni)
  if (name !== '') {
    // Envoy keeps `*.a` as `.a`, so that very name is exact too (filter_chain_manager_impl.cc).
    const own = name.startsWith('.') ? `*${name}` : name
    const exact = chains.find((chain) => chain.serverNames?.includes(own))
    if (exact !== undefined) return exact
    for (let dot = name.indexOf('.', 1); dot !== -1; dot = name.indexOf('.', dot + 1)) {
      const pattern = `*${name.slice(dot)}`
      const wild = chains.find((chain) => chain.serverNames?.includes(pattern))
      if (wild !== undefined) return wild
    }
  }
  return chains.find((chain) => chain.serverNames === undefined)
}

/** Why the TLS handshake with this client fails; undefined = it does not. */
function refusesPeer(chain: Chain, request: DoorRequest): string | undefined {
  const mode = tlsMode(chain.server.server)
  if (!asksForPeer(chain)) return undefined
  const { peer } = request
  // Optional means that it may be missing, not that it may be anybody's.
  if (peer === undefined) return mode === 'OPTIONAL_MUTUAL' ? undefined : 'client-certificate-missing'
  if (!peer.trusted) return 'client-certificate-untrusted'
  return namesAccepted(chain, request) ? undefined : 'client-certificate-name'
}

/** With SIMPLE a client is never asked for its certificate, so whatever it has is not shown. */
export function asksForPeer(chain: Chain): boolean {
  return chain.tls && tlsMode(chain.server.server) !== 'SIMPLE'
}

/** `subjectAltNames`: one of them has to be in the certificate. */
function namesAccepted(chain: Chain, request: DoorRequest): boolean {
  const wanted = chain.server.server.tls?.subjectAltNames ?? []
  const { peer } = request
  if (wanted.length === 0 || peer === undefined) return true
  return [...peer.uris, ...peer.dnsNames].some((name) => wanted.includes(name))
}
