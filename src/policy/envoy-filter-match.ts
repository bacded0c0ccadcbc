/**
 * Where an EnvoyFilter's patch applies: listener conditions, proxy conditions, and the routes that
 * switch a filter off (`ExtAuthzPerRoute … disabled`).
 *
 * Agrees with Istio's pilot/pkg/networking/core/envoyfilter/listener_patch.go and rc_patch.go.
 */
import { RE2JS } from 're2js'
import type { EnvoyFilter } from '../mesh/index.ts'
import type { Flow } from './flow.ts'
import type { ChosenRoute, ProxyIdentity } from './seam.ts'
import { lowerCase } from './value-pattern.ts'

export type Patch = EnvoyFilter['configPatches'][number]
export type Json = Readonly<Record<string, unknown>>

export function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

/** A field in snake case or in camel case, as protobuf's JSON takes both. */
export function field(value: Json, name: string): unknown {
  return value[name] ?? value[name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())]
}

export function textField(value: Json, name: string): string {
  const found = field(value, name)
  return typeof found === 'string' || typeof found === 'number' ? String(found) : ''
}

export function contextMatches(match: Json, kind: ProxyIdentity['kind']): boolean {
  const context = textField(match, 'context')
  return (
    context === '' || context === 'ANY' || context === (kind === 'gateway' ? 'GATEWAY' : 'SIDECAR_INBOUND')
  )
}

/** `match.proxy`: the version is a regular expression; undefined = it asks for metadata nobody knows here. */
export function proxyMatches(match: Json, version: string): boolean | undefined {
  const proxy = asObject(match.proxy)
  if (Object.keys(asObject(proxy.metadata)).length > 0) return undefined
  const pattern = textField(proxy, 'proxy_version')
  return pattern === '' || versionMatches(pattern, version)
}

/** One that is no regular expression matches no version. */
function versionMatches(pattern: string, version: string): boolean {
  try {
    return RE2JS.compile(pattern).matcher(version).find()
  } catch {
    return false
  }
}

/** A test of the request's listener; undefined = every listener is meant. */
export function listenerCondition(match: Json): ((flow: Flow) => boolean) | undefined {
  const listener = asObject(match.listener)
  const chain = asObject(field(listener, 'filter_chain'))
  const port = textField(listener, 'port_number') || textField(chain, 'destination_port')
  const name = textField(listener, 'name')
  const sni = lowerCase(textField(chain, 'sni'))
  const transport = textField(chain, 'transport_protocol')
  const tests: ((flow: Flow) => boolean)[] = []
  if (port !== '' && port !== '0') tests.push((flow) => String(flow.request.port) === port)
  if (name !== '') {
    // istiod calls a gateway's listeners after their address, and a sidecar's virtualInbound.
    tests.push((flow) => name === 'virtualInbound' || name.endsWith(`_${flow.request.port}`))
  }
  if (sni !== '') tests.push((flow) => sniMatches(sni, flow.attributes.sni))
  if (transport !== '') tests.push((flow) => (transport === 'tls') === (flow.request.scheme === 'https'))
  if (tests.length === 0) return undefined
  return (flow) => tests.every((test) => test(flow))
}

function sniMatches(pattern: string, sni: string): boolean {
  return pattern.startsWith('*') ? sni.endsWith(pattern.slice(1)) : sni === pattern
}

/** Patches of the route table rather than of a listener. */
export function isRoutePatch(patch: Patch): boolean {
  return ['ROUTE_CONFIGURATION', 'VIRTUAL_HOST', 'HTTP_ROUTE'].includes(patch.applyTo)
}

/** A patch that only switches ext_authz off on some routes. */
export interface Exemption {
  readonly owner: EnvoyFilter
  readonly at: Patch['at']
  /** The filter's name its setting is filed under. */
  readonly filter: string
  /** undefined = it cannot be told. */
  readonly covers: (route: ChosenRoute | undefined) => boolean | undefined
}

export function readExemption(
  owner: EnvoyFilter,
  patch: Patch,
  nameOf: (name: string) => string,
): Exemption | undefined {
  if (!isRoutePatch(patch) || patch.patch.operation !== 'MERGE') return undefined
  const value = asObject(patch.patch.value)
  // A patch that changes anything else of the route is not understood by this alone.
  if (Object.keys(value).length !== 1) return undefined
  const settings = Object.entries(asObject(field(value, 'typed_per_filter_config')))
  const [only] = settings
  if (settings.length !== 1 || only === undefined) return undefined
  const config = asObject(only[1])
  const off = textField(config, '@type').endsWith('.ExtAuthzPerRoute') && config.disabled === true
  if (!off) return undefined
  const where = asObject(field(asObject(patch.match), 'route_configuration'))
  return {
    owner,
    at: patch.at,
    filter: nameOf(only[0]),
    covers: (route) => coversRoute(where, patch.applyTo, route),
  }
}

/** Whether a patch's `routeConfiguration` names this route; undefined = it cannot be told. */
export function coversRoute(
  where: Json,
  applyTo: string,
  route: ChosenRoute | undefined,
): boolean | undefined {
  if (Object.keys(where).length === 0) return true
  if (route === undefined) return undefined
  const vhost = asObject(where.vhost)
  const wanted = asObject(vhost.route)
  const port = textField(where, 'port_number')
  const agrees = (pattern: string, actual: string | undefined) => pattern === '' || pattern === actual
  return (
    agrees(textField(where, 'name'), route.configuration) &&
    agrees(textField(where, 'port_name'), route.portName) &&
    agrees(textField(where, 'gateway'), route.gateway) &&
    (port === '' || route.ports.some((number) => String(number) === port)) &&
    (applyTo === 'ROUTE_CONFIGURATION' ||
      (agrees(textField(vhost, 'name'), route.vhost) &&
        (textField(vhost, 'domain_name') === '' ||
          route.domains.includes(textField(vhost, 'domain_name'))))) &&
    (applyTo !== 'HTTP_ROUTE' ||
      (agrees(textField(wanted, 'name'), route.name) &&
        ['', 'ANY', route.action].includes(textField(wanted, 'action'))))
  )
}
