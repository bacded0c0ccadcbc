/** networking.istio.io: the objects beside VirtualService. */
import type { At, Located } from '../../base/index.ts'
import type { Labels, Meta, TargetRef, Text } from './meta.ts'

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

export interface DestinationRule extends Meta, ClientTls {
  readonly kind: 'DestinationRule'
  readonly host: Text
  readonly exportTo?: readonly string[]
  readonly workloadSelector?: Labels
  readonly subsets: readonly (ClientTls & {
    readonly name: string
    readonly labels: Labels
    readonly at: At
  })[]
}

/** The TLS of a `trafficPolicy`. */
export interface ClientTls {
  /** undefined = there is no policy; empty = there is one, and none of TLS in it. */
  readonly tlsMode?: string
  /** `portLevelSettings`, port → mode; empty = the port has settings, and none of TLS. */
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
