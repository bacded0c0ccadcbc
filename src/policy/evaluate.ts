/**
 * One HTTP request at one gateway: connection, head, filters, route, action. The order is Envoy's:
 * nothing of a route takes effect before every filter has let the request pass.
 */
import { Attributes } from './attributes.ts'
import { forwardCertificate } from './client-certificate.ts'
import { connectionOf } from './connection-filters.ts'
import { applyCors } from './cors.ts'
import type {
  Context,
  Decision,
  DoorRequest,
  ForwardDecision,
  HeaderList,
  ReplyDecision,
  Step,
  Verdict,
} from './decision.ts'
import { Flow, type HttpFilter, type Stop } from './flow.ts'
import type { MergedServer } from './gateway-servers.ts'
import { changeHeaders, joinChanges, mixChanges } from './header-changes.ts'
import { accept, asksForPeer, type Chain, type GatewayProxy } from './listener.ts'
import { fitReply, type LocalReply } from './local-reply.ts'
import { nearRoutes } from './near-routes.ts'
import type { CertificateForwarding } from './proxy-config.ts'
import { httpsLocation, redirectLocation } from './redirect.ts'
import { type Head, type HeadRules, readHead } from './request-head.ts'
import { isRewritten, rewritePath } from './rewrite.ts'
import {
  type ForwardAction,
  type HeaderChanges,
  noChanges,
  type RedirectAction,
  type Route,
  type WeightedTarget,
} from './route.ts'
import { chosenRoute, type Found, findRoute, type RouteTable } from './route-table.ts'
import type { ChosenRoute, FilterCall, FilterPass, Filters, NormalizedRequest } from './seam.ts'
import { verdictOfReply } from './verdict.ts'

/** A compiled gateway. */
export interface Gateway {
  readonly proxy: GatewayProxy
  readonly filters: () => Filters
  /** What a connection passes whose bytes are not read. */
  readonly connections: () => readonly HttpFilter[]
  readonly head: HeadRules
  readonly certificates: CertificateForwarding
  /** What was read last; undefined = every head is read anew. */
  readonly last?: { request?: DoorRequest; head?: Head }
  /** The name in the certificate a TLS listener shows, for gRPC checks. */
  readonly localPrincipal?: (chain: Chain) => string | undefined
}

/** What is collected while a request is looked at. */
interface Trail {
  readonly steps: Step[]
  readonly hop: number
  readonly trace: boolean
}

export function decideGateway(
  gateway: Gateway,
  request: DoorRequest,
  context: Context,
  hop: number,
): Decision {
  const trace = context.trace !== false
  const trail: Trail = { steps: trace ? [] : untold, hop, trace }
  const accepted = accept(gateway.proxy, request)
  if (accepted.kind === 'drop') {
    note(trail, { phase: 'listener', outcome: 'rejected', reason: accepted.reason })
    return {
      kind: 'drop',
      error: accepted.error,
      verdict: 'unavailable',
      reason: accepted.reason,
      steps: trail.steps,
      checks: [],
    }
  }
  const { chain } = accepted
  noteChain(trail, chain)
  if (chain.table === undefined) return decideConnection(gateway, chain, request, context, trail)
  const peer = asksForPeer(chain) ? request.peer : undefined
  const head = readOnce(gateway, request, peer)
  if (head.kind === 'reply') {
    note(trail, { phase: 'normalize', outcome: 'rejected', reason: head.reason })
    return reply(head.status, head.headers, head.body, head.reason, request.method, trail, [])
  }
  const localPrincipal = chain.tls ? gateway.localPrincipal?.(chain) : undefined
  const headers = forwardCertificate(head.request.headers, peer, gateway.certificates, localPrincipal)
  const read =
    headers === head.request.headers && localPrincipal === undefined
      ? head.request
      : { ...head.request, headers, ...(localPrincipal !== undefined && { localPrincipal }) }
  return decideHttp(gateway, chain, read, context, trail)
}

/** Where nobody wants steps. */
const untold = Object.freeze([]) as unknown as Step[]

/** A request comes again with each answer of a provider; its head is read the first time. */
function readOnce(gateway: Gateway, request: DoorRequest, peer: DoorRequest['peer']): Head {
  const { last } = gateway
  if (last?.head !== undefined && last.request === request) return last.head
  const head = readHead(request, gateway.head, peer)
  if (last) {
    last.head = head
    last.request = request
  }
  return head
}

