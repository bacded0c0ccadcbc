/** MeshConfig, as far as a decision depends on it. */
import type { At } from '../../base/index.ts'
import type { Text } from './meta.ts'
import type { HttpRoute } from './routes.ts'

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
  /** `enableAutoMtls`: proxies speak mTLS wherever the other side takes it, without a DestinationRule. */
  readonly autoMutual: boolean
  /** `outboundTrafficPolicy.mode`. */
  readonly outboundMode?: string
  readonly defaultHttpRetryPolicy?: HttpRoute['retries']
  readonly defaultServiceExportTo?: readonly string[]
  readonly defaultVirtualServiceExportTo?: readonly string[]
  readonly defaultDestinationRuleExportTo?: readonly string[]
  readonly raw: unknown
}
