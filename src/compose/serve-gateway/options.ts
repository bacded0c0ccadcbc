import type { ProxyIdentity } from '../../policy/index.ts'

/** What `kfdoor serve gateway` was told. */
export interface ServeGatewayOptions {
  readonly files: readonly string[]
  /** Mesh target ports and where they are opened; empty = each at its own number on 127.0.0.1. */
  readonly listen: readonly ListenOption[]
  readonly upstreams: readonly UpstreamOption[]
  readonly defaultUpstream?: string
  /** By the provider's name in MeshConfig, or the EnvoyFilter's `namespace/name`. */
  readonly providers: Readonly<Record<string, string>>
  /** `namespace/name` → what the Secret holds, over what the YAML says. */
  readonly secrets: Readonly<Record<string, SecretData>>
  /** What JWKS URIs and discovery documents serve; these are not fetched. */
  readonly jwks: Readonly<Record<string, unknown>>
  /** The certificate of this proxy in the mesh: ISTIO_MUTUAL servers, sidecars. */
  readonly meshIdentity?: { readonly certPem: string; readonly keyPem: string; readonly caPem: string }
  readonly hardening: 'default' | 'istio-parity'
  readonly istioVersion?: string
  /** undefined = the ingress gateway. */
  readonly workload?: WorkloadOption
  /** Connections begin with HAProxy's PROXY protocol. */
  readonly proxyProtocol: boolean
  /** 48 bytes that processes share, so that one resumes the other's TLS sessions. */
  readonly ticketKeys?: Buffer
  /** One line for each request; undefined = none. */
  readonly accessLog?: (line: string) => void
}

export interface ListenOption {
  readonly targetPort: number
  readonly address: string
  /** 0 = a free one. */
  readonly port: number
}

/** A real server for a mesh name, or for one of Istio's clusters: `outbound|80|v1|app.ns.svc.cluster.local`. */
export interface UpstreamOption {
  readonly host: string
  /** `http:`, `https:`, or `grpc:` for HTTP/2 without TLS. */
  readonly url: string
}

export type SecretData = Readonly<Record<string, string>>

/** The pod that is stood in for. */
export type WorkloadOption =
  | { readonly kind: 'named'; readonly namespace: string; readonly name: string; readonly sidecar: boolean }
  | {
      readonly kind: 'labelled'
      readonly namespace: string
      readonly labels: ProxyIdentity['labels']
      readonly serviceAccount: string
      readonly sidecar: boolean
    }
  | { readonly kind: 'proxy'; readonly proxy: ProxyIdentity }

/** The line `serve gateway -o json` prints first; other programs rely on it. */
export interface GatewayReadyLine {
  readonly ready: true
  readonly pid: number
  readonly listeners: readonly {
    /** `namespace/name` of the workload. */
    readonly gateway: string
    /** The mesh's port: the Service's targetPort. */
    readonly targetPort: number
    readonly address: string
    /** The port that was opened. */
    readonly port: number
    readonly url: string
  }[]
}