/** What the filters are handed; the names of the route only where an EnvoyFilter asks for them. */
class RoutedCall implements FilterCall {
  readonly attributes: Attributes
  readonly context: Context
  readonly trace: boolean
  readonly hop: number
  readonly routed: boolean
  readonly #table: RouteTable
  readonly #found: Found

  constructor(attributes: Attributes, context: Context, trail: Trail, table: RouteTable, found: Found) {
    this.attributes = attributes
    this.context = context
    this.trace = trail.trace
    this.hop = trail.hop
    this.routed = found.kind !== 'none'
    this.#table = table
    this.#found = found
  }

  get request(): NormalizedRequest {
    return this.attributes.source as NormalizedRequest
  }

  get route(): ChosenRoute | undefined {
    return chosenRoute(this.#table, this.#found)
  }
}

function decideHttp(
  gateway: Gateway,
  chain: Chain,
  request: NormalizedRequest,
  context: Context,
  trail: Trail,
): Decision {
  const table = chain.table?.()
  if (table === undefined) throw new Error('an HTTP chain has a route table')
  let attributes = new Attributes(request)
  let found = findRoute(table, attributes, request.forwardedProto, undefined)
  const outcome = gateway.filters().run(new RoutedCall(attributes, context, trail, table, found))
  if (trail.trace) for (const step of outcome.steps) trail.steps.push(step)
  const { checks, reason } = outcome
  // A provider that was not asked for want of a route is half of a refusal's reason.
  if (found.kind === 'none' && trail.trace && outcome.kind === 'reply') {
    for (const step of nearRoutes(table, found.host, attributes, undefined)) note(trail, step)
  }
  switch (outcome.kind) {
    case 'ask':
      return { kind: 'ask', verdict: 'unknown', reason, check: outcome.check, steps: trail.steps, checks }
    case 'reply': {
      // Who refuses after the route was given up looks at the route the request has by then.
      const { rerouted, rerouted: then = attributes } = outcome
      if (rerouted) found = findRoute(table, then, request.forwardedProto, then.claims)
      const headers = underRoute(outcome, routeHeaders(found, then, context))
      return reply(outcome.status, headers, outcome.body, reason, request.method, trail, checks)
    }
    case 'drop':
      return { kind: 'drop', error: outcome.error, verdict: 'deny', reason, steps: trail.steps, checks }
    case 'unknown':
      return { kind: 'unknown', verdict: 'unknown', reason, steps: trail.steps, checks }
  }
  const { headers, path, host } = outcome
  const untouched = headers === request.headers && path === request.path && host === request.host
  const passed: NormalizedRequest = untouched ? request : { ...request, headers, path, host }
  if (!untouched) attributes = new Attributes(passed)
  if (outcome.reroute) found = findRoute(table, attributes, request.forwardedProto, outcome.claims)
  if (found.kind === 'none' && trail.trace) {
    for (const step of nearRoutes(table, found.host, attributes, outcome.claims)) note(trail, step)
  }
  return act(found, passed, attributes, outcome, context, trail)
}

/**
 * What the route adds to any answer the proxy itself gives, once a route is chosen that forwards:
 * envoy `source/common/http/filter_manager.cc` (sendLocalReplyViaFilterChain).
 */
function routeHeaders(found: Found, attributes: Attributes, context: Context): HeaderList {
  if (found.kind !== 'route' || found.route.action.kind !== 'forward') return []
  const { route } = found
  const { action } = found.route
  const changes = responseChanges(route, action, chosenTarget(route, action, context))
  return changes === noChanges ? [] : changeHeaders([], changes, () => attributes)
}

/** The filter's own headers come after the route's and win; a type that nobody chose does not. */
function underRoute(
  { headers, body }: { readonly headers: HeaderList; readonly body: string },
  routed: HeaderList,
): HeaderList {
  if (routed.length === 0) return headers
  const typed = routed.some(([name]) => name === 'content-type')
  const own = headers.filter(([name, value]) => !(typed && name === 'content-type' && value === 'text/plain'))
  const names = new Set(own.map(([name]) => name))
  const kept = routed.filter(([name]) => !names.has(name) && (body !== '' || name !== 'content-type'))
  return [...own, ...kept]
}

function chosenTarget(route: Route, { targets }: ForwardAction, { random }: Context) {
  return pick(targets, random && drawn(random, route.fault ? 2 : 0))
}

function responseChanges(
  route: Route,
  { weighted }: ForwardAction,
  chosen: WeightedTarget | undefined,
): HeaderChanges {
  if (chosen === undefined) return route.response
  return weighted ? joinChanges(chosen.response, route.response) : mixChanges(route.response, chosen.response)
}

/** What the chosen route does: fault, CORS, then its action. */
function act(
  found: Found,
  request: NormalizedRequest,
  attributes: Attributes,
  passed: FilterPass,
  context: Context,
  trail: Trail,
): Decision {
  const answer = (
    status: number,
    headers: HeaderList,
    body: string,
    reason: string,
    changes: HeaderChanges = noChanges,
  ) => {
    const type: HeaderList = body === '' ? [] : [['content-type', 'text/plain']]
    const all = changeHeaders([...type, ...headers], changes, () => attributes)
    return fitted({ status, headers: withDownstream(all, passed), body }, reason, request, trail, passed)
  }
  if (found.kind === 'none') {
    const domain = found.host?.domain
    const reason = found.host === undefined ? 'no-virtual-host' : 'no-route'
    const text = domain === undefined ? undefined : `no route of virtual host \`${domain}\` takes it`
    note(trail, { phase: 'route', outcome: 'missed', reason, text })
    return answer(404, [], '', reason)
  }
  if (found.kind === 'to-https') {
    note(trail, { ...serverStep(found.by), phase: 'route', outcome: 'matched', reason: 'https-redirect' })
    return answer(301, [['location', httpsLocation(request.host, request.path)]], '', 'https-redirect')
  }
  const { route } = found
  noteRoute(trail, route, 'route-matched')
  const fault = applyFault(route, context)
  if (fault.abort !== undefined) {
    noteRoute(trail, route, 'fault-abort', 'fault')
    const headers = routeHeaders(found, attributes, context)
    return answer(fault.abort, headers, 'fault filter abort', 'fault-abort')
  }
  const cors = route.cors === undefined ? undefined : applyCors(route.cors, attributes)
  if (cors?.kind === 'preflight') {
    noteRoute(trail, route, 'cors-preflight', 'cors')
    return answer(200, cors.headers, '', 'cors-preflight')
  }
  const { action } = route
  const corsHeaders = cors?.headers ?? []
  switch (action.kind) {
    case 'none':
      return answer(404, corsHeaders, '', 'redirect-code-unknown')
    case 'direct': {
      const { status } = action
      const own: HeaderList = saysWhere(status)
        ? [['location', redirectLocation(route, unmoved, attributes, request.forwardedProto)]]
        : []
      return answer(status, [...own, ...corsHeaders], action.body, 'direct-response', route.response)
    }
    case 'redirect': {
      const location = redirectLocation(route, action, attributes, request.forwardedProto)
      return answer(
        action.status,
        [['location', location], ...corsHeaders],
        '',
        'route-redirect',
        route.response,
      )
    }
    case 'forward':
      return forward(route, action, request, attributes, passed, corsHeaders, fault.delayMs, context, trail)
  }
}

/** Envoy's router tells the request's own URL in a direct response of such a status (router.cc, decodeHeaders). */
const saysWhere = (status: number) => status === 201 || (status >= 300 && status < 400)
const unmoved: RedirectAction = { kind: 'redirect', status: 301, port: 0 }

function applyFault(route: Route, context: Context): { readonly abort?: number; readonly delayMs?: number } {
  const { fault } = route
  if (fault === undefined) return {}
  const happens = (percent: number, draw: 0 | 1) =>
    percent >= 100 || (context.random !== undefined && drawn(context.random, draw) * 100 < percent)
  return {
    ...(fault.abort && happens(fault.abort.percent, 0) && { abort: fault.abort.status }),
    ...(fault.delay && happens(fault.delay.percent, 1) && { delayMs: fault.delay.ms }),
  }
}

/**
 * One random number has digits enough for several draws that know nothing of each other: whom a fault
 * spares must still be spread over all destinations.
 */
function drawn(random: number, draw: 0 | 1 | 2): number {
  return (random * 2 ** (16 * draw)) % 1
}

function forward(
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

/** By weight where a random number is given; else the heaviest, the first of equals. */
function pick(targets: readonly WeightedTarget[], random: number | undefined): WeightedTarget | undefined {
  if (targets.length < 2) return targets[0]
  if (random === undefined) {
    return targets.reduce((best, entry) => (entry.weight > best.weight ? entry : best))
  }
  let rest = random * targets.reduce((sum, entry) => sum + entry.weight, 0)
  for (const entry of targets) {
    rest -= entry.weight
    if (rest < 0) return entry
  }
  return targets.at(-1)
}

function withDownstream(headers: HeaderList, passed: FilterPass): HeaderList {
  const { set, add } = passed.downstream
  if (set.length === 0 && add.length === 0) return headers
  return [...headers.filter(([name]) => !set.some((other) => other[0] === name)), ...set, ...add]
}

/** The proxy's own answer after the filters, as HEAD and gRPC get it; what it means is in its HTTP status. */
function fitted(
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

/** A HEAD request is answered without the body. */
function reply(
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

/**
 * A TCP chain passes bytes: what is inside them is never read. The policies of the proxy hold here too,
 * over what a connection has (Istio networkfilter.go, buildCompleteNetworkFilters).
 */
function decideConnection(
  gateway: Gateway,
  chain: Chain,
  request: DoorRequest,
  context: Context,
  trail: Trail,
): Decision {
  const { target } = chain
  // Before a TLS handshake ends here the client sees it fail; after it, or without one, the line goes dead.
  const closed = (ends: boolean) =>
    request.scheme === 'https' && !ends ? 'tls handshake failed' : 'connection closed without response'
  if (target === undefined || !target.known) {
    const { steps } = trail
    const reason = 'destination-unknown'
    return { kind: 'drop', error: closed(false), verdict: 'unavailable', reason, steps, checks: [] }
  }
  const peer = asksForPeer(chain) ? request.peer : undefined
  const own = chain.tls ? gateway.localPrincipal?.(chain) : undefined
  const { trace, hop } = trail
  const flow = new Flow({ request: connectionOf(request, peer, own), context, routed: true, trace, hop })
  let stop: Stop | undefined
  for (const filter of gateway.connections()) {
    stop = filter.run(flow)
    if (stop !== undefined) break
  }
  const common = { steps: [...trail.steps, ...flow.steps], checks: flow.checks }
  if (stop === undefined) {
    return {
      ...common,
      kind: 'forward',
      verdict: 'allow',
      reason: 'tcp-route',
      upstream: target.cluster,
      destination: { host: target.host, port: target.port },
      method: request.method,
      path: request.path,
      host: request.host,
      headers: request.headers.map(([name, value]) => [name.toLowerCase(), value] as const),
      response: { remove: [], set: [], add: [] },
    }
  }
  switch (stop.kind) {
    case 'ask':
      return { ...common, kind: 'ask', verdict: 'unknown', reason: stop.reason, check: stop.check }
    case 'unknown':
      return { ...common, kind: 'unknown', verdict: 'unknown', reason: stop.reason }
    default:
      return { ...common, kind: 'drop', error: closed(chain.tls), verdict: 'deny', reason: stop.reason }
  }
}

function note(trail: Trail, step: Omit<Step, 'hop'>): void {
  if (trail.trace) trail.steps.push({ hop: trail.hop, ...step })
}

function noteRoute(trail: Trail, route: Route, reason: string, phase: Step['phase'] = 'route'): void {
  if (!trail.trace) return
  note(trail, { phase, object: route.object, rule: route.rule, at: route.at, outcome: 'matched', reason })
}

function noteChain(trail: Trail, chain: Chain): void {
  if (!trail.trace) return
  const reason = chain.tls ? 'tls-listener' : 'plain-listener'
  note(trail, { ...serverStep(chain.server), phase: 'listener', outcome: 'matched', reason })
}

function serverStep({ gateway, server }: MergedServer): Pick<Step, 'object' | 'rule' | 'at'> {
  return {
    object: gateway.object,
    rule: `servers[${gateway.servers.indexOf(server)}]`,
    at: server.tls?.at ?? server.at,
  }
}
