import type { Gateway, Labels, Mesh, Service, Workload } from '../mesh/index.ts'
import { byAge, labelsInclude } from './attach.ts'
import type { GatewayConfig, SelectedGateway, ServiceTarget } from './gateway-servers.ts'
import { serviceHost } from './registry.ts'

export function gatewayConfig(gateway: Gateway): GatewayConfig {
  return {
    key: `${gateway.namespace}/${gateway.name}`,
    namespace: gateway.namespace,
    name: gateway.name,
    object: { kind: 'Gateway', namespace: gateway.namespace, name: gateway.name },
    createdAt: gateway.createdAt,
    selector: gateway.selector,
    servers: gateway.servers,
  }
}

/** Oldest first. */
export function sortGateways(gateways: readonly GatewayConfig[]): readonly GatewayConfig[] {
  return [...gateways].sort(byAge)
}

/**
 * The Gateways a pod serves: by selector on its labels (none = every pod), or, for Gateway API's, by
 * the Service in front of it. Agrees with `push_context.go`, mergeGateways.
 */
export function selectGateways(
  gateways: readonly GatewayConfig[],
  labels: Labels,
  targets: readonly ServiceTarget[],
): readonly SelectedGateway[] {
  const selected: SelectedGateway[] = []
  for (const gateway of gateways) {
    if (gateway.services !== undefined) {
      const namespace = gateway.parentNamespace ?? gateway.namespace
      const own = targets.filter(
        (target) => target.namespace === namespace && gateway.services?.includes(target.host),
      )
      if (own.length > 0) selected.push({ gateway, bySelector: false, targets: own })
    } else if (labelsInclude(labels, gateway.selector)) {
      selected.push({ gateway, bySelector: true, targets })
    }
  }
  // A pod Istio itself deployed for a Gateway does not take in Gateways of other namespaces.
  const managed = new Set(
    selected.filter(({ gateway }) => gateway.managed).map(({ gateway }) => gateway.namespace),
  )
  if (managed.size === 0) return selected
  return selected.filter(({ gateway }) => gateway.services !== undefined || managed.has(gateway.namespace))
}

/** Ports of the Services of a namespace that select a pod with these labels. */
export function serviceTargets(mesh: Mesh, namespace: string, labels: Labels): readonly ServiceTarget[] {
  const pods = mesh.workloads.filter((workload) => workload.namespace === namespace)
  return mesh.services
    .filter((service) => service.namespace === namespace && selectsPods(service, labels))
    .flatMap((service) =>
      service.ports.map((port) => ({
        host: serviceHost(service.name, namespace),
        namespace,
        labels: service.labels,
        port: port.port,
        targetPort: targetPortNumber(port.targetPort, port.port, service, pods),
      })),
    )
}

function selectsPods(service: Service, labels: Labels): boolean {
  const { selector } = service
  return selector !== undefined && Object.keys(selector).length > 0 && labelsInclude(labels, selector)
}

/** A container port's name stands for its number in the pods the Service selects. */
export function targetPortNumber(
  targetPort: number | string | undefined,
  port: number,
  service: Service,
  pods: readonly Workload[],
): number {
  if (typeof targetPort === 'number') return targetPort === 0 ? port : targetPort
  if (targetPort === undefined || targetPort === '') return port
  for (const pod of pods) {
    if (!labelsInclude(pod.podLabels, service.selector)) continue
    for (const container of pod.containers) {
      const named = container.ports.find((entry) => entry.name === targetPort)
      if (named !== undefined) return named.port
    }
  }
  return port
}
