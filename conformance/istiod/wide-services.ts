/** VirtualServices with delegates, visibility, TLS and TCP routes, and what they may be sent to. */
import fc from 'fast-check'
import { httpRoute } from '../envoy/random-routes.ts'
import { listOf, one } from '../envoy/random-words.ts'

const clean = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
const maybe = <T>(value: fc.Arbitrary<T>, freq = 2) => fc.option(value, { nil: undefined, freq })

const namespace = one('apps', 'apps', 'apps', 'istio-system', 'other')
const exportTo = one<readonly string[] | undefined>(
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  ['.'],
  ['*'],
  ['*'],
  ['istio-system'],
  ['other'],
)
const created = one(undefined, undefined, '2026-01-04T00:00:00Z', '2025-01-01T00:00:00Z')
const hosts = fc.uniqueArray(
  one(
    '*',
    'app.test',
    'api.test',
    '*.wild.test',
    'x.wild.test',
    '*.test',
    'ext.test',
    'a',
    'other.test',
    'App.test',
  ),
  { minLength: 1, maxLength: 2 },
)
const gateways = one<readonly string[] | undefined>(
  ['istio-system/gw0'],
  ['istio-system/gw0'],
  ['istio-system/gw0', 'istio-system/gw1'],
  ['istio-system/gw0', 'istio-system/gw1', 'istio-system/gw2', 'apps/gw0', 'apps/gw1', 'apps/gw2'],
  ['istio-system/gw0', 'istio-system/gw1', 'istio-system/gw2', 'apps/gw0', 'apps/gw1', 'apps/gw2'],
  ['istio-system/gw0', 'istio-system/gw1', 'istio-system/gw2', 'apps/gw0', 'apps/gw1', 'apps/gw2'],
  ['istio-system/gw0', 'istio-system/gw1', 'istio-system/gw2', 'apps/gw0', 'apps/gw1', 'apps/gw2'],
  ['gw0', 'gw1'],
  ['mesh', 'istio-system/gw0'],
  ['mesh'],
)

const destination = one(
  { host: 'a' },
  { host: 'a.apps.svc.cluster.local', port: { number: 80 } },
  { host: 'b', port: { number: 81 } },
  { host: 'b', port: { number: 80 }, subset: 'v1' },
  { host: 'c.other.svc.cluster.local' },
  { host: 'hidden.other.svc.cluster.local' },
  { host: 'ext.test', port: { number: 80 } },
  { host: 'ext.test' },
  { host: 'private.test', port: { number: 8000 } },
  { host: 'two.wild.test' },
)

const more = fc.record({
  gateways: maybe(one(['istio-system/gw0'], ['istio-system/gw1', 'apps/gw1'], ['mesh'], ['gw0']), 1),
  sourceNamespace: one(undefined, undefined, undefined, undefined, 'istio-system', 'apps'),
  sourceLabels: one(undefined, undefined, undefined, undefined, { istio: 'ingressgateway' }, { app: 'web' }),
  uri: maybe(
    one({ prefix: '/admin' }, { exact: '/public/a/b' }, { prefix: '/' }, { regex: '/[^/]+/a.*' }),
    3,
  ),
  headers: maybe(
    one<object>(
      { 'X-Team': { exact: 'red' } },
      { 'x-team': { regex: '.*' } },
      { ':authority': { exact: 'app.test' } },
      { 'x-team': { prefix: 'r' }, 'x-other': { regex: '' } },
    ),
    1,
  ),
  queryParams: maybe(
    one<object>({ q: { exact: '' } }, { q: {} }, { Q: { exact: '1' } }, { q: { regex: '^1$' } }),
    1,
  ),
})

const weighted = fc.tuple(destination, destination, fc.boolean()).map(([some, others, first]) => [
  { destination: some, weight: first ? 100 : 0 },
  { destination: others, weight: first ? 0 : 100 },
])

const extra = fc
  .record({
    match: maybe(listOf(more), 3),
    route: fc.oneof(
      { weight: 3, arbitrary: destination.map((each) => [{ destination: each }]) },
      { weight: 1, arbitrary: weighted },
    ),
    rewrite: maybe(
      one<object>(
        { uri: '/new' },
        { authority: 'w.test' },
        { uriRegexRewrite: { match: '/(a|b)', rewrite: '/x\\1' } },
      ),
      1,
    ),
    headers: maybe(
      one<object>(
        { request: { set: { ':authority': 'pseudo.test' } } },
        { request: { set: { 'X-Upper': 'V' }, add: { 'x-upper': 'w' }, remove: ['X-Team'] } },
        { response: { add: { 'set-cookie': 'a=b' }, set: { 'content-type': 'text/odd' } } },
        { request: { set: { 'x-pct': '100%%', 'x-req': '%REQ(x-team)%' } } },
      ),
      1,
    ),
    timeout: maybe(one('5s', '0s'), 1),
    retries: maybe(one<object>({ attempts: 0 }, { attempts: 2, retryOn: '5xx', perTryTimeout: '4s' }), 1),
  })
  .map((each) => clean(each))

