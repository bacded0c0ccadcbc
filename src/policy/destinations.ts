import type { Destination, Mesh } from '../mesh/index.ts'
import { rulesFor } from './destination-rules.ts'
import { isVisible, type Registry, type RegistryService, serviceHost } from './registry.ts'
import type { Target } from './route.ts'

/** Turns destinations into clusters, as one proxy has them. */
export type ResolveTarget = (destination: Destination, routeNamespace: string, port: number) => Target

/**
 * Clusters of a proxy in `proxyNamespace`. Agrees with Istio `route.go`, GetDestinationCluster, and
 * what `cluster.go` builds: one per service port and subset.
 */
export function targetResolver(mesh: Mesh, registry: Registry, proxyNamespace: string): ResolveTarget {
  const aliases = new Map<string, string>()
  for (const service of mesh.services) {
    if (service.type === 'ExternalName' && service.externalName) {
      aliases.set(serviceHost(service.name, service.namespace), service.externalName)
    }
  }
  const datagram = new Set<string>()
  for (const service of mesh.services) {
    for (const port of service.ports) {
      if (port.protocol.toUpperCase() === 'UDP') {
        datagram.add(`${port.port}|${serviceHost(service.name, service.namespace)}`)
      }
    }
  }
  return (destination, routeNamespace, listenerPort) => {
    const written = destination.host.value
    const service = find(registry, written, routeNamespace, proxyNamespace)
    const host = aliases.get(written) ?? written
    const port =
      destination.port ??
      (service !== undefined && service.ports.length === 1 ? (service.ports[0]?.number ?? 0) : listenerPort)
    const subset = destination.subset ?? ''
    const owner = host === written ? service : find(registry, host, routeNamespace, proxyNamespace)
    const offers =
      !datagram.has(`${port}|${host}`) && (owner?.ports.some((entry) => entry.number === port) ?? false)
    const known =
      offers && (subset === '' || hasSubset(mesh, host, subset, owner?.namespace ?? '', proxyNamespace))
    return { cluster: `outbound|${port}|${subset}|${host}`, host, port, subset, known }
  }
}

/** Of several namespaces' services with one host: the route's own, the proxy's, else the first seen. */
function find(
  registry: Registry,
  host: string,
  routeNamespace: string,
  proxyNamespace: string,
): RegistryService | undefined {
  const visible = (registry.get(host) ?? []).filter((service) => isVisible(service, proxyNamespace))
  return (
    visible.find((service) => service.namespace === routeNamespace) ??
    visible.find((service) => service.namespace === proxyNamespace) ??
    visible[0]
  )
}

function hasSubset(
  mesh: Mesh,
  host: string,
  subset: string,
  serviceNamespace: string,
  proxyNamespace: string,
): boolean {
  return rulesFor(mesh, { host, serviceNamespace, proxyNamespace }).some((rule) =>
    rule.subsets.some((entry) => entry.name === subset),
  )
}
