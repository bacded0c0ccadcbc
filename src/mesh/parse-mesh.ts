import type { Problem } from '../base/index.ts'
import { Fields } from './fields.ts'
import type { Mesh, Meta, OtherObject } from './model.ts'
import { parseYaml } from './parse-yaml.ts'
import { readAuthorizationPolicy } from './read-authorization-policy.ts'
import { embeddedText, readConfigMap, readSecret } from './read-config.ts'
import { readDestinationRule } from './read-destination-rule.ts'
import { readEnvoyFilter } from './read-envoy-filter.ts'
import { readGateway } from './read-gateway.ts'
import { readInferenceService, readProfile } from './read-kubeflow.ts'
import { defaultMeshConfig, type Embedded, readMeshConfig } from './read-mesh-config.ts'
import { readMeta } from './read-meta.ts'
import { readPeerAuthentication } from './read-peer-authentication.ts'
import { readRole, readRoleBinding } from './read-rbac.ts'
import { readRequestAuthentication } from './read-request-authentication.ts'
import { readService } from './read-service.ts'
import { readServiceEntry } from './read-service-entry.ts'
import { readSidecar } from './read-sidecar.ts'
import { readVirtualService } from './read-virtual-service.ts'
import { readWorkload, workloadKinds } from './read-workload.ts'
import { type MapNode, plain, type TreeNode } from './tree.ts'
import { validateMesh } from './validate.ts'

export interface MeshInput {
  /** How the file is named in messages. */
  readonly file: string
  readonly text: string
  /** An overlay: what it names again takes the place of what earlier files said, and is no problem. */
  readonly replaces?: boolean
}

export interface ParseOptions {
  /** The istiod revision whose ConfigMap (`istio-<revision>`) counts; default: `istio`. */
  readonly revision?: string
}

/** The mesh while it is read. */
type Draft = { -readonly [K in keyof Mesh]: Mesh[K] extends readonly (infer T)[] ? T[] : Mesh[K] }

/**
 * Reads Istio's, Kubernetes' and Kubeflow's YAML or JSON, several documents and `List`s included,
 * into one model. Pure, and never throws: what could not be used is a problem with its file and line,
 * and everything else is still read. Of two objects of one kind, namespace and name the last counts.
 *
 * @example
 * const { mesh, problems } = parseMesh([{ file: 'door.yaml', text }])
 * for (const problem of problems) console.error(renderProblem(problem))
 */
export function parseMesh(
  inputs: readonly MeshInput[],
  options: ParseOptions = {},
): { mesh: Mesh; problems: Problem[] } {
  const problems: Problem[] = []
  const objects = new Map<string, { meta: Meta; fields: Fields }>()
  for (const input of inputs) {
    for (const tree of parseYaml(input, problems)) collect(tree, input, problems, objects)
  }
  const draft = emptyDraft()
  const meshTexts: { namespace: string; name: string; embedded: Embedded }[] = []
  for (const { meta, fields } of objects.values()) {
    readObject(draft, meta, fields)
    if (meta.kind !== 'ConfigMap' || !/^istio(-|$)/.test(meta.name)) continue
    const data = fields.fields('data')
    const embedded = data && embeddedText(data, 'mesh')
    if (embedded) meshTexts.push({ namespace: meta.namespace, name: meta.name, embedded })
  }
  const chosen = chooseMeshText(meshTexts, options.revision, problems)
  if (chosen) {
    const revision = chosen.name === 'istio' ? undefined : chosen.name.slice('istio-'.length)
    const subject = `ConfigMap ${chosen.namespace}/${chosen.name}`
    draft.meshConfig = readMeshConfig(chosen.embedded, subject, problems, revision)
  }
  draft.istioVersion = findIstioVersion(draft)
  problems.push(...validateMesh(draft))
  checkHosts(draft, problems)
  return { mesh: draft, problems }
}

/**
 * Whether istiod's admission webhook would accept the objects of a text: its Go validators, not the
 * CRD's OpenAPI schema, so unknown fields pass. A VirtualService without hosts may be a delegate.
 */
export function validateResource(
  text: string,
  file = 'resource.yaml',
): { valid: boolean; problems: Problem[] } {
  const { problems } = parseMesh([{ file, text }])
  const found = problems.filter(({ severity, code }) => severity === 'error' && code !== 'missing-hosts')
  return { valid: found.length === 0, problems: found }
}

