/** What the proxy answers itself. */
import type { HeaderList, ReplyDecision, Verdict } from './decision.ts'
import { fitReply, type LocalReply } from './local-reply.ts'
import type { FilterPass, NormalizedRequest } from './seam.ts'
import type { Trail } from './trail.ts'
import { verdictOfReply } from './verdict.ts'

/** A HEAD request is answered without the body. */
export function reply(
  status: number,
  headers: HeaderList,
  body: string,
  reason: string,
  method: string,
  trail: Trail,
  checks: ReplyDecision['checks'],
): ReplyDecision {
  const verdict: Verdict = verdictOfReply(status, headers, reason)
  return {
    kind: 'reply',
    verdict,
    reason,
    status,
    headers,
    body: method === 'HEAD' ? '' : body,
    steps: trail.steps,
    checks,
  }
}

/** The proxy's own answer after the filters, as HEAD and gRPC get it; what it means is in its HTTP status. */
export function fitted(
  answer: LocalReply,
  reason: string,
  request: NormalizedRequest,
  trail: Trail,
  { checks }: FilterPass,
): ReplyDecision {
  const { status, headers, body } = fitReply(answer, request)
  const decision = reply(status, headers, body, reason, request.method, trail, checks)
  return { ...decision, verdict: verdictOfReply(answer.status, answer.headers, reason) }
}

export function withDownstream(headers: HeaderList, passed: FilterPass): HeaderList {
  const { set, add } = passed.downstream
  if (set.length === 0 && add.length === 0) return headers
  return [...headers.filter(([name]) => !set.some((other) => other[0] === name)), ...set, ...add]
}
