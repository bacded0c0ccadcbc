import { identityHeaders } from '../../compose/identity-headers.ts'
import { clientHeaderFilter, laxReading } from '../../gateway/index.ts'
import {
  type Door,
  type Explanation,
  explain,
  type HeaderList,
  type Question,
  type Step,
  type Unasked,
} from '../../policy/index.ts'

/**
 * What a kfdoor gateway answers where it is stricter than Istio: headers only the door itself may say
 * are dropped before anything is decided, and a request that two readers could understand differently
 * is refused (ADR 7).
 */
export function explainHardened(door: Door, question: Question): Explanation | Unasked {
  const { mesh } = door
  const allowed = clientHeaderFilter(identityHeaders(mesh), mesh.meshConfig.numTrustedProxies)
  const headers = allowed(question.headers)
  const strict: Question = {
    ...question,
    headers,
    principal: { ...question.principal, forged: false },
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
  if (/^(CONNECT|TRACE|TRACK)$/.test(question.method)) {
    return refused(told, 405, '', 'method-refused', `${question.method} is refused`)
  }
  const lax = laxReading({ ...result.request, host: question.host, path: question.path })
  if (lax === undefined) return told
  const other = explain(door, {
    ...strict,
    host: lax.host,
    path: lax.path,
    connectTo: question.connectTo ?? question.host,
  })
  if (!('problem' in other) && same(result, other)) return told
  const body = 'KFD1501: this request can be read in two ways, and they are not allowed the same\n'
  return refused(
    told,
    400,
    body,
    'ambiguous-request',
    `it can also be read as \`${lax.path}\`, and that is not allowed the same`,
  )
}

function same(one: Explanation, other: Explanation): boolean {
  const what = ({ verdict, decision }: Explanation) => {
    if (decision.kind !== 'forward')
      return [verdict, decision.kind, 'status' in decision ? decision.status : '']
    return [verdict, decision.upstream, decision.method, identityOf(decision.headers)]
  }
  return JSON.stringify(what(one)) === JSON.stringify(what(other))
}

function identityOf(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => /^(kubeflow-|x-auth-request-)/.test(name))
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
  const headers: HeaderList = [['content-type', 'text/plain']]
  const decision = {
    kind: 'reply' as const,
    verdict: 'deny' as const,
    reason,
    status,
    headers,
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
