/** Requests that begin inside the mesh. */
import type { Service } from '../mesh/index.ts'
import { atSidecar, finishAt } from './at-sidecar.ts'
import { answered, failed, mismatch } from './client-tls.ts'
import type { Context, Decision, DoorRequest, ForwardDecision, Step } from './decision.ts'
import type { Door } from './door.ts'
import { type Reach, reachOf } from './egress.ts'
import { type Hop, type Onward, onward, type PathDecision } from './hop.ts'
import { nextHop } from './next-hop.ts'
import { serviceHost } from './registry.ts'
import { findHost } from './route-table.ts'
import type { ProxyIdentity } from './seam.ts'
import { walk } from './walk.ts'

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
  const own = caller && { ...call, namespace: caller.namespace, account: caller.name }
  if (reach !== undefined && reach.kind !== 'listed') {
    // A VirtualService it lists is known on HTTP's usual port by the names it has, whether or not the Service
    // is, where some other Service opens that port.
    const opens = ({ name, namespace, ports }: Service) =>
      ports.some(({ port }) => port === 80) &&
      reachOf(door.mesh, caller as { namespace: string; name: string }, serviceHost(name, namespace)).kind ===
        'listed'
    const routed = reach.kind !== 'unknown' && call.port === 80 && door.mesh.services.some(opens)
    const table = routed && own && door.outboundTable(own)
    if (!table || findHost(table, request.host) === undefined)
      return unlisted(door, request, context, call, reach, hop)
  }
  const leaving = own && door.outbound(own, request, context, hop)
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
  const first: Hop = { hop, proxy, request, decision: leaving }
  if (leaving.kind !== 'forward') return { hops: [first], decision: leaving, steps, checks, verdict, reason }
  const rest = fromInside(door, leaving, context, call, hop + 1)
  return { ...rest, hops: [first, ...rest.hops], steps: [...steps, ...rest.steps] }
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
    ...(by && {
      object: { kind: by.kind, namespace: by.namespace, name: by.name },
      at: by.egress[0]?.at ?? by.at,
    }),
    outcome: kind === 'passed' ? 'passed' : kind === 'blocked' ? 'rejected' : 'unknown',
    reason,
    text: `${call.host} is not ${by ? 'among the hosts its egress lists' : 'exported to its namespace'}, ${texts[kind]}`,
  }
  const steps = context.trace === false ? [] : [step]
  if (kind === 'passed') {
    const { caller: _, ...nameless } = call
    const rest = decideFromInside(door, request, context, nameless, hop)
    return answered({ ...rest, steps: [...steps, ...rest.steps] }, true)
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
  const wrong = call.caller && mismatch(door.mesh, sent.destination, call.caller.namespace, next, hop)
  if (wrong !== undefined) {
    if (context.trace !== false) steps.push(wrong.step)
    const { verdict, step } = wrong
    return { verdict, reason: step.reason, hops: [], decision: failed(wrong, steps, []), steps, checks: [] }
  }
  const told = (path: PathDecision) => answered(path, call.caller !== undefined)
  if (next.kind === 'gateway') {
    const onwards = onward(sent, { port: next.port, scheme: 'http' })
    return told(walk(door, { request: onwards, proxy: next.proxy, hop, steps }, context))
  }
  if (next.kind === 'sidecar') {
    const caller = call.caller && { namespace: call.caller.namespace, account: call.caller.name }
    const last = atSidecar(door, sent, caller, next, context, hop)
    return told(finishAt(last, [], steps, [], next.backend.workload))
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
