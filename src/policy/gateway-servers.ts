/**
 * All servers of all Gateways that select one proxy, merged into the listeners that proxy opens.
 * Agrees with Istio `pilot/pkg/model/gateway.go`, mergeGateways; names follow it.
 */
import type { Labels, Server } from '../mesh/index.ts'
import { serverHosts } from './hostname.ts'
import { isHttpServer, isPlainHttp, isTlsServer, passesThrough, protocolOf } from './protocol.ts'

/** A Gateway as it is merged; Gateway API's are turned into this first. */
export interface GatewayConfig {
  /** `namespace/name`. */
  readonly key: string
  readonly namespace: string
  readonly name: string
  readonly object: { readonly kind: string; readonly namespace: string; readonly name: string }
  readonly createdAt?: number
  readonly selector?: Labels
  readonly servers: readonly Server[]
  /** Gateway API: the Services, in the Gateway's namespace, whose pods serve it. */
  readonly services?: readonly string[]
  readonly managed?: boolean
  /** Where the Gateway (not the listener's own object) lives. */
  readonly parentNamespace?: string
}

/** A port of a Service that selects the proxy's pod. */
export interface ServiceTarget {
  readonly host: string
  readonly namespace: string
  readonly labels: Labels
  readonly port: number
  readonly targetPort: number
}

export interface SelectedGateway {
  readonly gateway: GatewayConfig
  /** Ports no Service knows are bound as they are; only by selectors. */
  readonly bySelector: boolean
  readonly targets: readonly ServiceTarget[]
}

export interface MergedServer {
  readonly gateway: GatewayConfig
  readonly server: Server
  /** Hosts as `host` or `namespace/host`. */
  readonly hosts: readonly string[]
  /** Name of its route table; empty for TCP. */
  readonly routeName: string
  /** Of a TLS server. */
  readonly sniHosts?: readonly string[]
}

/** Servers that share a port, protocol and address. */
export interface ServerPort {
  readonly port: number
  readonly protocol: string
  readonly bind: string
  readonly routeName: string
  readonly servers: MergedServer[]
}

export interface SkippedServer {
  readonly gateway: GatewayConfig
  readonly server: Server
  readonly reason: 'duplicate-tls-host' | 'port-conflict' | 'duplicate-port-name' | 'no-route-name'
}

export interface MergedGateway {
  readonly ports: readonly ServerPort[]
  /** Route table name → its servers. */
  readonly tables: ReadonlyMap<string, readonly MergedServer[]>
  readonly skipped: readonly SkippedServer[]
}

