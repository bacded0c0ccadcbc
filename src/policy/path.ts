/** A request hop by hop: gateway, next gateway, the sidecar of the workload behind the Service. */
import type { Mesh, Workload } from '../mesh/model.ts'
import type { Check, Context, Decision, DoorRequest, ForwardDecision, Step, Verdict } from './decision.ts'
import type { Door } from './door.ts'
import type { ProxyIdentity } from './seam.ts'
import { type Backend, findBackend, injectionOf } from './workload-of.ts'

/** One proxy on the way and what it made of the request. */
export interface Hop {
  readonly proxy: ProxyIdentity
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
  const hops: Hop[] = []
  const steps: Step[] = []
  const checks: Check[] = []
  let proxy = entry
  let current = request
  for (;;) {
    const hop = hops.length
    const left = { ...context, answers: context.answers.slice(checks.length) }
    const decision = door.decide(proxy, current, left, hop)
    hops.push({ proxy, request: current, decision })
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
        current = onward(decision, { port: next.port, scheme: 'http' })
        proxy = next.proxy
        continue
      case 'sidecar': {
        const answers = context.answers.slice(checks.length)
        const last = atSidecar(door, decision, proxy, next, { ...context, answers }, hop + 1)
        hops.push(...last.hops)
        const { decision: final } = last
        return {
          hops,
          decision: final,
          steps: [...steps, ...final.steps, ...last.steps],
          checks: [...checks, ...final.checks],
          verdict: last.verdict ?? final.verdict,
          reason: last.reason ?? final.reason,
          workload: next.backend.workload,
        }
      }
    }
  }
}

type Next =
  | { readonly kind: 'end'; readonly workload?: Workload; readonly step?: Step }
  | { readonly kind: 'unknown'; readonly reason: string; readonly step?: Step }
  | { readonly kind: 'gateway'; readonly proxy: ProxyIdentity; readonly port: number; readonly step?: Step }
  | { readonly kind: 'sidecar'; readonly backend: Backend; readonly step?: Step }

function nextHop(door: Door, decision: ForwardDecision, hop: number, trace: boolean): Next {
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
      step: step('skipped', found.reason, `the YAML does not show what is behind ${host}:${port}`),
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
  decision: ForwardDecision,
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
  decision: ForwardDecision,
  caller: ProxyIdentity,
  next: { readonly backend: Backend },
  context: Context,
  hop: number,
): AtSidecar {
  const { backend } = next
  const { workload } = backend
  const proxy: ProxyIdentity = {
    kind: 'sidecar',
    namespace: workload.namespace,
    labels: workload.podLabels,
    serviceAccount: workload.serviceAccount,
  }
  const [domain] = [door.mesh.meshConfig.trustDomain]
  const from = (namespace: string, account: string): Hop => {
    const uri = `spiffe://${domain}/ns/${namespace}/sa/${account}`
    const mutual = !speaksPlain(door.mesh, decision)
    const { host, port } = decision.destination
    const request = onward(decision, {
      port: backend.port,
      scheme: mutual ? 'https' : 'http',
      destinationIp: somePod,
      ...(mutual && {
        peer: { uris: [uri], dnsNames: [], subject: '', trusted: true },
        sni: `outbound_.${port}_._.${host}`,
        alpn: ['istio-http/1.1', 'istio'],
      }),
    })
    return { proxy, request, decision: door.decide(proxy, request, context, hop) }
  }
  const direct = from(caller.namespace, caller.serviceAccount ?? 'default')
  const result: AtSidecar = { hops: [direct], decision: direct.decision, steps: [] }
  if (!backend.knative) return result
  const woken = from('knative-serving', 'activator')
  const same =
    woken.decision.kind === direct.decision.kind && woken.decision.verdict === direct.decision.verdict
  if (same) return result
  const text =
    `called by the gateway it is ${direct.decision.verdict}, ` +
    `by Knative's activator (while no pod runs) ${woken.decision.verdict}`
  const step: Step = { hop, phase: 'sidecar', outcome: 'unknown', reason: 'activator-differs', text }
  return { ...result, steps: [step], verdict: 'unknown', reason: 'activator-differs' }
}

/** A DestinationRule may turn Istio's own mTLS off. */
function speaksPlain(mesh: Mesh, decision: ForwardDecision): boolean {
  const { host, port } = decision.destination
  const rule = mesh.destinationRules.find((entry) => entry.host.value === host)
  const mode = rule?.portTlsModes[port] ?? rule?.tlsMode
  return mode === 'DISABLE'
}
