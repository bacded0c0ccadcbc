/**
 * The ports of a workload that its sidecar knows, and what it takes them for.
 *
 * Agrees with Istio's pilot/pkg/networking/core/listener_inbound.go (buildInboundChainConfigs) and
 * pkg/config/kube/conversion.go (ConvertProtocol).
 */
import type { Labels, Mesh, Service, ServicePort, SidecarResource } from '../mesh/index.ts'
import { byAge, labelsInclude } from './attach.ts'
import { sidecarResourceOf } from './sidecar-resource.ts'
import { lowerCase } from './value-pattern.ts'

/** `auto` = found out from the bytes of each connection. */
export type PortProtocol = 'http' | 'tcp' | 'auto'

export interface InboundPort {
  readonly port: number
  readonly protocol: PortProtocol
  /** What declares it: a Service, or a Sidecar resource. */
  readonly by: Service | SidecarResource
}

export interface InboundWorkload {
  readonly namespace: string
  readonly labels: Labels
}

/** Container port → what is known; anything else is passed through, under the same policies. */
export function inboundPorts(mesh: Mesh, workload: InboundWorkload): ReadonlyMap<number, InboundPort> {
  const ports = new Map<number, InboundPort>()
  const add = (port: InboundPort) => {
    // Of two that declare a port the oldest decides its protocol.
    if (!ports.has(port.port)) ports.set(port.port, port)
  }
  const sidecar = sidecarResourceOf(mesh, workload.namespace, workload.labels)
  if (sidecar !== undefined && sidecar.ingress.length > 0) {
    for (const { port } of sidecar.ingress) {
      add({ port: port.number, protocol: ingressProtocol(port.protocol), by: sidecar })
    }
    return ports
  }
  const services = mesh.services.filter(
    (service) =>
      service.namespace === workload.namespace &&
      service.selector !== undefined &&
      Object.keys(service.selector).length > 0 &&
      service.type !== 'ExternalName' &&
      labelsInclude(workload.labels, service.selector),
  )
  for (const service of services.sort(byAge)) {
    for (const port of service.ports) {
      if (lowerCase(port.protocol) === 'udp') continue
      const number = targetPort(mesh, workload, service, port)
      if (number !== undefined) add({ port: number, protocol: portProtocol(port), by: service })
    }
  }
  return ports
}

/** A name is looked up among the containers of the pods the Service selects. */
function targetPort(
  mesh: Mesh,
  workload: InboundWorkload,
  service: Service,
  port: ServicePort,
): number | undefined {
  if (port.targetPort === undefined || port.targetPort === 0) return port.port
  if (typeof port.targetPort === 'number') return port.targetPort
  const pods = mesh.workloads.filter(
    (each) => each.namespace === workload.namespace && labelsInclude(each.podLabels, service.selector),
  )
  // The pod at hand first: another one behind the same Service may call another port so.
  pods.sort((a, b) => closeness(b.podLabels, workload.labels) - closeness(a.podLabels, workload.labels))
  for (const pod of pods) {
    for (const container of pod.containers) {
      const found = container.ports.find((each) => each.name === port.targetPort)
      if (found !== undefined) return found.port
    }
  }
  return undefined
}

function closeness(podLabels: Labels, labels: Labels): number {
  return Number(labelsInclude(labels, podLabels)) + Number(labelsInclude(podLabels, labels))
}

const http = ['http', 'http2', 'grpc', 'grpc-web', 'http_proxy', 'http-proxy']
const tcp = ['tcp', 'https', 'tls', 'mongo', 'redis', 'mysql', 'udp']
/** Taken for TCP when nothing else is said: SMTP, DNS, MySQL, MongoDB. */
const wellKnownTcp = [25, 53, 3306, 27017]

/** By `appProtocol`, else by the port name up to its first hyphen. */
export function portProtocol(port: ServicePort): PortProtocol {
  let name = lowerCase(port.appProtocol ?? port.name)
  if (port.appProtocol !== undefined) {
    if (name === 'kubernetes.io/h2c' || name === 'kubernetes.io/ws') return 'http'
    if (name === 'kubernetes.io/wss') return 'tcp'
  }
  if (name.startsWith('grpc-web')) return 'http'
  const hyphen = name.indexOf('-')
  if (hyphen !== -1) name = name.slice(0, hyphen)
  if (http.includes(name)) return 'http'
  if (tcp.includes(name) || wellKnownTcp.includes(port.port)) return 'tcp'
  return 'auto'
}

function ingressProtocol(written: string): PortProtocol {
  const name = lowerCase(written)
  if (http.includes(name)) return 'http'
  return tcp.includes(name) ? 'tcp' : 'auto'
}
