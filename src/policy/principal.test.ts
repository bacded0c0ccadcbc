import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actAs, assumedKeys } from './act-as.ts'
import { meshOf } from './builders.test.ts'
import { type Principal, parsePrincipal } from './principal.ts'

const good: readonly (readonly [text: string, want: Principal])[] = [
  ['anonymous', { kind: 'anonymous', forged: false }],
  ['outside+forged', { kind: 'outside', forged: true }],
  ['user:a@b', { kind: 'user', email: 'a@b', groups: [], forged: false }],
  ['user:a@b,groups=x+y', { kind: 'user', email: 'a@b', groups: ['x', 'y'], forged: false }],
  ['sa:ns/n', { kind: 'service-account', namespace: 'ns', name: 'n', forged: false }],
  ['sa:ns/n,aud=a,iss=https://i', { kind: 'service-account', namespace: 'ns', name: 'n', audience: 'a', issuer: 'https://i', forged: false }],
  ['mesh:ns/n+forged', { kind: 'mesh', namespace: 'ns', name: 'n', forged: true }],
] // biome-ignore format: a table
for (const [text, want] of good) {
  test(`${text} is a principal`, () => assert.deepEqual(parsePrincipal(text), want))
}

for (const text of [
  '',
  'bob',
  'user:bob',
  'user:a@b,role=x',
  'sa:n',
  'sa:a/b/c',
  'mesh:n',
  'sa:ns/n,aud',
  'Anonymous',
]) {
  test(`\`${text}\` is none`, () => assert.equal(parsePrincipal(text), undefined))
}

const mesh = meshOf(`
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: k, namespace: istio-system }
spec: { jwtRules: [{ issuer: https://kubernetes.default.svc.cluster.local, audiences: [door] }, { issuer: http://dex/dex, audiences: [client] }] }`)

function acting(text: string) {
  const principal = parsePrincipal(text)
  assert.ok(principal)
  return actAs(mesh, principal, 1_800_000_000)
}

function claimsOf(bearer: string | undefined): Record<string, unknown> {
  const [, payload = ''] = (bearer ?? '').split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString())
}

test('a service account sends a token for the audience its issuer’s rule wants', () => {
  const { headers, verified } = acting('sa:ns/n')
  const [, bearer = ''] = headers.find(([name]) => name === 'authorization') ?? []
  const claims = claimsOf(bearer)
  assert.deepEqual([claims.sub, claims.aud], ['system:serviceaccount:ns:n', ['door']])
  assert.ok(verified('any', bearer.slice('Bearer '.length)))
  assert.ok(!verified('any', 'x.y.z'))
})

test('a session lets the provider answer with the door’s own token', () => {
  const { headers, answer } = acting('user:a@b,groups=x')
  assert.deepEqual(headers, [])
  const check = {
    provider: 'p',
    service: 's',
    method: 'GET',
    path: '/',
    host: 'h',
    headers: [],
    protocol: 'http',
    timeoutMs: 1,
  } as const
  const given = answer(check)
  const claims = claimsOf(given.headers.find(([name]) => name === 'authorization')?.[1])
  assert.deepEqual(
    [given.status, claims.iss, claims.email, claims.groups],
    [200, 'http://dex/dex', 'a@b', ['x']],
  )
  const { answer: asked } = acting('anonymous')
  assert.equal(asked({ ...check, service: 'outbound|80||oauth2-proxy.auth.svc.cluster.local' }).status, 302)
  assert.equal(asked(check).untold, true, 'what another authorizer says is its own')
})

test('a forger sends every identity header', () => {
  const { headers } = acting('anonymous+forged')
  assert.ok(headers.length > 5 && headers.every(([, value]) => value === 'admin@example.com'))
})

test('keys are assumed wherever they are looked for', () => {
  assert.deepEqual(
    JSON.parse(assumedKeys('https://i/.well-known/openid-configuration')).jwks_uri,
    'https://i/keys',
  )
  assert.equal(JSON.parse(assumedKeys('https://i/keys')).keys.length, 5)
})
