/**
 * Recorded cases: a request in the form of `conformance/README.md`, and what the engine says to it in
 * the same form. Pure; whoever reads files and checks signatures is `src/cli/cases`.
 */
import type {
  Check,
  CheckAnswer,
  Context,
  Decision,
  DoorRequest,
  HeaderList,
  PeerCertificate,
} from './decision.ts'
import type { Door } from './door.ts'
import type { ProxyIdentity } from './seam.ts'

export interface Case {
  readonly id: string
  readonly config: string
  readonly request: CaseRequest
  readonly answers?: readonly CaseAnswer[]
}

export interface CaseRequest {
  readonly method: string
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
  readonly path: string
  readonly headers?: HeaderList
  readonly body?: string
  readonly sourceIp?: string
  readonly sni?: string
  readonly clientCert?: string
  /** The client shows its certificate to a server that asks for another authority's too; not in recordings. */
  readonly insists?: boolean
  readonly workload?: {
    readonly kind?: 'gateway'
    readonly namespace: string
    readonly labels: Readonly<Record<string, string>>
    readonly serviceAccount?: string
    readonly port?: number
  }
  readonly peer?: null | { readonly principal: string }
  readonly alpn?: readonly string[]
}

/** What a provider answered; gRPC ones have only `grpc`. */
export interface CaseAnswer {
  readonly status?: number
  readonly headers?: HeaderList
  readonly body?: string
  readonly delayMs?: number
  readonly failure?: 'reset' | 'timeout'
  readonly grpc?: unknown
}

/** What surrounds the cases of one configuration. */
export interface CaseWorld {
  readonly door: Door
  readonly now: number
  readonly verified: Context['verified']
  /** A client certificate by its name, as the listener that takes `request` judges it. */
  readonly certificate: (
    name: string,
    proxy: ProxyIdentity,
    request: DoorRequest,
  ) => PeerCertificate | undefined
}

/** One line of `explain --cases`; field meanings as in `conformance/README.md`. */
export interface CaseOutcome {
  readonly id: string
  readonly status?: number
  readonly body?: string
  readonly responseHeaders?: HeaderList
  readonly error?: string
  readonly upstream?: string
  readonly upstreamMethod?: string
  readonly upstreamPath?: string
  readonly upstreamHost?: string
  readonly upstreamHeaders?: HeaderList
  readonly checks?: readonly Readonly<Record<string, unknown>>[]
  readonly verdict: string
  readonly reason?: string
  readonly steps: Decision['steps']
}

/** The proxy a case is put to; undefined = the ingress gateway. */
export function proxyOf(request: CaseRequest): ProxyIdentity | undefined {
  const { workload } = request
  if (workload === undefined) return undefined
  const { kind, namespace, labels, serviceAccount } = workload
  return {
    kind: kind ?? 'sidecar',
    namespace,
    labels,
    ...(serviceAccount !== undefined && { serviceAccount }),
  }
}

export function decideCase(world: CaseWorld, recorded: Case): CaseOutcome {
  const { door } = world
  const proxy = proxyOf(recorded.request) ?? door.gateway()
  const answers: CheckAnswer[] = []
  const given = recorded.answers ?? []
  const request = doorRequest(world, recorded.request, proxy)
  for (;;) {
    const decision = door.decide(proxy, request, {
      answers,
      now: world.now,
      verified: world.verified,
    })
    if (decision.kind !== 'ask') {
      // A check nobody answered was given up; the recordings do not have it.
      const checks = decision.checks.slice(0, given.length)
      return outcomeOf(recorded.id, { ...decision, checks })
    }
    const answer = given[answers.length] ?? { failure: 'timeout' as const }
    answers.push({
      status: answer.status ?? 0,
      headers: answer.headers ?? [],
      body: answer.body ?? '',
      ...(answer.failure && { failure: answer.failure }),
      ...(answer.delayMs !== undefined && { delayMs: answer.delayMs }),
      ...(answer.grpc !== undefined && { grpc: answer.grpc }),
    })
  }
}

function doorRequest(world: CaseWorld, request: CaseRequest, proxy: ProxyIdentity): DoorRequest {
  const { method, scheme, host, path, headers = [], body, port, sourceIp = '127.0.0.1', alpn } = request
  const mutual = request.peer !== undefined && request.peer !== null
  const tls = scheme === 'https' || mutual
  const sni = request.sni ?? (tls && !mutual ? nameOf(host) : undefined)
  const protocols = alpn ?? (mutual ? istioAlpn : tls ? ['http/1.1'] : undefined)
  const sent: DoorRequest = {
    method,
    scheme: tls ? 'https' : 'http',
    host,
    path,
    headers,
    port,
    sourceIp,
    destinationIp: proxy.kind === 'sidecar' ? '10.20.0.1' : '127.0.0.1',
    ...(body !== undefined && { body }),
    ...(sni !== undefined && sni !== '' && { sni }),
    ...(protocols && { alpn: protocols }),
  }
  const { clientCert, insists } = request
  const peer = tls && clientCert !== undefined ? world.certificate(clientCert, proxy, sent) : undefined
  // Gateways name the authorities they accept, and the recordings' client shows nothing else.
  const shown = peer?.trusted || insists || mutual
  return peer === undefined || !shown ? sent : { ...sent, peer }
}

const istioAlpn: readonly string[] = ['istio-http/1.1', 'istio', 'http/1.1']

/** SNI is a name, never an address. */
function nameOf(host: string): string | undefined {
  const name = host.replace(/:\d*$/, '')
  return name === '' || /^[\d.]+$|[:[\]]/.test(name) ? undefined : name
}

function outcomeOf(id: string, decision: Decision): CaseOutcome {
  const { verdict, steps, reason } = decision
  const checks = decision.checks.length === 0 ? undefined : decision.checks.map(checkOf)
  switch (decision.kind) {
    case 'forward':
      return {
        id,
        upstream: decision.upstream,
        upstreamMethod: decision.method,
        upstreamPath: decision.path,
        upstreamHost: decision.host,
        upstreamHeaders: sorted(decision.headers),
        checks,
        verdict,
        reason,
        steps,
      }
    case 'reply':
      return {
        id,
        status: decision.status,
        body: decision.body,
        responseHeaders: sorted(
          decision.headers.map(([name, value]) => [name.toLowerCase(), value] as const),
        ),
        checks,
        verdict,
        reason,
        steps,
      }
    case 'drop':
      return { id, error: decision.error, checks, verdict, reason, steps }
    case 'ask':
    case 'unknown':
      return { id, checks, verdict: 'unknown', reason, steps }
  }
}

/** By name; values of one name stay in order. */
function sorted(headers: HeaderList): HeaderList {
  return [...headers].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

function checkOf(check: Check): Readonly<Record<string, unknown>> {
  const { service, method, path, host, body, protocol, grpc } = check
  // The id is new with every request; what stands there is a stand-in.
  const headers = check.headers.filter(([name]) => name !== 'x-request-id')
  if (protocol === 'http') {
    return { service, method, path, host, headers: sorted(headers), ...(body !== undefined && { body }) }
  }
  // A connection has only its two ends.
  if (method === '') return { service, grpc: { source: grpc?.source, destination: grpc?.destination } }
  return {
    service,
    grpc: { method, path, host, headers: sorted(headers), ...(body !== undefined && { body }), ...grpc },
  }
}
