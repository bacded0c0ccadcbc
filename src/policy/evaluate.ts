/**
 * One HTTP request at one gateway: connection, head, filters, route, action. The order is Envoy's:
 * nothing of a route takes effect before every filter has let the request pass.
 */
import { accept, asksForPeer } from './accept.ts'
import { act } from './act-on-route.ts'
import { Attributes } from './attributes.ts'
import { forwardCertificate } from './client-certificate.ts'
import type { Gateway } from './compiled-gateway.ts'
import { decideConnection } from './decide-connection.ts'
import type { Context, Decision, DoorRequest } from './decision.ts'
import type { Chain } from './listener.ts'
import { nearRoutes } from './near-routes.ts'
import { reply } from './own-reply.ts'
import { type Head, readHead } from './request-head.ts'
import { routeHeaders, underRoute } from './route-headers.ts'
import { findRoute } from './route-table.ts'
import { RoutedCall } from './routed-call.ts'
import type { NormalizedRequest } from './seam.ts'
import { note, noteChain, type Trail, trailOf } from './trail.ts'

export function decideGateway(
  gateway: Gateway,
  request: DoorRequest,
  context: Context,
  hop: number,
): Decision {
  const trail = trailOf(context, hop)
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
