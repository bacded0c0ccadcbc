import { clientHeaderFilter, foldName, laxReading, refusedLine } from '../../gateway/index.ts'
import {
  type CheckAnswer,
  type Door,
  type Explanation,
  explain,
  type ForwardDecision,
  type Question,
  type Step,
  type Unasked,
} from '../../policy/index.ts'
import { identityHeaders } from '../identity-headers.ts'

/**
 * What a kfdoor gateway answers where it is stricter than Istio: headers only the door itself may say
 * are dropped before anything is decided, and a request that two readers could understand differently
 * is refused (ADR 7). Agrees with `deliberate` and `strictRefusal` of the gateway room.
 */
export function explainHardened(door: Door, question: Question): Explanation | Unasked {
  const { mesh } = door
  const identity = identityHeaders(mesh)
  const allowed = clientHeaderFilter(identity, mesh.meshConfig.numTrustedProxies)
  const headers = allowed(question.headers)
  const answers: CheckAnswer[] = []
  const strict: Question = {
    ...question,
    headers,
    principal: { ...question.principal, forged: false },
    provider(check, usual, trusting) {
      const answer = question.provider?.(check, usual, trusting) ?? usual
      answers.push(answer)
      return answer
    },
  }
  const result = explain(door, strict)
  // The gateway stands at the gateways' listeners only.
  if ('problem' in result || result.inside) return explain(door, question)
  const gone = [
    ...question.headers.filter((header) => !headers.includes(header)).map(([name]) => name),
    ...(question.principal.forged ? ['the forged ones'] : []),
  ]
  const told =
    gone.length === 0
      ? result
      : prefixed(result, step('passed', 'client-headers-dropped', `drops ${gone.join(', ')}`))
  const { method, host, path } = question
  const wrong = refusedLine({ method, host, target: path })
  if (wrong !== undefined) {
    const what = wrong.status === 405 ? `${method} is refused` : `${wrong.reason.replaceAll('-', ' ')}`
    const reason = wrong.status === 405 ? 'method-refused' : wrong.reason
    return refused(told, wrong.status, wrong.body ?? '', reason, what)
  }
  const lax = laxReading({ ...result.request, host, path })
  if (lax === undefined) return told
  const other = explain(door, {
    ...strict,
    host: lax.host,
    path: lax.path,
    connectTo: question.connectTo ?? host,
    // Both readings are given what was answered to the first one.
    answers: question.answers ?? answers.slice(0, result.checks.length),
  })
  if (!('problem' in other) && same(result, other, new Set(identity.map(foldName)))) return told
  const body = 'KFD1501: this request can be read in two ways, and they are not allowed the same\n'
  return refused(
    told,
    400,
    body,
    'ambiguous-request',
    `it can also be read as \`${lax.path}\`, and that is not allowed the same`,
  )
}

/** The same providers asked in the same order, and the same in the end. */
function same(one: Explanation, other: Explanation, identity: ReadonlySet<string>): boolean {
  const what = ({ checks, decision, hops }: Explanation) => {
    const asked = checks.map(({ provider }) => provider)
    if (decision.kind === 'reply') return [asked, decision.kind, decision.status]
    if (decision.kind !== 'forward') return [asked, decision.kind]
    return [asked, decision.kind, serviceOf({ hops, decision }), decision.method, said(decision)]
  }
  const said = ({ headers }: ForwardDecision) =>
    headers
      .filter(([name]) => identity.has(foldName(name)))
      .map(([name, value]) => `${foldName(name)}:${value}`)
      .sort()
  return JSON.stringify(what(one)) === JSON.stringify(what(other))
}

/** The last Service a gateway sends it to; a sidecar's own port says nothing. */
function serviceOf({ hops, decision }: { hops: Explanation['hops']; decision: ForwardDecision }): string {
  const forwards = hops.flatMap((hop) => (hop.decision.kind === 'forward' ? [hop.decision.upstream] : []))
  return forwards.findLast((upstream) => !upstream.startsWith('inbound|')) ?? decision.upstream
}

function step(outcome: Step['outcome'], reason: string, text: string): Step {
  return { hop: 0, phase: 'normalize', outcome, reason, text: `kfdoor's gateway: ${text}` }
}

function prefixed(result: Explanation, first: Step): Explanation {
  return { ...result, steps: [first, ...result.steps] }
}

function refused(
  result: Explanation,
  status: number,
  body: string,
  reason: string,
  text: string,
): Explanation {
  const { request, entry, inside } = result
  const steps = [
    ...result.steps.filter(({ reason: one }) => one === 'client-headers-dropped'),
    step('rejected', reason, text),
  ]
  const decision = {
    kind: 'reply' as const,
    verdict: 'deny' as const,
    reason,
    status,
    headers: [['content-type', 'text/plain'] as const],
    body,
    steps,
    checks: [],
  }
  return {
    request,
    entry,
    inside,
    verdict: 'deny',
    reason,
    hops: result.hops.slice(0, 1),
    decision,
    steps,
    checks: [],
  }
}
