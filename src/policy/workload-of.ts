/** What stands behind a destination: pods of a Service, and whether a sidecar stands before them. */
import type { Mesh, Service, Workload } from '../mesh/index.ts'
import { labelsInclude } from './attach.ts'
import { targetPortNumber } from './gateway-selection.ts'
import { serviceHost } from './registry.ts'
import type { ProxyIdentity } from './seam.ts'

export interface Backend {
  readonly service: Service
  readonly workload: Workload
  /** The container port the Service's port leads to. */
  readonly port: number
  /** Behind a Service without selector that Knative fills in: either the pods, or the activator first. */
  readonly knative: boolean
}

export type BackendLookup =
  | { readonly kind: 'backend'; readonly backend: Backend }
  /** `external` = a ServiceEntry or nothing of the cluster. */
  | { readonly kind: 'none'; readonly reason: 'external' | 'no-such-port' | 'no-selector' | 'pods-not-given' }

const lookups = new WeakMap<Mesh, Map<string, BackendLookup>>()

/** Follows one ExternalName, and Knative's `<revision>-private` twin. */
export function findBackend(mesh: Mesh, host: string, port: number): BackendLookup {
  let known = lookups.get(mesh)
  if (known === undefined) {
    known = new Map()
    lookups.set(mesh, known)
  }
  const key = `${host}:${port}`
  let lookup = known.get(key)
  if (lookup === undefined) {
    lookup = lookUpBackend(mesh, host, port)
    known.set(key, lookup)
  }
  return lookup
}

function lookUpBackend(mesh: Mesh, host: string, port: number): BackendLookup {
  const named = serviceByHost(mesh, host)
  const service = named?.type === 'ExternalName' ? serviceByHost(mesh, named.externalName ?? '') : named
  if (service === undefined) return { kind: 'none', reason: 'external' }
  const selects = service.selector !== undefined && Object.keys(service.selector).length > 0
  const twin = selects
    ? undefined
    : serviceByHost(mesh, serviceHost(`${service.name}-private`, service.namespace))
  const owner = selects ? service : twin
  if (owner?.selector === undefined) return { kind: 'none', reason: 'no-selector' }
  const entry = owner.ports.find((candidate) => candidate.port === port)
  if (entry === undefined) return { kind: 'none', reason: 'no-such-port' }
  const pods = mesh.workloads.filter(
    (workload) => workload.namespace === owner.namespace && labelsInclude(workload.podLabels, owner.selector),
  )
  const [workload] = pods
  if (workload === undefined) return { kind: 'none', reason: 'pods-not-given' }
  return {
    kind: 'backend',
    backend: {
      service,
      workload,
      port: targetPortNumber(entry.targetPort, entry.port, owner, pods),
      knative: twin !== undefined,
    },
  }
}

function serviceByHost(mesh: Mesh, host: string): Service | undefined {
  const [name, namespace, ...rest] = host.split('.')
  if (rest.join('.') !== 'svc.cluster.local') return undefined
  return mesh.services.find((service) => service.name === name && service.namespace === namespace)
}

const sidecars = new WeakMap<Workload, ProxyIdentity>()

/** The sidecar of a workload; always the same object for the same workload. */
export function sidecarOf(workload: Workload): ProxyIdentity {
  let proxy = sidecars.get(workload)
  if (proxy === undefined) {
    const { namespace, podLabels: labels, serviceAccount } = workload
    proxy = { kind: 'sidecar', namespace, labels, serviceAccount }
    sidecars.set(workload, proxy)
  }
  return proxy
}

export type Injection = 'sidecar' | 'none' | 'ambient'

/**
 * Whether the injection webhook is called for the pod (by its namespace's labels, or by its own where
 * the namespace says nothing), and whether the pod then refuses. A Profile's namespace is always
 * injected. Agrees with Istio's webhook selectors and `pkg/kube/inject/inject.go`, injectRequired.
 */
export function injectionOf(
  mesh: Mesh,
  workload: Pick<Workload, 'namespace' | 'podLabels' | 'podAnnotations' | 'hostNetwork'>,
): Injection {
  const { podLabels, podAnnotations } = workload
  const namespace = mesh.namespaces.find((entry) => entry.name === workload.namespace)
  const labels = namespace?.labels ?? {}
  const mode = podLabels['istio.io/dataplane-mode'] ?? labels['istio.io/dataplane-mode']
  const otherwise: Injection = mode === 'ambient' ? 'ambient' : 'none'
  if (workload.hostNetwork === true) return 'none'
  const own = podLabels['sidecar.istio.io/inject'] ?? podAnnotations['sidecar.istio.io/inject']
  if (own === 'false') return otherwise
  const asked = labels['istio-injection']
  if (asked === 'disabled') return 'none'
  if (asked === 'enabled' || labels['istio.io/rev'] !== undefined) return 'sidecar'
  // An annotation alone calls no webhook.
  if (podLabels['sidecar.istio.io/inject'] === 'true' || podLabels['istio.io/rev'] !== undefined)
    return 'sidecar'
  if (otherwise === 'ambient') return 'ambient'
  const profile = mesh.profiles.some((entry) => entry.name === workload.namespace)
  return profile && namespace === undefined ? 'sidecar' : 'none'
}

/**
 * Whether the sidecar takes connections to a container port: annotations can leave ports out, and then
 * nothing of the mesh stands before them (`tools/istio-iptables`, inbound ports).
 */
export function capturesPort({ podAnnotations }: Workload, port: number): boolean {
  const ports = (name: string) => {
    const text = podAnnotations[`traffic.sidecar.istio.io/${name}`]
    return text === undefined ? undefined : text.split(',').map((entry) => entry.trim())
  }
  const included = ports('includeInboundPorts') ?? ['*']
  if (!included.includes('*')) return included.includes(String(port))
  return !(ports('excludeInboundPorts') ?? []).includes(String(port))
}
