import { aroundGateways, type Entrance } from '../../policy/index.ts'
import type { Rule } from '../rule.ts'

/** A way to a workload that does not pass the gateway, and so not its sign-in. */
export const sideEntrance: Rule = {
  code: 'KFD0224',
  severity: 'warning',
  title: 'a workload is reached past the gateway',
  why: 'A NodePort, a LoadBalancer, an Ingress or a route of another controller leads to the pod without the gateway’s sign-in. What is left is the sidecar’s policy, where there is one, and a header the caller may write himself.',
  remedy:
    'Make the Service a ClusterIP and let people come through the gateway, or deny all but the gateway’s principal at the pod.',

  *check({ queries }) {
    const seen = new Set<string>()
    for (const entrance of aroundGateways(queries.door)) {
      const { object, workload, proxies, at } = entrance
      const key = `${object.kind} ${object.namespace}/${object.name} ${workload?.name ?? ''}`
      if (seen.has(key)) continue
      seen.add(key)
      const guarded = proxies.some(({ kind }) => kind === 'sidecar')
      const to = workload ? `${workload.kind} ${workload.namespace}/${workload.name}` : serviceName(entrance)
      yield {
        severity: guarded ? 'info' : 'warning',
        message: `${object.kind} ${object.namespace}/${object.name} leads to ${to} past the gateway${guarded ? '; only its sidecar’s policies hold there' : ', and no policy of the mesh holds there'}`,
        evidence: [{ at, text: words[entrance.kind] }],
      }
    }
  },
}

const words: Readonly<Record<Entrance['kind'], string>> = {
  'node-port': 'type: NodePort',
  'load-balancer': 'type: LoadBalancer',
  'external-ip': 'externalIPs',
  'host-port': 'hostPort',
  ingress: 'Ingress',
  route: 'route of another gateway',
}

function serviceName({ service }: Entrance): string {
  return `Service ${service.namespace}/${service.name}`
}
