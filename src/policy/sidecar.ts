/**
 * A workload's sidecar as the last proxy on the way: what it makes of a connection and the request in
 * it. Agrees with Istio's pilot/pkg/networking/core/listener_inbound.go.
 */
import type { Mesh } from '../mesh/index.ts'
import { clientCertificateEntry, clientCertificateHeader } from './client-certificate.ts'
import { connectionFilters, connectionOf } from './connection-filters.ts'
import type {
  Context,
  Decision,
  DoorRequest,
  DropDecision,
  HeaderList,
  PeerCertificate,
  Step,
} from './decision.ts'
import { compileEnvoyFilters } from './envoy-filter.ts'
import { compileChain, outcomeOf, selectPolicies, targetOf } from './filters.ts'
import { Flow, type HttpFilter } from './flow.ts'
import { chooseInbound } from './inbound-chain.ts'
import { type InboundPort, inboundPorts } from './inbound-port.ts'
import { pathRules } from './path-normalization.ts'
import { composePeerModes, modeOf, offersMutual, type PeerModes } from './peer-authentication.ts'
import { compileRegistry } from './registry.ts'
import { readHead } from './request-head.ts'
import type { EngineOptions, FilterOutcome, NormalizedRequest, VerificationKey } from './seam.ts'
import { trafficExtensions } from './traffic-extension.ts'
import { trustDomains } from './trust-domain.ts'
import { verdictOfReply } from './verdict.ts'

/** The pod behind a Service. */
export interface SidecarWorkload {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly serviceAccount: string
}

export interface Sidecar {
  readonly keys: readonly VerificationKey[]
  tokensIn(request: { readonly headers: HeaderList; readonly path: string }): readonly string[]
  /** What a connection to a container port is taken for, if its certificate is good; undefined = it is closed. */
  connection(arrival: InboundArrival): InboundConnection | undefined
  /**
   * Whether istiod has callers speak the mesh's mTLS to a container port, where no DestinationRule says
   * anything: what holds for one workload can take that away, and not give it to a namespace that is without
   * (`push_context.go`, BestEffortInferServiceMTLSMode; `endpoints/mtls_checker.go`).
   */
  takesMutual(port: number): boolean
  /** `request.port` is the container port that was dialled. */
  decide(request: DoorRequest, context: Context, hop?: number): Decision
}

export function compileSidecar(mesh: Mesh, workload: SidecarWorkload, options: EngineOptions): Sidecar {
  const proxy = { kind: 'sidecar', ...workload } as const
  const target = targetOf(mesh, proxy)
  const domains = trustDomains(mesh.meshConfig)
  const chain = compileChain(mesh, proxy, options)
  const registry = compileRegistry(mesh)
  const policies = selectPolicies(mesh, target)
  const context = { domains, tcp: true }
  const extensions = trafficExtensions(mesh, target, 'sidecar').filter(({ place }) => place === 'network')
  const connections = [
    ...extensions.map(({ filter }) => filter),
    ...connectionFilters(mesh, registry, workload.namespace, policies, context),
  ]
  const patches = compileEnvoyFilters(mesh, proxy, registry, options)
  const own = `spiffe://${domains[0]}/ns/${workload.namespace}/sa/${workload.serviceAccount}`
  const inbound: Inbound = {
    ports: inboundPorts(mesh, workload),
    modes: composePeerModes(mesh, target),
    domains,
    http: chain.filters,
    tcp: patches.applyToConnections(connections),
    localPrincipal: options.workloadPrincipal ?? own,
    paths: pathRules(mesh.meshConfig.pathNormalization),
  }
  const asked =
    (workload.labels['security.istio.io/tlsMode'] ?? 'istio') === 'istio' &&
    offersMutual(mesh, workload.namespace)
  return {
    keys: chain.keys,
    tokensIn: chain.tokensIn,
    connection: (arrival) => connection(inbound, arrival),
    takesMutual: (port) => asked && modeOf(inbound.modes, port) !== 'DISABLE',
    decide: (request, context, hop) => decide(inbound, request, context, hop ?? 0),
  }
}

function connection(inbound: Inbound, arrival: InboundArrival): InboundConnection | undefined {
  const { port, encrypted, alpn } = arrival
  const good: PeerCertificate = {
    uris: [`spiffe://${inbound.domains[0]}/`],
    dnsNames: [],
    subject: '',
    trusted: true,
  }
  const choice = chooseInbound(
    modeOf(inbound.modes, port),
    inbound.ports.get(port)?.protocol ?? 'auto',
    inbound.domains,
    { scheme: encrypted ? 'https' : 'http', alpn, ...(encrypted && { peer: good }) },
  )
  return choice.kind === 'drop' ? undefined : { carries: choice.kind, tls: choice.tls }
}

/** A connection by its first bytes. */
export interface InboundArrival {
  /** The container port that was dialled. */
  readonly port: number
  readonly encrypted: boolean
  /** Protocols the client offers. */
  readonly alpn: readonly string[]
}

export interface InboundConnection {
  readonly carries: 'http' | 'tcp'
  /** Whether TLS ends at the sidecar. */
  readonly tls: boolean
}

interface Inbound {
  readonly ports: ReadonlyMap<number, InboundPort>
  readonly modes: PeerModes
  readonly domains: readonly string[]
  readonly http: readonly HttpFilter[]
  readonly tcp: readonly HttpFilter[]
  readonly localPrincipal: string
  readonly paths: ReturnType<typeof pathRules>
}

