/** Past the last proxy: what the applications on the way make of the request by themselves. */
import { type Application, handsOn, visitApplication } from './application/index.ts'
import type { Context, ForwardDecision, Step } from './decision.ts'
import type { Door } from './door.ts'
import { decideFromInside } from './from-inside.ts'
import type { PathDecision } from './hop.ts'
import { injectionOf } from './workload-of.ts'

export interface WholePath extends PathDecision {
  /** As it reached the first workload; undefined = that is where it ended. */
  readonly arrived?: PathDecision
  /** What the last application makes of it, where it has a check of its own. */
  readonly application?: Application
}

/** More is a loop. */
const mostApplications = 4

/** A request that reached a workload goes on to what that hands it on to, and to the checks there. */
export function throughApplications(door: Door, path: PathDecision, context: Context): WholePath {
  let whole: WholePath = path
  for (let visited = 0; visited < mostApplications; visited++) {
    const { decision, workload, verdict } = whole
    if (verdict !== 'allow' || decision.kind !== 'forward' || workload === undefined) return whole
    const hop = whole.steps.at(-1)?.hop ?? 0
    const on = handsOn(door.mesh, workload, decision.path)
    if (on === undefined) {
      const { mesh } = door
      const { method, path: target, headers, proxyHeaders = [] } = decision
      const application = visitApplication({
        mesh,
        workload,
        method,
        path: target,
        headers: [...headers, ...proxyHeaders].map(([name, value]) => [name.toLowerCase(), value] as const),
        ...bodyOf(whole),
        hop,
        verified: context.verified,
      })
      if (application === undefined) return whole
      const { verdict: said, reason, steps } = application
      return { ...whole, verdict: said, reason, steps: [...whole.steps, ...steps], application }
    }
    const { kind, namespace, name, at } = workload
    const step: Step = {
      hop,
      phase: 'application',
      object: { kind, namespace, name },
      at,
      outcome: 'passed',
      reason: 'handed-on',
      text: `${name} hands ${on.path} on to ${on.host}:${on.port}`,
    }
    const caller =
      injectionOf(door.mesh, workload) === 'sidecar'
        ? { namespace, name: workload.serviceAccount }
        : undefined
    const sent = requestOf(whole, decision, on.path, `${on.host}:${on.port}`)
    const call = { host: on.host, port: on.port, ...(caller && { caller }) }
    const next = decideFromInside(door, sent, context, call, hop + 1)
    whole = {
      ...next,
      arrived: whole.arrived ?? whole,
      hops: [...whole.hops, ...next.hops],
      steps: [...whole.steps, step, ...next.steps],
      checks: [...whole.checks, ...next.checks],
    }
  }
  return whole
}

/** An application is shown text; bytes come only from a gateway, which asks no application. */
function bodyOf({ hops }: PathDecision): { readonly body?: string } {
  const body = hops[0]?.request.body
  return typeof body === 'string' ? { body } : {}
}

function requestOf(path: PathDecision, sent: ForwardDecision, target: string, host: string) {
  const { method, headers } = sent
  return {
    method,
    scheme: 'http' as const,
    host,
    path: target,
    headers,
    port: 0,
    sourceIp: '192.0.2.1',
    ...bodyOf(path),
  }
}