const redirect = fc
  .record({
    match: maybe(listOf(more), 3),
    redirect: one<object>(
      { uri: '/moved', redirectCode: 307 },
      { authority: 'moved.test:9999', uri: '/' },
      { port: 9999 },
      { derivePort: 'FROM_PROTOCOL_DEFAULT', scheme: 'https' },
      { derivePort: 'FROM_REQUEST_PORT', authority: 'moved.test' },
      { redirectCode: 303, authority: 'moved.test' },
      { uri: '%PREFIX()%' },
    ),
  })
  .map((each) => clean(each))

const direct = fc
  .record({
    match: maybe(listOf(more), 3),
    directResponse: one<object>(
      { status: 418, body: { bytes: 'aGVsbG8=' } },
      { status: 301 },
      { status: 404, body: { string: '' } },
    ),
    headers: maybe(one({ response: { set: { 'content-type': 'application/json' } } }), 1),
  })
  .map((each) => clean(each))

const handed = fc
  .record({
    match: maybe(
      listOf(fc.record({ uri: one({ prefix: '/admin' }, { prefix: '/public' }, { exact: '/admin' }) })),
      3,
    ),
    delegate: one(
      { name: 'd0' },
      { name: 'd0', namespace: 'apps' },
      { name: 'd1', namespace: 'other' },
      { name: 'none' },
    ),
  })
  .map((each) => clean(each))

const anyHttp = fc.oneof(
  { weight: 4, arbitrary: extra },
  { weight: 3, arbitrary: httpRoute },
  { weight: 1, arbitrary: redirect },
  { weight: 1, arbitrary: direct },
  { weight: 1, arbitrary: handed },
)

const tls = fc
  .record({
    sniHosts: one(['app.test'], ['*.wild.test'], ['x.wild.test', 'api.test'], ['*.test'], ['*']),
    port: one(undefined, 443, 9443),
    gateways: one(undefined, undefined, ['istio-system/gw0']),
    destination,
  })
  .map(({ destination: to, ...match }) => clean({ match: [match], route: [{ destination: to }] }))

const tcp = fc
  .record({ port: one(undefined, 9000, 9443, 80), destination })
  .map(({ port, destination: to }) =>
    clean({ ...(port && { match: [{ port }] }), route: [{ destination: to }] }),
  )

const service = fc.record({
  namespace,
  created,
  spec: fc.record({
    hosts,
    gateways,
    exportTo,
    http: fc.array(anyHttp, { minLength: 1, maxLength: 3 }),
    tls: maybe(fc.array(tls, { minLength: 1, maxLength: 2 }), 1),
    tcp: maybe(fc.array(tcp, { minLength: 1, maxLength: 2 }), 1),
  }),
})

const delegate = fc.record({
  exportTo: one<readonly string[] | undefined>(undefined, undefined, ['.'], ['apps', 'istio-system']),
  http: fc.array(fc.oneof(extra, direct), { minLength: 1, maxLength: 2 }),
})

const virtualService = (name: string, at: string, spec: object, since?: string) => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name, namespace: at, ...(since && { creationTimestamp: since }) },
  spec: clean(spec),
})

/** Whatever nothing else takes. */
const arrives = {
  hosts: ['*'],
  gateways: ['istio-system/gw0', 'istio-system/gw1'],
  http: [{ route: [{ destination: { host: 'a' } }] }],
}

export const wideServices: fc.Arbitrary<readonly object[]> = fc
  .record({
    services: fc.array(service, { minLength: 1, maxLength: 4 }),
    first: maybe(delegate),
    rest: fc.boolean(),
    second: maybe(delegate),
  })
  .map(({ services, first, second, rest }) => [
    ...services.map(({ namespace: at, created: since, spec }, index) => {
      const { hosts: names, ...rest } = spec
      return virtualService(`v${index}`, at, { ...rest, hosts: names.includes('*') ? ['*'] : names }, since)
    }),
    ...(rest ? [virtualService('rest', 'apps', arrives)] : []),
    ...(first ? [virtualService('d0', 'apps', first)] : []),
    ...(second ? [virtualService('d1', 'other', second)] : []),
  ])

const serviceOf = (name: string, namespace: string, ports: readonly object[], annotations?: object) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace, ...(annotations && { annotations }) },
  spec: { ports },
})
const entry = (name: string, namespace: string, spec: object) => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'ServiceEntry',
  metadata: { name, namespace },
  spec,
})

/** Besides `a` and `b`: a Service nobody else sees, and hosts outside of the mesh. */
export const wideTargets: readonly object[] = [
  serviceOf('c', 'other', [{ name: 'http', port: 80 }]),
  serviceOf('hidden', 'other', [{ name: 'http', port: 80 }], { 'networking.istio.io/exportTo': '.' }),
  entry('ext', 'apps', {
    hosts: ['ext.test', '*.wild.test'],
    location: 'MESH_EXTERNAL',
    resolution: 'DNS',
    ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
    endpoints: [{ address: 'real.example' }],
  }),
  entry('private', 'other', {
    hosts: ['private.test'],
    exportTo: ['.'],
    location: 'MESH_EXTERNAL',
    resolution: 'STATIC',
    ports: [{ number: 8000, name: 'http', protocol: 'HTTP' }],
    endpoints: [{ address: '10.1.2.3' }],
  }),
]
