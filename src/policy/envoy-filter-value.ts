/** What an EnvoyFilter puts into the chain, as far as it is understood. */
import type { EnvoyFilter } from '../mesh/index.ts'
import { askProvider } from './custom-filter.ts'
import { asObject, type Exemption, field, type Json, type Patch, textField } from './envoy-filter-match.ts'
import type { Flow, HttpFilter } from './flow.ts'
import { readLuaHeaders, runLuaHeaders } from './lua-headers.ts'
import { isExtAuthz, providerOfFilter } from './raw-ext-authz.ts'
import type { Registry } from './registry.ts'

/** Filters that only watch or re-encode: they reject nothing, and change nothing policies look at. */
const harmless =
  /\.(compressor|decompressor|gzip|tap|grpc_stats|stats|tracing|access_loggers?|grpc_http1_bridge|connect_grpc_bridge)\./

export function filterOfPatch(
  owner: EnvoyFilter,
  patch: Patch,
  registry: Registry,
  namespace: string,
  exemptions: readonly Exemption[],
): HttpFilter {
  const value = asObject(patch.patch.value)
  const name = textField(value, 'name')
  const config = asObject(field(value, 'typed_config'))
  const type = textField(config, '@type')
  if (isExtAuthz(type)) {
    const provider = providerOfFilter(owner, patch.at, config, registry, namespace)
    if (provider === undefined)
      return unknownFilter(owner, patch, 'configures ext_authz in a way not modelled')
    return {
      name,
      run: (flow) => askProvider(provider, flow, { object: owner, at: patch.at, filter: name, exemptions }),
    }
  }
  if (/\.lua\.v[23]\.Lua$/.test(type)) {
    const script = luaOf(config)
    if (script !== undefined) {
      return {
        name,
        run(flow) {
          flow.change({ headers: runLuaHeaders(script, flow.attributes) })
          tell(flow, owner, patch, 'passed', 'lua-headers')
          return undefined
        },
      }
    }
  }
  if (harmless.test(type)) {
    return {
      name,
      run(flow) {
        tell(flow, owner, patch, 'skipped', 'envoy-filter-harmless')
        return undefined
      },
    }
  }
  return unknownFilter(owner, patch, `adds ${type === '' ? name : type.slice(type.lastIndexOf('/') + 1)}`)
}

function luaOf(config: Json) {
  const source = asObject(field(config, 'default_source_code'))
  const text = field(config, 'inline_code') ?? field(source, 'inline_string')
  return typeof text === 'string' ? readLuaHeaders(text) : undefined
}

/** It stands on the path and may reject, route or change what is matched later: nobody can tell. */
export function unknownFilter(owner: EnvoyFilter, patch: Patch, what: string): HttpFilter {
  return {
    name: 'unknown',
    run(flow) {
      const text = `EnvoyFilter ${owner.namespace}/${owner.name} ${what}, and what comes of that is not modelled`
      tell(flow, owner, patch, 'unknown', 'envoy-filter-unknown', text)
      return { kind: 'unknown', reason: 'envoy-filter-unknown' }
    },
  }
}

/** It names a filter as Envoy did before 2020, and this Istio passes it over: nothing is put in, nothing checked. */
export function withoutEffect(owner: EnvoyFilter, patch: Patch, name: string): HttpFilter {
  return {
    name: 'none',
    run(flow) {
      const text = `has no effect: this Istio has no filter \`${name}\`, and passes the patch over in silence`
      tell(flow, owner, patch, 'near-miss', 'envoy-filter-old-name', text)
      return undefined
    },
  }
}

function tell(
  flow: Flow,
  owner: EnvoyFilter,
  patch: Patch,
  outcome: 'passed' | 'skipped' | 'unknown' | 'near-miss',
  reason: string,
  text?: string,
): void {
  if (flow.trace) {
    flow.step('custom', outcome, reason, { object: owner, at: patch.at, ...(text !== undefined && { text }) })
  }
}

const harmlessSettings = new Set(
  'access_log add_user_agent common_http_protocol_options delayed_close_timeout drain_timeout generate_request_id http2_protocol_options max_request_headers_kb preserve_external_request_id request_headers_timeout request_timeout server_header_transformation server_name stat_prefix stream_idle_timeout tracing upgrade_configs'.split(
    ' ',
  ),
)
const harmlessListener = new Set(
  'per_connection_buffer_limit_bytes access_log socket_options stat_prefix'.split(' '),
)

/** Patches outside the HTTP filters that leave decisions alone. */
export function isHarmlessElsewhere(patch: Patch): boolean {
  const { applyTo } = patch
  if (/^(CLUSTER|BOOTSTRAP|EXTENSION_CONFIG)$/.test(applyTo)) return true
  if (patch.patch.operation !== 'MERGE') return false
  const value = asObject(patch.patch.value)
  if (applyTo === 'NETWORK_FILTER') return onlyNames(asObject(field(value, 'typed_config')), harmlessSettings)
  return applyTo === 'LISTENER' && onlyNames(value, harmlessListener)
}

function onlyNames(value: Json, known: ReadonlySet<string>): boolean {
  return Object.keys(value).every(
    (name) => name === '@type' || known.has(name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
  )
}
