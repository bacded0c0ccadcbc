import { randomBytes } from 'node:crypto'
import type { KubeApi } from './api.ts'
import { findResources, type KubeObject, listAll, type Resource } from './resources.ts'
import { addressesIn, scrub, wholeWorkload, withoutAddresses } from './scrub.ts'

export interface SnapshotOptions {
  /** Only these; undefined = every namespace one may read. */
  readonly namespaces?: readonly string[]
  /** Certificates of TLS Secrets and names of the others; needs the verb that the shipped role has not. */
  readonly withSecrets: boolean
  readonly anonymize: boolean
  /** For planning: each object's version, and who says that he keeps it. Never in a file for others. */
  readonly marks?: boolean
  /** Workloads to be edited: read whole, where nothing in them may be secret. */
  readonly whole?: (object: KubeObject) => boolean
  /** `--kube-as` */
  readonly as?: string
  readonly signal?: AbortSignal
  readonly progress?: (done: number, of: number, what: string) => void
}

export interface Snapshot {
  readonly objects: readonly KubeObject[]
  /** What could not be read, with the API server’s own words. */
  readonly incomplete: readonly string[]
}

/** What decides at a door. */
const wanted: readonly { readonly group: string; readonly kinds: readonly string[] }[] = [
  { group: '', kinds: ['Namespace', 'Service', 'ServiceAccount', 'ConfigMap', 'Secret', 'Pod'] },
  { group: 'apps', kinds: ['Deployment', 'StatefulSet', 'DaemonSet'] },
  {
    group: 'networking.istio.io',
    kinds: [
      'Gateway',
      'VirtualService',
      'DestinationRule',
      'ServiceEntry',
      'Sidecar',
      'EnvoyFilter',
      'ProxyConfig',
      'WorkloadEntry',
    ],
  },
  {
    group: 'security.istio.io',
    kinds: ['AuthorizationPolicy', 'RequestAuthentication', 'PeerAuthentication'],
  },
  { group: 'extensions.istio.io', kinds: ['WasmPlugin'] },
  { group: 'telemetry.istio.io', kinds: ['Telemetry'] },
  {
    group: 'gateway.networking.k8s.io',
    kinds: ['GatewayClass', 'Gateway', 'HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute', 'ReferenceGrant'],
  },
  { group: 'networking.k8s.io', kinds: ['Ingress', 'NetworkPolicy'] },
  { group: 'rbac.authorization.k8s.io', kinds: ['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'] },
  { group: 'kubeflow.org', kinds: ['Profile', 'PodDefault'] },
  { group: 'serving.kserve.io', kinds: ['InferenceService'] },
  { group: 'serving.knative.dev', kinds: ['Service'] },
  { group: 'cert-manager.io', kinds: ['Certificate'] },
]

/** ConfigMaps that configure a door; others may hold anything. */
const doorConfig =
  /^(istio(-.*)?|dex(-.*)?|oauth2-proxy(-.*)?|oidc-authservice(-.*)?|authservice(-.*)?|config-(istio|domain|network|features|gateway)|inferenceservice-config|profiles-config(-.*)?|centraldashboard-(config|parameters)(-.*)?|pipeline-install-config|kfdoor(-.*)?)$/

/**
 * The door of a cluster: every object that decides who gets through, scrubbed of secrets. What one may
 * not read is named and left out.
 */
export async function takeSnapshot(api: KubeApi, options: SnapshotOptions): Promise<Snapshot> {
  const { namespaces, withSecrets, progress, as, signal } = options
  const request = { ...(as !== undefined && { as }), ...(signal && { signal }) }
  const key = randomBytes(32)
  const resources = await findResources(api, wanted, request)
  const found: KubeObject[] = []
  const incomplete: string[] = []
  for (const [index, resource] of resources.entries()) {
    progress?.(index, resources.length, resource.plural)
    if (resource.kind === 'Secret' && !withSecrets) continue
    const places = resource.namespaced && namespaces !== undefined ? namespaces : [undefined]
    for (const place of places) {
      const listed = await listAll(api, resource, place, request)
      if (listed.kind === 'refused') {
        incomplete.push(`${resource.plural}${place === undefined ? '' : ` in ${place}`}: ${listed.reason}`)
        continue
      }
      for (const object of listed.objects) {
        if (belongs(object, resource)) found.push(object)
      }
    }
  }
  progress?.(resources.length, resources.length, 'done')
  const { anonymize } = options
  const addresses = anonymize ? addressesIn(found) : []
  const objects = found.map((object) => {
    const whole =
      workloads.test(String(object.kind)) && options.whole?.(object)
        ? wholeWorkload(object, { key })
        : undefined
    const scrubbed = whole ?? scrub(object, { key, anonymize, addresses })
    return options.marks ? withMarks(scrubbed, object) : scrubbed
  })
  // The API server says whom it refuses.
  const told = anonymize ? incomplete.map((text) => withoutAddresses(text, { key })) : incomplete
  return { objects, incomplete: told }
}

const workloads = /^(Deployment|StatefulSet)$/
const keepers = /^(argocd\.argoproj\.io\/tracking-id|meta\.helm\.sh\/release-name)$/

function withMarks(scrubbed: KubeObject, object: KubeObject): KubeObject {
  interface Metadata {
    readonly resourceVersion?: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  const [kept, whole] = [scrubbed.metadata, object.metadata] as readonly (Metadata | undefined)[]
  const marks = Object.entries(whole?.annotations ?? {}).filter(([name]) => keepers.test(name))
  const annotations = { ...kept?.annotations, ...Object.fromEntries(marks) }
  return {
    ...scrubbed,
    metadata: {
      ...kept,
      resourceVersion: whole?.resourceVersion,
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
  }
}

function belongs(object: KubeObject, { kind }: Resource): boolean {
  const metadata = object.metadata as
    | { readonly name?: string; readonly ownerReferences?: readonly unknown[] }
    | undefined
  const name = metadata?.name ?? ''
  if (kind === 'ConfigMap') return doorConfig.test(name)
  // A pod of a Deployment says nothing its template does not.
  if (kind === 'Pod') return (metadata?.ownerReferences ?? []).length === 0
  if (kind === 'Secret')
    return object.type !== 'kubernetes.io/service-account-token' && object.type !== 'helm.sh/release.v1'
  // The API server’s own roles say nothing of a door, and whom they bind are no callers of it.
  if (/^(Cluster)?Role(Binding)?$/.test(kind)) return !name.startsWith('system:')
  return true
}

/** What a snapshot reads, by the names of RBAC. */
export const readGroups: readonly { readonly group: string; readonly plurals: readonly string[] }[] =
  wanted.map(({ group, kinds }) => ({ group, plurals: kinds.map(pluralOf) }))

/** As the API's own CRDs name them. */
function pluralOf(kind: string): string {
  const lower = kind.toLowerCase()
  if (/(s|x|ch)$/.test(lower)) return `${lower}es`
  return lower.endsWith('y') && !lower.endsWith('ay') ? `${lower.slice(0, -1)}ies` : `${lower}s`
}
