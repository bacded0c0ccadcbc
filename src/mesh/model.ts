/**
 * The one readonly model of a door: what Istio's, Kubernetes' and Kubeflow's YAML says, every value
 * that can decide something with its line. Readers build it and never throw; what they could not
 * use is in `problems`.
 *
 * Fields are named as in the YAML. A field that was not written is `undefined`; defaults belong to
 * whoever interprets the value, because Istio tells "absent" from "empty" in many places.
 */
import type { At, Located } from '../base/index.ts'

/** What every object has. */
export interface Meta {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Milliseconds since the epoch; objects without one count as created together. */
  readonly createdAt?: number
  readonly at: At
}

export type Text = Located<string>
export type Labels = Readonly<Record<string, string>>

export interface TargetRef {
  readonly group: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string
  readonly at: At
}

/** `selector` undefined = not written. `targetRefs` holds `targetRef` too. */
export interface Attachment {
  readonly selector?: Labels
  readonly targetRefs: readonly TargetRef[]
}

// --- security.istio.io -------------------------------------------------------------------------

/** A field that was not written is undefined; `paths: []` is an empty list. */
export interface Source {
  readonly at: At
  readonly principals?: readonly Text[]
  readonly notPrincipals?: readonly Text[]
  readonly requestPrincipals?: readonly Text[]
  readonly notRequestPrincipals?: readonly Text[]
  readonly namespaces?: readonly Text[]
  readonly notNamespaces?: readonly Text[]
  readonly serviceAccounts?: readonly Text[]
  readonly notServiceAccounts?: readonly Text[]
  readonly trustDomains?: readonly Text[]
  readonly notTrustDomains?: readonly Text[]
  readonly ipBlocks?: readonly Text[]
  readonly notIpBlocks?: readonly Text[]
  readonly remoteIpBlocks?: readonly Text[]
  readonly notRemoteIpBlocks?: readonly Text[]
}

export interface Operation {
  readonly at: At
  readonly hosts?: readonly Text[]
  readonly notHosts?: readonly Text[]
  readonly ports?: readonly Text[]
  readonly notPorts?: readonly Text[]
  readonly methods?: readonly Text[]
  readonly notMethods?: readonly Text[]
  readonly paths?: readonly Text[]
  readonly notPaths?: readonly Text[]
}

export interface Condition {
  readonly at: At
  readonly key: Text
  readonly values?: readonly Text[]
  readonly notValues?: readonly Text[]
}

/** `from`/`to`/`when` undefined = not written. A `from` entry without `source` has `source` undefined. */
export interface AuthorizationRule {
  readonly at: At
  readonly from?: readonly { readonly at: At; readonly source?: Source }[]
  readonly to?: readonly { readonly at: At; readonly operation?: Operation }[]
  readonly when?: readonly Condition[]
}

export interface AuthorizationPolicy extends Meta, Attachment {
  readonly kind: 'AuthorizationPolicy'
  /** As written; undefined = not written, which Istio reads as ALLOW. */
  readonly action?: Located<string>
  readonly provider?: Text
  /** undefined = not written. */
  readonly rules?: readonly AuthorizationRule[]
  /** `istio.io/dry-run`. */
  readonly dryRun?: Text
}

export interface JwtRule {
  readonly at: At
  readonly issuer: Text
  readonly audiences: readonly Text[]
  readonly jwksUri?: Text
  readonly jwks?: Text
  readonly fromHeaders: readonly { readonly name: string; readonly prefix?: string; readonly at: At }[]
  readonly fromParams: readonly Text[]
  readonly fromCookies: readonly Text[]
  readonly outputPayloadToHeader?: Text
  readonly outputClaimToHeaders: readonly {
    readonly header: string
    readonly claim: string
    readonly at: At
  }[]
  readonly forwardOriginalToken: boolean
  readonly spaceDelimitedClaims: readonly string[]
  readonly timeoutMs?: number
}

export interface RequestAuthentication extends Meta, Attachment {
  readonly kind: 'RequestAuthentication'
  readonly jwtRules: readonly JwtRule[]
}

export type MtlsMode = 'UNSET' | 'DISABLE' | 'PERMISSIVE' | 'STRICT'

