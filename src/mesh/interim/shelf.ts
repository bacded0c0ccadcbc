import type { Problem } from '../../base/index.ts'
import { fieldsOf } from './fields.ts'
import type {
  AuthorizationPolicy,
  ConfigMap,
  DestinationRule,
  EnvoyFilter,
  Gateway,
  InferenceService,
  Mesh,
  MeshConfig,
  Meta,
  Namespace,
  OtherObject,
  PeerAuthentication,
  Profile,
  RequestAuthentication,
  Role,
  RoleBinding,
  Secret,
  Service,
  ServiceAccount,
  ServiceEntry,
  SidecarResource,
  Text,
  VirtualService,
  Workload,
} from '../model.ts'
import type { Value } from './node.ts'
import { documents } from './parse-mesh.ts'
import { readGateway } from './read-gateway.ts'
import {
  readConfigMap,
  readInferenceService,
  readProfile,
  readRole,
  readRoleBinding,
  readSecret,
  readService,
  readWorkload,
} from './read-kubernetes.ts'
import { defaultMeshConfig, readMeshConfig } from './read-mesh-config.ts'
import {
  readAuthorizationPolicy,
  readPeerAuthentication,
  readRequestAuthentication,
} from './read-security.ts'
import { readDestinationRule, readEnvoyFilter, readServiceEntry, readSidecar } from './read-traffic.ts'
import { readVirtualService } from './read-virtual-service.ts'

/** Which group a kind belongs to: `Gateway` is Istio's, Kubernetes', and nobody else's. */
const groupOf = (apiVersion: string) => (apiVersion.includes('/') ? (apiVersion.split('/')[0] as string) : '')

const workloadKinds = new Set(['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'])
/** Kinds that belong to no namespace; whatever is written there is ignored. */
const clusterKinds = new Set(['Namespace', 'ClusterRole', 'ClusterRoleBinding', 'Profile', 'GatewayClass'])

/** Objects as they are read, by identity; a later one replaces an earlier one in its place. */
export class Shelf {
  readonly #objects = new Map<string, Meta>()
  readonly #meshConfigs: { readonly map: ConfigMap; readonly config: MeshConfig }[] = []
  readonly #problems: Problem[]

  constructor(problems: Problem[]) {
    this.#problems = problems
  }

  put(written: Meta, value: Value, annotations: Value | undefined): void {
    const group = groupOf(written.apiVersion)
    const meta = clusterKinds.has(written.kind) ? { ...written, namespace: '' } : written
    const key = `${group}/${meta.kind}/${meta.namespace}/${meta.name}`
    const earlier = this.#objects.get(key)
    if (earlier) {
      value.problem(
        'replaces-earlier',
        `replaces the one at ${earlier.at.file}:${earlier.at.line}`,
        'warning',
      )
    }
    this.#objects.set(key, this.#read(group, meta, value, annotations))
  }

