/** A connection whose bytes are not read. */
import { asksForPeer } from './accept.ts'
import type { Gateway } from './compiled-gateway.ts'
import { connectionOf } from './connection-filters.ts'
import type { Context, Decision, DoorRequest } from './decision.ts'
import { Flow, type Stop } from './flow.ts'
import type { Chain } from './listener.ts'
import type { Trail } from './trail.ts'

/**
 * A TCP chain passes bytes: what is inside them is never read. The policies of the proxy hold here too,
 * over what a connection has (Istio networkfilter.go, buildCompleteNetworkFilters).
 */
export function decideConnection(
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
