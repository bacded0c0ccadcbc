/** A request hop by hop: gateway, next gateway, the sidecar of the workload behind the Service. */

import { atSidecar, finishAt } from './at-sidecar.ts'
import { answered, failed, mismatch } from './client-tls.ts'
import type { Check, Context, DoorRequest, Step } from './decision.ts'
import type { Door } from './door.ts'
import { type Hop, onward, type PathDecision } from './hop.ts'
import { nextHop } from './next-hop.ts'
import type { ProxyIdentity } from './seam.ts'

/** More is a loop. */
const mostHops = 8

export function decidePath(
  door: Door,
  request: DoorRequest,
  context: Context,
  entry: ProxyIdentity = door.gateway(),
): PathDecision {
  return answered(walk(door, { request, proxy: entry, hop: 0, steps: [] }, context), false)
}

interface Start {
  readonly request: DoorRequest
  readonly proxy: ProxyIdentity
  readonly hop: number
  readonly steps: readonly Step[]
}

export function walk(door: Door, start: Start, context: Context): PathDecision {
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
    const wrong = mismatch(door.mesh, decision.destination, proxy.namespace, next, hop + 1)
    if (wrong !== undefined) {
      if (context.trace !== false) steps.push(wrong.step)
      const { verdict, step } = wrong
      return { ...done, decision: failed(wrong, steps, checks), verdict, reason: step.reason }
    }
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
