/** VirtualServices at a gateway, from YAML to what the workload or the client gets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aContext, aDoorRequest, meshOf } from './builders.test.ts'
import type { Context, Decision, DoorRequest } from './decision.ts'
import { compileDoor } from './door.ts'

const world = `
apiVersion: v1
kind: Service
metadata: { name: istio-ingressgateway, namespace: istio-system }
spec: { selector: { istio: ingressgateway }, ports: [{ port: 80, targetPort: 8080 }, { port: 443, targetPort: 8443 }] }
---
apiVersion: v1
kind: Service
metadata: { name: a, namespace: apps }
spec: { ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: b, namespace: apps }
spec: { ports: [{ port: 80 }, { port: 81 }] }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: b, namespace: apps }
spec: { host: b, subsets: [{ name: v1, labels: { v: "1" } }] }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: gw, namespace: apps }
spec: { selector: { istio: ingressgateway }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }] }
---`

function service(http: string, more: { hosts?: string; name?: string; rest?: string } = {}): string {
  const { hosts = '["*"]', name = 'vs', rest = '' } = more
  return `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, namespace: apps }
spec: { hosts: ${hosts}, gateways: [gw], ${rest} http: ${http} }
---`
}

function decide(yaml: string, request: Partial<DoorRequest> = {}, context: Partial<Context> = {}): Decision {
  const door = compileDoor(meshOf(world + yaml))
  return door.decide(door.gateway(), aDoorRequest({ host: 'app.test', ...request }), aContext(context))
}

/** `a /path` for what is forwarded, the status and location for what is not. */
function told(decision: Decision): string {
  switch (decision.kind) {
    case 'forward':
      return `${decision.destination.host.split('.')[0]} ${decision.path}`
    case 'reply': {
      const location = decision.headers.find(([name]) => name === 'location')?.[1]
      return location === undefined ? `${decision.status}` : `${decision.status} ${location}`
    }
    default:
      return decision.kind
  }
}

const toA = 'route: [{ destination: { host: a } }]'
const toB = 'route: [{ destination: { host: b, port: { number: 80 } } }]'

const matches: readonly (readonly [match: string, request: Partial<DoorRequest>, taken: boolean])[] = [
  ['uri: { exact: /x }', { path: '/x?q' }, true],
  ['uri: { exact: /x }', { path: '/x/' }, false],
  ['uri: { prefix: /x }', { path: '/xyz' }, true],
  ['uri: { prefix: /x }', { path: '/X' }, false],
  ['uri: { prefix: /x }, ignoreUriCase: true', { path: '/Xy' }, true],
  ['uri: { regex: "/x/[0-9]+" }', { path: '/x/12?q' }, true],
  ['uri: { regex: "/x/[0-9]+" }', { path: '/x/12/y' }, false],
  ['uri: { regex: "/X.*" }, ignoreUriCase: true', { path: '/x' }, false],
  ['method: { exact: POST }', { method: 'POST' }, true],
  ['method: { exact: POST }', { method: 'GET' }, false],
  ['authority: { exact: app.test }', { host: 'app.test' }, true],
  ['authority: { exact: app.test }', { host: 'app.test:80' }, false],
  ['scheme: { exact: https }', {}, false],
  ['headers: { x-a: { exact: b } }', { headers: [['X-A', 'a'], ['x-a', 'b']] }, true],
  ['headers: { x-a: { exact: b } }', { headers: [['x-a', 'a, b']] }, false],
  ['headers: { x-a: {} }', { headers: [['x-a', '']] }, true],
  ['headers: { x-a: {} }', {}, false],
  ['headers: { host: { prefix: app } }', {}, true],
  ['withoutHeaders: { x-a: { exact: b } }', {}, true],
  ['withoutHeaders: { x-a: { exact: b } }', { headers: [['x-a', 'b']] }, false],
  ['withoutHeaders: { x-a: { regex: ".*" } }', {}, false],
  ['withoutHeaders: { x-a: {} }', {}, true],
  ['queryParams: { q: { exact: "1" } }', { path: '/?q=1' }, true],
  ['queryParams: { q: { exact: "1" } }', { path: '/?q=2&q=1' }, false],
  ['queryParams: { q: {} }', { path: '/?q' }, true],
  ['queryParams: { q: { exact: "a b" } }', { path: '/?q=a%20b' }, false],
  ['port: 80', {}, true],
  ['port: 8080', {}, false],
  ['gateways: [gw]', {}, true],
  ['gateways: [other]', {}, false],
  ['sourceLabels: { istio: ingressgateway }', {}, true],
  ['sourceLabels: { app: x }', {}, false],
  ['sourceNamespace: istio-system', {}, true],
  ['uri: { prefix: /x }, method: { exact: PUT }', { path: '/x' }, false],
] // biome-ignore format: a table
for (const [match, request, taken] of matches) {
  test(`{ ${match} } ${taken ? 'takes' : 'leaves'} ${JSON.stringify(request)}`, () => {
    const yaml = service(`[{ match: [{ ${match} }], ${toA} }, { ${toB} }]`)
    assert.equal(told(decide(yaml, request)).split(' ')[0], taken ? 'a' : 'b')
  })
}