export function mergeGateways(gateways: readonly SelectedGateway[]): MergedGateway {
  const ports: ServerPort[] = []
  const tables = new Map<string, MergedServer[]>()
  const skipped: SkippedServer[] = []
  const taken = new Set<number>()
  /** Port → the plain-text server that was first on it. */
  const plain = new Map<number, ServerPort>()
  const encryptedBinds = new Map<number, Set<string>>()
  const tlsHosts = new Map<number, Map<string, string>>()

  const find = (port: number, protocol: string, bind: string) =>
    ports.find((entry) => entry.port === port && entry.protocol === protocol && entry.bind === bind)
  const open = (port: number, merged: MergedServer, protocol: string, bind: string): ServerPort => {
    const entry: ServerPort = { port, protocol, bind, routeName: merged.routeName, servers: [merged] }
    ports.push(entry)
    return entry
  }
  const appendTo = (entry: ServerPort, merged: MergedServer) => {
    entry.servers.push(merged)
    const table = tables.get(merged.routeName)
    if (table === undefined) tables.set(merged.routeName, [merged])
    else table.push(merged)
  }
  const openPlain = (port: number, merged: MergedServer, protocol: string, bind: string) => {
    const entry = open(port, merged, protocol, bind)
    if (!isTlsServer(merged.server)) plain.set(port, entry)
    if (isHttpServer(merged.server)) tables.set(merged.routeName, [merged])
  }

  const add = (gateway: GatewayConfig, server: Server, port: number) => {
    const skip = (reason: SkippedServer['reason']) => void skipped.push({ gateway, server, reason })
    const hosts = serverHosts(
      server.hosts.map((host) => host.value),
      gateway.namespace,
    )
    const bind = server.bind ?? ''
    const protocol = protocolOf(server)
    const routeName = routeTableName(gateway, server, port)
    if (server.tls !== undefined && !claimHosts(tlsHosts, port, hosts, bind))
      return skip('duplicate-tls-host')
    const sniHosts =
      server.tls === undefined
        ? undefined
        : [...new Set(hosts.map((host) => host.slice(host.indexOf('/') + 1)))]
    const merged: MergedServer = { gateway, server, hosts, routeName, sniHosts }
    if (!taken.has(port)) {
      taken.add(port)
      return openPlain(port, merged, protocol, bind)
    }
    const current = plain.get(port)
    if (current !== undefined) {
      const sameBind = current.bind === bind
      const mergeable =
        (isPlainHttp(protocol) || protocol === current.protocol) && isPlainHttp(current.protocol)
      if (sameBind && !mergeable) return skip('port-conflict')
      if (sameBind && routeName === '') return skip('no-route-name')
      if (sameBind) return appendTo(current, merged)
      const other = find(port, protocol, bind)
      return other === undefined ? openPlain(port, merged, protocol, bind) : appendTo(other, merged)
    }
    if (!isTlsServer(server)) {
      plain.set(port, open(port, merged, protocol, bind))
      if (isHttpServer(server)) tables.set(routeName, [merged])
      return
    }
    if (isHttpServer(server)) {
      if (routeName === '') return skip('no-route-name')
      if (tables.has(routeName)) return skip('duplicate-port-name')
      tables.set(routeName, [merged])
    }
    const binds = encryptedBinds.get(port) ?? new Set()
    encryptedBinds.set(port, binds.add(bind))
    const other = find(port, protocol, bind)
    if (other === undefined) open(port, merged, protocol, bind)
    else other.servers.push(merged)
  }

  for (const { gateway, bySelector, targets } of gateways) {
    for (const server of gateway.servers) {
      for (const port of resolvePorts(server.port.number, targets, bySelector)) add(gateway, server, port)
    }
  }
  return { ports, tables, skipped }
}

/** Marks the hosts as served on that port; false when one already is, at the same address. */
export function claimHosts(
  known: Map<number, Map<string, string>>,
  port: number,
  hosts: readonly string[],
  bind: string,
): boolean {
  const onPort = known.get(port) ?? new Map<string, string>()
  known.set(port, onPort)
  if (hosts.some((host) => onPort.get(host) === bind)) return false
  for (const host of hosts) onPort.set(host, bind)
  return true
}

/** `gatewayRDSRouteName`. */
function routeTableName(gateway: GatewayConfig, server: Server, port: number): string {
  const protocol = protocolOf(server)
  const bind = server.bind ? `.${server.bind}` : ''
  if (isPlainHttp(protocol)) return `http.${port}${bind}`
  if (protocol === 'HTTPS' && !passesThrough(server)) {
    return `https.${server.port.number}.${server.port.name}.${gateway.name}.${gateway.namespace}${bind}`
  }
  return ''
}

/** On a Service that opted out, Gateways name target ports; Knative's local gateway does. */
const untranslated = 'experimental.istio.io/disable-gateway-port-translation'

/** The ports a pod listens on for a server: `resolvePorts`. */
export function resolvePorts(
  port: number,
  targets: readonly ServiceTarget[],
  bySelector: boolean,
): readonly number[] {
  const found = new Set<number>()
  for (const target of targets) {
    if (bySelector && Object.hasOwn(target.labels, untranslated)) continue
    if (target.port !== port) continue
    if (bySelector) return [target.targetPort]
    found.add(target.targetPort)
  }
  return found.size === 0 && bySelector ? [port] : [...found]
}