/** Takes an object, or the items of a `List`, into the map of all objects. */
function collect(
  tree: TreeNode,
  input: MeshInput,
  problems: Problem[],
  objects: Map<string, { meta: Meta; fields: Fields }>,
): void {
  if (tree.kind === 'scalar' && tree.value === null) return
  const { file } = input
  const at = { file, line: tree.line }
  if (tree.kind !== 'map') {
    const message = 'this is no Kubernetes object: a document has to be a mapping with apiVersion and kind'
    problems.push({ severity: 'error', code: 'not-an-object', message, at })
    return
  }
  const apiVersion = word(tree, 'apiVersion')
  const kind = word(tree, 'kind')
  if (kind.endsWith('List')) {
    const items = tree.entries.get('items')?.value
    if (items?.kind === 'seq') {
      for (const item of items.items) collect(item, input, problems, objects)
      return
    }
  }
  if (apiVersion === '' || kind === '') {
    const missing = apiVersion === '' ? 'apiVersion' : 'kind'
    const message = `this is no Kubernetes object: it has no \`${missing}\``
    problems.push({ severity: 'error', code: 'not-an-object', message, at })
    return
  }
  const fields = new Fields({ file, problems, subject: subjectOf(tree, kind) }, tree, () => '')
  const meta = readMeta(fields, apiVersion, kind)
  if (!meta) return
  const key = `${groupOf(apiVersion)}/${kind}/${meta.namespace}/${meta.name}`
  const earlier = objects.get(key)
  if (earlier) {
    if (!input.replaces) {
      const where = `${earlier.meta.at.file}:${earlier.meta.at.line}`
      fields.warn('duplicate-object', `the object was already written at ${where}; the last one counts`)
    }
    // Objects keep the order of the files, and a replaced one takes the place of its replacement.
    objects.delete(key)
  }
  objects.set(key, { meta, fields })
}

function word(tree: MapNode, key: string): string {
  const value = tree.entries.get(key)?.value
  return value?.kind === 'scalar' && typeof value.value === 'string' ? value.value : ''
}

/** `VirtualService apps/vs`, from whatever is there. */
function subjectOf(tree: MapNode, kind: string): string {
  const metadata = tree.entries.get('metadata')?.value
  if (metadata?.kind !== 'map') return kind
  const name = word(metadata, 'name')
  const namespace = word(metadata, 'namespace')
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name === '' ? '(without a name)' : name}`
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash === -1 ? '' : apiVersion.slice(0, slash)
}

function readObject(draft: Draft, meta: Meta, fields: Fields): void {
  const group = groupOf(meta.apiVersion)
  switch (group) {
    case 'security.istio.io':
    case 'networking.istio.io':
      readIstioObject(draft, meta, fields)
      return
    case 'gateway.networking.k8s.io':
      draft.gatewayApi.push(other(meta, fields))
      return
    case 'rbac.authorization.k8s.io':
      if (meta.kind === 'Role' || meta.kind === 'ClusterRole') draft.roles.push(readRole(meta, fields))
      else draft.roleBindings.push(readRoleBinding(meta, fields))
      return
    case 'kubeflow.org':
      if (meta.kind === 'Profile') draft.profiles.push(readProfile(meta, fields.fields('spec')))
      else draft.others.push(other(meta, fields))
      return
    case 'serving.kserve.io':
      if (meta.kind === 'InferenceService') draft.inferenceServices.push(readInferenceService(meta, fields))
      else draft.others.push(other(meta, fields))
      return
    case '':
    case 'apps':
    case 'batch':
      readKubernetesObject(draft, meta, fields)
      return
    default:
      draft.others.push(other(meta, fields))
  }
}

function readKubernetesObject(draft: Draft, meta: Meta, fields: Fields): void {
  if (workloadKinds.has(meta.kind)) {
    draft.workloads.push(readWorkload(meta, fields))
    return
  }
  switch (meta.kind) {
    case 'Service':
      draft.services.push(readService(meta, fields.fields('spec')))
      return
    case 'Namespace':
      draft.namespaces.push({ ...meta, kind: 'Namespace' })
      return
    case 'ServiceAccount':
      draft.serviceAccounts.push({ ...meta, kind: 'ServiceAccount' })
      return
    case 'ConfigMap':
      draft.configMaps.push(readConfigMap(meta, fields))
      return
    case 'Secret':
      draft.secrets.push(readSecret(meta, fields))
      return
    default:
      draft.others.push(other(meta, fields))
  }
}

/** Versions istiod serves or has served. */
const istioVersions: ReadonlySet<string> = new Set(['v1', 'v1beta1', 'v1alpha3', 'v1alpha1'])

function readIstioObject(draft: Draft, meta: Meta, object: Fields): void {
  const version = meta.apiVersion.slice(meta.apiVersion.indexOf('/') + 1)
  if (!istioVersions.has(version)) {
    object.warn('unknown-version', `Istio has no \`${meta.apiVersion}\``, object.atField('apiVersion'))
  }
  const spec = object.fieldsOrEmpty('spec') ?? emptySpec(object)
  if (!readIstioSpec(draft, meta, spec, object)) return
  spec.done()
  object.known('apiVersion', 'kind', 'metadata', 'spec', 'status').done()
}