export interface PeerAuthentication extends Meta {
  readonly kind: 'PeerAuthentication'
  readonly selector?: Labels
  readonly mtls?: Located<MtlsMode>
  readonly portLevelMtls: Readonly<Record<number, Located<MtlsMode>>>
}

// --- networking.istio.io -----------------------------------------------------------------------

export interface ServerTls {
  readonly at: At
  readonly httpsRedirect: boolean
  /** As written; undefined = not written (PASSTHROUGH is the enum's zero, Istio reads SIMPLE only where written). */
  readonly mode?: Located<string>
  readonly credentialName?: Text
  readonly credentialNames: readonly Text[]
  readonly serverCertificate?: Text
  readonly privateKey?: Text
  readonly caCertificates?: Text
  readonly caCertCredentialName?: Text
  /** Whether `tlsCertificates` is written: file paths, which no door here reads. */
  readonly tlsCertificates?: boolean
  readonly subjectAltNames: readonly string[]
  readonly minProtocolVersion?: string
  readonly maxProtocolVersion?: string
}

export interface Server {
  readonly at: At
  readonly name?: string
  readonly bind?: string
  readonly port: {
    readonly number: number
    readonly name: string
    readonly protocol: string
    readonly targetPort?: number
  }
  readonly hosts: readonly Text[]
  readonly tls?: ServerTls
}

export interface Gateway extends Meta {
  readonly kind: 'Gateway'
  readonly selector?: Labels
  readonly servers: readonly Server[]
}

/** exact, prefix or regex; `none` = `{}`, which asks for presence. */
export interface StringMatch {
  readonly at: At
  readonly kind: 'exact' | 'prefix' | 'regex' | 'none'
  readonly text: string
}

export interface HttpMatch {
  readonly at: At
  readonly name?: string
  readonly uri?: StringMatch
  readonly ignoreUriCase: boolean
  readonly scheme?: StringMatch
  readonly method?: StringMatch
  readonly authority?: StringMatch
  readonly headers: Readonly<Record<string, StringMatch>>
  readonly withoutHeaders: Readonly<Record<string, StringMatch>>
  readonly queryParams: Readonly<Record<string, StringMatch>>
  readonly port?: number
  readonly sourceLabels: Labels
  readonly sourceNamespace?: string
  /** undefined = not written. */
  readonly gateways?: readonly Text[]
  readonly statPrefix?: string
}

export interface HeaderOperations {
  readonly set: Readonly<Record<string, string>>
  readonly add: Readonly<Record<string, string>>
  readonly remove: readonly string[]
}

export interface Headers {
  readonly request?: HeaderOperations
  readonly response?: HeaderOperations
}

export interface Destination {
  readonly at: At
  readonly host: Text
  readonly subset?: string
  readonly port?: number
}

export interface WeightedDestination {
  readonly destination: Destination
  readonly weight: number
  readonly headers?: Headers
}

export interface HttpRoute {
  readonly at: At
  readonly name?: string
  /** undefined = not written: every request. */
  readonly match?: readonly HttpMatch[]
  readonly route: readonly WeightedDestination[]
  readonly redirect?: {
    readonly at: At
    readonly uri?: string
    readonly authority?: string
    readonly scheme?: string
    readonly port?: number
    readonly derivePort?: string
    readonly redirectCode?: number
  }
  readonly directResponse?: {
    readonly at: At
    readonly status: number
    readonly body?: string | { readonly base64: string }
  }
  readonly delegate?: { readonly name: string; readonly namespace?: string; readonly at: At }
  readonly rewrite?: {
    readonly at: At
    readonly uri?: string
    readonly authority?: string
    readonly uriRegexRewrite?: { readonly match: string; readonly rewrite: string }
  }
  readonly timeoutMs?: number
  readonly retries?: {
    readonly attempts: number
    readonly perTryTimeoutMs?: number
    readonly retryOn?: string
    readonly retryRemoteLocalities?: boolean
  }
  readonly fault?: {
    readonly at: At
    readonly abort?: {
      readonly httpStatus?: number
      readonly grpcStatus?: string
      readonly percentage?: number
    }
    readonly delay?: { readonly fixedDelayMs?: number; readonly percentage?: number }
  }
  readonly mirrors: readonly { readonly destination: Destination; readonly percentage?: number }[]
  readonly corsPolicy?: {
    readonly at: At
    readonly allowOrigins: readonly StringMatch[]
    readonly allowMethods: readonly string[]
    readonly allowHeaders: readonly string[]
    readonly exposeHeaders: readonly string[]
    readonly maxAgeSeconds?: number
    readonly allowCredentials?: boolean
    readonly unmatchedPreflights?: string
  }
  readonly headers?: Headers
}

