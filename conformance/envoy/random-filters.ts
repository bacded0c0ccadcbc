/** Random EnvoyFilters of the kinds old Kubeflow releases and their users wrote, for the ingress gateway. */
import fc from 'fast-check'
import { one } from './random-words.ts'

interface Written {
  readonly applyTo: string
  readonly match: object
  readonly patch: { readonly operation: string; readonly value: object }
}

/** Where in the chain: beside a filter, or at an end. */
const place = one<{ readonly operation: string; readonly subFilter?: string }>(
  { operation: 'INSERT_BEFORE' },
  { operation: 'INSERT_FIRST' },
  { operation: 'INSERT_BEFORE', subFilter: 'envoy.filters.http.jwt_authn' },
  { operation: 'INSERT_AFTER', subFilter: 'envoy.filters.http.jwt_authn' },
  { operation: 'INSERT_BEFORE', subFilter: 'envoy.filters.http.rbac' },
  { operation: 'INSERT_BEFORE', subFilter: 'envoy.filters.http.router' },
  { operation: 'INSERT_BEFORE', subFilter: 'envoy.router' },
  { operation: 'INSERT_BEFORE', subFilter: 'envoy.filters.http.absent' },
)

const manager = one('envoy.filters.network.http_connection_manager', 'envoy.http_connection_manager')

function onChain(value: object) {
  return fc.record({ place, manager, port: one(undefined, undefined, 8080, 8443) }).map(
    ({ place: { operation, subFilter }, manager: name, port }): Written => ({
      applyTo: 'HTTP_FILTER',
      match: {
        context: 'GATEWAY',
        listener: {
          ...(port !== undefined && { portNumber: port }),
          filterChain: { filter: { name, ...(subFilter && { subFilter: { name: subFilter } }) } },
        },
      },
      patch: { operation, value },
    }),
  )
}

const type = (name: string) => ({ '@type': `type.googleapis.com/envoy.extensions.filters.http.${name}` })

const patterns = one(
  [{ exact: 'x-authz' }, { exact: 'authorization' }],
  [{ exact: 'x-authz' }, { prefix: 'x-t' }],
  [{ exact: 'x-authz' }, { exact: 'cookie' }],
)

const askHttp = fc
  .record({
    allowed: patterns,
    upstream: one([{ exact: 'kubeflow-userid' }], [{ prefix: 'x-auth-' }], [{ suffix: '-suffix' }]),
    client: one(undefined, [{ exact: 'x-auth-reason' }]),
    failOpen: fc.boolean(),
    status: one(undefined, { code: 'ServiceUnavailable' }),
    prefix: one(undefined, '/check'),
  })
  .map(({ allowed, upstream, client, failOpen, status, prefix }) => ({
    name: 'envoy.filters.http.ext_authz',
    typed_config: {
      ...type('ext_authz.v3.ExtAuthz'),
      failure_mode_allow: failOpen,
      ...(status && { status_on_error: status }),
      http_service: {
        ...(prefix && { path_prefix: prefix }),
        authorization_request: { allowed_headers: { patterns: allowed } },
        authorization_response: {
          allowed_upstream_headers: { patterns: upstream },
          ...(client && { allowed_client_headers: { patterns: client } }),
        },
        server_uri: {
          cluster: 'outbound|9000||http-authz.sys.svc.cluster.local',
          timeout: '10s',
          uri: 'http://http-authz.sys.svc.cluster.local',
        },
      },
    },
  }))

const forwardedHost = {
  name: 'envoy.filters.http.lua',
  typed_config: {
    ...type('lua.v3.Lua'),
    inlineCode: `function envoy_on_request(request_handle)
  local host = request_handle:headers():get(":authority")
  request_handle:headers():add("x-forwarded-host", host)
end
`,
  },
}

/** Routes the check is switched off on. */
const exempt = fc
  .record({
    filter: one('envoy.filters.http.ext_authz', 'envoy.filters.http.ext_authz', 'envoy.ext_authz'),
    configuration: one(undefined, 'http.8080', 'http.80', 'https.443.https.gw.istio-system'),
    vhost: one(undefined, '*:80', 'app.test:80', '*.wild.test:80', 'api.test:443'),
    route: one(undefined, 'one', 'two'),
  })
  .map(({ filter, configuration, vhost, route }): Written => {
    const host = vhost !== undefined || route !== undefined
    return {
      applyTo: 'HTTP_ROUTE',
      match: {
        context: 'GATEWAY',
        routeConfiguration: {
          ...(configuration && { name: configuration }),
          ...(host && { vhost: { ...(vhost && { name: vhost }), ...(route && { route: { name: route } }) } }),
        },
      },
      patch: {
        operation: 'MERGE',
        value: {
          typed_per_filter_config: { [filter]: { ...type('ext_authz.v3.ExtAuthzPerRoute'), disabled: true } },
        },
      },
    }
  })

/** Most meshes have none. */
export const envoyFilters = fc
  .option(
    fc.record({
      first: fc.oneof(askHttp.chain(onChain), onChain(forwardedHost)),
      more: fc.array(fc.oneof(exempt, onChain(forwardedHost), askHttp.chain(onChain)), { maxLength: 2 }),
      selector: one({ istio: 'ingressgateway' }, { istio: 'ingressgateway' }, undefined, { istio: 'other' }),
      priority: one(undefined, undefined, -5),
    }),
    { nil: undefined, freq: 1 },
  )
  .map((drawn) =>
    drawn === undefined
      ? []
      : [drawn.first, ...drawn.more].map((patch, index) => ({
          apiVersion: 'networking.istio.io/v1alpha3',
          kind: 'EnvoyFilter',
          metadata: { name: `f${index}`, namespace: 'istio-system' },
          spec: {
            ...(drawn.selector && { workloadSelector: { labels: drawn.selector } }),
            ...(drawn.priority !== undefined && index > 0 && { priority: drawn.priority }),
            configPatches: [patch],
          },
        })),
  )
