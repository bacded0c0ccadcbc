import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aCall, aContext, anAnswer, aRequest, ingressGateway, meshOf } from './builders.test.ts'
import type { CheckAnswer } from './decision.ts'
import { compileFilters } from './filters.ts'
import type { NormalizedRequest } from './seam.ts'

function filtersWith(settings: string, port = 80) {
  return compileFilters(
    meshOf(`
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data:
  mesh: |
    extensionProviders:
    - name: auth
      envoyExtAuthzHttp: { service: auth.sys.svc.cluster.local, port: ${port}, ${settings} }
---
apiVersion: v1
kind: Service
metadata: { name: auth, namespace: sys }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: c, namespace: istio-system }
spec: { action: CUSTOM, provider: { name: auth }, rules: [{}] }
`),
    ingressGateway,
    {},
  )
}

function run(
  settings: string,
  request: Partial<NormalizedRequest>,
  answer?: Partial<CheckAnswer>,
  port?: number,
) {
  const context = aContext({ answers: answer === undefined ? [] : [anAnswer(answer)] })
  return filtersWith(settings, port).run(aCall({ request: aRequest(request), context }))
}

function check(settings: string, request: Partial<NormalizedRequest>) {
  const outcome = run(settings, request)
  assert.ok(outcome.kind === 'ask', outcome.reason)
  return outcome.check
}

const own = (headers: readonly (readonly [string, string])[]) =>
  headers
    .filter(([name]) => !/^x-envoy-(internal|expected)/.test(name))
    .map(([name, value]) => `${name}=${value}`)

const sent = [
  ['authorization', 'Basic a'],
  ['cookie', 's=1'],
  ['x-a', '1'],
  ['x-b', '2'],
  ['x-a', '3'],
  ['b-suffix', '4'],
] as const

type CheckRow = readonly [name: string, settings: string, want: readonly string[]]
const checks: readonly CheckRow[] = [
  ['nothing listed: only authorization', '', ['authorization=Basic a', 'content-length=0']],
  [
    'a name, repeated values joined',
    'includeRequestHeadersInCheck: [X-A]',
    ['authorization=Basic a', 'content-length=0', 'x-a=1,3'],
  ],
  [
    'a prefix',
    'includeRequestHeadersInCheck: ["x-*"]',
    ['authorization=Basic a', 'content-length=0', 'x-a=1,3', 'x-b=2'],
  ],
  [
    'a suffix',
    'includeRequestHeadersInCheck: ["*-suffix"]',
    ['authorization=Basic a', 'b-suffix=4', 'content-length=0'],
  ],
  [
    'the old field where the new one is empty',
    'includeHeadersInCheck: [cookie]',
    ['authorization=Basic a', 'content-length=0', 'cookie=s=1'],
  ],
  [
    'the new field over the old one',
    'includeHeadersInCheck: [cookie], includeRequestHeadersInCheck: [x-b]',
    ['authorization=Basic a', 'content-length=0', 'x-b=2'],
  ],
  [
    'headers of the mesh’s own win',
    'includeRequestHeadersInCheck: [x-b], includeAdditionalHeadersInCheck: { X-B: fixed, x-p: "%REQ(:path)%", x-none: "%REQ(x-none)%" }',
    ['authorization=Basic a', 'content-length=0', 'x-b=fixed', 'x-p=/p?q=1'],
  ],
]

for (const [name, settings, want] of checks) {
  test(`a check carries ${name}`, () => {
    assert.deepEqual(own(check(settings, { headers: sent, path: '/p?q=1' }).headers), want)
  })
}

test('method, host and path go along; the prefix is put in front as it is', () => {
  const { method, host, path, service, timeoutMs, protocol } = check('pathPrefix: /check/, timeout: 2s', {
    method: 'DELETE',
    host: 'a:80',
    path: '/p?q=1',
  })
  assert.deepEqual(
    [method, host, path, service, timeoutMs, protocol],
    ['DELETE', 'a:80', '/check//p?q=1', 'outbound|80||auth.sys.svc.cluster.local', 2000, 'http'],
  )
})

const limit = (more = '') => `includeRequestBodyInCheck: { maxRequestBytes: 4${more} }`
const bodies: readonly (readonly [string, string, string, string, string])[] = [
  ['a body that fits', limit(), '1234', '1234', 'false'],
  ['the beginning of a larger one', limit(', allowPartialMessage: true'), '123456', '1234', 'true'],
]

