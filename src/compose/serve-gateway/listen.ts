import { Fault } from '../../base/index.ts'
import type { ListenerSpec } from '../../gateway/index.ts'
import type { Mesh } from '../../mesh/index.ts'
import type { Door, ProxyIdentity } from '../../policy/index.ts'
import type { Built } from './build.ts'
import type { ServeGatewayOptions } from './options.ts'

/** What is opened, and what was asked for in vain. */
export function listenersOf(
  { door, served, mesh }: Built,
  { listen, proxyProtocol }: ServeGatewayOptions,
): { readonly listeners: readonly ListenerSpec[]; readonly unheard: readonly string[] } {
  const specOf = (targetPort: number, address: string, port: number): ListenerSpec => ({
    gateway: served.name,
    address,
    port,
    meshPort: meshPort(mesh, served.proxy, targetPort),
    targetPort,
    flag: `--listen ${targetPort}=${address}:`,
    ...(proxyProtocol && { proxyProtocol }),
  })
  if (served.proxy.kind === 'sidecar') {
    if (listen.length === 0) {
      throw new Fault('ERR_USAGE', {
        message: `which ports of ${served.name} shall be served?`,
        next: 'say `--listen PORT=127.0.0.1:0` for each container port',
      })
    }
    return { listeners: listen.map((each) => specOf(each.targetPort, each.address, each.port)), unheard: [] }
  }
  const { listeners, refused } = door.listeners(served.proxy)
  const own = [...new Set(listeners.map(({ port }) => port))]
  if (own.length === 0 && !selectsAny(mesh, door, served.proxy)) {
    throw new Fault('ERR_NO_GATEWAY', { where: `the YAML for ${served.name}` })
  }
  const clashing = refused.map(
    ({ port, clash }) =>
      `Envoy refuses port ${port} of ${served.name}: \`${clash}\` is taken twice (KFD0252)`,
  )
  if (listen.length === 0)
    return { listeners: own.map((port) => specOf(port, '127.0.0.1', port)), unheard: clashing }
  const has = own.length === 0 ? 'none' : own.join(', ')
  return {
    listeners: listen
      .filter(({ targetPort }) => own.includes(targetPort))
      .map((each) => specOf(each.targetPort, each.address, each.port)),
    unheard: listen
      .filter(({ targetPort }) => !own.includes(targetPort))
      .map(
        ({ targetPort }) =>
          clashing[refused.findIndex(({ port }) => port === targetPort)] ??
          `no Gateway opens port ${targetPort} of ${served.name} (it has ${has})`,
      ),
  }
}

/** Whether there is a Gateway for this proxy at all, though none of its servers may be of use. */
function selectsAny(mesh: Mesh, door: Door, proxy: ProxyIdentity): boolean {
  const { refused, skipped } = door.listeners(proxy)
  if (refused.length + skipped.length > 0) return true
  return mesh.gateways.some(({ selector = {} }) =>
    Object.entries(selector).every(([key, value]) => proxy.labels[key] === value),
  )
}

/** The Service's port in front of a container port: 80 for 8080. */
function meshPort(mesh: Mesh, proxy: ProxyIdentity, targetPort: number): number {
  for (const service of mesh.services) {
    if (service.namespace !== proxy.namespace || service.selector === undefined) continue
    const selector = Object.entries(service.selector)
    if (selector.length === 0 || !selector.every(([key, value]) => proxy.labels[key] === value)) continue
    const port = service.ports.find((each) => (each.targetPort ?? each.port) === targetPort)
    if (port) return port.port
  }
  return targetPort
}
