/** Kubernetes' own objects. */
import type { At } from '../../base/index.ts'
import type { Labels, Meta } from './meta.ts'

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
    readonly command: readonly string[]
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
