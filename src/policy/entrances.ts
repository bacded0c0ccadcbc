/**
 * Every way into the cluster that the YAML shows: the gateways' own Services, and what leads to a
 * workload past them. Which proxies a request passes on each decides which policies hold there.
 */
import type { At } from '../base/index.ts'
import type { Mesh, OtherObject, Service, Workload } from '../mesh/index.ts'
import { labelsInclude } from './attach.ts'
import type { ObjectRef } from './bound-route.ts'
import type { Door } from './door.ts'
import { gatewayClassController } from './gateway-api/index.ts'
import { child, list, number, strings, text } from './gateway-api/json.ts'
import { serviceHost } from './registry.ts'
import { findBackend, injectionOf } from './workload-of.ts'

export interface Entrance {
  readonly kind: 'node-port' | 'load-balancer' | 'external-ip' | 'host-port' | 'ingress' | 'route'
  /** The Service, workload, Ingress or route that opens it. */
  readonly object: ObjectRef
  readonly at: At
  /** What one connects to: a node's port, the balancer's, or the controller's; undefined = the cluster chooses it. */
  readonly port?: number
  /** Empty = any. */
  readonly hosts: readonly string[]
  /** Empty = any. */
  readonly paths: readonly string[]
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number }
  /** What it reaches, where the YAML shows it. */
  readonly workload?: ObjectRef
  /** Proxies on the way, in order; none = no policy of the mesh holds. */
  readonly proxies: readonly EntranceProxy[]
  /** It ends at a gateway of the mesh, so that the door decides. */
  readonly atGateway: boolean
  /** What stands before it and is no part of the mesh: the Ingress's or the route's controller. */
  readonly controller?: string
}

export interface EntranceProxy {
  readonly kind: 'gateway' | 'sidecar' | 'ambient'
  readonly workload: ObjectRef
}

/**
 * @example
 * for (const entrance of entrances(door)) if (!entrance.atGateway) console.log(entrance.object.name)
 */
export function entrances(door: Door): readonly Entrance[] {
  const { mesh } = door
  return [
    ...mesh.services.flatMap((service) => ofService(door, service)),
    ...mesh.workloads.flatMap((workload) => ofWorkload(door, workload)),
    ...mesh.others
      .filter(({ kind, apiVersion }) => kind === 'Ingress' && apiVersion.startsWith('networking.k8s.io/'))
      .flatMap((ingress) => ofIngress(door, ingress)),
    ...mesh.gatewayApi
      .filter(({ kind }) => /^(HTTP|GRPC|TLS|TCP)Route$/.test(kind))
      .flatMap((route) => ofRoute(door, route)),
  ]
}

/** The Services a node's port leads to from outside; a gateway's own are left out. */
export function aroundGateways(door: Door): readonly Entrance[] {
  return entrances(door).filter(({ atGateway }) => !atGateway)
}

function ofService(door: Door, service: Service): readonly Entrance[] {
  const { type, namespace, name, at, externalIPs = [] } = service
  const opened = type === 'NodePort' || type === 'LoadBalancer'
  if (!opened && externalIPs.length === 0) return []
  const object = { kind: 'Service', namespace, name }
  return service.ports.flatMap((port): readonly Entrance[] => {
    const behind = behindOf(door, namespace, name, port.port)
    const common = { object, at, hosts: [], paths: [], ...behind }
    const address: Entrance = { kind: 'external-ip', port: port.port, ...common, hosts: externalIPs }
    return [...(externalIPs.length > 0 ? [address] : []), ...(opened ? ofPort(type, port, common) : [])]
  })
}

function ofPort(
  type: string,
  port: Service['ports'][number],
  common: Omit<Entrance, 'kind' | 'port'>,
): readonly Entrance[] {
  const nodePort: Entrance = {
    kind: 'node-port',
    ...(port.nodePort !== undefined && { port: port.nodePort }),
    ...common,
  }
  if (type === 'NodePort') return [nodePort]
  const balancer: Entrance = { kind: 'load-balancer', port: port.port, ...common }
  // A balancer goes to the nodes' ports, and they are open to whoever reaches a node.
  return port.nodePort === undefined ? [balancer] : [balancer, nodePort]
}

/** Ports of a pod that its node has too; the Service that leads to the same port, where there is one. */
function ofWorkload(door: Door, workload: Workload): readonly Entrance[] {
  const { mesh } = door
  const { namespace, at } = workload
  const object = refOf(workload)
  return workload.containers.flatMap(({ ports }) =>
    ports.flatMap(({ port, hostPort }): readonly Entrance[] => {
      if (hostPort === undefined) return []
      const service = mesh.services.find((one) =>
        one.ports.some((each) => {
          const found = findBackend(mesh, serviceHost(one.name, one.namespace), each.port)
          return (
            found.kind === 'backend' && found.backend.workload === workload && found.backend.port === port
          )
        }),
      )
      const own = service?.ports.find((each) => service && behindPort(mesh, service, each.port) === port)
      const behind = service && own && behindOf(door, service.namespace, service.name, own.port)
      const injection = injectionOf(mesh, workload)
      const alone: Behind = {
        service: { namespace, name: workload.name, port },
        workload: object,
        proxies: injection === 'none' ? [] : [{ kind: injection, workload: object }],
        atGateway: false,
      }
      return [{ kind: 'host-port', object, at, port: hostPort, hosts: [], paths: [], ...(behind ?? alone) }]
    }),
  )
}

function behindPort(mesh: Mesh, service: Service, port: number): number | undefined {
  const found = findBackend(mesh, serviceHost(service.name, service.namespace), port)
  return found.kind === 'backend' ? found.backend.port : undefined
}

