import type { Cluster } from '../parts/kubernetes.ts'

// biome-ignore lint/suspicious/noExplicitAny: objects of the API are read by field in tests
export type Anything = any

const lists = [
  '/apis/security.istio.io/v1/authorizationpolicies',
  '/apis/security.istio.io/v1/requestauthentications',
  '/apis/security.istio.io/v1/peerauthentications',
  '/apis/networking.istio.io/v1/gateways',
  '/apis/networking.istio.io/v1/virtualservices',
  '/apis/networking.istio.io/v1/destinationrules',
  '/apis/networking.istio.io/v1/serviceentries',
  '/apis/networking.istio.io/v1/sidecars',
  '/apis/networking.istio.io/v1alpha3/envoyfilters',
  '/apis/kubeflow.org/v1/profiles',
  '/apis/kubeflow.org/v1alpha1/poddefaults',
  '/apis/serving.kserve.io/v1beta1/inferenceservices',
  '/apis/serving.knative.dev/v1/services',
  '/apis/cert-manager.io/v1/certificates',
  '/apis/rbac.authorization.k8s.io/v1/rolebindings',
  '/apis/rbac.authorization.k8s.io/v1/roles',
  '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  '/apis/networking.k8s.io/v1/networkpolicies',
  '/apis/apps/v1/deployments',
  '/apis/apps/v1/statefulsets',
  '/api/v1/configmaps',
  '/api/v1/secrets',
  '/api/v1/services',
  '/api/v1/serviceaccounts',
  '/api/v1/namespaces',
] as const

/** What an API server makes for itself, some of it after it has said that it is ready. */
const itsOwn = (namespace: string | undefined, name: string) =>
  /^(kube-|default$)/.test(namespace ?? name) || (namespace === undefined && name.startsWith('system:'))

/** Kinds every API server knows. */
const native = lists.filter((path) => /^\/api\/|\.k8s\.io\/|^\/apis\/apps\//.test(path))

/**
 * Every object of a door, as text by its path: all of it but what only the API server counts
 * (`resourceVersion`, `generation`), managed fields with their times included. An object that was deleted and made again is
 * another to the API server: `reborn` leaves out what it is born with.
 */
export async function dumpOf(
  cluster: Cluster,
  { reborn = false, bare = false } = {},
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  // `bare`: a cluster that was just started, without the kinds of a door.
  for (const path of bare ? native : lists) {
    const body = await listOf(cluster, path)
    for (const item of body.items as Anything[]) {
      const { resourceVersion: _, generation: __, ...metadata } = item.metadata
      if (bare && itsOwn(metadata.namespace, metadata.name)) continue
      if (reborn) {
        delete metadata.uid
        delete metadata.creationTimestamp
      }
      found.set(`${path} ${metadata.namespace ?? ''}/${metadata.name}`, JSON.stringify({ ...item, metadata }))
    }
  }
  return found
}

async function listOf(cluster: Cluster, path: string): Promise<Anything> {
  for (let tries = 0; ; tries++) {
    const { status, body } = await cluster.call('GET', path)
    if (status === 200) return body
    // `storage is (re)initializing`: a kind that was just made known. Nothing announces its end.
    if (tries > 100 || (status !== 429 && status !== 404))
      throw new Error(`${path}: ${status} ${body?.message}`)
    await new Promise((again) => setTimeout(again, 50))
  }
}

/** Paths whose text differs. */
export function changedIn(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => before.get(path) !== after.get(path))
    .sort()
}

/** Where kfdoor kept fields before, the API server notes when it did so last. */
export function timeless(text = '{"metadata":{}}'): string {
  const object = JSON.parse(text)
  for (const entry of object.metadata.managedFields ?? []) if (entry.manager === 'kfdoor') delete entry.time
  return JSON.stringify(object)
}

/** Takes away every object that was not there at `start`; namespaces stay, nobody here could end them. */
export async function clearTo(cluster: Cluster, start: ReadonlyMap<string, string>): Promise<void> {
  const now = await dumpOf(cluster)
  const gone = [...now.keys()].filter((path) => !start.has(path) && !path.startsWith('/api/v1/namespaces'))
  await Promise.all(
    gone.map((key) => {
      const [list = '', place = ''] = key.split(' ')
      const [namespace, name] = place.split('/')
      const cut = list.lastIndexOf('/')
      const scope = namespace === '' ? '' : `/namespaces/${namespace}`
      return cluster.call('DELETE', `${list.slice(0, cut)}${scope}${list.slice(cut)}/${name}`)
    }),
  )
}
