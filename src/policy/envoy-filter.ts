/**
 * EnvoyFilters on a proxy's HTTP filter chain. Three kinds are understood: `ext_authz` over HTTP or
 * gRPC (Kubeflow's `authn-filter`) and where it is switched off again, Lua that only moves headers
 * (`x-forwarded-host`), and filters that cannot change the outcome. Anything else that sits on the
 * path makes the verdict unknown.
 *
 * Agrees with Istio's pilot/pkg/networking/core/envoyfilter/listener_patch.go.
 */
import type { EnvoyFilter, Mesh } from '../mesh/index.ts'
import { byAge, labelsInclude } from './attach.ts'
import {
  asObject,
  contextMatches,
  coversRoute,
  type Exemption,
  field,
  isRoutePatch,
  listenerCondition,
  type Patch,
  proxyMatches,
  readExemption,
  textField,
} from './envoy-filter-match.ts'
import { filterOfPatch, isHarmlessElsewhere, unknownFilter, withoutEffect } from './envoy-filter-value.ts'
import type { HttpFilter } from './flow.ts'
import type { Registry } from './registry.ts'
import type { EngineOptions, ProxyIdentity } from './seam.ts'

/** Names that old istiods took for the ones Envoy has now (pkg/config/xds/deprecated.go). */
const deprecatedNames: Readonly<Record<string, string>> = {
  'envoy.buffer': 'envoy.filters.http.buffer',
  'envoy.cors': 'envoy.filters.http.cors',
  'envoy.csrf': 'envoy.filters.http.csrf',
  'envoy.ext_authz': 'envoy.filters.http.ext_authz',
  'envoy.fault': 'envoy.filters.http.fault',
  'envoy.grpc_web': 'envoy.filters.http.grpc_web',
  'envoy.health_check': 'envoy.filters.http.health_check',
  'envoy.http_connection_manager': 'envoy.filters.network.http_connection_manager',
  'envoy.lua': 'envoy.filters.http.lua',
  'envoy.rate_limit': 'envoy.filters.http.ratelimit',
  'envoy.router': 'envoy.filters.http.router',
  'envoy.tcp_proxy': 'envoy.filters.network.tcp_proxy',
}

const httpManager = 'envoy.filters.network.http_connection_manager'

/** What stands behind the filters of our chain: the end of it stands for all of them. */
const behind = [
  'envoy.filters.http.grpc_stats',
  'istio.alpn',
  'envoy.filters.http.fault',
  'envoy.filters.http.cors',
  'istio.stats',
  'envoy.filters.http.router',
]

/** Without a version a current Istio is meant. */
const currentVersion = '1.31.0'

/** istiod honoured the old names until 1.18 (istio/istio#45675). */
function honoursDeprecatedNames(version: string): boolean {
  const found = /^v?1\.(\d+)/.exec(version)
  return found !== null && Number(found[1]) < 19
}

/** Whether the Istio of this mesh takes the filter names Envoy had before 2020. */
export function honoursOldFilterNames(mesh: Mesh, istioVersion?: string): boolean {
  return honoursDeprecatedNames(istioVersion ?? mesh.istioVersion?.value ?? currentVersion)
}

export interface EnvoyFilterPatches {
  /** Routes on which an ext_authz filter is switched off. */
  readonly exemptions: readonly Exemption[]
  /** The chain with everything put in, in the order the patches come. */
  apply(filters: readonly HttpFilter[]): readonly HttpFilter[]
  /** The same for the network filters of a TCP port, of which nothing is understood. */
  applyToConnections(filters: readonly HttpFilter[]): readonly HttpFilter[]
}

export interface OwnedPatch {
  readonly owner: EnvoyFilter
  readonly patch: Patch
}

/** The patches meant for a proxy, in order, and Envoy's name of a filter as its istiod reads it. */
export function patchesOn(
  mesh: Mesh,
  proxy: ProxyIdentity,
  options: EngineOptions,
): { readonly patches: readonly OwnedPatch[]; readonly nameOf: (name: string) => string } {
  const version = options.istioVersion ?? mesh.istioVersion?.value ?? currentVersion
  const old = honoursDeprecatedNames(version)
  const patches = selectEnvoyFilters(mesh, proxy).flatMap((owner) =>
    owner.configPatches
      .filter(({ match }) => contextMatches(asObject(match), proxy.kind))
      .filter(({ match }) => proxyMatches(asObject(match), version) !== false)
      .map((patch) => ({ owner, patch })),
  )
  return { patches, nameOf: (name) => (old ? (deprecatedNames[name] ?? name) : name) }
}

export function compileEnvoyFilters(
  mesh: Mesh,
  proxy: ProxyIdentity,
  registry: Registry,
  options: EngineOptions,
): EnvoyFilterPatches {
  const { patches, nameOf } = patchesOn(mesh, proxy, options)
  const exemptions: Exemption[] = []
  const inserting: OwnedPatch[] = []
  for (const { owner, patch } of patches) {
    const exemption = readExemption(owner, patch, nameOf)
    if (exemption !== undefined) exemptions.push(exemption)
    else if (!isHarmlessElsewhere(patch)) inserting.push({ owner, patch })
  }
  return {
    exemptions,
    apply(filters) {
      const chain = [...filters]
      for (const { owner, patch } of inserting) {
        insert(chain, owner, patch, nameOf, () =>
          filterOfPatch(owner, patch, registry, proxy.namespace, exemptions),
        )
      }
      return chain
    },
    applyToConnections(filters) {
      const unknown = inserting
        .filter(({ patch }) => reachesConnections(patch, nameOf))
        .map(({ owner, patch }) => limited(patch, unknownFilter(owner, patch, `patches ${patch.applyTo}`)))
      return [...unknown, ...filters]
    },
  }
}

