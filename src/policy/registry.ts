import type { Mesh } from '../mesh/index.ts'

/** A Service or a ServiceEntry's host as istiod's registry knows it. */
export interface RegistryService {
  readonly host: string
  readonly namespace: string
  readonly ports: readonly { readonly number: number; readonly name: string; readonly appProtocol?: string }[]
  readonly exportTo?: readonly string[]
}

/** Host → the services of that host, one per namespace. */
export type Registry = ReadonlyMap<string, readonly RegistryService[]>

export function serviceHost(name: string, namespace: string): string {
  return `${name}.${namespace}.svc.cluster.local`
}

const compiled = new WeakMap<Mesh, Registry>()

/** Once for a mesh, which never changes: every proxy of it looks here. */
export function compileRegistry(mesh: Mesh): Registry {
  let registry = compiled.get(mesh)
  if (registry === undefined) {
    registry = build(mesh)
    compiled.set(mesh, registry)
  }
  return registry
}

function build(mesh: Mesh): Registry {
  const registry = new Map<string, RegistryService[]>()
  const usual = mesh.meshConfig.defaultServiceExportTo
  const add = (given: RegistryService) => {
    const service = { exportTo: usual, ...given }
    const list = registry.get(service.host)
    if (list === undefined) registry.set(service.host, [service])
    else if (!list.some((other) => other.namespace === service.namespace)) list.push(service)
  }
  for (const service of mesh.services) {
    const exported = service.annotations['networking.istio.io/exportTo']
    add({
      host: serviceHost(service.name, service.namespace),
      namespace: service.namespace,
      ports: service.ports.map((port) => ({
        number: port.port,
        name: port.name,
        ...(port.appProtocol !== undefined && { appProtocol: port.appProtocol }),
      })),
      ...(exported !== undefined && { exportTo: exported.split(',').map((entry) => entry.trim()) }),
    })
  }
  for (const entry of mesh.serviceEntries) {
    for (const host of entry.hosts) {
      add({
        host: host.value,
        namespace: entry.namespace,
        ports: entry.ports.map((port) => ({
          number: port.number,
          name: port.name,
          appProtocol: port.protocol,
        })),
        ...(entry.exportTo !== undefined && { exportTo: entry.exportTo }),
      })
    }
  }
  return registry
}

/**
 * `host` or `namespace/host`, as extension providers name a service (Istio's LookupCluster): without
 * a namespace the host has to be in one namespace only.
 */
export function lookUp(registry: Registry, name: string): RegistryService | undefined {
  const parts = name.split('/')
  if (parts.length === 2) {
    const [namespace, host] = parts
    return registry.get(host as string)?.find((service) => service.namespace === namespace)
  }
  const found = registry.get(name) ?? []
  return found.length === 1 ? found[0] : undefined
}

/** Whether a proxy in `namespace` is given a cluster for it. */
export function isVisible(service: RegistryService, namespace: string): boolean {
  const { exportTo } = service
  if (exportTo === undefined || exportTo.length === 0) return true
  return exportTo.some(
    (entry) => entry === '*' || entry === namespace || (entry === '.' && service.namespace === namespace),
  )
}
