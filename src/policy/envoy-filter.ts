/**
 * EnvoyFilters on a proxy's HTTP filter chain. Three kinds are understood: `ext_authz` over HTTP or
 * gRPC (Kubeflow's `authn-filter`), Lua that only moves headers (`x-forwarded-host`), and filters that
 * cannot change the outcome. Anything else that sits on the path makes the verdict unknown.
 *
 * Agrees with Istio's pilot/pkg/networking/core/envoyfilter/listener_patch.go.
 */
import type { EnvoyFilter, Mesh } from '../mesh/model.ts'
import { byAge, labelsInclude } from './attach.ts'
import { askProvider } from './custom-filter.ts'
import type { HttpFilter } from './flow.ts'
import { readLuaHeaders, runLuaHeaders } from './lua-headers.ts'
import type { Provider } from './provider.ts'
import { providerOfFilter } from './raw-ext-authz.ts'
import type { Registry } from './registry.ts'
import type { EngineOptions, ProxyIdentity } from './seam.ts'

/** Names that old istiods took for the ones Envoy has now. */
const deprecatedNames: Readonly<Record<string, string>> = {
  'envoy.http_connection_manager': 'envoy.filters.network.http_connection_manager',
  'envoy.router': 'envoy.filters.http.router',
  'envoy.cors': 'envoy.filters.http.cors',
  'envoy.fault': 'envoy.filters.http.fault',
  'envoy.ext_authz': 'envoy.filters.http.ext_authz',
  'envoy.lua': 'envoy.filters.http.lua',
  'envoy.filters.http.jwt_authn': 'envoy.filters.http.jwt_authn',
}

/** Filters that only watch or re-encode: they reject nothing, and change nothing policies look at. */
const harmless =
  /\.(compressor|decompressor|gzip|tap|grpc_stats|stats|tracing|access_loggers?|bandwidth_limit|admission_metrics)\b/

/** What stands behind the filters of our chain, in this order. */
const behind = [
  'envoy.filters.http.grpc_stats',
  'istio.alpn',
  'envoy.filters.http.fault',
  'envoy.filters.http.cors',
  'istio.stats',
  'envoy.filters.http.router',
]

type Patch = EnvoyFilter['configPatches'][number]
type Json = Readonly<Record<string, unknown>>

export function applyEnvoyFilters(
  mesh: Mesh,
  proxy: ProxyIdentity,
  registry: Registry,
  options: EngineOptions,
  filters: readonly HttpFilter[],
): readonly HttpFilter[] {
  const version = options.istioVersion ?? mesh.istioVersion?.value
  const nameOf = honoursDeprecatedNames(version)
    ? (name: string) => deprecatedNames[name] ?? name
    : (name: string) => name
  const chain = [...filters]
  for (const owner of selected(mesh, proxy)) {
    for (const patch of owner.configPatches) {
      applyPatch(chain, owner, patch, { mesh, proxy, registry, nameOf })
    }
  }
  return chain
}

interface PatchContext {
  readonly mesh: Mesh
  readonly proxy: ProxyIdentity
  readonly registry: Registry
  readonly nameOf: (name: string) => string
}

/** istiod stopped knowing the old names with 1.22; without a version a current one is meant. */
function honoursDeprecatedNames(version: string | undefined): boolean {
  const found = version === undefined ? null : /^v?(\d+)\.(\d+)/.exec(version)
  return found !== null && Number(found[1]) === 1 && Number(found[2]) < 22
}

/** The root namespace's, then the proxy's own; by priority, then age. */
function selected(mesh: Mesh, proxy: ProxyIdentity): readonly EnvoyFilter[] {
  const root = mesh.meshConfig.rootNamespace
  return mesh.envoyFilters
    .filter(
      (filter) =>
        (filter.namespace === proxy.namespace || filter.namespace === root) &&
        labelsInclude(proxy.labels, filter.workloadSelector),
    )
    .sort(
      (a, b) =>
        a.priority - b.priority || Number(b.namespace === root) - Number(a.namespace === root) || byAge(a, b),
    )
}

function applyPatch(chain: HttpFilter[], owner: EnvoyFilter, patch: Patch, context: PatchContext): void {
  const match = asObject(patch.match)
  if (!contextMatches(String(match.context ?? 'ANY'), context.proxy.kind)) return
  if (patch.applyTo !== 'HTTP_FILTER') {
    applyOther(chain, owner, patch)
    return
  }
  const filter = asObject(asObject(asObject(match.listener).filterChain).filter)
  const network = context.nameOf(String(filter.name ?? ''))
  if (network !== '' && network !== 'envoy.filters.network.http_connection_manager') return
  const beside = context.nameOf(String(asObject(filter.subFilter).name ?? ''))
  const added = () => understand(owner, patch, context)
  switch (patch.patch.operation) {
    case 'INSERT_FIRST':
      chain.unshift(added())
      break
    case 'INSERT_BEFORE': {
      const at = beside === '' ? 0 : placeOf(chain, beside)
      if (at !== undefined) chain.splice(at, 0, added())
      break
    }
    case 'INSERT_AFTER': {
      const at = beside === '' ? 0 : placeOf(chain, beside)
      if (at !== undefined) chain.splice(at + 1, 0, added())
      break
    }
    default: {
      const at = placeOf(chain, beside)
      if (at === undefined) return
      if (behind.includes(beside)) return
      if (patch.patch.operation === 'REMOVE') chain.splice(at, 1)
      else chain.splice(at, 0, unknownFilter(owner, patch, 'changes a filter that decides'))
    }
  }
}

