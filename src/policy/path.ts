/** A request hop by hop: gateway, next gateway, the sidecar of the workload behind the Service. */
import type { Mesh, Workload } from '../mesh/index.ts'
import type { Check, Context, Decision, DoorRequest, ForwardDecision, Step, Verdict } from './decision.ts'
import type { Door } from './door.ts'
import { type Reach, reachOf } from './egress.ts'
import type { ProxyIdentity } from './seam.ts'
import { type Backend, capturesPort, findBackend, injectionOf, sidecarOf } from './workload-of.ts'

/** One proxy on the way and what it made of the request. */
export interface Hop {
  /** Its number in the steps. */
  readonly hop: number
  readonly proxy: ProxyIdentity
  /** The pod whose sidecar it is. */
  readonly workload?: Workload
  readonly request: DoorRequest
  readonly decision: Decision
}

export interface PathDecision {
  /** `allow` = it reached the workload. */
  readonly verdict: Verdict
  /** The reason code of the hop that decided. */
  readonly reason: string
  readonly hops: readonly Hop[]
  /** The last hop's decision: what the caller gets, or what reaches the workload. */
  readonly decision: Decision
  readonly steps: readonly Step[]
  readonly checks: readonly Check[]
  /** What it reached, where the YAML shows it. */
  readonly workload?: Workload
}

/** More is a loop. */
const mostHops = 8

/** Stands for a pod's address, which YAML does not tell: a documentation address (RFC 5737). */
const somePod = '192.0.2.1'

export function decidePath(
  door: Door,
  request: DoorRequest,
  context: Context,
  entry: ProxyIdentity = door.gateway(),
): PathDecision {
  return walk(door, { request, proxy: entry, hop: 0, steps: [] }, context)
}

/** A call from a pod: to a Service, with the caller's mesh identity or with none. */
export interface InsideCall {
  readonly host: string
  readonly port: number
  readonly caller?: { readonly namespace: string; readonly name: string }
}

/**
 * A request that begins inside the mesh: the caller's own sidecar applies the VirtualServices of the
 * mesh, and it goes on to the gateway or the sidecar behind the Service it names.
 */
export function decideFromInside(
  door: Door,
  request: DoorRequest,
  context: Context,
  call: InsideCall,
  hop = 0,
): PathDecision {
  const { caller } = call
  const reach = caller && reachOf(door.mesh, caller, call.host)
  if (caller !== undefined && reach !== undefined && reach.kind !== 'listed') {
    return unlisted(door, request, context, call, reach, hop)
  }
  const leaving = caller && door.outbound({ ...call, namespace: caller.namespace }, request, context, hop)
  if (caller === undefined || leaving === undefined) {
    const { method, path, host, headers } = request
    const sent: Onward = { method, path, host, headers, destination: { host: call.host, port: call.port } }
    return fromInside(door, sent, context, call, hop)
  }
  const { steps, checks, verdict, reason } = leaving
  const proxy: ProxyIdentity = {
    kind: 'sidecar',
    namespace: caller.namespace,
    labels: {},
    serviceAccount: caller.name,
  }
  const own: Hop = { hop, proxy, request, decision: leaving }
  if (leaving.kind !== 'forward') return { hops: [own], decision: leaving, steps, checks, verdict, reason }
  const rest = fromInside(door, leaving, context, call, hop + 1)
  return { ...rest, hops: [own, ...rest.hops], steps: [...steps, ...rest.steps] }
}

/** The caller's Sidecar does not list the Service, so its proxy knows nothing of it. */
function unlisted(
  door: Door,
  request: DoorRequest,
  context: Context,
  call: InsideCall,
  reach: Exclude<Reach, { readonly kind: 'listed' }>,
  hop: number,
): PathDecision {
  const { kind, by } = reach
  const reasons = { blocked: 'egress-blocked', passed: 'egress-passed', unknown: 'egress-differs' } as const
  const texts = {
    blocked: 'and nothing else may leave the pod',
    passed: 'so it leaves the pod as it is, without the name of its sender',
    unknown: 'as the Sidecar of some of its pods has it, and of others not',
  } as const
  const reason = reasons[kind]
  const step: Step = {
    hop,
    phase: 'sidecar',
    object: { kind: by.kind, namespace: by.namespace, name: by.name },
    at: by.egress[0]?.at ?? by.at,
    outcome: kind === 'passed' ? 'passed' : kind === 'blocked' ? 'rejected' : 'unknown',
    reason,
    text: `${call.host} is not among the hosts its egress lists, ${texts[kind]}`,
  }
  const steps = context.trace === false ? [] : [step]
  if (kind === 'passed') {
    const { caller: _, ...nameless } = call
    const rest = decideFromInside(door, request, context, nameless, hop)
    return { ...rest, steps: [...steps, ...rest.steps] }
  }
  const decision: Decision =
    kind === 'unknown'
      ? { kind: 'unknown', verdict: 'unknown', reason, steps, checks: [] }
      : {
          kind: 'reply',
          verdict: 'unavailable',
          reason,
          status: 502,
          headers: [],
          body: '',
          steps,
          checks: [],
        }
  return { hops: [], decision, steps, checks: [], verdict: decision.verdict, reason }
}

