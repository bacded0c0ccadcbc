import type { Fields } from './fields.ts'
import type { ExtensionProvider } from './model.ts'

/** Providers of MeshConfig that trace, count or log. */
const others = [
  'zipkin',
  'lightstep',
  'datadog',
  'stackdriver',
  'opencensus',
  'skywalking',
  'opentelemetry',
  'prometheus',
  'envoyFileAccessLog',
  'envoyHttpAls',
  'envoyTcpAls',
  'envoyOtelAls',
  'sds',
]

/** One of `extensionProviders` (istio/api mesh/v1alpha1/config.proto, ExtensionProvider). */
export function readExtensionProvider(provider: Fields): ExtensionProvider {
  provider.known(...others)
  const http = provider.fields('envoyExtAuthzHttp')
  const grpc = provider.fields('envoyExtAuthzGrpc')
  const authz = http ?? grpc
  const name = provider.string('name') ?? ''
  if (name === '') provider.error('missing-name', `\`${provider.path}\` has no name`)
  const body = authz?.fields('includeRequestBodyInCheck')
  const read: ExtensionProvider = {
    at: provider.at,
    name,
    kind: http ? 'envoyExtAuthzHttp' : grpc ? 'envoyExtAuthzGrpc' : 'other',
    service: authz?.string('service') ?? '',
    port: authz?.int('port') ?? 0,
    timeoutMs: authz?.duration('timeout'),
    pathPrefix: http?.string('pathPrefix'),
    failOpen: authz?.bool('failOpen') ?? false,
    clearRouteCache: authz?.bool('clearRouteCache') ?? false,
    statusOnError: authz?.string('statusOnError'),
    includeRequestHeadersInCheck: http?.texts('includeRequestHeadersInCheck') ?? [],
    includeHeadersInCheck: http?.texts('includeHeadersInCheck') ?? [],
    includeAdditionalHeadersInCheck: http?.record('includeAdditionalHeadersInCheck') ?? {},
    includeRequestBodyInCheck: body && {
      maxRequestBytes: body.int('maxRequestBytes') ?? 0,
      allowPartialMessage: body.bool('allowPartialMessage') ?? false,
      packAsBytes: body.bool('packAsBytes') ?? false,
    },
    headersToUpstreamOnAllow: http?.texts('headersToUpstreamOnAllow') ?? [],
    headersToDownstreamOnDeny: http?.texts('headersToDownstreamOnDeny') ?? [],
    headersToDownstreamOnAllow: http?.texts('headersToDownstreamOnAllow') ?? [],
  }
  body?.done()
  authz?.done()
  provider.done()
  return read
}
