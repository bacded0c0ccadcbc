/** Random Gateways, HTTPRoutes and ReferenceGrants of the Gateway API. */
import fc from 'fast-check'
import { listOf, methodWord, one, teamWord } from './random-words.ts'

const maybe = <T>(value: fc.Arbitrary<T>, freq = 2) => fc.option(value, { nil: undefined, freq })
const clean = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

/** The proxy istiod makes of the Gateway. */
export const gatewayApiProxy = {
  kind: 'gateway',
  namespace: 'istio-system',
  labels: { 'gateway.networking.k8s.io/gateway-name': 'api' },
  serviceAccount: 'api-istio',
} as const

const hostname = one(undefined, 'app.test', '*.wild.test', 'api.test')
const from = one('All', 'All', 'Same', 'Selector')

const gateway = fc
  .record({ plain: hostname, secure: hostname, second: maybe(hostname), from })
  .map(({ plain, secure, second, from: allowed }) => {
    const allowedRoutes = {
      namespaces: {
        from: allowed,
        ...(allowed === 'Selector' && { selector: { matchLabels: { team: 'a' } } }),
      },
    }
    const http = (name: string, host: string | undefined) => ({
      name,
      port: 80,
      protocol: 'HTTP',
      ...(host && { hostname: host }),
      allowedRoutes,
    })
    return {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'api', namespace: 'istio-system' },
      spec: {
        gatewayClassName: 'istio',
        listeners: [
          http('web', plain),
          ...(second !== undefined && second !== plain ? [http('other', second)] : []),
          {
            name: 'tls',
            port: 443,
            protocol: 'HTTPS',
            ...(secure && { hostname: secure }),
            tls: { mode: 'Terminate', certificateRefs: [{ name: 'tls' }] },
            allowedRoutes,
          },
        ],
      },
    }
  })

const pathMatch = fc.oneof(
  one('/', '/admin', '/public', '/public/', '/v1').map((value) => ({ type: 'PathPrefix', value })),
  one('/admin', '/public/a/b', '/v1/models/m:predict').map((value) => ({ type: 'Exact', value })),
  one('/admin.*', '/[a-z]+').map((value) => ({ type: 'RegularExpression', value })),
)

const match = fc.record({
  path: maybe(pathMatch, 4),
  method: maybe(methodWord, 1),
  headers: maybe(
    fc.oneof(
      teamWord.filter((text) => text !== '').map((value) => [{ name: 'X-Team', value }]),
      one([{ name: 'x-team', type: 'RegularExpression', value: 're.*' }]),
    ),
    1,
  ),
  queryParams: maybe(
    one([{ name: 'q', value: '1' }], [{ name: 'q', type: 'RegularExpression', value: 't.*' }]),
    1,
  ),
})

const filter = one<Record<string, unknown>>(
  {
    type: 'RequestHeaderModifier',
    requestHeaderModifier: {
      set: [{ name: 'X-Set', value: 'route' }],
      add: [{ name: 'x-team', value: 'added' }],
      remove: ['cookie'],
    },
  },
  {
    type: 'ResponseHeaderModifier',
    responseHeaderModifier: { set: [{ name: 'x-answer', value: 'yes' }], remove: ['x-upstream-says'] },
  },
  { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/r' } } },
  { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } } },
  {
    type: 'URLRewrite',
    urlRewrite: { hostname: 'rewritten.test', path: { type: 'ReplaceFullPath', replaceFullPath: '/full' } },
  },
)
const redirect = one<Record<string, unknown>>(
  { scheme: 'https', statusCode: 301 },
  { hostname: 'moved.test', path: { type: 'ReplaceFullPath', replaceFullPath: '/moved' } },
  { port: 8443, path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/p' }, statusCode: 302 },
).map((requestRedirect) => ({ type: 'RequestRedirect', requestRedirect }))

const backend = one(
  [{ name: 'a', port: 80 }],
  [{ name: 'b', port: 80 }],
  [{ name: 'a', namespace: 'apps', port: 80 }],
  [{ name: 'far', namespace: 'sys', port: 9000 }],
  [{ name: 'missing', port: 80 }],
  [{ name: 'a', port: 81 }],
  [],
)

const rule = fc
  .record({
    matches: maybe(listOf(match), 4),
    action: fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ filters: maybe(filter.map((one) => [one])), backendRefs: backend }),
      },
      { weight: 1, arbitrary: redirect.map((one) => ({ filters: [one] })) },
    ),
  })
  .map(({ matches, action }) => clean({ matches, ...action }))

const route = fc
  .record({
    hostnames: maybe(
      fc.uniqueArray(one('app.test', 'api.test', '*.wild.test', 'x.wild.test'), {
        minLength: 1,
        maxLength: 2,
      }),
      4,
    ),
    section: one(undefined, undefined, 'web', 'tls', 'other'),
    port: one(undefined, undefined, undefined, 80),
    created: one(undefined, '2026-01-05T00:00:00Z', '2026-01-02T00:00:00Z'),
    rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
  })
  .map(({ hostnames, section, port, created, rules }) => (index: number) => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: `r${index}`, namespace: 'apps', ...(created && { creationTimestamp: created }) },
    spec: clean({
      parentRefs: [{ name: 'api', namespace: 'istio-system', sectionName: section, port }],
      hostnames,
      rules,
    }),
  }))

const grant = {
  apiVersion: 'gateway.networking.k8s.io/v1beta1',
  kind: 'ReferenceGrant',
  metadata: { name: 'g', namespace: 'sys' },
  spec: {
    from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'apps' }],
    to: [{ group: '', kind: 'Service' }],
  },
}

/** With the Service istiod makes, and what surrounds both. */
export const gatewayApi: fc.Arbitrary<readonly object[]> = fc
  .record({ gateway, routes: fc.array(route, { minLength: 1, maxLength: 3 }), granted: fc.boolean() })
  .map(({ gateway: own, routes, granted }) => [
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'GatewayClass',
      metadata: { name: 'istio' },
      spec: { controllerName: 'istio.io/gateway-controller' },
    },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'istio-system' } },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'sys' } },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'apps', labels: { team: 'a' } } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'api-istio', namespace: 'istio-system' },
      spec: {
        selector: gatewayApiProxy.labels,
        ports: [
          { name: 'p80', port: 80 },
          { name: 'p443', port: 443 },
        ],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'far', namespace: 'sys' },
      spec: { ports: [{ name: 'http', port: 9000 }] },
    },
    own,
    ...routes.map((make, index) => make(index)),
    ...(granted ? [grant] : []),
  ])
