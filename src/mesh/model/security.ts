/** security.istio.io: who may call, with which token, with which certificate. */
import type { At, Located } from '../../base/index.ts'
import type { Attachment, Labels, Meta, Text } from './meta.ts'

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