function fromInside(door: Door, sent: Onward, context: Context, call: InsideCall, hop: number): PathDecision {
  const next = nextHop(door, sent, hop, context.trace !== false)
  const steps = next.step === undefined ? [] : [next.step]
  if (next.kind === 'gateway') {
    const onwards = onward(sent, { port: next.port, scheme: 'http' })
    return walk(door, { request: onwards, proxy: next.proxy, hop, steps }, context)
  }
  if (next.kind === 'sidecar') {
    const caller = call.caller && { namespace: call.caller.namespace, account: call.caller.name }
    return finishAt(atSidecar(door, sent, caller, next, context, hop), [], steps, [], next.backend.workload)
  }
  // Only a pod that is in the YAML is known to be reached.
  const reached = next.kind === 'end' && next.workload !== undefined
  const [verdict, reason] = reached
    ? (['allow', 'no-proxy-on-the-way'] as const)
    : (['unknown', next.kind === 'unknown' ? next.reason : (next.reason ?? 'backend-not-given')] as const)
  const decision: Decision = reached
    ? directly(sent, steps)
    : { kind: 'unknown', verdict: 'unknown', reason, steps, checks: [] }
  return {
    verdict,
    reason,
    hops: [],
    decision,
    steps,
    checks: [],
    ...('workload' in next && { workload: next.workload }),
  }
}

/** No proxy stands between the caller and the pod. */
function directly(sent: Onward, steps: readonly Step[]): ForwardDecision {
  const { method, path, host, headers, destination } = sent
  return {
    kind: 'forward',
    verdict: 'allow',
    reason: 'no-proxy-on-the-way',
    steps,
    checks: [],
    upstream: `outbound|${destination.port}||${destination.host}`,
    destination,
    method,
    path,
    host,
    headers: headers.map(([name, value]) => [name.toLowerCase(), value] as const),
    response: { remove: [], set: [], add: [] },
  }
}

interface Start {
  readonly request: DoorRequest
  readonly proxy: ProxyIdentity
  readonly hop: number
  readonly steps: readonly Step[]
}

function walk(door: Door, start: Start, context: Context): PathDecision {
  const hops: Hop[] = []
  const steps: Step[] = [...start.steps]
  const checks: Check[] = []
  let { proxy, request: current } = start
  for (;;) {
    const hop = start.hop + hops.length
    const left = { ...context, answers: context.answers.slice(checks.length) }
    const decision = door.decide(proxy, current, left, hop)
    hops.push({ hop, proxy, request: current, decision })
    steps.push(...decision.steps)
    checks.push(...decision.checks)
    const { verdict, reason } = decision
    const done = { hops, decision, steps, checks, verdict, reason }
    if (decision.kind !== 'forward' || proxy.kind === 'sidecar') return done
    const next = nextHop(door, decision, hop + 1, context.trace !== false)
    if (next.step !== undefined) steps.push(next.step)
    switch (next.kind) {
      case 'end':
        return { ...done, ...(next.workload && { workload: next.workload }) }
      case 'unknown':
        return { ...done, verdict: 'unknown', reason: next.reason }
      case 'gateway':
        if (hops.length >= mostHops) return { ...done, verdict: 'unknown', reason: 'too-many-hops' }
        current = onward(decision, { port: next.port, scheme: 'http', requestId: current.requestId })
        proxy = next.proxy
        continue
      case 'sidecar': {
        const answers = context.answers.slice(checks.length)
        const caller = { namespace: proxy.namespace, account: proxy.serviceAccount ?? 'default' }
        const last = atSidecar(door, decision, caller, next, { ...context, answers }, hop + 1)
        return finishAt(last, hops, steps, checks, next.backend.workload)
      }
    }
  }
}

function finishAt(
  last: AtSidecar,
  hops: readonly Hop[],
  steps: readonly Step[],
  checks: readonly Check[],
  workload: Workload,
): PathDecision {
  const { decision } = last
  return {
    hops: [...hops, ...last.hops],
    decision,
    steps: [...steps, ...decision.steps, ...last.steps],
    checks: [...checks, ...decision.checks],
    verdict: last.verdict ?? decision.verdict,
    reason: last.reason ?? decision.reason,
    workload,
  }
}

/** What leaves a proxy or a pod. */
type Onward = Pick<ForwardDecision, 'method' | 'path' | 'host' | 'headers' | 'proxyHeaders'> & {
  readonly destination: ForwardDecision['destination']
}

export type Next =
  | { readonly kind: 'end'; readonly workload?: Workload; readonly reason?: string; readonly step?: Step }
  | { readonly kind: 'unknown'; readonly reason: string; readonly step?: Step }
  | { readonly kind: 'gateway'; readonly proxy: ProxyIdentity; readonly port: number; readonly step?: Step }
  | { readonly kind: 'sidecar'; readonly backend: Backend; readonly step?: Step }