for (const [name, settings, body, want, partial] of bodies) {
  test(`a check carries ${name}`, () => {
    const asked = check(settings, { method: 'POST', body })
    assert.equal(asked.body, want)
    assert.deepEqual(own(asked.headers), ['content-length=4', `x-envoy-auth-partial-body=${partial}`])
  })
}

test('a body that is too large is refused before anyone is asked', () => {
  const outcome = run(limit(), { method: 'POST', body: '12345' })
  assert.deepEqual(outcome.kind === 'reply' && [outcome.status, outcome.body, outcome.checks], [
    413,
    'Payload Too Large',
    [],
  ])
})

const login: Partial<CheckAnswer> = {
  status: 302,
  headers: [
    ['location', '/login'],
    ['set-cookie', 'a=1'],
    ['set-cookie', 'b=2'],
    ['x-why', 'login'],
    ['content-type', 'text/html'],
  ],
  body: 'sign in',
}
const denials: readonly (readonly [
  string,
  string,
  Partial<CheckAnswer>,
  number,
  string,
  readonly string[],
])[] = [
  [
    'everything, without a list',
    '',
    login,
    302,
    'sign in',
    ['location=/login', 'set-cookie=a=1', 'set-cookie=b=2', 'x-why=login', 'content-type=text/html'],
  ],
  [
    'with a list only the listed and location',
    'headersToDownstreamOnDeny: [x-why]',
    login,
    302,
    'sign in',
    ['content-type=text/plain', 'location=/login', 'x-why=login'],
  ],
  [
    'www-authenticate like location',
    'headersToDownstreamOnDeny: [x]',
    { status: 401, headers: [['www-authenticate', 'B']] },
    401,
    '',
    ['www-authenticate=B'],
  ],
  ['only 200 allows', '', { status: 204 }, 204, '', []],
  ['5xx is a failure, not a verdict', '', { status: 503, body: 'down' }, 403, '', []],
  ['a failure with its own status', 'statusOnError: "503"', { status: 500 }, 503, '', []],
  ['no answer is a failure', '', { status: 0, failure: 'reset' }, 403, '', []],
  ['an answer that came too late as well', 'timeout: 1s', { status: 200, delayMs: 1500 }, 403, '', []],
  [
    'without a body there is no type',
    '',
    { status: 403, headers: [['content-type', 'text/html']] },
    403,
    '',
    [],
  ],
]

for (const [name, settings, answer, status, body, want] of denials) {
  test(`a refusal hands on ${name}`, () => {
    const outcome = run(settings, {}, answer)
    assert.ok(outcome.kind === 'reply')
    assert.deepEqual(
      [outcome.status, outcome.body, outcome.headers.map(([header, value]) => `${header}=${value}`)],
      [status, body, want],
    )
  })
}

test('failOpen lets a failed check pass, and a cluster that is not there is a failed check', () => {
  assert.equal(run('failOpen: true', {}, { status: 500 }).kind, 'pass')
  assert.equal(run('failOpen: true', {}, undefined, 9999).kind, 'pass')
  assert.equal(run('', {}, undefined, 9999).reason, 'provider-unreachable')
})

const allowed: Partial<CheckAnswer> = {
  status: 200,
  headers: [
    ['X-User', 'alice'],
    ['x-other', 'new'],
    ['set-cookie', 's=2'],
    ['x-envoy-auth-headers-to-remove', 'x-secret, host'],
  ],
}
const client = [
  ['x-user', 'forged'],
  ['x-user', 'twice'],
  ['x-other', 'own'],
  ['x-secret', 's'],
] as const

test('an allowance replaces listed headers, removes named ones, and leaves the rest', () => {
  const outcome = run(
    'headersToUpstreamOnAllow: ["x-us*"], headersToDownstreamOnAllow: [set-cookie]',
    { headers: client },
    allowed,
  )
  assert.ok(outcome.kind === 'pass')
  assert.deepEqual(outcome.headers, [
    ['x-other', 'own'],
    ['x-user', 'alice'],
  ])
  assert.deepEqual(outcome.downstream.add, [['set-cookie', 's=2']])
  assert.equal(outcome.reroute, false)
})

test('without a list what the client sent stays: a forged header passes', () => {
  const outcome = run(
    '',
    { headers: [['x-user', 'forged']] },
    { status: 200, headers: [['x-user', 'alice']] },
  )
  assert.deepEqual(outcome.kind === 'pass' && outcome.headers, [['x-user', 'forged']])
})
