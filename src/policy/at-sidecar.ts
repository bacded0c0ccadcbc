/** The last proxy of a way: the sidecar of the workload. */
import type { Workload } from '../mesh/index.ts'
import { towards } from './client-tls.ts'
import type { Check, Context, Decision, Step, Verdict } from './decision.ts'
import type { Door } from './door.ts'
import { type Hop, type Onward, onward, type PathDecision, somePod } from './hop.ts'
import { type Backend, sidecarOf } from './workload-of.ts'

export interface AtSidecar {
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
export function atSidecar(
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
  // A DestinationRule decides; without one istiod tells callers which pods' ports take its mTLS.
  const speaksPlain = (namespace: string) => {
    const { mode } = towards(door.mesh, decision.destination, namespace)
    return mode === undefined ? !door.takesMutual(proxy, backend.port) : mode === 'DISABLE'
  }
  const from = (peer: typeof caller): Hop => {
    const uri = `spiffe://${domain}/ns/${peer?.namespace}/sa/${peer?.account}`
    const mutual = peer !== undefined && !speaksPlain(peer.namespace)
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

/** The whole way, which ends there. */
export function finishAt(
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
