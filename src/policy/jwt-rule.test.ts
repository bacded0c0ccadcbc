import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aJwks, aToken, base64Url, meshOf } from './builders.test.ts'
import type { HeaderList } from './decision.ts'
import { compileProviders, verificationKeys } from './jwt-provider.ts'
import { type JwtInput, runJwt } from './jwt-rule.ts'

const now = 1_000_000

function providers(rules: string, fetched: (uri: string) => string | undefined = () => undefined) {
  const mesh = meshOf(`
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: jwt, namespace: istio-system }
spec:
  jwtRules:
${rules}
`)
  return compileProviders(mesh.requestAuthentications, fetched)
}

const rule = (issuer: string, more = '') => `  - issuer: ${issuer}\n    jwks: '${aJwks}'\n${more}`
const a = rule('a')
const b = rule('b')
const bearer = (token: string): HeaderList => [['authorization', `Bearer ${token}`]]

function run(rules: ReturnType<typeof providers>, input: Partial<JwtInput>) {
  const result = runJwt(rules, {
    method: 'GET',
    headers: [],
    path: '/',
    now,
    verified: (_key, token) => !token.includes(bad),
    ...input,
  })
  return result
}

/** A part no other token has: `verified` refuses it. */
const bad = base64Url('{"forged":true')
const forged = aToken({ iss: 'a', sub: 'forged' }).replace(
  /\.[^.]+\./,
  `.${base64Url('{"forged":true,"iss":"a"}')}.`,
)
const of = (iss: string, more: object = {}) => aToken({ iss, sub: 'x', ...more })

type Row = readonly [name: string, rules: string, input: Partial<JwtInput>, want: string]
const rows: readonly Row[] = [
  ['no token passes', a, {}, 'passed'],
  ['a good token passes', a, { headers: bearer(of('a')) }, 'a'],
  ['an unknown issuer fails', a, { headers: bearer(of('z')) }, 'issuer-unknown'],
  ['a bad signature fails', a, { headers: bearer(forged) }, 'token-signature-invalid'],
  [
    'a key of another name fails',
    a,
    { headers: bearer(aToken({ iss: 'a' }, { alg: 'RS256', kid: 'k2' })) },
    'key-not-found',
  ],
  [
    'a key of another algorithm fails',
    a,
    { headers: bearer(aToken({ iss: 'a' }, { alg: 'RS512', kid: 'k1' })) },
    'key-not-found',
  ],
  [
    'a token without kid tries every key',
    a,
    { headers: bearer(aToken({ iss: 'a' }, { alg: 'RS256' })) },
    'a',
  ],
  ['expired, but within the skew', a, { headers: bearer(of('a', { exp: now - 60 })) }, 'a'],
  ['expired beyond it', a, { headers: bearer(of('a', { exp: now - 61 })) }, 'token-expired'],
  ['exp 0 never expires', a, { headers: bearer(of('a', { exp: 0 })) }, 'a'],
  ['not yet valid, but within the skew', a, { headers: bearer(of('a', { nbf: now + 60 })) }, 'a'],
  ['not yet valid', a, { headers: bearer(of('a', { nbf: now + 61 })) }, 'token-not-yet-valid'],
  [
    'an audience of several',
    rule('a', '    audiences: [x, y]'),
    { headers: bearer(of('a', { aud: ['z', 'y'] })) },
    'a',
  ],
  [
    'scheme and a slash of an audience do not matter',
    rule('a', '    audiences: [http://x/]'),
    { headers: bearer(of('a', { aud: 'https://x' })) },
    'a',
  ],
  [
    'a wrong audience fails',
    rule('a', '    audiences: [x]'),
    { headers: bearer(of('a', { aud: 'y' })) },
    'audience-not-allowed',
  ],
  [
    'no audience fails where one is asked for',
    rule('a', '    audiences: [x]'),
    { headers: bearer(of('a')) },
    'audience-not-allowed',
  ],
  [
    'one bad token of two fails',
    a,
    { headers: bearer(of('a')), path: '/?access_token=x' },
    'token-malformed',
  ],
  [
    'a preflight is not looked at',
    a,
    {
      method: 'OPTIONS',
      headers: [...bearer('x'), ['origin', 'o'], ['access-control-request-method', 'GET']],
    },
    'passed',
  ],
  ['an OPTIONS that is none is', a, { method: 'OPTIONS', headers: bearer('x') }, 'token-malformed'],
  ['two rules: the second issuer', `${a}\n${b}`, { headers: bearer(of('b')) }, 'b'],
  ['two rules: neither issuer', `${a}\n${b}`, { headers: bearer(of('z')) }, 'issuer-unknown'],
  [
    'two rules: expired weighs more than unknown',
    `${a}\n${b}`,
    { headers: bearer(of('b', { exp: 1 })) },
    'token-expired',
  ],
  [
    'two rules, two places: one good token is enough',
    `${a}\n${rule('b', '    fromHeaders: [{ name: x-b }]')}`,
    { headers: [...bearer(of('a')), ['x-b', 'garbage']] },
    'a',
  ],
  [
    'two rules, two places: only a bad one fails',
    `${a}\n${rule('b', '    fromHeaders: [{ name: x-b }]')}`,
    { headers: [['x-b', 'garbage']] },
    'token-malformed',
  ],
  [
    'an empty issuer takes any',
    `  - jwksUri: https://k\n    issuer: ""`,
    { headers: bearer(of('z')) },
    'token-signature-invalid',
  ],
]