const direct: readonly (readonly [status: number, request: Partial<DoorRequest>, want: string, why: string])[] = [
  [404, { path: '/x?q' }, '404', 'is told as it is'],
  [301, { path: '/x?q' }, '301 http://app.test/x?q', 'says where the request went itself'],
  [201, { host: 'app.test:8080' }, '201 http://app.test:8080/', 'as does what was created'],
  [304, {}, '304 http://app.test/', 'and any of its hundred'],
  [404, { headers: [['content-type', 'application/grpc']] }, '200', 'is 200 to a gRPC call'],
] // biome-ignore format: a table
for (const [status, request, want, why] of direct) {
  test(`a direct response of ${status} ${why}`, () => {
    const decision = decide(service(`[{ directResponse: { status: ${status} } }]`), request)
    assert.equal(told(decision), want)
    assert.equal(decision.verdict, 'allow')
  })
}

test('a gRPC call without a route sees a status of its own, and is not found all the same', () => {
  const decision = decide('', { headers: [['content-type', 'application/grpc+proto']] })
  assert.ok(decision.kind === 'reply')
  assert.equal(decision.verdict, 'not-found')
  assert.deepEqual(
    [decision.status, decision.headers],
    [200, [['content-type', 'application/grpc'], ['grpc-status', '12']]],
  ) // biome-ignore format: short
})

test('a token is not looked at where the request has no path', () => {
  const authentication = `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: r, namespace: istio-system }
spec: { jwtRules: [{ issuer: i.test, jwks: '{"keys":[]}' }] }
---`
  const headers = [['authorization', 'Bearer a.b.c']] as const
  const yaml = authentication + service(`[{ ${toA} }]`)
  assert.equal(told(decide(yaml, { headers })), '401')
  assert.equal(told(decide(yaml, { headers, method: 'OPTIONS', path: '*' })), '404')
})

const rewrites: readonly (readonly [route: string, path: string, want: string, why: string])[] = [
  ['match: [{ uri: { prefix: /p } }], rewrite: { uri: /q }', '/p/x?y', '/q/x?y', 'the prefix alone'],
  ['match: [{ uri: { prefix: /p } }], rewrite: { uri: / }', '/p/x', '//x', 'slashes are not mended'],
  ['match: [{ uri: { exact: /p } }], rewrite: { uri: /q }', '/p?y', '/q?y', 'the whole path'],
  ['match: [{ uri: { regex: "/p.*" } }], rewrite: { uri: /q }', '/pxx?y', '/q?y', 'the whole path'],
  ['rewrite: { uri: /q }', '/x', '/qx', 'without a match the prefix is the root'],
  [
    'rewrite: { uriRegexRewrite: { match: "/v([0-9])", rewrite: "/\\\\1" } }',
    '/v1/v2?z',
    '/1/2?z',
    'every match',
  ],
]
for (const [route, path, want, why] of rewrites) {
  test(`${route} makes ${path} ${want}: ${why}`, () => {
    assert.equal(told(decide(service(`[{ ${route}, ${toA} }]`), { path })), `a ${want}`)
  })
}