/** A `tls` or `tcp` route. */
export interface L4Route {
  readonly at: At
  readonly match: readonly {
    readonly sniHosts: readonly string[]
    readonly port?: number
    readonly gateways?: readonly string[]
    readonly destinationSubnets: readonly string[]
    readonly sourceLabels: Labels
  }[]
  readonly route: readonly WeightedDestination[]
}

export interface VirtualService extends Meta {
  readonly kind: 'VirtualService'
  readonly hosts: readonly Text[]
  /** undefined = not written, which means `mesh` only. */
  readonly gateways?: readonly Text[]
  readonly exportTo?: readonly string[]
  readonly http: readonly HttpRoute[]
  readonly tls: readonly L4Route[]
  readonly tcp: readonly L4Route[]
}

export interface DestinationRule extends Meta {
  readonly kind: 'DestinationRule'
  readonly host: Text
  readonly exportTo?: readonly string[]
  readonly workloadSelector?: Labels
  readonly subsets: readonly { readonly name: string; readonly labels: Labels; readonly at: At }[]
  readonly tlsMode?: string
  /** `trafficPolicy.portLevelSettings`, port → tls mode. */
  readonly portTlsModes: Readonly<Record<number, string>>
}

export interface ServiceEntry extends Meta {
  readonly kind: 'ServiceEntry'
  readonly hosts: readonly Text[]
  readonly ports: readonly {
    readonly number: number
    readonly name: string
    readonly protocol: string
    readonly targetPort?: number
  }[]
  readonly location?: string
  readonly resolution?: string
  readonly exportTo?: readonly string[]
  readonly endpoints: readonly { readonly address: string; readonly labels: Labels }[]
  readonly workloadSelector?: Labels
}

export interface SidecarResource extends Meta {
  readonly kind: 'Sidecar'
  readonly workloadSelector?: Labels
  readonly ingress: readonly {
    readonly port: { readonly number: number; readonly name: string; readonly protocol: string }
    readonly defaultEndpoint?: string
    readonly bind?: string
    readonly tls?: ServerTls
    readonly at: At
  }[]
  /** `outboundTrafficPolicy.mode`. */
  readonly outboundMode?: string
  /** Host patterns as written, per listener. */
  readonly egress: readonly { readonly hosts: readonly string[]; readonly at: At }[]
  readonly raw: unknown
}

/** Patches are kept raw: whoever understands one looks for what it knows and calls the rest unknown. */
export interface EnvoyFilter extends Meta {
  readonly kind: 'EnvoyFilter'
  readonly workloadSelector?: Labels
  readonly targetRefs: readonly TargetRef[]
  readonly priority: number
  readonly configPatches: readonly {
    readonly at: At
    readonly applyTo: string
    readonly match: unknown
    readonly patch: { readonly operation: string; readonly value: unknown; readonly filterClass?: string }
  }[]
}

/** An object that is known by name only: it is on the map, and what it does is not modelled. */
export interface OtherObject extends Meta {
  readonly raw: unknown
}

// --- MeshConfig --------------------------------------------------------------------------------

export interface ExtensionProvider {
  readonly at: At
  readonly name: string
  /** `other` = tracing, logging and so on: no authorizer. */
  readonly kind: 'envoyExtAuthzHttp' | 'envoyExtAuthzGrpc' | 'other'
  readonly service: string
  readonly port: number
  readonly timeoutMs?: number
  readonly pathPrefix?: string
  readonly failOpen: boolean
  readonly clearRouteCache: boolean
  readonly statusOnError?: string
  readonly includeRequestHeadersInCheck: readonly Text[]
  /** The old name of the same. */
  readonly includeHeadersInCheck: readonly Text[]
  readonly includeAdditionalHeadersInCheck: Readonly<Record<string, string>>
  readonly includeRequestBodyInCheck?: {
    readonly maxRequestBytes: number
    readonly allowPartialMessage: boolean
    readonly packAsBytes: boolean
  }
  readonly headersToUpstreamOnAllow: readonly Text[]
  readonly headersToDownstreamOnDeny: readonly Text[]
  readonly headersToDownstreamOnAllow: readonly Text[]
}

