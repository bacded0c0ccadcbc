import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aCall, aContext, anAnswer, aRequest, ingressGateway, meshOf } from './builders.test.ts'
import type { GrpcAnswer } from './ext-authz-grpc.ts'
import { compileFilters } from './filters.ts'
import type { NormalizedRequest } from './seam.ts'

function run(request: Partial<NormalizedRequest>, grpc?: GrpcAnswer, settings = '', portName = 'grpc') {
  const filters = compileFilters(
    meshOf(`
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data:
  mesh: |
    extensionProviders:
    - name: auth
      envoyExtAuthzGrpc: { service: sys/auth.sys.svc.cluster.local, port: 9000${settings} }
---
apiVersion: v1
kind: Service
metadata: { name: auth, namespace: sys }
spec: { ports: [{ name: ${portName}, port: 9000 }] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: c, namespace: istio-system }
spec: { action: CUSTOM, provider: { name: auth }, rules: [{}] }
`),
    ingressGateway,
    {},
  )
  const context = aContext({ answers: grpc === undefined ? [] : [anAnswer({ grpc })] })
  return filters.run(aCall({ request: aRequest(request), context }))
}

test('a check carries every header, joined by name, and who talks to whom', () => {
  const outcome = run({
    path: '/p?q',
    headers: [
      ['b', '1'],
      ['a', '2'],
      ['b', '3'],
    ],
    principals: ['spiffe://td/ns/n/sa/s'],
    localPrincipal: '*.example.com',
  })
  assert.ok(outcome.kind === 'ask')
  assert.deepEqual(outcome.check.headers, [
    [':authority', 'app.example.com'],
    [':method', 'GET'],
    [':path', '/p?q'],
    [':scheme', 'http'],
    ['a', '2'],
    ['b', '1,3'],
  ])
  assert.deepEqual(outcome.check.grpc, {
    scheme: 'http',
    protocol: 'HTTP/1.1',
    source: { principal: 'spiffe://td/ns/n/sa/s', address: '127.0.0.1' },
    destination: { principal: '*.example.com', address: '127.0.0.1', port: 8080 },
  })
})

test('a body goes along with its size, as bytes where asked', () => {
  const body =
    ', includeRequestBodyInCheck: { maxRequestBytes: 2, allowPartialMessage: true, packAsBytes: true }'
  const outcome = run({ method: 'POST', body: 'abc' }, undefined, body)
  assert.ok(outcome.kind === 'ask')
  assert.deepEqual(
    [outcome.check.body, outcome.check.grpc?.size, outcome.check.grpc?.rawBody],
    ['ab', 3, true],
  )
})

const ports: readonly (readonly [name: string, asked: boolean])[] = [
  ['grpc', true],
  ['grpc-web', true],
  ['http2', true],
  ['grpc-auth', true],
  ['http', false],
  ['tcp', false],
  ['auth', false],
]

for (const [name, asked] of ports) {
  test(`a port named ${name} ${asked ? 'takes' : 'cannot take'} gRPC`, () => {
    const outcome = run({}, undefined, '', name)
    assert.equal(outcome.reason, asked ? 'ask-provider' : 'provider-unreachable')
  })
}