const redirects: readonly (readonly [redirect: string, request: Partial<DoorRequest>, want: string])[] = [
  ['{ uri: /n }', { path: '/o?q' }, '301 http://app.test/n?q'],
  ['{ uri: "/n?z" }', { path: '/o?q' }, '301 http://app.test/n?z'],
  ['{ uri: n }', {}, '301 http://app.test/n'],
  ['{ authority: new.test, redirectCode: 307 }', { host: 'app.test:8080' }, '307 http://new.test/'],
  ['{ scheme: https }', { host: 'app.test:80' }, '301 https://app.test/'],
  ['{ scheme: https }', { host: 'app.test:8080' }, '301 https://app.test:8080/'],
  ['{ port: 8443, scheme: https }', { host: 'app.test:80' }, '301 https://app.test:8443/'],
  ['{ derivePort: FROM_REQUEST_PORT }', { host: 'app.test:99' }, '301 http://app.test:99/'],
]
for (const [redirect, request, want] of redirects) {
  test(`redirect ${redirect} of ${JSON.stringify(request)}`, () => {
    assert.equal(told(decide(service(`[{ redirect: ${redirect} }]`), request)), want)
  })
}

test('a request no virtual host or no route takes is 404', () => {
  assert.equal(told(decide(service(`[{ ${toA} }]`, { hosts: '[other.test]' }))), '404')
  assert.equal(told(decide(service(`[{ match: [{ uri: { exact: /x } }], ${toA} }]`))), '404')
})

test('a more specific host shadows `*` whole, and takes its port and case with it', () => {
  const yaml =
    service(`[{ ${toA} }]`) +
    service(`[{ match: [{ uri: { prefix: /only } }], ${toB} }]`, { name: 'own', hosts: '[app.test]' })
  assert.equal(told(decide(yaml, { path: '/only' })), 'b /only')
  assert.equal(told(decide(yaml, { path: '/else' })), '404')
  assert.equal(told(decide(yaml, { path: '/else', host: 'APP.test:8080' })), '404')
  assert.equal(told(decide(yaml, { path: '/else', host: 'x.test' })), 'a /else')
})

test('routes that take everything come last, of whichever object', () => {
  const yaml =
    service(`[{ ${toA} }]`, { name: 'a-first' }) +
    service(`[{ match: [{ uri: { prefix: /b } }], ${toB} }]`, { name: 'b-second' })
  assert.equal(told(decide(yaml, { path: '/b' })), 'b /b')
})

test('header operations: destination over route, adds in order, Host apart, formats filled', () => {
  const yaml = service(`[{
    headers: { request: { set: { x-a: route, host: route.test }, add: { x-b: route } } },
    route: [{ destination: { host: a }, headers: { request: {
      set: { x-a: "%REQ(:path)%%%", x-empty: "%REQ(x-none)%" }, add: { x-b: dest }, remove: [x-c, host] } } }] }]`)
  const decision = decide(yaml, { path: '/p', headers: [['x-a', '1'], ['x-c', '2'], ['x-b', 'own']] }) // biome-ignore format: a line
  assert.ok(decision.kind === 'forward')
  assert.equal(decision.host, 'route.test')
  assert.deepEqual(decision.headers, [
    ['x-a', '/p%'],
    ['x-b', 'own'],
    ['x-b', 'route'],
    ['x-b', 'dest'],
  ])
  assert.ok(
    decision.proxyHeaders?.some(([name, value]) => name === 'x-envoy-original-host' && value === 'app.test'),
  )
})

