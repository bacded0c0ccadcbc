import { isSubset, overlaps } from '../../mesh/index.ts'
import { exportedTo, gatewayName } from '../../policy/index.ts'
import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

/** A VirtualService that no Gateway serves: its Gateway is not there, or does not admit its hosts. */
export const virtualServiceUnhosted: Rule = {
  code: 'KFD0213',
  severity: 'warning',
  title: 'no Gateway serves a VirtualService',
  why: 'It looks configured and answers 404: the Gateway it names is not there, or none of its servers takes one of its hosts.',
  remedy: 'Correct `spec.gateways` (`namespace/name`), or add the host to a server of that Gateway.',

  *check({ mesh, queries }) {
    const pods = queries.door.gateways
    const someAreThere = mesh.workloads.some(({ podLabels }) =>
      pods.some(({ labels }) => labels === podLabels),
    )
    for (const service of mesh.virtualServices) {
      for (const { value, at } of service.gateways ?? []) {
        if (value === 'mesh') continue
        const [namespace, name] = gatewayName(value, service.namespace).split('/')
        const gateway = mesh.gateways.find((each) => each.namespace === namespace && each.name === name)
        if (gateway === undefined) {
          yield {
            message: `${nameOf(service)} names Gateway \`${namespace}/${name}\`, which is not there`,
            evidence: [{ at, text: value }],
          }
          continue
        }
        const serving = pods.filter(({ labels }) => isSubset(gateway.selector ?? {}, labels))
        if (serving.length === 0 && someAreThere) {
          yield {
            message: `${nameOf(service)} names ${nameOf(gateway)}, whose selector fits no pod that is in the YAML`,
            evidence: [
              { at, text: value },
              { at: gateway.at, text: JSON.stringify(gateway.selector) },
            ],
          }
          continue
        }
        const seenIn = exportedTo(mesh, service)
        if (seenIn && serving.length > 0 && !serving.some(({ namespace: home }) => seenIn.includes(home))) {
          const own = service.exportTo?.join(', ')
          yield {
            message: `${nameOf(service)} is exported to ${own || `${seenIn.join(', ')} by the mesh’s default`}, and the pods of ${nameOf(gateway)} are in \`${serving[0]?.namespace}\``,
            evidence: [{ at: service.at, text: own ? `exportTo: ${own}` : 'no exportTo' }],
          }
          continue
        }
        const admitted = gateway.servers.flatMap(({ hosts }) => hosts.map((host) => host.value))
        const taken = service.hosts.some((host) =>
          admitted.some((entry) => admits(entry, host.value, service.namespace, gateway.namespace)),
        )
        if (taken || service.hosts.length === 0) continue
        yield {
          message: `${nameOf(gateway)} takes none of the hosts of ${nameOf(service)}`,
          evidence: [
            {
              at: service.hosts[0]?.at ?? service.at,
              text: service.hosts.map((host) => host.value).join(', '),
            },
            { at: gateway.servers[0]?.at ?? gateway.at, text: admitted.join(', ') },
          ],
        }
      }
    }
  },
}

/** Istio's `namespace/host` of a server, against a VirtualService's host and namespace. */
function admits(entry: string, host: string, namespace: string, own: string): boolean {
  const slash = entry.indexOf('/')
  const scope = slash < 0 ? '*' : entry.slice(0, slash)
  if (scope !== '*' && scope !== namespace && !(scope === '.' && namespace === own)) return false
  const pattern = entry.slice(slash + 1)
  return overlaps(pattern, host)
}
