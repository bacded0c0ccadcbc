import type { Destination, HttpMatch, HttpRoute, L4Route, Mesh, VirtualService } from '../mesh/index.ts'
import { byAge } from './attach.ts'
import type { BoundRoute, BoundService, ObjectRef } from './bound-route.ts'
import { mergeDelegate } from './delegate.ts'
import { resolveShortName } from './hostname.ts'

/**
 * Every VirtualService that can be attached, oldest first: short names resolved, delegates taken in.
 * Agrees with Istio `virtualservice.go` (ResolveVirtualServiceShortnames, merging of delegates).
 */
export function bindServices(mesh: Mesh): readonly BoundService[] {
  const delegates = new Map<string, VirtualService>()
  for (const service of mesh.virtualServices) {
    if (service.hosts.length === 0) delegates.set(`${service.namespace}/${service.name}`, service)
  }
  return [...mesh.virtualServices]
    .filter((service) => service.hosts.length > 0)
    .sort(byAge)
    .map((service) => bind(mesh, service, delegates))
}

function bind(
  mesh: Mesh,
  service: VirtualService,
  delegates: ReadonlyMap<string, VirtualService>,
): BoundService {
  const { namespace, name } = service
  return {
    object: objectOf(service),
    namespace,
    name,
    createdAt: service.createdAt,
    hosts: service.hosts.map((host) => resolveShortName(host.value, namespace)),
    gateways: gatewayNames(
      service.gateways?.map((gateway) => gateway.value),
      namespace,
    ),
    exportTo: exportedTo(mesh, service),
    routes: service.http.flatMap((route, index) => routesOf(mesh, service, route, index, delegates)),
    tcp: service.tcp.map((route) => resolveL4(route, namespace)),
    tls: service.tls.map((route) => resolveL4(route, namespace)),
    semantics: 'classic',
  }
}

function objectOf(service: VirtualService): ObjectRef {
  return { kind: 'VirtualService', namespace: service.namespace, name: service.name }
}

function routesOf(
  mesh: Mesh,
  root: VirtualService,
  route: HttpRoute,
  index: number,
  delegates: ReadonlyMap<string, VirtualService>,
): readonly BoundRoute[] {
  const own = resolveRoute(route, root.namespace)
  if (route.delegate === undefined) {
    return [{ route: own, object: objectOf(root), rule: `http[${index}]` }]
  }
  const namespace = route.delegate.namespace || root.namespace
  const delegate = delegates.get(`${namespace}/${route.delegate.name}`)
  if (delegate === undefined) return []
  const seenBy = exportedTo(mesh, delegate)
  if (seenBy !== undefined && !seenBy.includes(root.namespace)) return []
  return delegate.http.flatMap((entry, at) => {
    const merged = mergeDelegate(own, resolveRoute(entry, delegate.namespace))
    return merged === undefined ? [] : [{ route: merged, object: objectOf(delegate), rule: `http[${at}]` }]
  })
}

/** The namespaces that see it, by what it says or the mesh's default; undefined = every namespace. */
export function exportedTo({ meshConfig }: Mesh, service: VirtualService): readonly string[] | undefined {
  const usual = meshConfig.defaultVirtualServiceExportTo ?? ['*']
  const written = service.exportTo !== undefined && service.exportTo.length > 0 ? service.exportTo : usual
  if (written.includes('*')) return undefined
  if (written.includes('~')) return []
  return written.map((entry) => (entry === '.' ? service.namespace : entry))
}

/** Names as `namespace/name`; a VirtualService without gateways belongs to the mesh. */
function gatewayNames(gateways: readonly string[] | undefined, namespace: string): readonly string[] {
  if (gateways === undefined || gateways.length === 0) return ['mesh']
  return gateways.map((gateway) => gatewayName(gateway, namespace))
}

/** `name`, `namespace/name`, or the old `name.namespace.svc.cluster.local` (`config.go`, resolveGatewayName). */
export function gatewayName(gateway: string, namespace: string): string {
  if (gateway === 'mesh' || gateway.includes('/')) {
    return gateway.startsWith('./') ? `${namespace}/${gateway.slice(2)}` : gateway
  }
  if (!gateway.includes('.')) return `${namespace}/${gateway}`
  const [name, owner] = gateway.split('.')
  return `${owner}/${name}`
}

function resolveL4(route: L4Route, namespace: string): L4Route {
  return {
    ...route,
    match: route.match.map((entry) => ({
      ...entry,
      gateways: entry.gateways?.map((gateway) => gatewayName(gateway, namespace)),
    })),
    route: route.route.map((entry) => ({
      ...entry,
      destination: resolveDestination(entry.destination, namespace),
    })),
  }
}

function resolveDestination(destination: Destination, namespace: string): Destination {
  return {
    ...destination,
    host: { ...destination.host, value: resolveShortName(destination.host.value, namespace) },
  }
}

function resolveRoute(route: HttpRoute, namespace: string): HttpRoute {
  const resolve = (destination: Destination) => resolveDestination(destination, namespace)
  const match = (entry: HttpMatch): HttpMatch =>
    entry.gateways === undefined
      ? entry
      : {
          ...entry,
          gateways: entry.gateways.map((gateway) => ({
            ...gateway,
            value: gatewayName(gateway.value, namespace),
          })),
        }
  return {
    ...route,
    match: route.match?.map(match),
    route: route.route.map((entry) => ({ ...entry, destination: resolve(entry.destination) })),
    mirrors: route.mirrors.map((mirror) => ({ ...mirror, destination: resolve(mirror.destination) })),
  }
}
