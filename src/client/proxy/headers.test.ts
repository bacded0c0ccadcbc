/** What of a client's headers reaches a door, and what of a door's comes back through the local proxy. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headersIn, headersOut, type Inward } from './headers.ts'

const out = (...raw: string[]) => headersOut(raw, { authorization: 'Bearer ours' }, 'door.example.com')

const dropped: readonly (readonly [name: string, value?: string])[] = [
  ['Authorization', 'Basic eA=='],
  ['kubeflow-userid'],
  ['Kubeflow-UserID'],
  ['kubeflow_userid'],
  ['kubeflow.groups'],
  ['X-Auth-Request-Email'],
  ['x_auth_request_user'],
  ['X-Forwarded-Email'],
  ['x-forwarded-for'],
  ['X-Envoy-Original-Path'],
  ['x-remote-user'],
  ['X-Remote-Extra-Scopes'],
  ['Impersonate-User'],
  ['impersonate-group'],
  ['x-auth-token'],
  ['x-goog-authenticated-user-email'],
  ['forwarded', 'for=1.2.3.4'],
  ['x-kfdoor-secret'],
  ['proxy-authorization', 'Basic eA=='],
  ['Origin', 'http://127.0.0.1:1'],
  ['Referer', 'http://127.0.0.1:1/SECRET/x'],
  ['Sec-Fetch-Site', 'same-origin'],
  ['Transfer-Encoding', 'chunked'],
  ['te', 'trailers'],
]
for (const [name, value = 'admin@example.com'] of dropped) {
  test(`${name} of a client does not reach the door`, () => {
    assert.deepEqual(out(name, value), ['host', 'door.example.com', 'authorization', 'Bearer ours'])
  })
}

test('what a client says is of its connection stays there, and the rest goes on', () => {
  assert.deepEqual(out('Connection', 'keep-alive, X-Hop', 'x-hop', '1', 'accept', '*/*', 'x-api', 'v'), [
    ...['host', 'door.example.com', 'accept', '*/*', 'x-api', 'v'],
    ...['authorization', 'Bearer ours'],
  ])
})

test('cookies of an application go on, those of a session do not, whosever they are', () => {
  const raw = [
    'cookie',
    'XSRF-TOKEN=t; authservice_session=a; _oauth2_proxy_1=b',
    'cookie',
    'mine=stale; x=y',
  ]
  assert.deepEqual(headersOut(raw, { cookie: 'mine=fresh' }, 'd'), [
    'host',
    'd',
    'cookie',
    'mine=fresh; XSRF-TOKEN=t; x=y',
  ])
})

const inward = (over: Partial<Inward> = {}): Inward => ({
  door: new URL('https://door.example.com/'),
  base: '',
  prefix: '/SECRET',
  here: 'http://127.0.0.1:9',
  sessionCookies: new Set(['session']),
  ...over,
})
const back = (name: string, value: string, over?: Partial<Inward>) => {
  const lines = headersIn([name, value], inward(over))
  const at = lines.indexOf(name)
  return at < 0 ? undefined : lines[at + 1]
}

const below = { base: '/kubeflow', prefix: '/SECRET' }
const open = { prefix: '' }
const locations: readonly (readonly [value: string, want: string, over?: Partial<Inward>])[] = [
  ['/x?y', '/SECRET/x?y'],
  ['https://door.example.com/x?y#z', 'http://127.0.0.1:9/SECRET/x?y#z'],
  ['http://door.example.com/x', 'http://127.0.0.1:9/SECRET/x'],
  ['https://me:pw@door.example.com/x', 'http://127.0.0.1:9/SECRET/x'],
  ['https://door.example.com:8443/x', 'https://door.example.com:8443/x'],
  ['https://evil.test/x', 'https://evil.test/x'],
  ['https://door.example.com.evil.test/', 'https://door.example.com.evil.test/'],
  ['//evil.test/x', '//evil.test/x'],
  ['x/y', 'x/y'],
  // A door below a path.
  ['/kubeflow/x', '/SECRET/x', below],
  ['/kubeflow', '/SECRET/', below],
  ['/kubeflow?a=1', '/SECRET/?a=1', below],
  ['https://door.example.com/kubeflow/x', 'http://127.0.0.1:9/SECRET/x', below],
  ['/dex/auth', 'https://door.example.com/dex/auth', below],
  ['/kubeflows/x', 'https://door.example.com/kubeflows/x', below],
  ['/kubeflow//evil.test/', 'http://127.0.0.1:9//evil.test/', { base: '/kubeflow', prefix: '' }],
  ['/x', '/x', open],
]
for (const [value, want, over = {}] of locations) {
  test(`Location ${value} below \`${over.base ?? ''}\` becomes ${want}`, () => {
    assert.equal(back('location', value, over), want)
  })
}

const cookies: readonly (readonly [value: string, want: string | undefined, over?: Partial<Inward>])[] = [
  ['session=1; Path=/', undefined],
  ['oauth2_proxy_kubeflow_0=1; Path=/', undefined],
  ['x=1; Path=/jupyter; Secure; Domain=example.com', 'x=1; Path=/SECRET/jupyter'],
  ['x=1; path=/; HttpOnly', 'x=1; Path=/SECRET/; HttpOnly'],
  ['x=1; Path=/kubeflow/a', 'x=1; Path=/SECRET/a', below],
  ['x=1; Path=/', 'x=1; Path=/SECRET/', below],
  ['x=1; Path=/a', 'x=1; Path=/a', open],
]
for (const [value, want, over = {}] of cookies) {
  test(`Set-Cookie ${value} below \`${over.base ?? ''}\` becomes ${want}`, () => {
    assert.equal(back('set-cookie', value, over), want)
  })
}

test('no page tells another site an address with the secret in it, whatever the door says', () => {
  const lines = headersIn(['Referrer-Policy', 'unsafe-url'], inward())
  assert.deepEqual(lines, ['referrer-policy', 'same-origin'])
  assert.deepEqual(headersIn(['referrer-policy', 'unsafe-url'], inward(open)), [
    'referrer-policy',
    'unsafe-url',
  ])
})

test('no grant of the door to other sites, and no pin of it, is one of this machine', () => {
  const raw = ['access-control-allow-origin', '*', 'strict-transport-security', 'max-age=1', 'x', 'y']
  assert.deepEqual(headersIn(raw, inward(open)), ['x', 'y'])
})
