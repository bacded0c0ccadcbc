import type { Gateway, Labels, Mesh, Server, Service, Workload } from '../mesh/index.ts'

/** One port of one gateway workload: what `up` has to listen for. */
export interface MeshListener {
  /** `namespace/name` of the workload. */
  readonly gateway: string
  readonly workload: { readonly namespace: string; readonly labels: Labels; readonly serviceAccount?: string }
  /** The Service's port, which a client in the mesh dials: 80, 443. */
  readonly meshPort: number
  /** The container's port, which policies and the engine know: 8080, 8443. */
  readonly targetPort: number
  readonly tls: boolean
  /** The servers on it, in the order their Gateways were made. */
  readonly servers: readonly { readonly gateway: Gateway; readonly server: Server }[]
}

/** Istio's own ingress gateway, for YAML that holds none: its pods are labelled so in every release. */
const usualGateway = {
  namespace: 'istio-system',
  name: 'istio-ingressgateway',
  podLabels: { app: 'istio-ingressgateway', istio: 'ingressgateway' },
  serviceAccount: 'istio-ingressgateway-service-account',
} as const

type GatewayWorkload = Pick<Workload, 'namespace' | 'name' | 'podLabels' | 'serviceAccount'>

/**
 * Every port a gateway workload of this mesh serves, the door's own gateway first. A server's port
 * is the Service's; the Service says which container port that is. A port no Service names is
 * bound as it is (Istio, `pilot/pkg/model/gateway.go` mergeGateways).
 */
export function meshListeners(mesh: Mesh): readonly MeshListener[] {
  const found: MeshListener[] = []
  for (const workload of gatewayWorkloads(mesh)) {
    const services = mesh.services.filter(
      (service) =>
        service.namespace === workload.namespace && selects(service.selector, workload.podLabels, false),
    )
    const ports = new Map<string, MeshListener & { servers: { gateway: Gateway; server: Server }[] }>()
    for (const gateway of mesh.gateways) {
      if (!selects(gateway.selector, workload.podLabels, true)) continue
      for (const server of gateway.servers) {
        const targetPort = targetPortOf(services, server.port.number)
        const tls = isTls(server)
        const key = `${targetPort}`
        const listener = ports.get(key)
        if (listener) {
          // One port speaks TLS or not, whatever a later Gateway wants: the first one won.
          if (listener.tls === tls) listener.servers.push({ gateway, server })
          continue
        }
        ports.set(key, {
          gateway: `${workload.namespace}/${workload.name}`,
          workload: {
            namespace: workload.namespace,
            labels: workload.podLabels,
            serviceAccount: workload.serviceAccount,
          },
          meshPort: meshPortOf(services, targetPort, server.port.number),
          targetPort,
          tls,
          servers: [{ gateway, server }],
        })
      }
    }
    found.push(...ports.values())
  }
  const door = doorOf(found)
  return [...found].sort(
    (a, b) => Number(b.gateway === door) - Number(a.gateway === door) || a.meshPort - b.meshPort,
  )
}

/** The gateway people come in by: the one labelled so, else the one with the most to route. */
function doorOf(listeners: readonly MeshListener[]): string | undefined {
  const usual = listeners.find(({ workload }) => workload.labels.istio === 'ingressgateway')
  if (usual) return usual.gateway
  const weight = (name: string) =>
    listeners.filter(({ gateway }) => gateway === name).reduce((sum, each) => sum + each.servers.length, 0)
  return [...new Set(listeners.map(({ gateway }) => gateway))].sort((a, b) => weight(b) - weight(a))[0]
}

function gatewayWorkloads(mesh: Mesh): readonly GatewayWorkload[] {
  const chosen = mesh.workloads.filter(
    (workload) =>
      Object.keys(workload.podLabels).length > 0 &&
      mesh.gateways.some(
        (gateway) => gateway.selector !== undefined && selects(gateway.selector, workload.podLabels, true),
      ),
  )
  const needsUsual = mesh.gateways.some(
    (gateway) => !chosen.some((workload) => selects(gateway.selector, workload.podLabels, true)),
  )
  const usualServes = mesh.gateways.some((gateway) => selects(gateway.selector, usualGateway.podLabels, true))
  return needsUsual && usualServes ? [...chosen, usualGateway] : chosen
}

/** An empty Gateway selector selects every gateway; an empty Service selector selects nothing. */
function selects(selector: Labels | undefined, labels: Labels, emptySelectsAll: boolean): boolean {
  const wanted = Object.entries(selector ?? {})
  if (wanted.length === 0) return emptySelectsAll
  return wanted.every(([key, value]) => labels[key] === value)
}

function targetPortOf(services: readonly Service[], number: number): number {
  for (const service of services) {
    const port = service.ports.find((each) => each.port === number)
    if (port) return typeof port.targetPort === 'number' ? port.targetPort : port.port
  }
  return number
}

function meshPortOf(services: readonly Service[], targetPort: number, written: number): number {
  for (const service of services) {
    const port = service.ports.find((each) => (each.targetPort ?? each.port) === targetPort)
    if (port) return port.port
  }
  return written
}

function isTls(server: Server): boolean {
  const protocol = server.port.protocol.toUpperCase()
  return protocol === 'HTTPS' || protocol === 'TLS' || (server.tls?.mode !== undefined && protocol !== 'HTTP')
}