function ofIngress(door: Door, ingress: OtherObject): readonly Entrance[] {
  const { namespace, at, name, raw } = ingress
  const className =
    text(child(raw, 'spec', 'ingressClassName')) ?? ingress.annotations['kubernetes.io/ingress.class'] ?? ''
  const tls = list(child(raw, 'spec', 'tls')).length > 0
  const entrance = (backend: unknown, host: string, path: string): readonly Entrance[] => {
    const service = text(child(backend, 'service', 'name')) ?? text(child(backend, 'serviceName'))
    if (service === undefined) return []
    const written =
      child(backend, 'service', 'port', 'number') ??
      child(backend, 'service', 'port', 'name') ??
      child(backend, 'servicePort')
    const port = servicePort(door.mesh, namespace, service, written)
    return [
      {
        kind: 'ingress',
        object: { kind: 'Ingress', namespace, name },
        at,
        port: tls ? 443 : 80,
        hosts: host === '' ? [] : [host],
        paths: path === '' ? [] : [path],
        ...behindOf(door, namespace, service, port),
        controller: className === '' ? 'the default Ingress controller' : `Ingress controller ${className}`,
      },
    ]
  }
  const rules = list(child(raw, 'spec', 'rules')).flatMap((rule) => {
    const host = text(child(rule, 'host')) ?? ''
    return list(child(rule, 'http', 'paths')).flatMap((entry) =>
      entrance(child(entry, 'backend'), host, text(child(entry, 'path')) ?? ''),
    )
  })
  const fallback = child(raw, 'spec', 'defaultBackend') ?? child(raw, 'spec', 'backend')
  return [...rules, ...(fallback === undefined ? [] : entrance(fallback, '', ''))]
}

/** A route whose Gateway is not Istio's: somebody else's proxy takes the request to the Service. */
function ofRoute(door: Door, route: OtherObject): readonly Entrance[] {
  const { mesh } = door
  const { kind, namespace, name, at, raw } = route
  return list(child(raw, 'spec', 'parentRefs')).flatMap((ref): readonly Entrance[] => {
    if ((text(child(ref, 'kind')) ?? 'Gateway') !== 'Gateway') return []
    const gatewayName = text(child(ref, 'name')) ?? ''
    const gatewayNamespace = text(child(ref, 'namespace')) ?? namespace
    const gateway = mesh.gatewayApi.find(
      (one) => one.kind === 'Gateway' && one.namespace === gatewayNamespace && one.name === gatewayName,
    )
    const className = text(child(gateway?.raw, 'spec', 'gatewayClassName')) ?? ''
    // Istio's own are gateways of the door, with its policies.
    if (gatewayClassController(mesh, className)?.startsWith('istio.io/')) return []
    const section = text(child(ref, 'sectionName'))
    const listeners = list(child(gateway?.raw, 'spec', 'listeners')).filter(
      (one) => section === undefined || text(child(one, 'name')) === section,
    )
    const port = number(child(ref, 'port')) ?? number(child(listeners[0], 'port'))
    return list(child(raw, 'spec', 'rules')).flatMap((rule) => {
      const paths = list(child(rule, 'matches'))
        .map((match) => text(child(match, 'path', 'value')))
        .filter((path) => path !== undefined)
      return list(child(rule, 'backendRefs')).flatMap((backend): readonly Entrance[] => {
        const service = text(child(backend, 'name'))
        if (service === undefined || (text(child(backend, 'kind')) ?? 'Service') !== 'Service') return []
        const home = text(child(backend, 'namespace')) ?? namespace
        return [
          {
            kind: 'route',
            object: { kind, namespace, name },
            at,
            ...(port !== undefined && { port }),
            hosts: strings(child(raw, 'spec', 'hostnames')),
            paths,
            ...behindOf(door, home, service, number(child(backend, 'port')) ?? 0),
            controller: `Gateway ${gatewayNamespace}/${gatewayName}${className === '' ? '' : ` of class ${className}`}`,
          },
        ]
      })
    })
  })
}

type Behind = Pick<Entrance, 'service' | 'workload' | 'proxies' | 'atGateway'>

function behindOf(door: Door, namespace: string, name: string, port: number): Behind {
  const { mesh } = door
  const service = { namespace, name, port }
  const found = findBackend(mesh, serviceHost(name, namespace), port)
  if (found.kind === 'none') {
    // The pods of a gateway need not be in the YAML: Istio deploys those of a Gateway API's Gateway itself.
    const selector = mesh.services.find((one) => one.namespace === namespace && one.name === name)?.selector
    const own =
      selector !== undefined &&
      Object.keys(selector).length > 0 &&
      door.gateways.find((proxy) => proxy.namespace === namespace && labelsInclude(proxy.labels, selector))
    return { service, proxies: [], atGateway: Boolean(own) }
  }
  const { workload } = found.backend
  const ref = refOf(workload)
  const gateway = door.gateways.some(
    (proxy) => proxy.namespace === workload.namespace && proxy.labels === workload.podLabels,
  )
  if (gateway) {
    return { service, workload: ref, proxies: [{ kind: 'gateway', workload: ref }], atGateway: true }
  }
  const injection = injectionOf(mesh, workload)
  const proxies: readonly EntranceProxy[] = injection === 'none' ? [] : [{ kind: injection, workload: ref }]
  return { service, workload: ref, proxies, atGateway: false }
}

function refOf({ kind, namespace, name }: Workload): ObjectRef {
  return { kind, namespace, name }
}

function servicePort(mesh: Mesh, namespace: string, name: string, written: unknown): number {
  if (typeof written === 'number') return written
  const service = mesh.services.find((one) => one.namespace === namespace && one.name === name)
  return service?.ports.find((port) => port.name === written)?.port ?? 0
}
