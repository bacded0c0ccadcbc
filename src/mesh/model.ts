/**
 * The one readonly model of a door: what Istio's, Kubernetes' and Kubeflow's YAML says, every value
 * that can decide something with its line. Readers build it and never throw; what they could not
 * use is in `problems`.
 *
 * Fields are named as in the YAML. A field that was not written is `undefined`; defaults belong to
 * whoever interprets the value, because Istio tells "absent" from "empty" in many places.
 */
import type { InferenceService, Profile } from './model/kubeflow.ts'
import type {
  ConfigMap,
  Namespace,
  Role,
  RoleBinding,
  Secret,
  Service,
  ServiceAccount,
  Workload,
} from './model/kubernetes.ts'
import type { MeshConfig } from './model/mesh-config.ts'
import type { OtherObject, Text } from './model/meta.ts'
import type {
  DestinationRule,
  EnvoyFilter,
  Gateway,
  ServiceEntry,
  SidecarResource,
} from './model/networking.ts'
import type { VirtualService } from './model/routes.ts'
import type { AuthorizationPolicy, PeerAuthentication, RequestAuthentication } from './model/security.ts'

export type * from './model/kubeflow.ts'
export type * from './model/kubernetes.ts'
export type * from './model/mesh-config.ts'
export type * from './model/meta.ts'
export type * from './model/networking.ts'
export type * from './model/routes.ts'
export type * from './model/security.ts'

/** Everything a set of files says about one door. */
export interface Mesh {
  readonly meshConfig: MeshConfig
  /** `1.28.0` from the istiod image, if an istiod Deployment is there. */
  readonly istioVersion?: Text
  readonly gateways: readonly Gateway[]
  readonly virtualServices: readonly VirtualService[]
  readonly authorizationPolicies: readonly AuthorizationPolicy[]
  readonly requestAuthentications: readonly RequestAuthentication[]
  readonly peerAuthentications: readonly PeerAuthentication[]
  readonly destinationRules: readonly DestinationRule[]
  readonly serviceEntries: readonly ServiceEntry[]
  readonly sidecars: readonly SidecarResource[]
  readonly envoyFilters: readonly EnvoyFilter[]
  readonly services: readonly Service[]
  readonly workloads: readonly Workload[]
  readonly namespaces: readonly Namespace[]
  readonly serviceAccounts: readonly ServiceAccount[]
  readonly configMaps: readonly ConfigMap[]
  readonly secrets: readonly Secret[]
  readonly roles: readonly Role[]
  readonly roleBindings: readonly RoleBinding[]
  readonly profiles: readonly Profile[]
  readonly inferenceServices: readonly InferenceService[]
  /** gateway.networking.k8s.io: Gateway, GatewayClass, HTTPRoute, GRPCRoute, ReferenceGrant, … as written. */
  readonly gatewayApi: readonly OtherObject[]
  /** Ingress, NetworkPolicy, WasmPlugin, Telemetry, ProxyConfig, knative Service, PodDefault, and the rest. */
  readonly others: readonly OtherObject[]
}
