import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aCall, aContext, aDoorRequest, aRequest, ingressGateway, meshOf } from './builders.test.ts'
import { compileFilters } from './filters.ts'
import type { EngineOptions, FilterCall } from './seam.ts'
import { compileSidecar } from './sidecar.ts'

const caller = { uris: ['spiffe://cluster.local/ns/a/sa/b'], dnsNames: [], subject: '', trusted: true }

const manager = 'envoy.filters.network.http_connection_manager'
const extAuthz = `
        name: envoy.filters.http.ext_authz
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
          http_service:
            server_uri: { uri: http://auth, cluster: outbound|80||auth.sys.svc.cluster.local, timeout: 10s }
            authorization_request: { allowed_headers: { patterns: [{ exact: cookie }] } }
            authorization_response: { allowed_upstream_headers: { patterns: [{ exact: kubeflow-userid }] } }`
const lua = `
        name: envoy.filters.http.lua
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
          inlineCode: |
            function envoy_on_request(h)
              h:headers():add("x-lua", "1")
            end`
const wasm = `
        name: custom
        typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm }`
const gzip = `
        name: gzip
        typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.compressor.v3.Compressor }`

interface Written {
  readonly value?: string
  readonly name?: string
  readonly beside?: string
  readonly operation?: string
  readonly listener?: string
  readonly applyTo?: string
  readonly context?: string
  readonly labels?: string
  readonly namespace?: string
}

const filter = (written: Written = {}) => {
  const { value = extAuthz, name = manager, beside, operation = 'INSERT_BEFORE', listener = '' } = written
  const {
    applyTo = 'HTTP_FILTER',
    context = 'GATEWAY',
    labels = 'istio: ingressgateway',
    namespace = 'istio-system',
  } = written
  const sub = beside === undefined ? '' : `, subFilter: { name: ${beside} }`
  return `
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: f, namespace: ${namespace} }
spec:
  workloadSelector: { labels: { ${labels} } }
  configPatches:
  - applyTo: ${applyTo}
    match: { context: ${context}, listener: { ${listener}filterChain: { filter: { name: ${name}${sub} } } } }
    patch:
      operation: ${operation}
      value: ${value}
---
apiVersion: v1
kind: Service
metadata: { name: auth, namespace: sys }
spec: { ports: [{ name: http, port: 80 }] }
---`
}
const deny = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: d, namespace: istio-system }
spec: { action: DENY, rules: [{}] }
---`

function run(yaml: string, options: EngineOptions = {}, call: Partial<FilterCall> = {}) {
  return compileFilters(meshOf(yaml), ingressGateway, options).run(aCall(call))
}

const router = 'envoy.filters.http.router'
type Row = readonly [name: string, yaml: string, want: string, options?: EngineOptions]
const rows: readonly Row[] = [
  ['ext_authz before everything asks first', filter() + deny, 'ask-provider'],
  ['before the router it stands behind the policies', filter({ beside: router }) + deny, 'deny-rule-matched'],
  ['before the router, with nothing in front', filter({ beside: router }), 'ask-provider'],
  [
    'after a filter of ours',
    filter({ beside: 'envoy.filters.http.rbac', operation: 'INSERT_AFTER' }) + deny,
    'deny-rule-matched',
  ],
  [
    'before a filter that is not there, nothing happens',
    filter({ beside: 'envoy.filters.http.jwt_authn' }),
    'no-policy-applies',
  ],
  [
    'an old name is no name to a current Istio: the door is open',
    filter({ name: 'envoy.http_connection_manager' }),
    'no-policy-applies',
  ],
  [
    'and was one to the Istio of its time',
    filter({ name: 'envoy.http_connection_manager' }),
    'ask-provider',
    { istioVersion: '1.17.3' },
  ],
  [
    'until 1.19',
    filter({ name: 'envoy.http_connection_manager' }),
    'no-policy-applies',
    { istioVersion: '1.19.0' },
  ],
  ['another workload', filter({ labels: 'app: other' }), 'no-policy-applies'],
  ['another namespace', filter({ namespace: 'apps' }), 'no-policy-applies'],
  ['another context', filter({ context: 'SIDECAR_INBOUND' }), 'no-policy-applies'],
  ['any context', filter({ context: 'ANY' }), 'ask-provider'],
  ['another port', filter({ listener: 'portNumber: 8443, ' }), 'no-policy-applies'],
  ['this port', filter({ listener: 'portNumber: 8080, ' }), 'ask-provider'],
  ['a filter nobody knows', filter({ value: wasm }), 'envoy-filter-unknown'],
  [
    'one behind a denial does not matter',
    filter({ value: wasm, beside: router }) + deny,
    'deny-rule-matched',
  ],
  ['a harmless one', filter({ value: gzip }), 'no-policy-applies'],
  [
    'removing a filter',
    filter({ operation: 'REMOVE', beside: 'envoy.filters.http.rbac', value: '{}' }) + deny,
    'no-policy-applies',
  ],
  [
    'changing a filter that decides',
    filter({ operation: 'MERGE', beside: 'envoy.filters.http.rbac', value: '{ name: x }' }) + deny,
    'envoy-filter-unknown',
  ],
  [
    'a listener patch that decides nothing',
    filter({ applyTo: 'LISTENER', operation: 'MERGE', value: '{ per_connection_buffer_limit_bytes: 1 }' }),
    'no-policy-applies',
  ],
  [
    'a cluster patch',
    filter({ applyTo: 'CLUSTER', operation: 'MERGE', value: '{ connect_timeout: 1s }' }),
    'no-policy-applies',
  ],
  [
    'a route patch nobody knows',
    filter({ applyTo: 'VIRTUAL_HOST', operation: 'MERGE', value: '{ require_tls: ALL }' }),
    'envoy-filter-unknown',
  ],
]

for (const [name, yaml, want, options] of rows) {
  test(name, () => {
    assert.equal(run(yaml, options).reason, want)
  })
}

test('a hand-written provider is read with Envoy’s defaults', () => {
  const outcome = run(filter(), {}, { request: aRequest({ headers: [['cookie', 'a=1']] }) })
  assert.ok(outcome.kind === 'ask')
  const { provider, service, timeoutMs, headers } = outcome.check
  assert.deepEqual(
    [provider, service, timeoutMs],
    ['istio-system/f', 'outbound|80||auth.sys.svc.cluster.local', 10_000],
  )
  assert.ok(headers.some(([name, value]) => name === 'cookie' && value === 'a=1'))
})

test('Lua that only adds a header is run', () => {
  const outcome = run(filter({ value: lua, beside: router }))
  assert.deepEqual(outcome.kind === 'pass' && outcome.headers, [['x-lua', '1']])
})

const exemption = (where: string) => `
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: open, namespace: istio-system }
spec:
  configPatches:
  - applyTo: VIRTUAL_HOST
    match: { context: GATEWAY, routeConfiguration: ${where} }
    patch:
      operation: MERGE
      value:
        typed_per_filter_config:
          envoy.filters.http.ext_authz:
            "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute
            disabled: true
