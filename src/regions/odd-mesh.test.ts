/** Doors at random that use what seldom is used: every match of a route, servers of every kind, odd policies. */
import fc from 'fast-check'
import { anOddPolicy, issuer, maybe, rarely } from './odd-policies.test.ts'
import { aFront } from './random-mesh.test.ts'

const text = fc.constantFrom<object>(
  { exact: 'red' },
  { prefix: 'r' },
  { regex: 'r.d|blue' },
  { regex: '(?i)RED' },
  { regex: '\\bred\\b' },
  {},
)
const uri = fc.constantFrom<object>(
  { prefix: '/a' },
  { prefix: '/a/' },
  { exact: '/b' },
  { regex: '/v1/.*' },
  { regex: '/(a|b)(/[^/]+)?' },
  { regex: '(?i)/A.*' },
  { regex: '/a\\b.*' },
  { prefix: '/' },
  { exact: '/a/x' },
  { prefix: '/A' },
)
const match = fc
  .record({
    uri: maybe(uri, 4),
    ignoreUriCase: rarely(fc.constant(true)),
    team: rarely(text),
    env: rarely(text),
    without: rarely(text),
    query: rarely(fc.constantFrom<object>({ exact: '1' }, { regex: '\\d+' }, { prefix: 'v' }, {})),
    method: rarely(fc.constantFrom({ exact: 'GET' }, { regex: 'P.*' })),
    authority: rarely(
      fc.constantFrom({ exact: 'a.example.com' }, { prefix: 'a' }, { regex: '.*\\.example\\.com(:\\d+)?' }),
    ),
    scheme: rarely(fc.constantFrom({ exact: 'http' }, { exact: 'https' })),
    port: rarely(fc.constantFrom(80, 443)),
    sourceLabels: rarely(fc.constant({ app: 'b' })),
    gateways: rarely(fc.constantFrom(['istio-system/door'], ['mesh'])),
  })
  .map(({ team, env, without, query, uri: path, ...rest }) => ({
    ...rest,
    ...(path && { uri: path }),
    ...((team || env) && { headers: { ...(team && { 'x-team': team }), ...(env && { 'x-env': env }) } }),
    ...(without && { withoutHeaders: { 'x-env': without } }),
    ...(query && { queryParams: { v: query } }),
  }))
const destination = fc.constantFrom('a', 'b', 'gone')
const to = (host: string) => ({
  destination: { host: `${host}.apps.svc.cluster.local`, port: { number: 80 } },
})
const http = fc
  .record({
    match: maybe(fc.array(match, { minLength: 1, maxLength: 2 }), 5),
    route: fc.oneof(
      { weight: 4, arbitrary: destination.map((host) => [to(host)]) },
      {
        weight: 1,
        arbitrary: fc.constant([
          { ...to('a'), weight: 30 },
          { ...to('b'), weight: 70 },
        ]),
      },
    ),
    rewrite: rarely(
      fc.constantFrom<object>(
        { uri: '/' },
        { uri: '/b/' },
        { uri: '/a/x' },
        { authority: 'b.example.com' },
        { uriRegexRewrite: { match: '^/a/([^/]+)(.*)$', rewrite: '/b/\\1/x' } },
        { uriRegexRewrite: { match: '/+', rewrite: '/' } },
      ),
    ),
    headers: rarely(
      fc.constantFrom<object>(
        { request: { set: { 'x-team': 'red' } } },
        { request: { remove: ['x-env', 'kubeflow-userid'] } },
        { request: { add: { 'x-team': 'blue' } } },
      ),
    ),
    mirror: rarely(fc.constant({ host: 'b.apps.svc.cluster.local' })),
    other: fc.option(
      fc.constantFrom<object>(
        { redirect: { uri: '/b' } },
        { directResponse: { status: 403 } },
        { redirect: { scheme: 'https' } },
      ),
      { nil: undefined, freq: 9 },
    ),
    fault: fc.option(fc.constant({ abort: { httpStatus: 503, percentage: { value: 100 } } }), {
      nil: undefined,
      freq: 12,
    }),
    cors: fc.option(fc.constant({ allowOrigins: [{ exact: 'https://red.example' }] }), {
      nil: undefined,
      freq: 9,
    }),
  })
  .map(({ other, route, cors, mirror, rewrite, fault, ...rest }) =>
    other
      ? { ...(rest.match && { match: rest.match }), ...other }
      : {
          ...rest,
          route,
          rewrite,
          ...(mirror && { mirror }),
          ...(cors && { corsPolicy: cors }),
          ...(fault && { fault }),
        },
  )
const service = fc
  .record({
    hosts: fc.constantFrom(
      ['*'],
      ['a.example.com'],
      ['*.example.com'],
      ['a.example.com', 'b.example.com'],
      ['a.apps.svc.cluster.local'],
    ),
    gateways: fc.constantFrom(['istio-system/door'], ['istio-system/door', 'mesh'], ['mesh']),
    http: fc.array(http, { minLength: 1, maxLength: 3 }),
    bytes: fc.boolean(),
  })
  .map(({ hosts: all, gateways, http: routes, bytes }) => (name: string) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name, namespace: 'apps' },
    spec: {
      // A wildcard is no host of the mesh.
      gateways: all.some((host) => host.startsWith('*')) ? ['istio-system/door'] : gateways,
      hosts: all,
      http: routes,
      ...(bytes && {
        tcp: [{ match: [{ port: 9000 }], route: [to('a')] }],
        tls: [{ match: [{ port: 8443, sniHosts: [all[0]] }], route: [to('b')] }],
      }),
    },
  }))

