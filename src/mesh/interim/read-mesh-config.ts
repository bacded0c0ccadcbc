import { durationMs, type Fields, fieldsOf } from './fields.ts'
import type { ExtensionProvider, MeshConfig } from '../model.ts'
import type { Value } from './node.ts'
import { readRetries } from './read-virtual-service.ts'

/** Istio's defaults, for YAML without the ConfigMap (istio `pkg/config/mesh`). */
export const defaultMeshConfig: MeshConfig = {
  rootNamespace: 'istio-system',
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  pathNormalization: 'DEFAULT',
  extensionProviders: [],
  defaultProviders: {},
  numTrustedProxies: 0,
  raw: {},
}

/** MeshConfig as the ConfigMap's `mesh` key holds it. Most of it is not a door's business. */
export function readMeshConfig(value: Value, revision: string | undefined): MeshConfig {
  const fields = fieldsOf(value)
  const normalization = fields.get('pathNormalization')
  const defaultConfig = fields.get('defaultConfig')
  const topology = defaultConfig && fieldsOf(defaultConfig).get('gatewayTopology')
  const retries = fields.get('defaultHttpRetryPolicy')
  const providers = fields.get('defaultProviders')
  return {
    at: value.at,
    revision,
    rootNamespace: fields.get('rootNamespace')?.string() ?? defaultMeshConfig.rootNamespace,
    trustDomain: fields.get('trustDomain')?.string() ?? defaultMeshConfig.trustDomain,
    trustDomainAliases: fields.get('trustDomainAliases')?.strings() ?? [],
    pathNormalization:
      (normalization && normalizationName(fieldsOf(normalization).get('normalization'))) ??
      defaultMeshConfig.pathNormalization,
    extensionProviders: fields.get('extensionProviders')?.items()?.map(readProvider) ?? [],
    defaultProviders: Object.fromEntries(
      (providers?.entries() ?? []).map(([key, list]) => [key, list.strings() ?? []]),
    ),
    numTrustedProxies: (topology && fieldsOf(topology).get('numTrustedProxies')?.number()) ?? 0,
    defaultHttpRetryPolicy: retries && readRetries(retries),
    defaultServiceExportTo: fields.get('defaultServiceExportTo')?.strings(),
    defaultVirtualServiceExportTo: fields.get('defaultVirtualServiceExportTo')?.strings(),
    defaultDestinationRuleExportTo: fields.get('defaultDestinationRuleExportTo')?.strings(),
    raw: value.raw(),
  }
}

const normalizations = ['DEFAULT', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES']

function normalizationName(value: Value | undefined): string | undefined {
  const written = value?.numberOrString()
  const name = typeof written === 'number' ? normalizations[written] : written
  if (value && (name === undefined || !normalizations.includes(name))) {
    value.problem('unknown-normalization', `\`${written}\` is not one of ${normalizations.join(', ')}`)
  }
  return name
}

function readProvider(value: Value): ExtensionProvider {
  const fields = fieldsOf(value)
  const name = fields.get('name')?.string() ?? ''
  const http = fields.get('envoyExtAuthzHttp')
  const grpc = fields.get('envoyExtAuthzGrpc')
  const settings = http ?? grpc
  if (!settings) return { ...noSettings(value), name, kind: 'other', service: '', port: 0 }
  const inner = fieldsOf(settings)
  return {
    ...noSettings(value),
    name,
    kind: http ? 'envoyExtAuthzHttp' : 'envoyExtAuthzGrpc',
    service: inner.get('service')?.string() ?? '',
    port: inner.get('port')?.number() ?? 0,
    timeoutMs: durationMs(inner.get('timeout')),
    pathPrefix: inner.get('pathPrefix')?.string(),
    failOpen: inner.get('failOpen')?.boolean() ?? false,
    clearRouteCache: inner.get('clearRouteCache')?.boolean() ?? false,
    statusOnError: statusText(inner.get('statusOnError')),
    includeRequestHeadersInCheck: inner.get('includeRequestHeadersInCheck')?.texts() ?? [],
    includeHeadersInCheck: inner.get('includeHeadersInCheck')?.texts() ?? [],
    includeAdditionalHeadersInCheck: inner.get('includeAdditionalHeadersInCheck')?.record() ?? {},
    includeRequestBodyInCheck: readBody(inner),
    headersToUpstreamOnAllow: inner.get('headersToUpstreamOnAllow')?.texts() ?? [],
    headersToDownstreamOnDeny: inner.get('headersToDownstreamOnDeny')?.texts() ?? [],
    headersToDownstreamOnAllow: inner.get('headersToDownstreamOnAllow')?.texts() ?? [],
  }
}

const noSettings = (value: Value) => ({
  at: value.at,
  failOpen: false,
  clearRouteCache: false,
  includeRequestHeadersInCheck: [],
  includeHeadersInCheck: [],
  includeAdditionalHeadersInCheck: {},
  headersToUpstreamOnAllow: [],
  headersToDownstreamOnDeny: [],
  headersToDownstreamOnAllow: [],
})

function statusText(value: Value | undefined): string | undefined {
  const written = value?.numberOrString()
  return written === undefined ? undefined : String(written)
}

function readBody(settings: Fields): ExtensionProvider['includeRequestBodyInCheck'] {
  const body = settings.get('includeRequestBodyInCheck')
  if (!body) return undefined
  const fields = fieldsOf(body)
  return {
    maxRequestBytes: fields.get('maxRequestBytes')?.number() ?? 0,
    allowPartialMessage: fields.get('allowPartialMessage')?.boolean() ?? false,
    packAsBytes: fields.get('packAsBytes')?.boolean() ?? false,
  }
}