---`
const route = {
  configuration: 'http.8080',
  ports: [80],
  vhost: 'open.example.com:80',
  domains: ['open.example.com'],
  action: 'ROUTE',
} as const

const exemptions: readonly (readonly [
  where: string,
  route: FilterCall['route'],
  want: string,
  why: string,
])[] = [
  [
    '{ vhost: { name: "open.example.com:80" } }',
    route,
    'ext-authz-disabled-here',
    'the virtual host by name',
  ],
  [
    '{ vhost: { domainName: open.example.com } }',
    route,
    'ext-authz-disabled-here',
    'the virtual host by domain',
  ],
  ['{ vhost: { name: "other:80" } }', route, 'ask-provider', 'another virtual host'],
  ['{ portNumber: 443 }', route, 'ask-provider', 'another port'],
  ['{}', undefined, 'ext-authz-disabled-here', 'every route'],
  [
    '{ vhost: { name: "open.example.com:80" } }',
    undefined,
    'ext-authz-exemption-unknown',
    'a route nobody named',
  ],
]

for (const [where, chosen, want, why] of exemptions) {
  test(`ExtAuthzPerRoute: ${why}`, () => {
    assert.equal(run(filter() + exemption(where), {}, { ...(chosen && { route: chosen }) }).reason, want)
  })
}

test('on a TCP port network filters nobody knows make it unknown, HTTP filters do not', () => {
  const sidecar = (written: Written) =>
    compileSidecar(
      meshOf(filter({ context: 'SIDECAR_INBOUND', ...written })),
      { namespace: 'istio-system', labels: { istio: 'ingressgateway' }, serviceAccount: 'x' },
      {},
    ).decide(aDoorRequest({ port: 9999, peer: caller, alpn: ['istio'] }), aContext())
  const tcpProxy = 'envoy.filters.network.tcp_proxy'
  assert.equal(sidecar({ applyTo: 'NETWORK_FILTER', name: tcpProxy, value: '{ name: x }' }).kind, 'unknown')
  assert.equal(sidecar({ applyTo: 'NETWORK_FILTER', value: '{ name: x }' }).kind, 'forward')
  assert.equal(sidecar({ value: wasm }).kind, 'forward')
})