const headers = [
  ['x-user', 'forged'],
  ['x-secret', 's'],
] as const
type AllowRow = readonly [
  name: string,
  answer: GrpcAnswer,
  want: Partial<Record<'headers' | 'path' | 'host', unknown>>,
]
const allowances: readonly AllowRow[] = [
  ['nothing said', { code: 'OK' }, { headers }],
  [
    'a header replaces',
    { code: 'OK', ok: { headers: [['X-User', 'alice', 'default']] } },
    { headers: [headers[1], ['x-user', 'alice']] },
  ],
  [
    'every append action replaces',
    { code: 'OK', ok: { headers: [['x-user', 'a', 'append_if_exists_or_add']] } },
    { headers: [headers[1], ['x-user', 'a']] },
  ],
  [
    'the old flag appends',
    { code: 'OK', ok: { headers: [['x-user', 'a', 'append=true']] } },
    { headers: [headers[1], ['x-user', 'forged,a']] },
  ],
  [
    'but only to what is there',
    { code: 'OK', ok: { headers: [['x-new', 'a', 'append=true']] } },
    { headers },
  ],
  [
    'headers go, but not host and path',
    { code: 'OK', ok: { headersToRemove: ['X-Secret', 'host', ':path'] } },
    { headers: [headers[0]], host: 'app.example.com', path: '/p?b=1&a=2' },
  ],
  [
    'host and path are set',
    {
      code: 'OK',
      ok: {
        headers: [
          ['host', 'h'],
          [':path', '/n'],
        ],
      },
    },
    { host: 'h', path: '/n' },
  ],
  [
    'query parameters',
    { code: 'OK', queryParametersToSet: [['c', '3']], queryParametersToRemove: ['b'] },
    { path: '/p?a=2&c=3' },
  ],
  ['a refusal inside an OK is none', { code: 'OK', denied: { status: 418 } }, { headers }],
]

for (const [name, answer, want] of allowances) {
  test(`allowed: ${name}`, () => {
    const outcome = run({ headers, path: '/p?b=1&a=2' }, answer)
    assert.ok(outcome.kind === 'pass', outcome.reason)
    const got = { headers: outcome.headers, path: outcome.path, host: outcome.host }
    for (const [field, value] of Object.entries(want)) assert.deepEqual(got[field as 'path'], value)
  })
}

test('headers for the client are added to the answer, whoever gives it', () => {
  const outcome = run({}, { code: 'OK', ok: { responseHeadersToAdd: [['Set-Cookie', 's']] } })
  assert.deepEqual(outcome.kind === 'pass' && outcome.downstream.add, [['set-cookie', 's']])
})

test('a refusal’s headers are added as often as they are there, but for those that append', () => {
  const outcome = run(
    {},
    {
      code: 'PermissionDenied',
      denied: {
        headers: [
          ['Set-Cookie', 'a=1', 'append=false'],
          ['set-cookie', 'b=2'],
          ['set-cookie', 'c=3', 'append=true'],
        ],
      },
    },
  )
  assert.deepEqual(outcome.kind === 'reply' && outcome.headers.filter(([name]) => name === 'set-cookie'), [
    ['set-cookie', 'a=1'],
    ['set-cookie', 'b=2'],
  ])
})

type DenyRow = readonly [name: string, answer: GrpcAnswer, settings: string, want: readonly [number, string]]
const refusals: readonly DenyRow[] = [
  [
    'its own status and body',
    { code: 'PermissionDenied', denied: { status: 401, body: 'no' } },
    '',
    [401, 'no'],
  ],
  ['status 0 is 403', { code: 'PermissionDenied', denied: { status: 0, body: 'no' } }, '', [403, 'no']],
  ['nothing said is a bare 403', { code: 'Unauthenticated' }, '', [403, '']],
  ['an allowance inside a refusal is none', { code: 'PermissionDenied', ok: {} }, '', [403, '']],
  ['a call that failed', { rpcError: 'PermissionDenied' }, '', [403, '']],
  [
    'a call that failed, by the provider’s status',
    { rpcError: 'Unavailable' },
    ', statusOnError: "503"',
    [503, ''],
  ],
]

for (const [name, answer, settings, want] of refusals) {
  test(`refused: ${name}`, () => {
    const outcome = run({}, answer, settings)
    assert.deepEqual(outcome.kind === 'reply' && [outcome.status, outcome.body], want)
  })
}

test('failOpen lets a failed call pass, but no refusal', () => {
  assert.equal(run({}, { rpcError: 'Unavailable' }, ', failOpen: true').reason, 'provider-failed-open')
  assert.equal(run({}, { code: 'PermissionDenied' }, ', failOpen: true').kind, 'reply')
})