const cors = `corsPolicy: { allowOrigins: [{ exact: "https://a.test" }], allowMethods: [GET], maxAge: 1h, allowCredentials: true }`
const preflight = (origin: string): Partial<DoorRequest> => ({
  method: 'OPTIONS',
  headers: [['origin', origin], ['access-control-request-method', 'GET']],
}) // biome-ignore format: a table
test('a preflight is answered for an origin that is allowed, and passed on for others', () => {
  const yaml = service(`[{ ${cors}, ${toA} }]`)
  const decision = decide(yaml, preflight('https://a.test'))
  assert.ok(decision.kind === 'reply')
  assert.deepEqual(Object.fromEntries(decision.headers), {
    'access-control-allow-origin': 'https://a.test',
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'GET',
    'access-control-max-age': '3600',
  })
  assert.equal(told(decide(yaml, preflight('https://b.test'))), 'a /')
})

test('an answer carries the origin that is allowed', () => {
  const decision = decide(service(`[{ ${cors}, ${toA} }]`), { headers: [['origin', 'https://a.test']] })
  assert.ok(decision.kind === 'forward')
  assert.deepEqual(decision.response.set, [
    ['access-control-allow-origin', 'https://a.test'],
    ['access-control-allow-credentials', 'true'],
  ])
})

test('faults happen as often as they say', () => {
  const fault = (percentage: string) =>
    service(`[{ fault: { abort: { httpStatus: 418, ${percentage} } }, ${toA} }]`)
  assert.equal(told(decide(fault('percentage: { value: 100 }'))), '418')
  assert.equal(told(decide(fault(''))), 'a /')
  const half = fault('percentage: { value: 50 }')
  assert.equal(told(decide(half, {}, { random: 0.4 })), '418')
  assert.equal(told(decide(half, {}, { random: 0.6 })), 'a /')
  assert.equal(told(decide(half)), 'a /')
})

test('weights: nothing for 0, else in proportion', () => {
  const split = (a: number, b: number) =>
    service(`[{ route: [{ destination: { host: a }, weight: ${a} }, { destination: { host: b, port: { number: 80 } }, weight: ${b} }] }]`) // biome-ignore format: a line
  assert.equal(told(decide(split(0, 1), {}, { random: 0 })), 'b /')
  assert.equal(told(decide(split(30, 70), {}, { random: 0.29 })), 'a /')
  assert.equal(told(decide(split(30, 70), {}, { random: 0.31 })), 'b /')
  assert.equal(told(decide(split(30, 70))), 'b /')
})

const destinations: readonly (readonly [destination: string, want: string, why: string])[] = [
  ['{ host: a }', 'a /', 'the only port'],
  ['{ host: b }', 'b /', 'of several the server’s own number'],
  ['{ host: b, port: { number: 82 } }', '503', 'a port the Service does not have'],
  ['{ host: b.apps, port: { number: 80 } }', '503', 'a dotted name is taken as written'],
  ['{ host: b, subset: v1, port: { number: 80 } }', 'b /', 'a subset'],
  ['{ host: b, subset: v2, port: { number: 80 } }', '503', 'a subset nobody defines'],
]
for (const [destination, want, why] of destinations) {
  test(`destination ${destination}: ${why}`, () => {
    assert.equal(told(decide(service(`[{ route: [{ destination: ${destination} }] }]`))), want)
  })
}

test('a direct response has its status, body and response headers', () => {
  const http = `[{ directResponse: { status: 503, body: { string: maintenance } }, headers: { response: { set: { x-a: b } } } }]`
  const decision = decide(service(http))
  assert.ok(decision.kind === 'reply')
  assert.deepEqual([decision.status, decision.body], [503, 'maintenance'])
  assert.deepEqual(decision.headers, [
    ['content-type', 'text/plain'],
    ['x-a', 'b'],
  ])
  assert.equal((decide(service(http), { method: 'HEAD' }) as { body: string }).body, '')
})

