import type { At } from '../base/index.ts'

/** Name and value as they stand on the wire, in order; names as sent. */
export type HeaderList = readonly (readonly [name: string, value: string])[]

/** The certificate a TLS client showed. */
export interface PeerCertificate {
  /** URI SANs, for example `spiffe://cluster.local/ns/kubeflow/sa/ml-pipeline`. */
  readonly uris: readonly string[]
  readonly dnsNames: readonly string[]
  /** RFC 2253 subject. */
  readonly subject: string
  /** Whether it chains to a CA the listener accepts. */
  readonly trusted: boolean
  /** Hex SHA-256 of the certificate, and its PEM text, for `x-forwarded-client-cert`; where they are known. */
  readonly sha256?: string
  readonly pem?: string
}

/** One HTTP request as a proxy's listener receives it. */
export interface DoorRequest {
  readonly method: string
  readonly scheme: 'http' | 'https'
  /** `:authority` as sent, port included; empty when there was no Host. */
  readonly host: string
  /** The request target as sent, query included. */
  readonly path: string
  /** Without Host. Order and repetition kept. */
  readonly headers: HeaderList
  /** Text, or bytes as they came. undefined = there is none, or it was not read yet. */
  readonly body?: string | Uint8Array
  /** What the client speaks; undefined = HTTP/1.1. */
  readonly protocol?: 'HTTP/1.1' | 'HTTP/2'
  /** The listener's own port: the gateway Service's targetPort, or a sidecar's container port. */
  readonly port: number
  /** TCP peer. */
  readonly sourceIp: string
  /** The `x-request-id` the proxy gives it; undefined = one stands in, for only its presence counts. */
  readonly requestId?: string
  /** The address the client dialled; undefined = loopback. */
  readonly destinationIp?: string
  /** Server name of the TLS hello; undefined = plain text or none sent. */
  readonly sni?: string
  readonly peer?: PeerCertificate
  readonly alpn?: readonly string[]
}

/** What a CUSTOM provider is asked: Envoy's ext_authz call over HTTP, or a CheckRequest over gRPC. */
export interface Check {
  /** Name in meshConfig.extensionProviders, or the EnvoyFilter's `namespace/name`. */
  readonly provider: string
  /** Istio's cluster name, `outbound|80||oauth2-proxy.oauth2-proxy.svc.cluster.local`. */
  readonly service: string
  readonly method: string
  readonly path: string
  readonly host: string
  readonly headers: HeaderList
  readonly body?: string
  /** It carries the beginning of the request's body, so many bytes at most; where none was given, it has to be read first. */
  readonly wantsBody?: { readonly maxBytes: number; readonly allowPartial: boolean }
  /** The provider's settings hand no cookie on, so a session is none to it. */
  readonly cookies?: false
  readonly protocol: 'http' | 'grpc'
  readonly timeoutMs: number
  /** Only for gRPC: the attributes Envoy fills in. */
  readonly grpc?: {
    readonly scheme: string
    readonly protocol: string
    readonly rawBody?: boolean
    readonly size?: number
    readonly source: { readonly principal?: string; readonly address?: string; readonly port?: number }
    readonly destination: { readonly principal?: string; readonly address?: string; readonly port?: number }
  }
}

/** What it answered. `failure` = no answer came. */
export interface CheckAnswer {
  readonly status: number
  readonly headers: HeaderList
  readonly body?: string
  readonly failure?: 'reset' | 'timeout'
  /** Nobody here can say what it answers, which makes the decision unknown. */
  readonly untold?: true
  readonly delayMs?: number
  /** A gRPC CheckResponse, in the form of `conformance/README.md`. */
  readonly grpc?: unknown
}

export type Verdict =
  | 'allow'
  | 'deny'
  /** Would be asked to sign in. */
  | 'challenge'
  | 'redirect'
  | 'not-found'
  | 'unavailable'
  | 'unknown'

/** One thing that was looked at on the way, in order. */
export interface Step {
  /** 0 = the door, 1 = the next proxy, … */
  readonly hop: number
  readonly phase:
    | 'listener'
    | 'normalize'
    | 'custom'
    | 'jwt'
    | 'audit'
    | 'deny'
    | 'allow'
    | 'fault'
    | 'cors'
    | 'route'
    | 'rewrite'
    | 'next-hop'
    | 'sidecar'
    | 'application'
  readonly object?: { readonly kind: string; readonly namespace: string; readonly name: string }
  /** For example `rules[0].to[0]`, `http[2].match[1]`. */
  readonly rule?: string
  readonly at?: At
  readonly outcome: 'matched' | 'missed' | 'passed' | 'rejected' | 'skipped' | 'near-miss' | 'unknown'
  /** A stable code, for example `issuer-unknown`, `no-allow-rule-matched`. */
  readonly reason: string
  /** One sentence for people. */
  readonly text?: string
}

interface Common {
  readonly verdict: Verdict
  /** The reason code of the deciding step. */
  readonly reason: string
  readonly steps: readonly Step[]
  /** Every question put to a provider so far, in order. */
  readonly checks: readonly Check[]
}

/** The provider has to be asked; call `decide` again with its answer appended. */
export interface AskDecision extends Common {
  readonly kind: 'ask'
  readonly check: Check
}

/** The proxy answers by itself. */
export interface ReplyDecision extends Common {
  readonly kind: 'reply'
  readonly status: number
  readonly headers: HeaderList
  readonly body: string
}

/** The request goes on to a workload. */
export interface ForwardDecision extends Common {
  readonly kind: 'forward'
  /** Istio's cluster name: `outbound|80||svc.ns.svc.cluster.local`, `inbound|8080||`. */
  readonly upstream: string
  readonly destination: { readonly host: string; readonly port: number; readonly subset?: string }
  readonly method: string
  readonly path: string
  readonly host: string
  /** Everything the workload sees but Host and the proxy's own `x-envoy-*`, `x-forwarded-*`. */
  readonly headers: HeaderList
  /** The proxy's own `x-envoy-*` and `x-forwarded-*` of the request, as far as they can be known. */
  readonly proxyHeaders?: HeaderList
  /** 0 or undefined = none. */
  readonly timeoutMs?: number
  /** undefined = as Istio has it by default. */
  readonly retries?: { readonly attempts: number; readonly on: string; readonly perTryTimeoutMs?: number }
  readonly delayMs?: number
  readonly mirrors?: readonly { readonly upstream: string; readonly host: string; readonly percent: number }[]
  /** What the proxy does to the workload's answer, in this order: remove, set, add. */
  readonly response: {
    readonly remove: readonly string[]
    readonly set: HeaderList
    readonly add: HeaderList
  }
}

/** No HTTP answer at all. */
export interface DropDecision extends Common {
  readonly kind: 'drop'
  readonly error: 'tls handshake failed' | 'connection closed without response' | 'connect: refused'
}

export interface UnknownDecision extends Common {
  readonly kind: 'unknown'
}

export type Decision = AskDecision | ReplyDecision | ForwardDecision | DropDecision | UnknownDecision

/** What the engine is handed besides the request. */
export interface Context {
  /** The providers' answers, in the order of the `ask` decisions. */
  readonly answers: readonly CheckAnswer[]
  /** Seconds since the epoch. */
  readonly now: number
  /** Whether `token` (compact JWS) verifies with this key; the shell has filled this beforehand. */
  readonly verified: (keyId: string, token: string) => boolean
  /** From 0 up to 1, for weights and percentages; undefined = the heaviest, and only 100 % happens. */
  readonly random?: number
  /** false = no steps are collected; analyses that ask a million times want that. */
  readonly trace?: boolean
}
