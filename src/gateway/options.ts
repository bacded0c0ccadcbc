import type { Clock } from '../base/index.ts'
import type {
  Check,
  CheckAnswer,
  Context,
  Decision,
  DoorRequest,
  ForwardDecision,
  PeerCertificate,
} from '../policy/index.ts'

/** One TLS server of a listener: whom it serves, and with which certificate. */
export interface TlsServer {
  /** Server names: exact, `*.example.com`, or `*`; as Istio writes them into the filter chain. */
  readonly hosts: readonly string[]
  /** Leaf first, then its chain. */
  readonly certPem: string
  readonly keyPem: string
  /** Whether a client must or may show a certificate, and which CA it has to come from. */
  readonly client?: {
    readonly mode: 'MUTUAL' | 'OPTIONAL_MUTUAL'
    readonly caPem: string
    /** OPTIONAL_MUTUAL: whose certificate is from elsewhere comes in, as nobody (docs/differences.md). */
    readonly strangersAsNobody?: boolean
    /** Ends the handshake of a client whose certificate is good and names somebody else. */
    readonly accepts?: (peer: PeerCertificate) => boolean
  }
  /** 48 bytes; processes that share them resume each other's sessions. undefined = this one's own. */
  readonly ticketKeys?: Buffer
  /** Default 1.2, which is also the least. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3'
}

/** One port to listen on, and the port of the mesh it stands for. */
export interface ListenerSpec {
  /** `namespace/name` of the gateway workload. */
  readonly gateway: string
  readonly address: string
  /** 0 = a free one. */
  readonly port: number
  /** The Service's port that clients in the mesh dial: 80, 443. */
  readonly meshPort: number
  /** The container's port, which the engine knows the listener by: 8080, 8443. */
  readonly targetPort: number
  /** undefined = plain text. */
  readonly tls?: readonly TlsServer[]
  /** The flag that chooses `port`, for the sentence when it is taken. */
  readonly flag?: string
  /** Each connection begins with who it is from and what was dialled (HAProxy's PROXY protocol). */
  readonly proxyProtocol?: boolean
}

/** A connection by its first bytes. */
export interface Arrival {
  /** The port of the mesh that was dialled: the listener's, or what the PROXY protocol says. */
  readonly port: number
  readonly remoteAddress: string
  readonly localAddress: string
  /** Whether it begins with a TLS ClientHello; then what that says. */
  readonly encrypted: boolean
  readonly sni?: string
  readonly alpn: readonly string[]
}

/** What is made of a connection. */
export type Plan =
  | { readonly kind: 'http' }
  /** TLS ends here, and carries HTTP or anything. The same server object keeps its session tickets. */
  | { readonly kind: 'tls'; readonly server: TlsServer; readonly carries: 'http' | 'bytes' }
  /** Passed on as it is, once the door has decided about the connection. */
  | { readonly kind: 'bytes' }
  | { readonly kind: 'close' }

/** Where a request goes in the end. */
export type Upstream =
  | {
      readonly kind: 'origin'
      /** `http://127.0.0.1:8888`; a path in it is ignored. */
      readonly url: string
      /** Speak HTTP/2 (prior knowledge over plain text): gRPC. */
      readonly h2?: boolean
      /** For https: the CA to trust, and the name to expect. */
      readonly tls?: { readonly caPem?: string; readonly serverName?: string }
    }
  | { readonly kind: 'handler'; readonly handle: WebHandler }

export type WebHandler = (request: Request, info?: { readonly remoteAddress?: string }) => Promise<Response>

export type Decide = (request: DoorRequest, context: Context, listener: ListenerSpec) => Decision

type Verified = Context['verified']

/** What of a decision says where a request goes. */
export type UpstreamTarget = Pick<ForwardDecision, 'upstream' | 'destination' | 'host' | 'path' | 'headers'>

/** What the gateway knows of a door: everything that `replace` exchanges at once. */
export interface DoorPort {
  readonly decide: Decide
  /** Checks every signature `decide` may ask for; called again with the answers of providers. */
  readonly verify: (
    request: DoorRequest,
    answers: readonly CheckAnswer[],
    listener: ListenerSpec,
  ) => Verified | Promise<Verified>
  /**
   * Asks a CUSTOM provider. A throw counts as no answer: Envoy's failure modes are the engine's to apply.
   * `body` = the bytes of the request's body that the check carries; `until.signal` is aborted when the
   * answer is no longer wanted, and made when it is read.
   */
  readonly ask: (
    check: Check,
    until: { readonly signal: AbortSignal },
    body?: Buffer,
  ) => CheckAnswer | Promise<CheckAnswer>
  /** undefined = nothing stands there: 503 as Envoy words it. */
  readonly upstream: (target: UpstreamTarget) => Upstream | undefined
  /** What is made of a connection; without it the listener's own `tls` says so. */
  readonly plan?: (listener: ListenerSpec, arrival: Arrival) => Plan
  /** Whether a port speaks TLS, for its URL; without it the listener's own `tls` says so. */
  readonly secure?: (listener: ListenerSpec) => boolean
  /** Headers that say who the caller is; a client's own never come through. */
  readonly identityHeaders: readonly string[]
}

export interface Limits {
  /** Bytes of a request line and its headers. */
  readonly headerBytes: number
  readonly headerLines: number
  /** Bytes of a request target. */
  readonly targetBytes: number
  /** From a connection's first byte, or a request's, to the end of its headers. */
  readonly headerMs: number
  /** Without a byte of a request's body. */
  readonly bodyIdleMs: number
  /** Between requests. */
  readonly keepAliveMs: number
  /** Streams of one HTTP/2 connection at a time. */
  readonly streams: number
  /** To reach an upstream; Istio's default is 10 s. */
  readonly connectMs: number
}

/** The defaults are those that the tests of the door assume (SECURITY.md). */
export const defaultLimits: Limits = {
  headerBytes: 64 * 1024,
  headerLines: 100,
  targetBytes: 8 * 1024,
  headerMs: 10_000,
  bodyIdleMs: 30_000,
  keepAliveMs: 75_000,
  streams: 100,
  connectMs: 10_000,
}

/** One finished request, for the log. Holds no header and no query: those carry secrets. */
export interface LogEntry {
  /** Also in `x-request-id` towards the upstream. */
  readonly id: string
  readonly at: number
  readonly gateway: string
  readonly port: number
  readonly method: string
  readonly host: string
  /** Without the query. */
  readonly path: string
  /** 0 = closed without an answer. */
  readonly status: number
  readonly verdict: Decision['verdict'] | 'refused'
  /** The engine's reason code, or the gateway's own. */
  readonly reason: string
  readonly upstream?: string
  readonly durationMs: number
}

export interface GatewayOptions {
  readonly listeners: readonly ListenerSpec[]
  readonly door: DoorPort
  /** `istio-parity` turns off what is stricter than Istio, to compare with one. */
  readonly hardening: 'default' | 'istio-parity'
  /** Proxies in front whose X-Forwarded-For is believed; default 0: nobody's. */
  readonly trustedHops?: number
  readonly limits?: Partial<Limits>
  /**
   * Mesh port → the port people use, for Locations; by default each gateway's own bound ports.
   * Keyed by `gateway`.
   */
  readonly outerPorts?: Readonly<Record<string, Readonly<Record<number, number>>>>
  readonly log?: (entry: LogEntry) => void
  /** Has Node's own server read every HTTP/1.1 connection from its first byte: to compare the two. */
  readonly nodeHttp1?: boolean
  readonly clock: Clock
}

export interface BoundListener {
  readonly gateway: string
  readonly meshPort: number
  readonly targetPort: number
  readonly address: string
  readonly port: number
  /** `https://127.0.0.1:8443`. */
  readonly url: string
}

export interface RunningGateway {
  readonly listeners: readonly BoundListener[]
  /**
   * Another configuration from the next request on; requests under way end with the one they began
   * with. `tls` exchanges certificates of a listener by its `targetPort` and gateway.
   */
  replace(change: {
    readonly door?: DoorPort
    readonly tls?: readonly {
      readonly gateway: string
      readonly targetPort: number
      readonly servers: readonly TlsServer[]
    }[]
  }): void
  /**
   * The listeners that shall be open: new ones are opened; those that are gone take nothing new.
   * Throws as the start does.
   */
  listen(wanted: readonly ListenerSpec[]): Promise<void>
  /** Takes nothing new, lets what runs end for so long, then cuts it off. */
  close(drainMs?: number): Promise<void>
}
