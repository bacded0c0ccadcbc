import { pageStandIn } from '../../compose/release-answers.ts'
import type { Explanation, HeaderList } from '../../policy/index.ts'
import type { Answered } from './answer-question.ts'

/** The contract of `explain -o json`: the fields of `--cases`, and steps with their place. */
export function asJson({ question, as, result, signedIn, around }: Answered): string {
  const { verdict, reason, steps, checks, workload } = result
  return JSON.stringify({
    id: `${question.method} ${question.scheme}://${question.host}${question.path}`,
    as,
    ...outcomeOf(result),
    checks: checks.map(({ service, method, path, host }) => ({ service, method, path, host })),
    verdict,
    reason,
    ...(workload && {
      workload: { kind: workload.kind, namespace: workload.namespace, name: workload.name },
    }),
    ...(around.length > 0 && {
      around: around.map(({ kind, object, at, port, proxies }) => ({ kind, object, at, port, proxies })),
    }),
    ...(signedIn && {
      signedIn: { as: signedIn.as, verdict: signedIn.result.verdict, reason: signedIn.result.reason },
    }),
    steps,
  })
}

function outcomeOf(result: Explanation): Readonly<Record<string, unknown>> {
  const { decision } = result
  const refusal = answeredBy(result)
  if (refusal !== undefined) return { ...sentTo(result), ...refusal }
  switch (decision.kind) {
    case 'forward':
      return sentTo(result)
    case 'reply': {
      const { status, body, headers } = decision
      // The text of a sign-in page is the auth service's own, and not known here.
      return { status, ...(body !== pageStandIn && { body }), responseHeaders: headers.map(lowerCase) }
    }
    case 'drop':
      return { error: decision.error }
    default:
      return {}
  }
}

/** What a workload said to a request that had reached it: the application, or a proxy before the next. */
function answeredBy({ application, arrived, decision }: Explanation) {
  if (application?.status !== undefined) return { status: application.status }
  if (arrived === undefined || decision.kind !== 'reply') return undefined
  return { status: decision.status, body: decision.body }
}

/** What reached the first workload: what that hands on is its own request. */
function sentTo(result: Explanation): Readonly<Record<string, unknown>> {
  const { decision } = result.arrived ?? result
  if (decision.kind !== 'forward') return {}
  return {
    upstream: upstreamOf(result),
    upstreamMethod: decision.method,
    upstreamPath: decision.path,
    upstreamHost: decision.host,
    upstreamHeaders: withoutSecrets(decision.headers),
  }
}

/** The last Service that was called: past it there is only the pod's own sidecar. */
export function upstreamOf(result: Explanation): string | undefined {
  const { hops, decision } = result.arrived ?? result
  const called = hops
    .map((hop) => hop.decision)
    .findLast((each) => each.kind === 'forward' && each.upstream.startsWith('outbound|'))
  if (called?.kind === 'forward') return called.upstream
  return decision.kind === 'forward' ? decision.upstream : undefined
}

/** What a token or a cookie says may be told, itself never. */
function withoutSecrets(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => !/^(proxy-)?authorization$|^cookie$|token/i.test(name))
}

const lowerCase = ([name, value]: readonly [string, string]) => [name.toLowerCase(), value] as const
