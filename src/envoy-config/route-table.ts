import type { RouteTable, VirtualHost } from '../policy/index.ts'
import { compact, type Json } from './json.ts'
import { type RouteOptions, routeOf } from './route-action.ts'

/** `RouteConfiguration`: Istio's core/gateway.go, buildGatewayHTTPRouteConfig. */
export function routeTable(table: RouteTable, options: RouteOptions): Json {
  const [first] = table.servers
  const hosts = new Map(
    [
      ...table.hosts.values(),
      ...table.suffixes.map(([, host]) => host),
      ...(table.any === undefined ? [] : [table.any]),
    ].map((host) => [host.name, host]),
  )
  const nobody: Json = { name: `blackhole:${first?.server.port.number ?? 0}`, domains: ['*'] }
  const virtualHosts = [...hosts.values()].map((host) => virtualHost(host, options))
  const nameOf = ({ name }: Json) => String(name)
  virtualHosts.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  return {
    name: first?.routeName ?? '',
    virtualHosts: virtualHosts.length === 0 ? [nobody] : virtualHosts,
    validateClusters: false,
    ignorePortInHostMatching: true,
    maxDirectResponseBodySizeBytes: 1_048_576,
  }
}

function virtualHost(host: VirtualHost, options: RouteOptions): Json {
  return compact({
    name: host.name,
    domains: host.domains,
    routes: host.routes.map((route) => routeOf(route, options)),
    requireTls: host.toHttps === undefined ? undefined : 'ALL',
    includeRequestAttemptCount: true,
  })
}