test('a delegate adds to the root’s match, and what contradicts it is left out', () => {
  const root = service('[{ match: [{ uri: { prefix: /r } }], delegate: { name: leaf }, timeout: 3s }]', {})
  const leaf = (http: string) => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: leaf, namespace: apps }
spec: { http: ${http} }
---`
  const below =
    root +
    leaf(`[{ match: [{ uri: { prefix: /r/x } }], ${toA} }, { match: [{ uri: { prefix: /o } }], ${toB} }]`)
  assert.equal(told(decide(below, { path: '/r/x' })), 'a /r/x')
  assert.equal(told(decide(below, { path: '/r/y' })), '404')
  assert.equal(told(decide(below, { path: '/o' })), '404')
  const decision = decide(root + leaf(`[{ ${toA} }]`), { path: '/r' })
  assert.ok(decision.kind === 'forward')
  assert.equal(decision.timeoutMs, 3000)
  assert.equal(told(decide(root, { path: '/r' })), '404')
})

test('a step names the object, the rule and the line that matched', () => {
  const yaml = service(`[{ match: [{ uri: { exact: /x } }, { uri: { prefix: / } }], ${toA} }]`)
  const route = decide(yaml).steps.find(({ phase }) => phase === 'route')
  assert.equal(route?.rule, 'http[0].match[1]')
  assert.equal(route?.object?.name, 'vs')
  const lines = (world + yaml).split('\n')
  assert.equal(route?.at?.line, lines.findIndex((line) => line.includes('exact: /x')) + 1)
})

test('no steps are collected for whoever does not want them', () => {
  assert.deepEqual(decide(service(`[{ ${toA} }]`), {}, { trace: false }).steps, [])
})

test('an EnvoyFilter switches a check off on the route it names, and only there', () => {
  const policy = `
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data:
  mesh: |
    extensionProviders: [{ name: p, envoyExtAuthzHttp: { service: a.apps.svc.cluster.local, port: 80 } }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ask, namespace: istio-system }
spec: { action: CUSTOM, provider: { name: p }, rules: [{}] }
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: open-routes, namespace: istio-system }
spec:
  configPatches:
  - applyTo: HTTP_ROUTE
    match: { context: GATEWAY, routeConfiguration: { vhost: { name: "*:80", route: { name: open } } } }
    patch:
      operation: MERGE
      value:
        typed_per_filter_config:
          envoy.filters.http.ext_authz:
            "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute
            disabled: true
