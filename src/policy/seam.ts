/**
 * Where the two halves of the engine meet: listeners and routing on one side, the filter chain that
 * runs between them on the other. Types only.
 */
import type { AttributeSource, Attributes, Claims } from './attributes.ts'
import type { Check, Context, HeaderList, Step } from './decision.ts'

/** The proxy that decides: which policies select it follows from these. */
export interface ProxyIdentity {
  readonly kind: 'gateway' | 'sidecar'
  readonly namespace: string
  /** Pod labels. */
  readonly labels: Readonly<Record<string, string>>
  readonly serviceAccount?: string
}

export interface EngineOptions {
  /** `1.28.0`; undefined = from the istiod image in the mesh, else a current one. */
  readonly istioVersion?: string
  /** What a JWKS URI or a discovery document serves, as text; undefined = it cannot be fetched. */
  readonly fetched?: (uri: string) => string | undefined
  /** The identity sidecars present, where it is not their own workload's. */
  readonly workloadPrincipal?: string
  /** The name in the certificate a Secret holds: `(namespace, name)`. */
  readonly certificatePrincipal?: (namespace: string, secret: string) => string | undefined
}

/** A public key a token may be verified with. The shell holds it, the engine only names it. */
export interface VerificationKey {
  readonly id: string
  /** As in the JWKS. */
  readonly jwk: Readonly<Record<string, unknown>>
}

/** A request after the connection manager has read it: path normalized, names in lower case. */
export interface NormalizedRequest extends AttributeSource {
  readonly body?: string | Uint8Array
  /** `x-forwarded-proto` as this proxy tells it onward. */
  readonly forwardedProto: string
  /** `HTTP/1.1` or `HTTP/2`. */
  readonly protocol?: string
  /** The name in the certificate this proxy serves, on a TLS listener. */
  readonly localPrincipal?: string
}

/** A route by the names istiod gives it, which EnvoyFilters match. */
export interface ChosenRoute {
  /** `http.8080`, or `https.443.https.gw.ns`. */
  readonly configuration?: string
  /** The server's port name and its Gateway as `ns/name`: only HTTPS servers have their own. */
  readonly portName?: string
  readonly gateway?: string
  /** The Service ports that lead to this listener. */
  readonly ports: readonly number[]
  /** `host:port`. */
  readonly vhost: string
  readonly domains: readonly string[]
  /** The `name` of the VirtualService's http entry. */
  readonly name?: string
  readonly action: 'ROUTE' | 'REDIRECT' | 'DIRECT_RESPONSE'
}

export interface FilterCall {
  readonly request: NormalizedRequest
  /** The same, where somebody has begun to look at it. */
  readonly attributes?: Attributes
  readonly context: Context
  /** Whether a route was found: without one no provider is asked. */
  readonly routed: boolean
  /** The route that was found, as istiod names it: EnvoyFilters switch filters off by these names. */
  readonly route?: ChosenRoute
  /** Collect steps. */
  readonly trace: boolean
  readonly hop: number
}

interface Ran {
  readonly steps: readonly Step[]
  readonly checks: readonly Check[]
  /** The code of what decided; for `pass` the last filter's. */
  readonly reason: string
}

export interface FilterPass extends Ran {
  readonly kind: 'pass'
  readonly headers: HeaderList
  readonly path: string
  readonly host: string
  /** The accepted token's claims, for `@request.auth.claims` routes. */
  readonly claims?: Claims
  /** The route has to be chosen again, from what the filters made of the request. */
  readonly reroute: boolean
  /** For the workload's answer: add, or replace. */
  readonly downstream: { readonly set: HeaderList; readonly add: HeaderList }
}
interface FilterAsk extends Ran {
  readonly kind: 'ask'
  readonly check: Check
}
interface FilterReply extends Ran {
  readonly kind: 'reply'
  /** The request as the filters before had made it, where they asked for another route. */
  readonly rerouted?: Attributes
  readonly status: number
  readonly headers: HeaderList
  readonly body: string
}
/** A TCP connection that is closed. */
interface FilterDrop extends Ran {
  readonly kind: 'drop'
  readonly error: 'connection closed without response'
}
/** Something on the path that is not understood. */
interface FilterUnknown extends Ran {
  readonly kind: 'unknown'
}
export type FilterOutcome = FilterPass | FilterAsk | FilterReply | FilterDrop | FilterUnknown

export interface Filters {
  run(call: FilterCall): FilterOutcome
  /** Keys any token may be verified with. */
  readonly keys: readonly VerificationKey[]
  /** Every token of the request that a rule would look at. */
  tokensIn(request: { readonly headers: HeaderList; readonly path: string }): readonly string[]
}