function reachesConnections(patch: Patch, nameOf: (name: string) => string): boolean {
  if (patch.applyTo === 'HTTP_FILTER' || isRoutePatch(patch)) return false
  const chain = asObject(field(asObject(asObject(patch.match).listener), 'filter_chain'))
  return nameOf(textField(asObject(chain.filter), 'name')) !== httpManager
}

/** Only on the listeners and routes the patch names, as far as the request tells. */
function limited(patch: Patch, filter: HttpFilter): HttpFilter {
  const match = asObject(patch.match)
  const listener = listenerCondition(match)
  const route = isRoutePatch(patch) ? asObject(field(match, 'route_configuration')) : undefined
  if (listener === undefined && route === undefined) return filter
  return {
    ...filter,
    run(flow) {
      if (listener !== undefined && !listener(flow)) return undefined
      if (route !== undefined && coversRoute(route, patch.applyTo, flow.call.route) === false)
        return undefined
      return filter.run(flow)
    },
  }
}

/** The root namespace's, then the proxy's own; by priority, then age. */
function selectEnvoyFilters(mesh: Mesh, proxy: ProxyIdentity): readonly EnvoyFilter[] {
  const root = mesh.meshConfig.rootNamespace
  const gateway = proxy.labels['gateway.networking.k8s.io/gateway-name']
  return mesh.envoyFilters
    .filter((filter) => filter.namespace === proxy.namespace || filter.namespace === root)
    .filter((filter) =>
      filter.targetRefs.length > 0
        ? gateway !== undefined &&
          filter.namespace === proxy.namespace &&
          filter.targetRefs.some((ref) => ref.kind === 'Gateway' && ref.name === gateway)
        : labelsInclude(proxy.labels, filter.workloadSelector),
    )
    .sort(
      (a, b) =>
        a.priority - b.priority || Number(b.namespace === root) - Number(a.namespace === root) || byAge(a, b),
    )
}

function insert(
  chain: HttpFilter[],
  owner: EnvoyFilter,
  patch: Patch,
  nameOf: (name: string) => string,
  make: () => HttpFilter,
): void {
  const match = asObject(patch.match)
  const unknown = (what: string) => limited(patch, unknownFilter(owner, patch, what))
  const needsMetadata = proxyMatches(match, currentVersion) === undefined
  if (needsMetadata) {
    chain.unshift(unknown('asks for proxy metadata'))
    return
  }
  if (patch.applyTo !== 'HTTP_FILTER') {
    chain.unshift(unknown(`patches ${patch.applyTo}`))
    return
  }
  const filter = asObject(asObject(field(asObject(match.listener), 'filter_chain')).filter)
  const network = nameOf(textField(filter, 'name'))
  // Compared literally: a name no filter has leaves the patch without effect.
  if (network !== '' && network !== httpManager) {
    if (Object.hasOwn(deprecatedNames, network)) chain.unshift(withoutEffect(owner, patch, network))
    return
  }
  const wanted = field(filter, 'sub_filter')
  const beside = wanted === undefined ? undefined : nameOf(textField(asObject(wanted), 'name'))
  const at = beside === undefined ? undefined : placeOf(chain, beside)
  if (beside !== undefined && Object.hasOwn(deprecatedNames, beside)) {
    chain.unshift(withoutEffect(owner, patch, beside))
    return
  }
  switch (patch.patch.operation) {
    case 'INSERT_FIRST':
      chain.unshift(limited(patch, make()))
      return
    case 'INSERT_BEFORE':
      if (beside === undefined) chain.unshift(limited(patch, make()))
      else if (at !== undefined) chain.splice(at, 0, limited(patch, make()))
      return
    case 'INSERT_AFTER':
      if (beside === undefined) chain.push(unknown('adds a filter behind the router'))
      else if (at !== undefined) chain.splice(at + 1, 0, limited(patch, make()))
      return
    case 'REMOVE':
    case 'REPLACE':
    case 'MERGE':
      if (at === undefined) return
      if (at === chain.length) {
        if (beside === 'envoy.filters.http.router') chain.push(unknown('changes the router'))
        return
      }
      if (
        patch.patch.operation === 'REMOVE' &&
        listenerCondition(match) === undefined &&
        chain[at]?.also === undefined
      ) {
        chain.splice(at, 1)
      } else {
        chain.splice(at, 0, unknown('changes a filter that decides'))
      }
      return
    default:
      chain.push(unknown(`does ${patch.patch.operation || 'nothing Istio knows'}`))
  }
}

/** The end of our chain stands for everything behind it; undefined = there is no such filter. */
function placeOf(chain: readonly HttpFilter[], name: string): number | undefined {
  const at = chain.findIndex((filter) => filter.name === name || filter.also === name)
  if (at !== -1) return at
  return behind.includes(name) ? chain.length : undefined
}