---`
  const yaml = policy + service(`[{ name: open, match: [{ uri: { prefix: /open } }], ${toA} }, { ${toA} }]`)
  assert.equal(told(decide(yaml, { path: '/open' })), 'a /open')
  assert.equal(told(decide(yaml, { path: '/else' })), 'ask')
})

test('hosts with the very same routes are one virtual host, named after the most specific', () => {
  const hosts = '["*.b.test", "b.test", "long.a.test"]'
  const door = compileDoor(meshOf(world + service('[{ route: [{ destination: { host: a } }] }]', { hosts })))
  const [listener] = door.listeners(door.gateway()).listeners
  const table = listener?.chains[0]?.table?.()
  assert.deepEqual(
    [...(table?.hosts.values() ?? [])].map(({ name, domain, domains }) => [name, domain, domains]),
    ['long.a.test', 'b.test'].map((domain) => [
      'long.a.test:80',
      domain,
      ['long.a.test', 'b.test', '*.b.test'],
    ]),
  )
})

const near: readonly (readonly [
  yaml: string,
  request: Partial<DoorRequest>,
  want: readonly string[],
  why: string,
])[] = [
  [
    service(`[{ match: [{ uri: { prefix: /x }, method: { exact: POST } }], ${toA} }]`),
    { path: '/x' },
    ['near-miss-route http[0].match[0]: would have taken it but for `method`'],
    'another method',
  ],
  [
    service(
      `[{ match: [{ uri: { prefix: /x }, method: { exact: POST }, headers: { a: { exact: b } } }], ${toA} }]`,
    ),
    { path: '/x' },
    [],
    'two things are not near',
  ],
  [
    service(`[{ ${toA} }]`) +
      service(`[{ match: [{ uri: { prefix: /x } }], ${toA} }]`, { name: 'own', hosts: '[a.com]' }),
    { host: 'a.com', path: '/y' },
    ['hidden-by-host http[0]: would have taken it, but virtual host `a.com` hides `*`'],
    'a specific host hides the rest',
  ],
]
for (const [yaml, request, want, why] of near) {
  test(`a request no route takes is told what would have: ${why}`, () => {
    const decision = decide(yaml, request)
    assert.ok(decision.kind === 'reply' && decision.status === 404)
    const told = decision.steps.filter(({ outcome }) => outcome === 'near-miss')
    assert.deepEqual(
      told.map(({ reason, rule, text }) => `${reason} ${rule}: ${text}`),
      want,
    )
  })
}

const answered = 'headers: { response: { set: { x-answer: "yes" }, remove: [x-other] } }'
const onlyA = 'route: [{ destination: { host: a } }]'
const gone = 'route: [{ destination: { host: gone } }]'
const ownAnswers: readonly (readonly [http: string, status: number, has: boolean, why: string])[] = [
  [`[{ ${onlyA}, ${answered}, fault: { abort: { httpStatus: 418, percentage: { value: 100 } } } }]`, 418, true, 'a fault answers under the route'],
  [`[{ ${gone}, ${answered} }]`, 503, true, 'and so does a destination that is not there'],
  [`[{ directResponse: { status: 200 }, ${answered} }]`, 200, true, 'a direct response'],
  [`[{ match: [{ uri: { exact: /x } }], ${onlyA}, ${answered} }]`, 404, false, 'no route, no headers of one'],
] // biome-ignore format: a table
for (const [http, status, has, why] of ownAnswers) {
  test(`what the proxy says itself: ${why}`, () => {
    const decision = decide(service(http))
    assert.ok(decision.kind === 'reply')
    assert.equal(decision.status, status)
    assert.equal(
      decision.headers.some(([name, value]) => name === 'x-answer' && value === 'yes'),
      has,
    )
  })
}

test("a refusal has the route's headers, and its own of the same name", () => {
  const deny = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: nobody, namespace: istio-system }
spec: { action: DENY, rules: [{}] }
---`
  const typed = 'headers: { response: { set: { x-answer: "yes", content-type: text/html } } }'
  const decision = decide(deny + service(`[{ ${onlyA}, ${typed} }]`))
  assert.ok(decision.kind === 'reply')
  assert.equal(decision.status, 403)
  assert.deepEqual(Object.fromEntries(decision.headers), { 'x-answer': 'yes', 'content-type': 'text/html' })
})

test('of a response header that is set twice the later value counts', () => {
  const twice = `[{ route: [{ destination: { host: a }, headers: { response: { set: { x-answer: first } } } }], ${answered} }]`
  const decision = decide(service(twice))
  assert.ok(decision.kind === 'forward')
  assert.deepEqual(decision.response.set.filter(([name]) => name === 'x-answer').length, 1)
})

test('a refusal after a token changed the route has the headers of the new one', () => {
  const policies = `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: tokens, namespace: istio-system }
spec: { jwtRules: [{ issuer: i, jwks: '{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}' }] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: nobody, namespace: istio-system }
spec: { action: DENY, rules: [{}] }
---`
  const byClaim = 'match: [{ headers: { "@request.auth.claims.team": { exact: red } } }]'
  const yaml = policies + service(`[{ ${byClaim}, ${onlyA}, ${answered} }, { ${onlyA} }]`)
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const token = `${part({ alg: 'RS256' })}.${part({ iss: 'i', sub: 's', team: 'red' })}.c2ln`
  const headers = [['authorization', `Bearer ${token}`]] as const
  const decision = decide(yaml, { headers }, { verified: () => true })
  assert.ok(decision.kind === 'reply')
  assert.equal(decision.status, 403)
  assert.deepEqual(
    decision.headers.filter(([name]) => name === 'x-answer'),
    [['x-answer', 'yes']],
  )
})