export function nextHop(
  door: Door,
  decision: Pick<Onward, 'destination'>,
  hop: number,
  trace: boolean,
): Next {
  const { mesh } = door
  const { host, port } = decision.destination
  const step = (
    outcome: Step['outcome'],
    reason: string,
    text: string,
    backend?: Backend,
  ): Step | undefined =>
    trace
      ? {
          hop,
          phase: 'next-hop',
          outcome,
          reason,
          text,
          ...(backend && {
            object: {
              kind: backend.service.kind,
              namespace: backend.service.namespace,
              name: backend.service.name,
            },
            at: backend.service.at,
          }),
        }
      : undefined
  const found = findBackend(mesh, host, port)
  if (found.kind === 'none') {
    return {
      kind: 'end',
      reason: found.reason,
      step: step('unknown', found.reason, `the YAML does not show what is behind ${host}:${port}`),
    }
  }
  const { backend } = found
  const { workload } = backend
  const gateway = door.gateways.find(
    (proxy) => proxy.namespace === workload.namespace && proxy.labels === workload.podLabels,
  )
  if (gateway !== undefined) {
    return {
      kind: 'gateway',
      proxy: gateway,
      port: backend.port,
      step: step('passed', 'to-gateway', `${host}:${port} is the gateway ${workload.name}`, backend),
    }
  }
  switch (injectionOf(mesh, workload)) {
    case 'sidecar':
      if (!capturesPort(workload, backend.port)) {
        const text = `the sidecar of ${workload.name} leaves out port ${backend.port}, so no policy holds there`
        return { kind: 'end', workload, step: step('skipped', 'port-not-captured', text, backend) }
      }
      return {
        kind: 'sidecar',
        backend,
        step: step(
          'passed',
          'to-sidecar',
          `${host}:${port} is ${workload.name}, which has a sidecar`,
          backend,
        ),
      }
    case 'ambient':
      return {
        kind: 'unknown',
        reason: 'ambient-workload',
        step: step('unknown', 'ambient-workload', `${workload.name} is in an ambient mesh`, backend),
      }
    case 'none':
      return {
        kind: 'end',
        workload,
        step: step(
          'skipped',
          'no-sidecar',
          `${workload.name} has no sidecar, so no policy holds there`,
          backend,
        ),
      }
  }
}

/** The request as the next proxy gets it. */
function onward(
  decision: Onward,
  to: Pick<DoorRequest, 'port' | 'scheme'> & Partial<DoorRequest>,
): DoorRequest {
  return {
    method: decision.method,
    host: decision.host,
    path: decision.path,
    headers: [...decision.headers, ...(decision.proxyHeaders ?? [])],
    sourceIp: somePod,
    ...to,
  }
}

interface AtSidecar {
  readonly hops: readonly Hop[]
  readonly decision: Decision
  readonly steps: readonly Step[]
  readonly verdict?: Verdict
  readonly reason?: string
}

/**
 * Behind Knative the caller is the gateway or, while the revision is scaled to zero, the activator.
 * Where the two are treated differently nobody can say which it will be.
 */
function atSidecar(
  door: Door,
  decision: Onward,
  caller: { readonly namespace: string; readonly account: string } | undefined,
  next: { readonly backend: Backend },
  context: Context,
  hop: number,
): AtSidecar {
  const { backend } = next
  const proxy = sidecarOf(backend.workload)
  const { trustDomain: domain } = door.mesh.meshConfig
  const from = (peer: typeof caller): Hop => {
    const uri = `spiffe://${domain}/ns/${peer?.namespace}/sa/${peer?.account}`
    const mutual = peer !== undefined && !speaksPlain(door.mesh, decision)
    const { host, port, subset = '' } = decision.destination
    const request = onward(decision, {
      port: backend.port,
      scheme: mutual ? 'https' : 'http',
      destinationIp: somePod,
      ...(mutual && {
        peer: { uris: [uri], dnsNames: [], subject: '', trusted: true },
        sni: `outbound_.${port}_.${subset}_.${host}`,
        alpn: ['istio-http/1.1', 'istio'],
      }),
    })
    const { workload } = backend
    return { hop, proxy, workload, request, decision: door.decide(proxy, request, context, hop) }
  }
  const direct = from(caller)
  const result: AtSidecar = { hops: [direct], decision: direct.decision, steps: [] }
  if (!backend.knative) return result
  const woken = from({ namespace: 'knative-serving', account: 'activator' })
  const same =
    woken.decision.kind === direct.decision.kind && woken.decision.verdict === direct.decision.verdict
  if (same) return result
  const text =
    `called directly it is ${direct.decision.verdict}, ` +
    `by Knative's activator (while no pod runs) ${woken.decision.verdict}`
  const step: Step = { hop, phase: 'sidecar', outcome: 'unknown', reason: 'activator-differs', text }
  return { ...result, steps: [step], verdict: 'unknown', reason: 'activator-differs' }
}

/** A DestinationRule may turn Istio's own mTLS off. */
function speaksPlain(mesh: Mesh, decision: Onward): boolean {
  const { host, port } = decision.destination
  const rule = mesh.destinationRules.find((entry) => entry.host.value === host)
  const mode = rule?.portTlsModes[port] ?? rule?.tlsMode
  return mode === 'DISABLE'
}
