import { isSubsetOf, overlaps } from './host-names.ts'
import type { L4Route, VirtualService } from './model.ts'
import type { Complain } from './validate.ts'
import { isClaimKey } from './validate-headers.ts'
import { checkDestinations, checkHttpRoute } from './validate-http-route.ts'
import {
  checkExportTo,
  checkGatewayNames,
  checkLabelsOf,
  checkPort,
  checkWildcardDomain,
  isAddress,
  isAddressOrRange,
} from './validate-names.ts'

/** Istio's ValidateVirtualService (pkg/config/validation/validation.go, virtualservice.go). */
export function validateVirtualService(service: VirtualService, complain: Complain): void {
  const gateways = service.gateways ?? []
  const delegate = service.hosts.length === 0
  const atGateway = gateways.length > 0 && !gateways.some(({ value }) => value === 'mesh')
  if (delegate && gateways.length > 0)
    complain('it has gateways and no hosts; only a delegate has no hosts', service.at)
  if (delegate && service.tls.length + service.tcp.length > 0) {
    complain('a delegate (no hosts) has neither tls nor tcp routes', service.at)
  }
  const wrongGateway = checkGatewayNames(gateways.map(({ value }) => value))
  if (wrongGateway) complain(wrongGateway, gateways[0]?.at)
  if (!atGateway) checkClaims(service, complain)
  checkHosts(service, atGateway, complain)
  if (service.http.length + service.tls.length + service.tcp.length === 0) {
    complain('it has no http, tls or tcp routes', service.at)
  }
  for (const route of service.http) checkHttpRoute(route, delegate, complain)
  for (const route of service.tls) checkTlsRoute(route, service, complain)
  for (const route of service.tcp) checkL4Route(route, complain)
  const wrongExport = checkExportTo(service.exportTo ?? [], service.namespace)
  if (wrongExport) complain(wrongExport, service.at)
}

function checkClaims(service: VirtualService, complain: Complain): void {
  for (const match of service.http.flatMap((route) => route.match ?? [])) {
    for (const key of [...Object.keys(match.headers), ...Object.keys(match.withoutHeaders)]) {
      if (isClaimKey(key))
        complain(`routing by \`${key}\` works on gateways, and this one is for the mesh`, match.at)
    }
  }
}

function checkHosts(service: VirtualService, atGateway: boolean, complain: Complain): void {
  let good = true
  for (const host of service.hosts) {
    const generated =
      atGateway && service.tls.length > 0 && /^outbound_\.[0-9]+_\.[^.]*_\..*[a-zA-Z]/.test(host.value)
    const wrong = generated ? undefined : checkWildcardDomain(host.value)
    if (wrong && !isAddress(host.value)) {
      complain(wrong, host.at)
      good = false
    } else if (!wrong && !atGateway && host.value === '*') {
      complain('the host `*` needs a gateway: in the mesh it would take every call', host.at)
      good = false
    }
  }
  if (!good) return
  for (const [index, host] of service.hosts.entries()) {
    for (const earlier of service.hosts.slice(0, index)) {
      if (overlaps(earlier.value, host.value)) {
        complain(`the hosts \`${earlier.value}\` and \`${host.value}\` overlap`, host.at)
      }
    }
  }
}

function checkTlsRoute(route: L4Route, service: VirtualService, complain: Complain): void {
  if (route.match.length === 0) complain('a tls route needs a match', route.at)
  for (const { sniHosts } of route.match) {
    if (sniHosts.length === 0) complain('a tls match needs `sniHosts`', route.at)
    for (const host of sniHosts) {
      const wrong = host.startsWith('outbound_') ? undefined : checkWildcardDomain(host)
      if (wrong && !isAddress(host)) complain(wrong, route.at)
      else if (!wrong && !service.hosts.some(({ value }) => isSubsetOf(host, value))) {
        complain(`the SNI host \`${host}\` is not among the hosts`, route.at)
      }
    }
  }
  checkL4Route(route, complain)
}

function checkL4Route(route: L4Route, complain: Complain): void {
  for (const match of route.match) {
    const wrong =
      checkLabelsOf(match.sourceLabels) ??
      checkGatewayNames(match.gateways ?? []) ??
      (match.port ? checkPort(match.port) : undefined) ??
      match.destinationSubnets
        .filter((subnet) => !isAddressOrRange(subnet))
        .map((subnet) => `\`${subnet}\` is no subnet`)[0]
    if (wrong) complain(wrong, route.at)
  }
  if (route.route.length === 0) complain('a tls or tcp route needs a destination', route.at)
  checkDestinations(route.route, route.at, complain)
}