const servers: readonly object[] = [
  {
    port: { number: 80, name: 'http', protocol: 'HTTP' },
    hosts: ['a.example.com'],
    tls: { httpsRedirect: true },
  },
  {
    port: { number: 443, name: 'https', protocol: 'HTTPS' },
    hosts: ['*'],
    tls: { mode: 'SIMPLE', credentialName: 'one' },
  },
  {
    port: { number: 443, name: 'own', protocol: 'HTTPS' },
    hosts: ['a.example.com'],
    tls: { mode: 'SIMPLE', credentialName: 'two' },
  },
  {
    port: { number: 443, name: 'wild', protocol: 'HTTPS' },
    hosts: ['*.example.com'],
    tls: { mode: 'MUTUAL', credentialName: 'three' },
  },
  { port: { number: 9000, name: 'tcp', protocol: 'TCP' }, hosts: ['*'] },
  { port: { number: 8443, name: 'tls', protocol: 'TLS' }, hosts: ['*'], tls: { mode: 'PASSTHROUGH' } },
]
const surroundings: readonly string[] = [
  'apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: strict, namespace: apps}\nspec: {mtls: {mode: STRICT}}\n',
  'apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: plain, namespace: apps}\nspec: {host: a.apps.svc.cluster.local, trafficPolicy: {tls: {mode: DISABLE}}}\n',
  'apiVersion: v1\nkind: Service\nmetadata: {name: bytes, namespace: apps}\nspec: {selector: {app: a}, ports: [{name: tcp-a, port: 81, targetPort: 8081}, {name: any, port: 82, targetPort: 8082}]}\n',
  'apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: default, namespace: apps}\nspec: {egress: [{hosts: ["./*", "auth/*"]}]}\n',
]

/** YAML of a door. */
export const anOddMesh = fc
  .record({
    policies: fc.array(anOddPolicy, { maxLength: 5 }),
    services: fc.array(service, { minLength: 1, maxLength: 2 }),
    servers: fc.subarray([...servers], { maxLength: 4 }),
    around: fc.subarray([...surroundings]),
    tokens: fc.constantFrom<object | undefined>(
      undefined,
      {},
      { fromHeaders: [{ name: 'x-token', prefix: 'JWT ' }] },
      { fromParams: ['token'] },
      { outputClaimToHeaders: [{ header: 'x-team', claim: 'sub' }] },
    ),
    reading: fc.constantFrom('BASE', 'NONE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'),
    trusted: fc.constantFrom(0, 0, 1, 2),
  })
  .map(({ policies, services, servers: more, around, tokens, reading, trusted }) => {
    const gateway = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      metadata: { name: 'door', namespace: 'istio-system' },
    }
    const selector = { istio: 'ingressgateway' }
    const plain = { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }
    const redirected = more.includes(servers[0] as object)
    const door = { ...gateway, spec: { selector, servers: [...(redirected ? [] : [plain]), ...more] } }
    const token = {
      apiVersion: 'security.istio.io/v1',
      kind: 'RequestAuthentication',
      metadata: { name: 'tokens', namespace: 'istio-system' },
      spec: {
        jwtRules: [{ issuer, jwksUri: `${issuer}/openid/v1/jwks`, forwardOriginalToken: true, ...tokens }],
      },
    }
    const front = aFront
      .slice(aFront.indexOf('---\n') + 4)
      // An authorizer whose answers are known.
      .replace('service: ask.auth', 'service: oauth2-proxy.auth')
      .replace('{name: ask, namespace: auth}', '{name: oauth2-proxy, namespace: auth}')
      .replace(
        '  mesh: |\n',
        `  mesh: |\n    pathNormalization: {normalization: ${reading}}\n    defaultConfig: {gatewayTopology: {numTrustedProxies: ${trusted}}}\n`,
      )
    return [
      front,
      JSON.stringify(door),
      ...services.map((make, at) => JSON.stringify(make(`routes-${at}`))),
      ...policies.map((make, at) => JSON.stringify(make(`p${at}`))),
      ...(tokens ? [JSON.stringify(token)] : []),
      ...around,
    ].join('\n---\n')
  })

/** One object of the first door gone, or another one of its kind in its place. */
export function changed(one: string, other: string, at: number): string {
  const documents = one.split('\n---\n')
  const ours = /"kind":"(AuthorizationPolicy|VirtualService|Gateway|RequestAuthentication)"/
  const places = documents.flatMap((text, place) => (ours.test(text) ? [place] : []))
  const place = places[at % places.length] as number
  const before = JSON.parse(documents[place] as string)
  const kin = other.split('\n---\n').filter((text) => text.includes(`"kind":"${before.kind}"`))
  const chosen = kin[(at >> 4) % kin.length]
  if (chosen === undefined || at % 3 === 0)
    return documents.filter((_, each) => each !== place).join('\n---\n')
  const after = JSON.parse(chosen)
  const text = JSON.stringify({ ...after, metadata: { ...after.metadata, name: before.metadata.name } })
  return documents.map((each, index) => (index === place ? text : each)).join('\n---\n')
}