for (const [name, rules, input, want] of rows) {
  test(`${name}: ${want}`, () => {
    const result = run(providers(rules), input)
    const got = result.kind === 'failed' ? result.failure : String(result.claims?.iss ?? 'passed')
    assert.equal(got, want)
  })
}

test('keys come from the rule, else its URI, else the issuer’s discovery document', () => {
  const served: Readonly<Record<string, string>> = {
    'https://k': aJwks,
    'https://i/.well-known/openid-configuration': '{"jwks_uri":"https://k"}',
  }
  const keys = (text: string) => verificationKeys(providers(text, (uri) => served[uri])).map((key) => key.id)
  assert.deepEqual(keys('  - { issuer: a, jwksUri: "https://k" }'), ['istio-system/jwt/jwtRules[0]/keys[0]'])
  assert.deepEqual(keys('  - { issuer: "https://i/" }').length, 1)
  assert.deepEqual(keys('  - { issuer: "https://elsewhere" }'), [])
})

test('an accepted token leaves its claims in headers and itself nowhere', () => {
  const outputs = `    outputPayloadToHeader: X-Payload
    outputClaimToHeaders: [{ header: X-Sub, claim: sub }, { header: x-none, claim: missing }]`
  const token = of('a', { scope: 'read write' })
  const headers: HeaderList = [
    ...bearer(token),
    ['x-sub', 'forged'],
    ['x-none', 'forged'],
    ['x-payload', 'forged'],
  ]
  const result = run(providers(rule('a', outputs)), { headers })
  assert.ok(result.kind === 'passed')
  assert.deepEqual(result.headers, [
    ['x-payload', token.split('.')[1]],
    ['x-sub', 'x'],
  ])
  assert.deepEqual(result.claims?.scope, ['read', 'write'])
  assert.equal(result.accepted, true)
})

test('headers a rule writes are taken from the client without any token, too', () => {
  const outputs = '    outputClaimToHeaders: [{ header: kubeflow-userid, claim: email }]'
  const result = run(providers(rule('a', outputs)), { headers: [['kubeflow-userid', 'admin@example.com']] })
  assert.ok(result.kind === 'passed')
  assert.deepEqual(result.headers, [])
})

test('forwardOriginalToken keeps the token', () => {
  const headers = bearer(of('a'))
  const result = run(providers(rule('a', '    forwardOriginalToken: true')), { headers })
  assert.ok(result.kind === 'passed')
  assert.deepEqual(result.headers, headers)
})
