import {
  type Blueprint,
  type ChosenRoute,
  coversRoute,
  patchField,
  patchObject,
  type RouteTable,
} from '../policy/index.ts'
import { isObject, type Json } from './json.ts'
import { mergeJson } from './merge.ts'

type RoutePatch = 'ROUTE_CONFIGURATION' | 'VIRTUAL_HOST' | 'HTTP_ROUTE'

/** EnvoyFilters that merge something into routes: Istio's core/envoyfilter/rc_patch.go. */
export function patchRoutes(blueprint: Blueprint, table: RouteTable, config: Json): Json {
  const merging = blueprint.patches.filter(({ patch }) => patch.patch.operation === 'MERGE')
  if (merging.length === 0) return config
  const apply = (kind: RoutePatch, route: ChosenRoute, before: Json): Json => {
    let patched = before
    for (const { patch } of merging) {
      if (patch.applyTo !== kind) continue
      const where = patchObject(patchField(patchObject(patch.match), 'route_configuration'))
      if (coversRoute(where, kind, route) !== true) continue
      patched = mergeJson(patched, namedFilters(patchObject(patch.patch.value) as Json, blueprint))
    }
    return patched
  }
  const base = baseOf(table)
  if (base === undefined) return config
  const hosts = (config.virtualHosts ?? []) as readonly Json[]
  return apply('ROUTE_CONFIGURATION', base, {
    ...config,
    virtualHosts: hosts.map((host) => {
      const own = { ...base, vhost: String(host.name), domains: (host.domains ?? []) as readonly string[] }
      const routes = (host.routes ?? []) as readonly Json[]
      return apply('VIRTUAL_HOST', own, {
        ...host,
        ...(host.routes !== undefined && {
          routes: routes.map((route) => apply('HTTP_ROUTE', { ...own, ...nameOf(route) }, route)),
        }),
      })
    }),
  })
}

function baseOf(table: RouteTable): ChosenRoute | undefined {
  const [first] = table.servers
  if (first === undefined) return undefined
  const https = first.routeName.startsWith('https.')
  return {
    configuration: first.routeName,
    ...(https && { portName: first.server.port.name, gateway: first.gateway.key }),
    ports: [...new Set(table.servers.map(({ server }) => server.port.number))],
    vhost: '',
    domains: [],
    action: 'ROUTE',
  }
}

function nameOf(route: Json): Pick<ChosenRoute, 'name' | 'action'> {
  const action = route.redirect ? 'REDIRECT' : route.directResponse ? 'DIRECT_RESPONSE' : 'ROUTE'
  return { ...(typeof route.name === 'string' && { name: route.name }), action }
}

/** Settings of filters are filed under Envoy's names. */
function namedFilters(value: Json, { filterName }: Blueprint): Json {
  const { typed_per_filter_config: snake, typedPerFilterConfig = snake, ...rest } = value
  if (!isObject(typedPerFilterConfig)) return value
  const named = Object.entries(typedPerFilterConfig).map(([name, each]) => [filterName(name), each] as const)
  return { ...rest, typedPerFilterConfig: Object.fromEntries(named) }
}
