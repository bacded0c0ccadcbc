/**
 * The filters AuthorizationPolicies become: CUSTOM, AUDIT, DENY, ALLOW. Agrees with Istio's
 * pilot/pkg/security/authz/builder/{builder,extauthz}.go.
 */
import type { AuthorizationPolicy, ExtensionProvider, Text } from '../mesh/index.ts'
import type { Blueprint, Provider } from '../policy/index.ts'
import { compact, duration, extension, type Json, some } from './json.ts'
import { type PolicyContext, partedByDryRun, type RbacAction, rbacRules } from './rbac-policy.ts'
import { exact, prefix, suffix } from './string-matcher.ts'

/** HTTP filters, or the network filters of a TCP chain. */
export type Layer = 'http' | 'network'

const rbacName = { http: 'envoy.filters.http.rbac', network: 'envoy.filters.network.rbac' } as const

function rbacFilter(layer: Layer, message: Json): Json {
  const type = `extensions.filters.${layer}.rbac.v3.RBAC`
  return extension(
    rbacName[layer],
    type,
    compact({ ...message, ...(layer === 'network' && { statPrefix: 'tcp.' }) }),
  )
}

/** AUDIT, DENY and ALLOW, each where a policy of it applies. */
export function authorizationFilters(
  blueprint: Blueprint,
  context: PolicyContext,
  layer: Layer = 'http',
): readonly Json[] {
  const { AUDIT, DENY, ALLOW } = blueprint.policies
  const steps: readonly (readonly [readonly AuthorizationPolicy[], RbacAction])[] = [
    [AUDIT, 'LOG'],
    [DENY, 'DENY'],
    [ALLOW, 'ALLOW'],
  ]
  return steps
    .filter(([policies]) => policies.length > 0)
    .map(([policies, action]) => {
      const { enforced, shadow } = partedByDryRun(policies)
      const shadowAction = shadow.length === 0 ? 'ALLOW' : action
      return rbacFilter(layer, {
        rules: enforced.length === 0 ? undefined : rbacRules(enforced, action, context),
        shadowRules: shadow.length === 0 ? undefined : rbacRules(shadow, action, context),
        shadowRulesStatPrefix:
          shadowAction === 'ALLOW'
            ? 'istio_dry_run_allow_'
            : shadowAction === 'DENY'
              ? 'istio_dry_run_deny_'
              : undefined,
      })
    })
}

export interface CustomOptions extends PolicyContext {
  /** The cluster a provider is called by. */
  readonly clusterOf: (provider: Provider) => string
}

const matchPrefix = 'istio-ext-authz'

/** The shadow rules of CUSTOM policies, and the authorizer they switch on by their metadata. */
export function customFilters(
  blueprint: Blueprint,
  options: CustomOptions,
  layer: Layer = 'http',
): readonly Json[] {
  const policies = blueprint.policies.CUSTOM
  const nameOf = (policy: AuthorizationPolicy) => policy.provider?.value ?? ''
  const names = [...new Set(policies.map(nameOf))].sort()
  const filters: Json[] = []
  for (const name of names) {
    const { enforced, shadow } = partedByDryRun(policies.filter((policy) => nameOf(policy) === name))
    const before = `${matchPrefix}-${name}-`
    const provider = blueprint.provider(name)
    if (names.length > 1 || 'problem' in provider) {
      const rules = rbacRules(enforced, 'DENY', options, before, '-deny-due-to-bad-CUSTOM-action')
      filters.push(rbacFilter(layer, { rules }))
      continue
    }
    // A connection cannot be shown to an HTTP authorizer, and then nobody is asked.
    if (layer === 'network' && provider.protocol === 'http') continue
    const dryRun = rbacRules(shadow, 'DENY', options, before)
    filters.push(
      rbacFilter(layer, {
        // istiod gives dry runs to the enforcing half, so they deny.
        rules: dryRun.policies === undefined ? undefined : dryRun,
        shadowRules: rbacRules(enforced, 'DENY', options, before),
        shadowRulesStatPrefix: 'istio_ext_authz_',
      }),
      extAuthz(blueprint, provider, options.clusterOf(provider), layer),
    )
  }
  return filters
}

function extAuthz(blueprint: Blueprint, provider: Provider, cluster: string, layer: Layer): Json {
  const config = blueprint.mesh.meshConfig.extensionProviders.findLast(({ name }) => name === provider.name)
  if (config === undefined) throw new Error(`provider ${provider.name} is in no configuration`)
  const filterEnabledMetadata = {
    filter: rbacName[layer],
    path: [{ key: 'istio_ext_authz_shadow_effective_policy_id' }],
    value: { stringMatch: prefix(`${matchPrefix}-${provider.name}`) },
  }
  const timeout = duration(provider.timeoutMs)
  const host = provider.cluster.slice(provider.cluster.lastIndexOf('|') + 1)
  const grpcService =
    provider.protocol === 'grpc'
      ? { envoyGrpc: { authority: host, clusterName: cluster }, timeout }
      : undefined
  const common = {
    failureModeAllow: config.failOpen || undefined,
    transportApiVersion: 'V3',
    filterEnabledMetadata,
    grpcService,
  }
  if (layer === 'network') {
    return extension(
      'envoy.filters.network.ext_authz',
      'extensions.filters.network.ext_authz.v3.ExtAuthz',
      compact({ ...common, statPrefix: 'tcp.' }),
    )
  }
  const body = config.includeRequestBodyInCheck
  return extension(
    'envoy.filters.http.ext_authz',
    'extensions.filters.http.ext_authz.v3.ExtAuthz',
    compact({
      ...common,
      statusOnError: config.statusOnError ? { code: Number(config.statusOnError) } : undefined,
      withRequestBody: body && {
        maxRequestBytes: body.maxRequestBytes,
        allowPartialMessage: body.allowPartialMessage || undefined,
        packAsBytes: body.packAsBytes || undefined,
      },
      ...(provider.protocol === 'http' && httpService(config, cluster, host, timeout)),
    }),
  )
}

function httpService(config: ExtensionProvider, cluster: string, host: string, timeout: string): Json {
  const included = config.includeRequestHeadersInCheck
  const added = Object.entries(config.includeAdditionalHeadersInCheck)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ key, value }))
  const response = {
    allowedUpstreamHeaders: patterns(config.headersToUpstreamOnAllow),
    allowedClientHeaders: patterns(config.headersToDownstreamOnDeny),
    allowedClientHeadersOnSuccess: patterns(config.headersToDownstreamOnAllow),
  }
  return {
    allowedHeaders: patterns(included.length > 0 ? included : config.includeHeadersInCheck),
    httpService: {
      pathPrefix: config.pathPrefix || undefined,
      serverUri: { uri: `http://${host}`, cluster, timeout },
      authorizationRequest: added.length === 0 ? undefined : { headersToAdd: added },
      authorizationResponse: Object.values(response).some((list) => list !== undefined)
        ? response
        : undefined,
    },
  }
}

function patterns(names: readonly Text[]): Json | undefined {
  const list = names.map(({ value }) => {
    if (value.startsWith('*')) return suffix(value.slice(1), true)
    return value.endsWith('*') ? prefix(value.slice(0, -1), true) : exact(value, true)
  })
  return some(list) && { patterns: list }
}