function decide(inbound: Inbound, request: DoorRequest, context: Context, hop: number): Decision {
  const trace = context.trace !== false
  const steps: Step[] = []
  const port = inbound.ports.get(request.port)
  const mode = modeOf(inbound.modes, request.port)
  const choice = chooseInbound(mode, port?.protocol ?? 'auto', inbound.domains, request)
  if (trace) {
    const policy = inbound.modes.from[0]
    steps.push({
      hop,
      phase: 'sidecar',
      ...(policy && {
        object: { kind: policy.kind, namespace: policy.namespace, name: policy.name },
        at: policy.mtls?.at ?? policy.at,
      }),
      outcome: choice.kind === 'drop' ? 'rejected' : 'passed',
      reason: choice.reason,
      text: `port ${request.port} is ${mode}${port === undefined ? ' and no Service declares it' : ''}`,
    })
  }
  if (choice.kind === 'drop') return drop(choice.error, choice.reason, steps)
  const upstream = port === undefined ? 'InboundPassthroughCluster' : `inbound|${request.port}||`
  const flowOf = (received: NormalizedRequest) =>
    new Flow({ request: received, context, routed: true, trace, hop })
  if (choice.kind === 'tcp') {
    const flow = flowOf(
      connectionOf(
        request,
        choice.tls ? request.peer : undefined,
        choice.tls ? inbound.localPrincipal : undefined,
      ),
    )
    return finish(inbound.tcp, flow, steps, request, upstream, true)
  }
  const { peer } = request
  const head = readHead(
    { ...request, scheme: choice.tls ? 'https' : 'http' },
    { paths: inbound.paths, useRemoteAddress: false, trustedHops: 0, underscores: 'allow' },
    peer,
  )
  if (head.kind === 'reply') {
    const { status, headers, body, reason } = head
    return { kind: 'reply', verdict: 'deny', reason, status, headers, body, steps, checks: [] }
  }
  const headers = forwardCertificate(
    head.request.headers,
    choice.tls ? peer : undefined,
    inbound.localPrincipal,
  )
  const received = { ...head.request, headers, ...(choice.tls && { localPrincipal: inbound.localPrincipal }) }
  return finish(inbound.http, flowOf(received), steps, request, upstream, false)
}

/**
 * `x-forwarded-client-cert`: the caller's certificate is added on mutual TLS, and the header taken
 * away without it.
 */
function forwardCertificate(
  headers: HeaderList,
  peer: PeerCertificate | undefined,
  localPrincipal: string,
): HeaderList {
  const name = clientCertificateHeader
  const others = headers.filter((header) => header[0] !== name)
  if (peer === undefined) return others
  const before = headers.filter((header) => header[0] === name).map((header) => header[1])
  const own = clientCertificateEntry(peer, { by: localPrincipal, whole: false })
  return [...others, [name, [...before, own].join(',')]]
}

function finish(
  filters: readonly HttpFilter[],
  flow: Flow,
  steps: readonly Step[],
  request: DoorRequest,
  upstream: string,
  connection: boolean,
): Decision {
  const outcome = run(filters, flow)
  const common = { steps: [...steps, ...flow.steps], checks: flow.checks }
  switch (outcome.kind) {
    case 'ask':
      return { ...common, kind: 'ask', verdict: 'unknown', reason: outcome.reason, check: outcome.check }
    case 'unknown':
      return { ...common, kind: 'unknown', verdict: 'unknown', reason: outcome.reason }
    case 'drop':
      return { ...drop(outcome.error, outcome.reason, common.steps), checks: flow.checks }
    case 'reply': {
      if (connection) {
        return {
          ...drop('connection closed without response', outcome.reason, common.steps),
          checks: flow.checks,
        }
      }
      const { status, headers, body, reason } = outcome
      const verdict = verdictOfReply(status, headers, reason)
      return { ...common, kind: 'reply', verdict, reason, status, headers, body }
    }
    case 'pass': {
      const forwarded = connection ? request.headers : outcome.headers
      return {
        ...common,
        kind: 'forward',
        verdict: 'allow',
        reason: outcome.reason,
        upstream,
        destination: { host: 'localhost', port: request.port },
        method: request.method,
        path: connection ? request.path : outcome.path,
        host: connection ? request.host : outcome.host,
        headers: forwarded.filter(([name]) => !isOwn(name)),
        proxyHeaders: forwarded.filter(([name]) => isOwn(name)),
        response: { remove: [], set: outcome.downstream.set, add: outcome.downstream.add },
      }
    }
  }
}

/** Headers a proxy writes about the request, not the request's own. */
function isOwn(name: string): boolean {
  return /^x-(envoy|forwarded)-|^x-request-id$/.test(name)
}

function run(filters: readonly HttpFilter[], flow: Flow): FilterOutcome {
  for (const filter of filters) {
    const stop = filter.run(flow)
    if (stop !== undefined) return outcomeOf(flow, stop)
  }
  return outcomeOf(flow)
}

function drop(error: DropDecision['error'], reason: string, steps: readonly Step[]): DropDecision {
  return { kind: 'drop', verdict: 'deny', reason, error, steps, checks: [] }
}