/** The end of our chain stands for everything behind it; undefined = there is no such filter. */
function placeOf(chain: readonly HttpFilter[], name: string): number | undefined {
  const at = chain.findIndex((filter) => filter.name === name || filter.also === name)
  if (at !== -1) return at
  return behind.includes(name) ? chain.length : undefined
}

function contextMatches(context: string, kind: ProxyIdentity['kind']): boolean {
  return context === 'ANY' || context === (kind === 'gateway' ? 'GATEWAY' : 'SIDECAR_INBOUND')
}

/** Clusters and endpoints decide nothing here; listeners, filter chains and routes might. */
function applyOther(chain: HttpFilter[], owner: EnvoyFilter, patch: Patch): void {
  if (/^(CLUSTER|BOOTSTRAP|EXTENSION_CONFIG|LISTENER_FILTER)$/.test(patch.applyTo)) return
  if (perRouteDisabled(patch) !== undefined) return
  if (patch.applyTo === 'NETWORK_FILTER' && onlyHarmlessSettings(patch)) return
  if (patch.applyTo === 'LISTENER' && onlyHarmlessListener(patch)) return
  chain.unshift(unknownFilter(owner, patch, `patches ${patch.applyTo}`))
}

/** `typed_per_filter_config` that turns ext_authz off: the filter's name it is filed under. */
export function perRouteDisabled(patch: Patch): string | undefined {
  if (!['ROUTE_CONFIGURATION', 'VIRTUAL_HOST', 'HTTP_ROUTE'].includes(patch.applyTo)) return undefined
  const value = asObject(patch.patch.value)
  const settings = asObject(value.typed_per_filter_config ?? value.typedPerFilterConfig)
  for (const [name, config] of Object.entries(settings)) {
    const { '@type': type, disabled } = asObject(config)
    if (String(type).endsWith('.ExtAuthzPerRoute') && disabled === true) return name
  }
  return undefined
}

const harmlessSettings = new Set(
  'access_log add_user_agent common_http_protocol_options delayed_close_timeout drain_timeout generate_request_id http2_protocol_options max_request_headers_kb preserve_external_request_id request_headers_timeout request_timeout server_header_transformation server_name stat_prefix stream_idle_timeout tracing upgrade_configs'.split(
    ' ',
  ),
)

function onlyHarmlessSettings(patch: Patch): boolean {
  const value = asObject(patch.patch.value)
  const config = asObject(value.typed_config ?? value.typedConfig)
  const names = Object.keys(config).filter((name) => name !== '@type')
  return patch.patch.operation === 'MERGE' && names.every((name) => harmlessSettings.has(snakeCase(name)))
}

function onlyHarmlessListener(patch: Patch): boolean {
  const names = Object.keys(asObject(patch.patch.value)).map(snakeCase)
  const known = ['per_connection_buffer_limit_bytes', 'access_log', 'socket_options', 'stat_prefix']
  return patch.patch.operation === 'MERGE' && names.every((name) => known.includes(name))
}

/** The filter a patch puts in. */
function understand(owner: EnvoyFilter, patch: Patch, context: PatchContext): HttpFilter {
  const value = asObject(patch.patch.value)
  const name = String(value.name ?? '')
  const config = asObject(value.typed_config ?? value.typedConfig)
  const type = String(config['@type'] ?? '')
  if (type.endsWith('.ext_authz.v3.ExtAuthz') || type.endsWith('.ext_authz.v2.ExtAuthz')) {
    const provider = providerOfFilter(owner, patch.at, config, context.registry, context.proxy.namespace)
    return provider === undefined
      ? unknownFilter(owner, patch, 'configures ext_authz in a way that is not modelled')
      : extAuthzFilter(owner, name, provider)
  }
  if (type.endsWith('.lua.v3.Lua') || type.endsWith('.lua.v2.Lua')) {
    const code = config.inline_code ?? config.inlineCode
    const source = asObject(config.default_source_code ?? config.defaultSourceCode)
    const text = code ?? source.inline_string ?? source.inlineString
    const script = typeof text === 'string' ? readLuaHeaders(text) : undefined
    if (script !== undefined) {
      return {
        name,
        run(flow) {
          flow.change({ headers: runLuaHeaders(script, flow.attributes) })
          if (flow.trace) flow.step('custom', 'passed', 'lua-headers', { object: owner, at: patch.at })
          return undefined
        },
      }
    }
  }
  if (harmless.test(type)) {
    return {
      name,
      run(flow) {
        if (flow.trace)
          flow.step('custom', 'skipped', 'envoy-filter-harmless', { object: owner, at: patch.at })
        return undefined
      },
    }
  }
  return unknownFilter(owner, patch, `adds ${type === '' ? name : type.slice(type.lastIndexOf('/') + 1)}`)
}

function extAuthzFilter(owner: EnvoyFilter, name: string, provider: Provider): HttpFilter {
  return {
    name,
    run(flow) {
      if (flow.call.extAuthzDisabled?.(name)) {
        if (flow.trace) {
          flow.step('custom', 'skipped', 'ext-authz-disabled-here', { object: owner, at: provider.at })
        }
        return undefined
      }
      return askProvider(provider, flow, { object: owner, at: provider.at })
    },
  }
}

function unknownFilter(owner: EnvoyFilter, patch: Patch, what: string): HttpFilter {
  return {
    name: 'unknown',
    run(flow) {
      if (flow.trace) {
        flow.step('custom', 'unknown', 'envoy-filter-unknown', {
          object: owner,
          at: patch.at,
          text: `EnvoyFilter ${owner.namespace}/${owner.name} ${what}, and what that does is not modelled`,
        })
      }
      return { kind: 'unknown', reason: 'envoy-filter-unknown' }
    },
  }
}

export function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
