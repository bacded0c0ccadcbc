/** The TLS a DestinationRule has a proxy speak, and what comes of it at the other side. */
import type { Mesh } from '../mesh/index.ts'
import type { Check, Decision, Step } from './decision.ts'
import { tlsTowards } from './destination-rules.ts'
import type { Onward, PathDecision } from './hop.ts'
import { inboundPorts } from './inbound-port.ts'
import type { Next } from './next-hop.ts'
import type { Backend } from './workload-of.ts'

/** How a proxy of that namespace speaks to it. */
export function towards(mesh: Mesh, destination: Onward['destination'], proxyNamespace: string) {
  const serviceNamespace = /^[^.]+\.([^.]+)\.svc\./.exec(destination.host)?.[1] ?? proxyNamespace
  return tlsTowards(mesh, { ...destination, serviceNamespace, proxyNamespace })
}

/** A sidecar's HTTP port takes Istio's mTLS or plain text, and no other TLS. */
function isHttp(mesh: Mesh, { workload: { namespace, podLabels: labels }, port }: Backend): boolean {
  return inboundPorts(mesh, { namespace, labels }).get(port)?.protocol === 'http'
}

/** What comes of TLS that a DestinationRule asks for and the other side may not speak. */
export interface Mismatch {
  readonly verdict: 'unavailable' | 'unknown'
  readonly step: Step
}

export function mismatch(
  mesh: Mesh,
  destination: Onward['destination'],
  proxyNamespace: string,
  next: Next,
  hop: number,
): Mismatch | undefined {
  if (next.kind === 'unknown' || (next.kind === 'end' && next.workload === undefined)) return undefined
  const { mode, unsure } = towards(mesh, destination, proxyNamespace)
  const who = `${destination.host}:${destination.port}`
  const found = (verdict: Mismatch['verdict'], reason: string, text: string): Mismatch => {
    const outcome = verdict === 'unknown' ? 'unknown' : 'rejected'
    return { verdict, step: { hop, phase: 'next-hop', outcome, reason, text } }
  }
  if (unsure) {
    const text = `the DestinationRule of some proxies that call ${who} speaks other TLS than that of others`
    return found('unknown', 'destination-rule-differs', text)
  }
  if (mode === undefined || mode === 'DISABLE' || (mode === 'ISTIO_MUTUAL' && next.kind === 'sidecar')) {
    return undefined
  }
  const plain =
    next.kind === 'sidecar' ? isHttp(mesh, next.backend) : next.kind === 'end' && mode === 'ISTIO_MUTUAL'
  return plain
    ? found(
        'unavailable',
        'tls-to-plain',
        `a DestinationRule has ${who} called with TLS, which nothing there takes`,
      )
    : found(
        'unknown',
        'own-tls-unknown',
        `a DestinationRule has ${who} called with TLS of its own, and the YAML does not show whether it is taken`,
      )
}

/** What a request comes to where a later proxy closes the connection: the one before says so. */
export function answered(path: PathDecision, byProxy: boolean): PathDecision {
  const { decision, hops } = path
  if (decision.kind !== 'drop' || !(byProxy || hops.length > 1)) return path
  return { ...path, decision: { ...decision, ...unreachable } }
}

const unreachable = { kind: 'reply', status: 503, headers: [], body: '' } as const

/** Envoy's own answer where the other side cannot be spoken to. */
export function failed(
  { verdict, step: { reason } }: Mismatch,
  steps: readonly Step[],
  checks: readonly Check[],
): Decision {
  if (verdict === 'unknown') return { kind: 'unknown', verdict, reason, steps, checks }
  return { ...unreachable, verdict, reason, steps, checks }
}
