/** A request that goes on: to whom, under which host and path, with which headers. */
import { Attributes } from './attributes.ts'
import { chosenTarget } from './choose-target.ts'
import type { Context, ForwardDecision, HeaderList, ReplyDecision } from './decision.ts'
import { changeHeaders, mixChanges } from './header-changes.ts'
import { fitted, withDownstream } from './own-reply.ts'
import { isRewritten, rewritePath } from './rewrite.ts'
import { type ForwardAction, type HeaderChanges, noChanges, type Route } from './route.ts'
import { responseChanges, underRoute } from './route-headers.ts'
import type { FilterPass, NormalizedRequest } from './seam.ts'
import { note, noteRoute, type Trail } from './trail.ts'

export function forward(
  route: Route,
  action: ForwardAction,
  request: NormalizedRequest,
  attributes: Attributes,
  passed: FilterPass,
  corsHeaders: HeaderList,
  delayMs: number | undefined,
  context: Context,
  trail: Trail,
): ForwardDecision | ReplyDecision {
  const chosen = chosenTarget(route, action, context)
  const response = responseChanges(route, action, chosen)
  if (chosen === undefined || !chosen.target.known) {
    const reason = chosen === undefined ? 'no-destination' : 'destination-unknown'
    note(trail, {
      phase: 'next-hop',
      outcome: 'rejected',
      reason,
      text: chosen && `no service has ${chosen.target.cluster}`,
    })
    const routed = changeHeaders([], response, () => attributes)
    const headers = withDownstream(underRoute({ headers: corsHeaders, body: '' }, routed), passed)
    return fitted({ status: action.missing, headers, body: '' }, reason, request, trail, passed)
  }
  const from = (headers: HeaderList) => new Attributes({ ...attributes.source, headers })
  let headers = request.headers
  if (action.weighted) {
    headers = changeHeaders(headers, chosen.request, from)
    headers = changeHeaders(headers, route.request, from)
  } else {
    headers = changeHeaders(headers, mixChanges(route.request, chosen.request), from)
  }
  const [others, theirs] = parted(headers)
  // A cluster's own Host is applied first, so the route's wins.
  const host = action.host ?? chosen.host ?? request.host
  const path = rewritePath(route.path, action.rewrite, request.path)
  if (path !== request.path || host !== request.host) noteRoute(trail, route, 'rewritten', 'rewrite')
  const { target } = chosen
  // A Host that only one of several destinations sets is no rewrite to Envoy.
  const rehosted = action.host ?? (action.weighted ? undefined : chosen.host)
  const own = proxyHeaders(
    theirs,
    action,
    isRewritten(route.path, action.rewrite, request.path) ? request.path : undefined,
    rehosted !== undefined && rehosted !== request.host ? request.host : undefined,
  )
  const decision: ForwardDecision = {
    kind: 'forward',
    verdict: 'allow',
    reason: 'route-matched',
    steps: trail.steps,
    checks: passed.checks,
    upstream: target.cluster,
    destination:
      target.subset === ''
        ? { host: target.host, port: target.port }
        : { host: target.host, port: target.port, subset: target.subset },
    method: request.method,
    path,
    host,
    headers: others,
    proxyHeaders: own,
    timeoutMs: action.timeoutMs,
    retries: action.retries,
    delayMs,
    response: toAnswer(response, attributes, corsHeaders, passed),
  }
  if (action.mirrors.length === 0) return decision
  return {
    ...decision,
    mirrors: action.mirrors
      .filter(({ target: mirror }) => mirror.known)
      .map(({ target: mirror, percent }) => ({ upstream: mirror.cluster, host, percent })),
  }
}

function toAnswer(
  changes: HeaderChanges,
  attributes: Attributes,
  corsHeaders: HeaderList,
  { downstream: { set, add } }: FilterPass,
): ForwardDecision['response'] {
  if (changes === noChanges && corsHeaders.length + set.length + add.length === 0) return noChanges
  return {
    remove: changes.remove,
    set: [...formattedOnce(changes.set, attributes), ...corsHeaders, ...set],
    add: [...formatted(changes.add, attributes), ...add],
  }
}

function formatted(pairs: HeaderChanges['set'], attributes: Attributes): HeaderList {
  if (pairs.length === 0) return pairs
  return changeHeaders([], { remove: [], set: [], add: pairs }, () => attributes)
}

/** Of a name that is set twice, the later value. */
function formattedOnce(set: HeaderChanges['set'], attributes: Attributes): HeaderList {
  if (set.length === 0) return set
  return changeHeaders([], { remove: [], set, add: [] }, () => attributes)
}

/** The proxy's own headers, and Envoy's record of what a route changed, be it to the same. */
function proxyHeaders(
  own: (readonly [string, string])[],
  action: ForwardAction,
  path: string | undefined,
  host: string | undefined,
): HeaderList {
  if (path !== undefined) own.push(['x-envoy-original-path', path])
  if (host !== undefined) own.push(['x-envoy-original-host', host])
  const patience = action.retries?.perTryTimeoutMs || action.timeoutMs
  if (patience) own.push(['x-envoy-expected-rq-timeout-ms', String(patience)])
  own.push(firstAttempt)
  return own
}

const firstAttempt = ['x-envoy-attempt-count', '1'] as const

/** The request's own headers, and those of the proxy but its id. */
function parted(headers: HeaderList): [HeaderList, (readonly [string, string])[]] {
  let ours = 0
  for (const header of headers) if (isProxyHeader(header[0])) ours++
  const others: (readonly [string, string])[] = new Array(headers.length - ours)
  // Up to four more come later; a list that grows is copied.
  const own: (readonly [string, string])[] = new Array(ours + 4)
  let [other, kept] = [0, 0]
  for (const header of headers) {
    if (!isProxyHeader(header[0])) others[other++] = header
    else if (header[0] !== 'x-request-id') own[kept++] = header
  }
  own.length = kept
  return [others, own]
}

function isProxyHeader(name: string): boolean {
  return name.startsWith('x-envoy-') || name.startsWith('x-forwarded-') || name === 'x-request-id'
}
