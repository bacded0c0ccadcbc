/** TCP and TLS routes of a gateway: Istio `core/gateway.go`, buildGatewayNetworkFilters…. */
import { type L4Route, overlaps } from '../mesh/index.ts'
import type { BoundService, ObjectRef } from './bound-route.ts'
import type { ResolveTarget } from './destinations.ts'
import type { MergedServer } from './gateway-servers.ts'
import type { Target } from './route.ts'

/** Where bytes go, and the route that says so. */
export interface BytesTo {
  readonly target: Target
  readonly object: ObjectRef
  /** `tcp[0]`, `tls[0].match[1]`. */
  readonly rule: string
}

/** Where the bytes of a TCP server go: the first matching `tcp` route with a destination. */
export function tcpTarget(
  merged: MergedServer,
  services: readonly BoundService[],
  resolve: ResolveTarget,
): BytesTo | undefined {
  for (const service of services) {
    if (!shareHost(merged, service)) continue
    for (const [at, route] of service.tcp.entries()) {
      if (route.match.length > 0 && !route.match.some((match) => fits(match, merged))) continue
      const target = targetOf(route, service, merged, resolve)
      if (target !== undefined) return { target, object: service.object, rule: `tcp[${at}]` }
    }
  }
  return undefined
}

/**
 * One filter chain per `tls` match, unless an earlier one of the port has the SNI already.
 *
 * @param claim marks names as taken; false where one already is
 */
export function passthroughChains(
  merged: MergedServer,
  services: readonly BoundService[],
  resolve: ResolveTarget,
  claim: (names: readonly string[]) => boolean,
): readonly (BytesTo & { readonly names: readonly string[] })[] {
  const chains: (BytesTo & { readonly names: readonly string[] })[] = []
  for (const service of services) {
    if (!shareHost(merged, service)) continue
    for (const [at, route] of service.tls.entries()) {
      const target = targetOf(route, service, merged, resolve)
      if (target === undefined) continue
      for (const [index, match] of route.match.entries()) {
        if (!fits(match, merged) || !claim(match.sniHosts)) continue
        const rule = `tls[${at}].match[${index}]`
        chains.push({ names: match.sniHosts, target, object: service.object, rule })
      }
    }
  }
  return chains
}

function shareHost(merged: MergedServer, service: BoundService): boolean {
  return merged.hosts.some((host) => {
    const slash = host.indexOf('/')
    if (slash !== -1 && host.slice(0, slash) !== service.namespace) return false
    return service.hosts.some((other) => overlaps(host.slice(slash + 1), other))
  })
}

function fits(match: L4Route['match'][number], merged: MergedServer): boolean {
  if (match.port && match.port !== merged.server.port.number) return false
  return (
    match.gateways === undefined || match.gateways.length === 0 || match.gateways.includes(merged.gateway.key)
  )
}

function targetOf(
  route: L4Route,
  service: BoundService,
  merged: MergedServer,
  resolve: ResolveTarget,
): Target | undefined {
  const heaviest = [...route.route].sort((a, b) => b.weight - a.weight)[0]
  return heaviest && resolve(heaviest.destination, service.namespace, merged.server.port.number)
}
