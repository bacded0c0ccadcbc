/** Virtual hosts and their routes: Istio `core/gateway.go`, buildGatewayHTTPRouteConfig. */
import type { Mesh } from '../mesh/index.ts'
import type { Attributes, Claims } from './attributes.ts'
import type { BoundService } from './bound-route.ts'
import { compileRoutes } from './compile-route.ts'
import type { ResolveTarget } from './destinations.ts'
import type { MergedServer } from './gateway-servers.ts'
import { hostsForNamespace, intersection } from './hostname.ts'
import type { Route } from './route.ts'
import { routesFor } from './route-index.ts'
import { isCatchAll, matchesRoute } from './route-match.ts'
import type { ChosenRoute, ProxyIdentity } from './seam.ts'
import { lowerCase } from './value-pattern.ts'

export interface VirtualHost {
  /** istiod's name of it: `host:port`, of the most specific host that has these very routes. */
  readonly name: string
  /** Lower case, with `*` in front where it is one. */
  readonly domain: string
  /** Every host that has these routes. */
  readonly domains: readonly string[]
  /** The server that sends plain requests to https, whatever the routes say. */
  readonly toHttps?: MergedServer
  readonly routes: readonly Route[]
}

export interface RouteTable {
  /** Its servers; all of one port, or one HTTPS server. */
  readonly servers: readonly MergedServer[]
  readonly hosts: ReadonlyMap<string, VirtualHost>
  /** Endings of wildcard domains, longest first. */
  readonly suffixes: readonly (readonly [suffix: string, host: VirtualHost])[]
  readonly any?: VirtualHost
}

export interface TableContext {
  readonly mesh: Mesh
  readonly proxy: ProxyIdentity
  readonly resolve: ResolveTarget
  /** VirtualServices the proxy may use, by the gateway they name. */
  readonly servicesOf: (gateway: string) => readonly BoundService[]
}

interface Draft {
  readonly port: number
  toHttps: MergedServer | undefined
  readonly routes: Route[]
}

export function compileTable(servers: readonly MergedServer[], context: TableContext): RouteTable {
  const drafts = new Map<string, Draft>()
  /** Routes are built once per gateway, with the port of its first server here. */
  const built = new Map<string, readonly Route[]>()
  for (const merged of servers) {
    const { gateway, server, hosts } = merged
    const toHttps = server.tls?.httpsRedirect ? merged : undefined
    for (const service of context.servicesOf(gateway.key)) {
      const common = intersection(hostsForNamespace(hosts, service.namespace), service.hosts)
      if (common.length === 0) continue
      const key = `${gateway.key} ${service.object.kind} ${service.namespace}/${service.name}`
      let routes = built.get(key)
      if (routes === undefined) {
        routes = compileRoutes(service, {
          meshConfig: context.mesh.meshConfig,
          resolve: context.resolve,
          gateway: gateway.key,
          port: server.port.number,
          tls: server.tls !== undefined,
          labels: context.proxy.labels,
          namespace: context.proxy.namespace,
        })
        if (routes.length > 0) built.set(key, routes)
      }
      if (routes.length === 0) continue
      for (const name of common) {
        const domain = lowerCase(name)
        const draft = drafts.get(domain)
        if (draft === undefined)
          drafts.set(domain, { port: server.port.number, toHttps, routes: [...routes] })
        else {
          draft.routes.push(...routes)
          draft.toHttps ??= toHttps
        }
      }
    }
    if (toHttps === undefined) continue
    for (const name of hosts) {
      const domain = lowerCase(name)
      const draft = drafts.get(domain)
      if (draft === undefined) drafts.set(domain, { port: server.port.number, toHttps, routes: [] })
      else draft.toHttps ??= toHttps
    }
  }
  return tableOf(servers, drafts)
}

