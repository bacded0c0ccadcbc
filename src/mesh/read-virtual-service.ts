import type { Fields } from './fields.ts'
import type { L4Route, Meta, VirtualService } from './model.ts'
import { readDestinations, readHttpRoute } from './read-http-route.ts'

/**
 * networking.istio.io VirtualService (istio/api networking/v1alpha3/virtual_service.proto). One with
 * neither hosts nor gateways may be a delegate; parse-mesh.ts asks whether anybody delegates to it.
 */
export function readVirtualService(meta: Meta, spec: Fields): VirtualService {
  const hosts = spec.texts('hosts')
  const gateways = spec.texts('gateways')
  return {
    ...meta,
    kind: 'VirtualService',
    hosts: hosts ?? [],
    gateways,
    exportTo: spec.strings('exportTo'),
    http: spec.list('http')?.map(readHttpRoute) ?? [],
    tls: spec.list('tls')?.map(readL4Route) ?? [],
    tcp: spec.list('tcp')?.map(readL4Route) ?? [],
  }
}

function readL4Route(route: Fields): L4Route {
  const read: L4Route = {
    at: route.at,
    match: (route.list('match') ?? []).map((match) => {
      match.known('sourceNamespace', 'sourceSubnet')
      const read = {
        sniHosts: match.strings('sniHosts') ?? [],
        port: match.int('port'),
        gateways: match.strings('gateways'),
        destinationSubnets: match.strings('destinationSubnets') ?? [],
        sourceLabels: match.record('sourceLabels') ?? {},
      }
      match.done()
      return read
    }),
    route: readDestinations(route),
  }
  route.done()
  return read
}
