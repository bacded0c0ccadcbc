/** networking.istio.io: VirtualService and what its routes are made of. */
import type { At } from '../../base/index.ts'
import type { Labels, Meta, Text } from './meta.ts'

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
