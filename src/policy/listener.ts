/** The listeners a gateway opens, and their filter chains. */
import type { Mesh } from '../mesh/index.ts'
import type { BoundService } from './bound-route.ts'
import { clashingName } from './clashing-chains.ts'
import { type ResolveTarget, targetResolver } from './destinations.ts'
import { selectGateways, serviceTargets } from './gateway-selection.ts'
import {
  claimHosts,
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

/** What Envoy does not take; nothing listens at its port. */
export interface RefusedListener extends Listener {
  readonly clash: string
}

export interface GatewayProxy {
  readonly listeners: readonly Listener[]
  readonly refused: readonly RefusedListener[]
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
  /** Names of passthrough, which are compared among themselves only. */
  const passed = new Map<number, Map<string, string>>()
  const listeners = new Map<string, { port: number; bind: string; chains: Chain[] }>()
  for (const entry of merged.ports) {
    const key = `${entry.bind || '0.0.0.0'}_${entry.port}`
    const listener = listeners.get(key) ?? { port: entry.port, bind: entry.bind, chains: [] }
    listeners.set(key, listener)
    const [first] = entry.servers
    if (first !== undefined && isPlainHttp(entry.protocol)) {
      listener.chains.push({ server: first, tls: false, table: tableFor(entry.routeName) })
      continue
    }
    for (const server of entry.servers) {
      const claim = (names: readonly string[]) =>
        claimHosts(passed, entry.port, names, server.server.bind ?? '')
      listener.chains.push(...chainsOf(server, context, resolve, claim, tableFor))
    }
  }
  const taken: Listener[] = []
  const refused: RefusedListener[] = []
  for (const listener of listeners.values()) {
    const clash = clashingName(listener.chains)
    if (clash !== undefined) refused.push({ ...listener, clash })
    else if (listener.chains.length > 0) taken.push(listener)
  }
  return { listeners: taken, refused, skipped: merged.skipped }
}

function chainsOf(
  merged: MergedServer,
  context: TableContext,
  resolve: ResolveTarget,
  claim: (names: readonly string[]) => boolean,
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
    return passthroughChains(merged, services, resolve, claim).map(({ names, target, ...by }) => ({
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

/** A `*` among the names means any; Envoy reads them in small letters. */
function namesOf(hosts: readonly string[] | undefined): readonly string[] | undefined {
  return hosts === undefined || hosts.length === 0 || hosts.includes('*') ? undefined : hosts.map(lowerCase)
}

/**
 * VirtualServices as a proxy of that namespace gets them: first those private to it, then those exported
 * to it, then public ones (`VirtualServicesForGateway`, SelectVirtualServices).
 */
export function seenFrom(services: readonly BoundService[], namespace: string): readonly BoundService[] {
  const rank = (service: BoundService) => {
    if (service.exportTo === undefined) {
      return service.semantics === 'gateway' && service.namespace === namespace ? 2 : 3
    }
    return service.namespace === namespace ? 0 : 1
  }
  return services
    .filter(({ exportTo }) => exportTo === undefined || exportTo.includes(namespace))
    .sort((a, b) => rank(a) - rank(b))
}

function servicesByGateway(world: GatewayWorld, proxy: ProxyIdentity) {
  const byGateway = new Map<string, BoundService[]>()
  for (const service of seenFrom(world.services, proxy.namespace)) {
    for (const gateway of new Set(service.gateways)) {
      const list = byGateway.get(gateway)
      if (list === undefined) byGateway.set(gateway, [service])
      else list.push(service)
    }
  }
  return (gateway: string): readonly BoundService[] => byGateway.get(gateway) ?? []
}
