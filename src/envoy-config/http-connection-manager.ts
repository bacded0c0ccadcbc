import type { MeshConfig } from '../mesh/index.ts'
import type { HeadRules } from '../policy/index.ts'
import { compact, extension, isObject, type Json, typed } from './json.ts'

export interface ManagerOptions {
  readonly kind: 'gateway' | 'sidecar'
  readonly head: HeadRules
  readonly meshConfig: MeshConfig
  readonly statPrefix: string
  readonly routeConfig: Json
  /** Everything before those every chain ends with. */
  readonly filters: readonly Json[]
  /** A sidecar's port that is declared as HTTP/2. */
  readonly http2?: boolean
}

/** The filters behind the policies, in istiod's order. */
export const closingFilters: readonly Json[] = [
  extension('envoy.filters.http.grpc_stats', 'extensions.filters.http.grpc_stats.v3.FilterConfig', {
    emitFilterState: true,
    statsForAllMethods: false,
  }),
  extension('envoy.filters.http.fault', 'extensions.filters.http.fault.v3.HTTPFault'),
  extension('envoy.filters.http.cors', 'extensions.filters.http.cors.v3.Cors'),
  extension('envoy.filters.http.router', 'extensions.filters.http.router.v3.Router'),
]

const slashes = {
  keep: 'KEEP_UNCHANGED',
  unescape: 'UNESCAPE_AND_FORWARD',
  'unescape-and-redirect': 'UNESCAPE_AND_REDIRECT',
  reject: 'REJECT_REQUEST',
} as const

/** Istio's core/listener_builder.go, buildHTTPConnectionManager. */
export function httpConnectionManager(options: ManagerOptions): Json {
  const { head, kind } = options
  const gateway = kind === 'gateway'
  const forward = gateway ? forwardOf(options.meshConfig) : 'APPEND_FORWARD'
  const sets = forward === 'APPEND_FORWARD' || forward === 'SANITIZE_SET'
  const underscores = { allow: undefined, drop: 'DROP_HEADER', reject: 'REJECT_REQUEST' }[head.underscores]
  return extension(
    'envoy.filters.network.http_connection_manager',
    'extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    compact({
      statPrefix: options.statPrefix,
      serverName: 'istio-envoy',
      routeConfig: options.routeConfig,
      httpFilters: options.filters,
      normalizePath: head.paths.normalize,
      mergeSlashes: head.paths.mergeSlashes || undefined,
      pathWithEscapedSlashesAction: slashes[head.paths.escapedSlashes],
      useRemoteAddress: gateway,
      xffNumTrustedHops: gateway && head.trustedHops > 0 ? head.trustedHops : undefined,
      commonHttpProtocolOptions: underscores && { headersWithUnderscoresAction: underscores },
      httpProtocolOptions: gateway ? {} : undefined,
      http2ProtocolOptions: options.http2 ? {} : undefined,
      // SANITIZE is protobuf's default.
      forwardClientCertDetails: forward === 'SANITIZE' ? undefined : forward,
      setCurrentClientCertDetails: sets
        ? { subject: true, ...(gateway && { cert: true }), dns: true, uri: true }
        : undefined,
      requestIdExtension: {
        typedConfig: typed('extensions.request_id.uuid.v3.UuidRequestIdConfig', {
          useRequestIdForTraceSampling: true,
        }),
      },
      upgradeConfigs: [{ upgradeType: 'websocket' }],
      streamIdleTimeout: '0s',
      proxy100Continue: true,
    }),
  )
}

/** `defaultConfig.gatewayTopology.forwardClientCertDetails`. */
function forwardOf({ raw }: MeshConfig): string {
  const config = isObject(raw) ? raw.defaultConfig : undefined
  const topology = isObject(config) ? config.gatewayTopology : undefined
  const written = isObject(topology) ? topology.forwardClientCertDetails : undefined
  return typeof written === 'string' && written !== 'UNDEFINED' ? written : 'SANITIZE_SET'
}
