import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import type { Cluster } from './kubernetes.ts'

interface ApiObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

/** Istio's own CRDs, where they lie beside the checkout. */
const istioCrds = fileURLToPath(
  new URL('../../../shared/fixtures/istio-crds/crd-all.gen.yaml', import.meta.url),
)

/** CRDs that say nothing of their objects: the API server takes and keeps whatever is in them. */
const loose: readonly (readonly [
  group: string,
  version: string,
  kind: string,
  plural: string,
  namespaced: boolean,
])[] = [
  ['kubeflow.org', 'v1', 'Profile', 'profiles', false],
  ['kubeflow.org', 'v1alpha1', 'PodDefault', 'poddefaults', true],
  ['serving.kserve.io', 'v1beta1', 'InferenceService', 'inferenceservices', true],
  ['serving.knative.dev', 'v1', 'Service', 'services', true],
  ['cert-manager.io', 'v1', 'Certificate', 'certificates', true],
]
const looseIstio: typeof loose = [
  ['networking.istio.io', 'v1', 'Gateway', 'gateways', true],
  ['networking.istio.io', 'v1', 'VirtualService', 'virtualservices', true],
  ['networking.istio.io', 'v1', 'DestinationRule', 'destinationrules', true],
  ['networking.istio.io', 'v1', 'ServiceEntry', 'serviceentries', true],
  ['networking.istio.io', 'v1', 'Sidecar', 'sidecars', true],
  ['networking.istio.io', 'v1alpha3', 'EnvoyFilter', 'envoyfilters', true],
  ['security.istio.io', 'v1', 'AuthorizationPolicy', 'authorizationpolicies', true],
  ['security.istio.io', 'v1', 'RequestAuthentication', 'requestauthentications', true],
  ['security.istio.io', 'v1', 'PeerAuthentication', 'peerauthentications', true],
]

function looseCrd([group, version, kind, plural, namespaced]: (typeof loose)[number]) {
  const versions = [...new Set([version, 'v1beta1', 'v1alpha3'])].filter(
    (each) => each === version || group.endsWith('istio.io'),
  )
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: versions.map((name) => ({
        name,
        served: true,
        storage: name === version,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      })),
    },
  }
}

/**
 * Kubeflow's, KServe's and Istio's kinds. Istio's own definitions are used where they are there, and
 * loose ones elsewhere; resolves when the API serves them.
 */
export async function installKinds(cluster: Cluster): Promise<void> {
  const istio = existsSync(istioCrds)
    ? parseAllDocuments(readFileSync(istioCrds, 'utf8')).map((each) => each.toJS() as unknown)
    : looseIstio.map(looseCrd)
  for (const crd of [...istio, ...loose.map(looseCrd)].filter((each) => each !== null))
    await apply(cluster, crd as ApiObject)
  for (let tries = 0; ; tries++) {
    const served = await Promise.all(
      [
        'networking.istio.io/v1',
        'security.istio.io/v1',
        'kubeflow.org/v1',
        'serving.kserve.io/v1beta1',
        'serving.knative.dev/v1',
      ].map(async (group) => (await cluster.call('GET', `/apis/${group}`)).status === 200),
    )
    if (served.every(Boolean)) return
    if (tries > 100) throw new Error('the API does not serve the kinds it was given')
    // Nothing announces that a CRD is served; its status comes before its routes.
    await new Promise((again) => setTimeout(again, 100))
  }
}

/** Every object of these files and folders, namespaces first, by server-side apply in the name of `manager`. */
export async function loadYaml(
  cluster: Cluster,
  paths: readonly string[],
  manager = 'test',
): Promise<number> {
  const objects = paths
    .flatMap((path) =>
      path.endsWith('.yaml')
        ? [path]
        : readdirSync(path)
            .filter((name) => name.endsWith('.yaml'))
            .sort()
            .map((name) => join(path, name)),
    )
    .flatMap((file) =>
      parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as ApiObject | null),
    )
    .filter((object): object is ApiObject => object !== null && typeof object.kind === 'string')
  const weight = (object: ApiObject) => (object.kind === 'Namespace' ? 0 : 1)
  const known = new Set(
    objects.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name),
  )
  for (const { metadata } of objects) {
    if (metadata.namespace === undefined || known.has(metadata.namespace)) continue
    known.add(metadata.namespace)
    await apply(
      cluster,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: metadata.namespace } },
      manager,
    )
  }
  for (const object of [...objects].sort((a, b) => weight(a) - weight(b)))
    await apply(cluster, whole(object), manager)
  return objects.length
}

interface WorkloadSpec {
  readonly selector?: unknown
  readonly serviceName?: string
  readonly template?: { readonly metadata?: { readonly labels?: unknown } }
}

/** A profile's workloads say only what a door needs; the API server wants the rest. */
function whole(object: ApiObject): ApiObject {
  const { spec } = object as ApiObject & { readonly spec?: WorkloadSpec }
  if (!/^(Deployment|StatefulSet|DaemonSet)$/.test(object.kind) || spec?.selector !== undefined) return object
  const matchLabels = spec?.template?.metadata?.labels
  const serviceName =
    object.kind === 'StatefulSet' ? { serviceName: spec?.serviceName ?? object.metadata.name } : {}
  return { ...object, spec: { ...spec, ...serviceName, selector: { matchLabels } } } as ApiObject
}

const plurals = new Map<string, { readonly plural: string; readonly namespaced: boolean }>()

async function apply(cluster: Cluster, object: ApiObject, manager = 'test'): Promise<void> {
  const { apiVersion, kind, metadata } = object
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const key = `${cluster.url} ${apiVersion} ${kind}`
  let resource = plurals.get(key)
  if (resource === undefined) {
    const { body } = await cluster.call('GET', root)
    const found = (body.resources as { kind: string; name: string; namespaced: boolean }[] | undefined)?.find(
      (each) => each.kind === kind && !each.name.includes('/'),
    )
    if (found === undefined) throw new Error(`the API server has no ${apiVersion} ${kind}`)
    resource = { plural: found.name, namespaced: found.namespaced }
    plurals.set(key, resource)
  }
  const scope = resource.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : ''
  const put = () =>
    cluster.call(
      'PATCH',
      `${root}${scope}/${resource.plural}/${metadata.name}?fieldManager=${manager}&force=true`,
      { body: JSON.stringify(object), contentType: 'application/apply-patch+yaml' },
    )
  let { status, body } = await put()
  // The port of a Service that was deleted a moment ago is given back a moment later, and nothing says when.
  for (let tries = 0; status === 422 && /already allocated/.test(body?.message) && tries < 200; tries++) {
    await new Promise((again) => setTimeout(again, 100))
    ;({ status, body } = await put())
  }
  if (status !== 200 && status !== 201)
    throw new Error(`${kind} ${metadata.name}: ${status} ${body?.message ?? ''}`)
}