  #read(group: string, meta: Meta, object: Value, annotations: Value | undefined): Meta {
    const fields = fieldsOf(object)
    // An object without `spec` reads like one with an empty one.
    const spec = fields.get('spec') ?? object.empty('spec')
    switch (`${group}/${meta.kind}`) {
      case 'security.istio.io/AuthorizationPolicy':
        return readAuthorizationPolicy(meta, spec, annotations)
      case 'security.istio.io/RequestAuthentication':
        return readRequestAuthentication(meta, spec)
      case 'security.istio.io/PeerAuthentication':
        return readPeerAuthentication(meta, spec)
      case 'networking.istio.io/Gateway':
        return readGateway(meta, spec)
      case 'networking.istio.io/VirtualService':
        return readVirtualService(meta, spec)
      case 'networking.istio.io/DestinationRule':
        return readDestinationRule(meta, spec)
      case 'networking.istio.io/ServiceEntry':
        return readServiceEntry(meta, spec)
      case 'networking.istio.io/Sidecar':
        return readSidecar(meta, spec)
      case 'networking.istio.io/EnvoyFilter':
        return readEnvoyFilter(meta, spec)
      case '/Service':
        return readService(meta, spec)
      case '/ConfigMap':
        return this.#configMap(meta, object)
      case '/Secret':
        return readSecret(meta, object)
      case 'rbac.authorization.k8s.io/Role':
      case 'rbac.authorization.k8s.io/ClusterRole':
        return readRole(meta, object)
      case 'rbac.authorization.k8s.io/RoleBinding':
      case 'rbac.authorization.k8s.io/ClusterRoleBinding':
        return readRoleBinding(meta, object)
      case 'kubeflow.org/Profile':
        return readProfile(meta, spec)
      case 'serving.kserve.io/InferenceService':
        return readInferenceService(meta, object)
      case '/Namespace':
      case '/ServiceAccount':
        return meta
      default:
        if (workloadKinds.has(meta.kind)) return readWorkload(meta, object)
        return { ...meta, raw: object.raw() } as OtherObject
    }
  }

  /** `istio` and `istio-<revision>` hold the mesh's own settings, as YAML in a string. */
  #configMap(meta: Meta, object: Value): ConfigMap {
    const map = readConfigMap(meta, object)
    if (meta.name !== 'istio' && !meta.name.startsWith('istio-')) return map
    const written = fieldsOf(object)
      .get('data')
      ?.entries()
      .find(([key]) => key === 'mesh')?.[1]
    const nested = written?.nested()
    if (!written || !nested) return map
    const [first] = documents(written.at.file, nested.text, nested.origin, this.#problems)
    if (first) {
      first.origin.subject = `MeshConfig in ConfigMap ${meta.namespace}/${meta.name}`
      const revision = meta.name === 'istio' ? undefined : meta.name.slice('istio-'.length)
      this.#meshConfigs.push({ map, config: readMeshConfig(first.value, revision) })
    }
    return map
  }

  mesh(): Mesh {
    const all = [...this.#objects.values()]
    const istio = (kind: string) =>
      all.filter((one) => one.kind === kind && groupOf(one.apiVersion).endsWith('istio.io'))
    const core = (kind: string) => all.filter((one) => one.kind === kind)
    const gatewayApi = all.filter((one) => groupOf(one.apiVersion).endsWith('gateway.networking.k8s.io'))
    const workloads = all.filter((one) => workloadKinds.has(one.kind)) as Workload[]
    const known = new Set<Meta>()
    const take = <T extends Meta>(some: readonly Meta[]): readonly T[] => {
      for (const one of some) known.add(one)
      return some as readonly T[]
    }
    const config = this.#meshConfig()
    return {
      meshConfig: config,
      istioVersion: istioVersion(workloads),
      gateways: take<Gateway>(istio('Gateway')),
      virtualServices: take<VirtualService>(istio('VirtualService')),
      authorizationPolicies: take<AuthorizationPolicy>(istio('AuthorizationPolicy')),
      requestAuthentications: take<RequestAuthentication>(istio('RequestAuthentication')),
      peerAuthentications: take<PeerAuthentication>(istio('PeerAuthentication')),
      destinationRules: take<DestinationRule>(istio('DestinationRule')),
      serviceEntries: take<ServiceEntry>(istio('ServiceEntry')),
      sidecars: take<SidecarResource>(istio('Sidecar')),
      envoyFilters: take<EnvoyFilter>(istio('EnvoyFilter')),
      services: take<Service>(all.filter((one) => one.kind === 'Service' && groupOf(one.apiVersion) === '')),
      workloads: take<Workload>(workloads),
      namespaces: take<Namespace>(core('Namespace')),
      serviceAccounts: take<ServiceAccount>(core('ServiceAccount')),
      configMaps: take<ConfigMap>(core('ConfigMap')),
      secrets: take<Secret>(core('Secret')),
      roles: take<Role>([...core('Role'), ...core('ClusterRole')]),
      roleBindings: take<RoleBinding>([...core('RoleBinding'), ...core('ClusterRoleBinding')]),
      profiles: take<Profile>(core('Profile')),
      inferenceServices: take<InferenceService>(core('InferenceService')),
      gatewayApi: take<OtherObject>(gatewayApi),
      others: all.filter((one) => !known.has(one)) as OtherObject[],
    }
  }

  /** The unrevisioned one wins; it lies in the namespace it names as root, else in istio-system. */
  #meshConfig(): MeshConfig {
    const ranked = [...this.#meshConfigs].sort(
      (a, b) =>
        Number(a.config.revision !== undefined) - Number(b.config.revision !== undefined) ||
        Number(b.map.namespace === 'istio-system') - Number(a.map.namespace === 'istio-system'),
    )
    return ranked[0]?.config ?? defaultMeshConfig
  }
}

/** The tag of istiod's image: `pilot:1.28.0`, `pilot:1.14.1-distroless`. */
function istioVersion(workloads: readonly Workload[]): Text | undefined {
  for (const workload of workloads) {
    for (const container of workload.containers) {
      const tag = /(?:^|\/)pilot:v?(\d+\.\d+(?:\.\d+)?)/.exec(container.image)?.[1]
      if (tag) return { value: tag, at: workload.at }
    }
  }
  return undefined
}