function tableOf(servers: readonly MergedServer[], drafts: ReadonlyMap<string, Draft>): RouteTable {
  const hosts = new Map<string, VirtualHost>()
  const suffixes: (readonly [string, VirtualHost])[] = []
  let any: VirtualHost | undefined
  const merged: { readonly name: string; readonly draft: Draft; readonly domains: string[] }[] = []
  for (const domain of [...drafts.keys()].sort(moreSpecific)) {
    const draft = drafts.get(domain) as Draft
    const routes = [...draft.routes.filter((route) => !isCatchAll(route)), ...draft.routes.filter(isCatchAll)]
    // Of hosts with the very same routes istiod makes one virtual host (collapseDuplicateRoutes).
    let whole = merged.find((entry) => sameRoutes(entry.draft, draft))
    if (whole === undefined) {
      whole = { name: `${domain}:${draft.port}`, draft, domains: [] }
      merged.push(whole)
    }
    whole.domains.push(domain)
    const { name, domains } = whole
    const host: VirtualHost = { name, domain, domains, toHttps: draft.toHttps, routes }
    if (domain === '*') any = host
    else if (domain.startsWith('*')) suffixes.push([domain.slice(1), host])
    else hosts.set(domain, host)
  }
  suffixes.sort((a, b) => b[0].length - a[0].length)
  return { servers, hosts, suffixes, any }
}

function sameRoutes(a: Draft, b: Draft): boolean {
  return (
    (a.toHttps === undefined) === (b.toHttps === undefined) &&
    a.routes.length === b.routes.length &&
    a.routes.every((route, at) => route === b.routes[at])
  )
}

/** Wildcards last, longer names first: `pkg/config/host`, MoreSpecific. */
function moreSpecific(a: string, b: string): number {
  const wild = Number(a.startsWith('*')) - Number(b.startsWith('*'))
  if (wild !== 0) return wild
  return b.length - a.length || (a < b ? -1 : a > b ? 1 : 0)
}

/**
 * The virtual host for a Host header: the port does not count, nor does case; exact before the
 * longest ending before `*`. Only its routes are tried.
 */
export function findHost(table: RouteTable, authority: string): VirtualHost | undefined {
  const host = lowerCase(withoutPort(authority))
  const exact = table.hosts.get(host)
  if (exact !== undefined) return exact
  for (const [suffix, found] of table.suffixes) {
    if (host.length > suffix.length && host.endsWith(suffix)) return found
  }
  return table.any
}

/** `HeaderUtility::getPortStart`: whatever follows the last colon outside brackets. */
function withoutPort(authority: string): string {
  const colon = authority.lastIndexOf(':')
  return colon === -1 || authority.lastIndexOf(']') > colon ? authority : authority.slice(0, colon)
}

/** What a request meets in a route table. */
export type Found =
  | { readonly kind: 'route'; readonly host: VirtualHost; readonly route: Route }
  | { readonly kind: 'to-https'; readonly host: VirtualHost; readonly by: MergedServer }
  | { readonly kind: 'none'; readonly host?: VirtualHost }

export function findRoute(
  table: RouteTable,
  attributes: Attributes,
  forwardedProto: string,
  claims: Claims | undefined,
): Found {
  const host = findHost(table, attributes.source.host)
  if (host === undefined) return noHost
  const by = host.toHttps
  // `OPTIONS *` has no path to go to.
  const pathless = !attributes.source.path.startsWith('/')
  if (by !== undefined && forwardedProto !== 'https' && !pathless) return { kind: 'to-https', host, by }
  for (const route of routesFor(host.routes, attributes.path)) {
    if (matchesRoute(route, attributes, claims)) return { kind: 'route', host, route }
  }
  return { kind: 'none', host }
}

const noHost: Found = { kind: 'none' }

/** What was found, by the names EnvoyFilters use. */
export function chosenRoute(table: RouteTable, found: Found): ChosenRoute | undefined {
  const [first] = table.servers
  if (found.kind !== 'route' || first === undefined) return undefined
  const { route, host } = found
  const https = first.routeName.startsWith('https.')
  const actions = {
    forward: 'ROUTE',
    redirect: 'REDIRECT',
    direct: 'DIRECT_RESPONSE',
    none: 'ROUTE',
  } as const
  return {
    configuration: first.routeName,
    ...(https && { portName: first.server.port.name, gateway: first.gateway.key }),
    ports: [...new Set(table.servers.map(({ server }) => server.port.number))],
    vhost: host.name,
    domains: host.domains,
    ...(route.name && { name: route.name }),
    action: actions[route.action.kind],
  }
}
