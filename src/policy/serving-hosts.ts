/**
 * Hosts and paths that Knative's and KServe's controllers make VirtualServices for. Where those are not
 * in the YAML, nobody can say what a request for one of them meets.
 */

import type { At } from '../base/index.ts'
import type { Mesh, OtherObject } from '../mesh/index.ts'
import type { ObjectRef } from './bound-route.ts'
import { child } from './gateway-api/json.ts'

interface Serving {
  readonly object: ObjectRef
  readonly at: At
  /** In lower case, without port. */
  readonly hosts: readonly string[]
}

/** Knative Services and InferenceServices, each with the hosts its controllers give it. */
function servings(mesh: Mesh): readonly Serving[] {
  const domains = knativeDomains(mesh)
  const knative = mesh.others.filter(
    ({ kind, apiVersion }) => kind === 'Service' && apiVersion.startsWith('serving.knative.dev/'),
  )
  const inference: readonly Pick<OtherObject, 'kind' | 'namespace' | 'name' | 'at' | 'labels'>[] =
    mesh.inferenceServices
  return [...knative, ...inference].map(({ kind, namespace, name, at, labels }) => {
    const local = labels['networking.knative.dev/visibility'] === 'cluster-local'
    const names =
      kind === 'InferenceService' ? [name, `${name}-predictor`, `${name}-predictor-default`] : [name]
    const hosts = names.flatMap((one) => [
      `${one}.${namespace}`,
      `${one}.${namespace}.svc`,
      `${one}.${namespace}.svc.cluster.local`,
      // Knative's usual template, and that of KServe's raw deployments.
      ...(local
        ? []
        : domains.flatMap((domain) => [`${one}.${namespace}.${domain}`, `${one}-${namespace}.${domain}`])),
    ])
    return { object: { kind, namespace, name }, at, hosts: hosts.map((host) => host.toLowerCase()) }
  })
}

/** The keys of ConfigMap `config-domain`; `_example` is a comment. */
function knativeDomains(mesh: Mesh): readonly string[] {
  const config = mesh.configMaps.find(
    ({ namespace, name }) => namespace === 'knative-serving' && name === 'config-domain',
  )
  const domains = Object.keys(config?.data ?? {}).filter((key) => !key.startsWith('_'))
  const ingress = mesh.configMaps.find(({ name }) => name === 'inferenceservice-config')?.data.ingress
  const own = kserveDomain(ingress)
  const all = own === undefined ? domains : [...domains, own]
  return all.length === 0 ? ['svc.cluster.local', 'example.com'] : [...new Set(all)]
}

function kserveDomain(ingress: string | undefined): string | undefined {
  try {
    const domain = child(JSON.parse(ingress ?? ''), 'ingressDomain')
    return typeof domain === 'string' ? domain : undefined
  } catch {
    return undefined
  }
}

/** What a controller would have made a route for, and has none in the YAML. */
export function servingWithoutRoute(mesh: Mesh, host: string): Serving | undefined {
  const name = host.replace(/:\d*$/, '').toLowerCase()
  const found = servings(mesh).find(({ hosts }) => hosts.includes(name))
  if (found === undefined) return undefined
  const routed = mesh.virtualServices.some(
    (service) =>
      service.namespace === found.object.namespace &&
      service.hosts.some(({ value }) => found.hosts.includes(value.toLowerCase())),
  )
  return routed ? undefined : found
}