function readIstioSpec(draft: Draft, meta: Meta, spec: Fields, object: Fields): boolean {
  switch (meta.kind) {
    case 'AuthorizationPolicy':
      draft.authorizationPolicies.push(readAuthorizationPolicy(meta, spec, object))
      return true
    case 'RequestAuthentication':
      draft.requestAuthentications.push(readRequestAuthentication(meta, spec))
      return true
    case 'PeerAuthentication':
      draft.peerAuthentications.push(readPeerAuthentication(meta, spec))
      return true
    case 'Gateway':
      draft.gateways.push(readGateway(meta, spec))
      return true
    case 'VirtualService':
      draft.virtualServices.push(readVirtualService(meta, spec))
      return true
    case 'DestinationRule':
      draft.destinationRules.push(readDestinationRule(meta, spec))
      return true
    case 'ServiceEntry':
      draft.serviceEntries.push(readServiceEntry(meta, spec))
      return true
    case 'Sidecar':
      draft.sidecars.push(readSidecar(meta, spec))
      return true
    case 'EnvoyFilter':
      draft.envoyFilters.push(readEnvoyFilter(meta, spec))
      return true
    default:
      draft.others.push(other(meta, object))
      return false
  }
}

function emptySpec(object: Fields): Fields {
  return new Fields(object.scope, { kind: 'map', entries: new Map(), line: object.node.line }, () => 'spec')
}

function other(meta: Meta, fields: Fields): OtherObject {
  return { ...meta, raw: plain(fields.node) }
}

function emptyDraft(): Draft {
  return {
    meshConfig: defaultMeshConfig,
    gateways: [],
    virtualServices: [],
    authorizationPolicies: [],
    requestAuthentications: [],
    peerAuthentications: [],
    destinationRules: [],
    serviceEntries: [],
    sidecars: [],
    envoyFilters: [],
    services: [],
    workloads: [],
    namespaces: [],
    serviceAccounts: [],
    configMaps: [],
    secrets: [],
    roles: [],
    roleBindings: [],
    profiles: [],
    inferenceServices: [],
    gatewayApi: [],
    others: [],
  }
}

/**
 * istiod reads one ConfigMap: `istio`, or `istio-<revision>` of its own revision. Where only
 * revisioned ones exist and none was asked for, the first by name stands in, and says so.
 */
function chooseMeshText<T extends { namespace: string; name: string; embedded: Embedded }>(
  texts: readonly T[],
  revision: string | undefined,
  problems: Problem[],
): T | undefined {
  const wanted =
    revision === undefined || revision === '' || revision === 'default' ? 'istio' : `istio-${revision}`
  const rank = (text: T): number =>
    (text.name === wanted ? 0 : 2) + (text.namespace === 'istio-system' ? 0 : 1)
  const sorted = [...texts].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
  const chosen = sorted[0]
  if (!chosen) return undefined
  if (revision !== undefined && chosen.name !== wanted) return undefined
  const rivals = sorted.filter((text) => text.namespace === chosen.namespace && text.name !== wanted)
  if (chosen.name !== wanted && rivals.length > 1) {
    const message = `several istiod revisions have a mesh configuration; \`${chosen.name}\` is used`
    problems.push({ severity: 'warning', code: 'several-revisions', message, at: chosen.embedded.at })
  }
  return chosen
}

function findIstioVersion(draft: Draft): Mesh['istioVersion'] {
  for (const workload of draft.workloads) {
    if (workload.podLabels.app !== 'istiod' && !workload.name.startsWith('istiod')) continue
    for (const container of workload.containers) {
      const version = /:v?([0-9]+\.[0-9]+(?:\.[0-9]+)?)(?:[-@]|$)/.exec(container.image)?.[1]
      if (version !== undefined) return { value: version, at: workload.at }
    }
  }
  return undefined
}

/** Without hosts it is a delegate to istiod, whether or not another one delegates to it. */
function checkHosts(draft: Draft, problems: Problem[]): void {
  const delegates = new Set<string>()
  for (const service of draft.virtualServices) {
    for (const { delegate } of service.http) {
      if (delegate) delegates.add(`${delegate.namespace || service.namespace}/${delegate.name}`)
    }
  }
  for (const service of draft.virtualServices) {
    if (service.hosts.length > 0 || delegates.has(`${service.namespace}/${service.name}`)) continue
    const message = `VirtualService ${service.namespace}/${service.name} has no hosts, so no request can reach its routes`
    problems.push({ severity: 'warning', code: 'missing-hosts', message, at: service.at })
  }
}