export interface MeshConfig {
  /** Where it was written; undefined = no ConfigMap, Istio's defaults. */
  readonly at?: At
  readonly revision?: string
  readonly rootNamespace: string
  readonly trustDomain: string
  readonly trustDomainAliases: readonly string[]
  /** NONE, DEFAULT, BASE, MERGE_SLASHES, DECODE_AND_MERGE_SLASHES. */
  readonly pathNormalization: string
  readonly extensionProviders: readonly ExtensionProvider[]
  readonly defaultProviders: Readonly<Record<string, readonly string[]>>
  readonly numTrustedProxies: number
  /** `outboundTrafficPolicy.mode`. */
  readonly outboundMode?: string
  readonly defaultHttpRetryPolicy?: HttpRoute['retries']
  readonly defaultServiceExportTo?: readonly string[]
  readonly defaultVirtualServiceExportTo?: readonly string[]
  readonly defaultDestinationRuleExportTo?: readonly string[]
  readonly raw: unknown
}

// --- Kubernetes --------------------------------------------------------------------------------

export interface ServicePort {
  readonly name: string
  readonly port: number
  /** A number, or a container port's name. */
  readonly targetPort?: number | string
  readonly nodePort?: number
  readonly protocol: string
  readonly appProtocol?: string
}

export interface Service extends Meta {
  readonly kind: 'Service'
  readonly type: string
  readonly selector?: Labels
  readonly ports: readonly ServicePort[]
  readonly externalName?: string
  readonly clusterIP?: string
  readonly externalIPs?: readonly string[]
}

/** A Pod, or the pods a Deployment, StatefulSet, DaemonSet or ReplicaSet makes. */
export interface Workload extends Meta {
  readonly podLabels: Labels
  readonly podAnnotations: Labels
  readonly serviceAccount: string
  /** In the node's own network: never injected. */
  readonly hostNetwork?: boolean
  /** Annotation `proxy.istio.io/config`, as far as a decision depends on it. */
  readonly proxyConfig?: { readonly numTrustedProxies?: number }
  readonly containers: readonly {
    readonly name: string
    readonly image: string
    readonly args: readonly string[]
    readonly env: Readonly<Record<string, string>>
    /** Variables whose value is one key of a ConfigMap or Secret. */
    readonly envRefs: Readonly<
      Record<string, { readonly kind: 'configMap' | 'secret'; readonly name: string; readonly key: string }>
    >
    readonly envFrom: readonly { readonly kind: 'configMap' | 'secret'; readonly name: string }[]
    readonly ports: readonly {
      readonly name?: string
      readonly port: number
      readonly protocol: string
      /** Open on the pod's node too. */
      readonly hostPort?: number
    }[]
  }[]
}

export interface Namespace extends Meta {
  readonly kind: 'Namespace'
}
export interface ServiceAccount extends Meta {
  readonly kind: 'ServiceAccount'
}
export interface ConfigMap extends Meta {
  readonly kind: 'ConfigMap'
  readonly data: Readonly<Record<string, string>>
  /** The line a key's value begins on. */
  readonly dataAt: Readonly<Record<string, At>>
}
/** Values decoded from `data`, or as written in `stringData`. Never printed. */
export interface Secret extends Meta {
  readonly kind: 'Secret'
  readonly type: string
  readonly data: Readonly<Record<string, string>>
}

export interface RoleBinding extends Meta {
  readonly kind: 'RoleBinding' | 'ClusterRoleBinding'
  readonly roleRef: { readonly kind: string; readonly name: string }
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[]
}
export interface Role extends Meta {
  readonly kind: 'Role' | 'ClusterRole'
  readonly rules: readonly {
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly verbs: readonly string[]
    readonly resourceNames: readonly string[]
  }[]
  readonly aggregationLabels: readonly Labels[]
}

/** kubeflow.org Profile: a user's namespace. */
export interface Profile extends Meta {
  readonly kind: 'Profile'
  readonly owner: { readonly kind: string; readonly name: string }
}
export interface InferenceService extends Meta {
  readonly kind: 'InferenceService'
  readonly modelFormat?: string
  readonly protocolVersion?: string
  readonly raw: unknown
}

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
