/** Token exchange (RFC 8693, Dex 2.38): whose tokens become ours, for whom, and everything that is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSigningKeys, serviceAccountIssuer } from '../identity/index.ts'
import { aBench, basic, claimsOf, ORIGIN, START } from './testing.ts'

const ISSUER = 'http://dex.auth.svc.cluster.local:5556/dex'
const CLIENT = 'kubeflow-oidc-authservice'
const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'
const type = (name: string) => `urn:ietf:params:oauth:token-type:${name}`

const cluster = serviceAccountIssuer({
  keys: await createSigningKeys({ clock: () => START }),
  clock: () => START,
})
const account = { namespace: 'team', name: 'default-editor' }
const tokenFor = async (...audiences: string[]) => (await cluster.mint({ ...account, audiences })).token

const exchanges = new Map([
  [
    'kubernetes',
    async (token: string, audiences: readonly string[]) => {
      const found = audiences.map((one) => cluster.review(token, [one])).find((one) => one.authenticated)
      if (!found?.authenticated) return undefined
      const { username, uid, groups } = found.user
      return {
        userId: uid,
        username,
        preferredUsername: username,
        email: username,
        emailVerified: true,
        groups,
      }
    },
  ],
])
const bench = await aBench({ exchanges })
const ask = (over: Record<string, string>, headers = basic(CLIENT, 's3cret:with/odd+signs')) =>
  bench.post(
    '/dex/token',
    {
      grant_type: GRANT,
      connector_id: 'kubernetes',
      subject_token_type: type('jwt'),
      scope: 'openid email groups',
      ...over,
    },
    headers,
  )

for (const audience of [ISSUER, CLIENT]) {
  test(`a service account's token for ${audience} becomes an ID token about that account`, async () => {
    const answer = await ask({
      subject_token: await tokenFor(audience),
      requested_token_type: type('id_token'),
    })
    assert.equal(answer.status, 200)
    const body = (await answer.json()) as Record<string, string>
    assert.equal(body.issued_token_type, type('id_token'))
    assert.equal(body.token_type, 'bearer')
    assert.equal('refresh_token' in body, false)
    const claims = claimsOf(body.access_token ?? '')
    assert.equal(claims.iss, ISSUER)
    assert.equal(claims.aud, CLIENT)
    assert.equal(claims.email, 'system:serviceaccount:team:default-editor')
    assert.deepEqual(claims.groups, [
      'system:serviceaccounts',
      'system:serviceaccounts:team',
      'system:authenticated',
    ])
  })
}

test('without a wish it is an access token', async () => {
  const answer = await ask({ subject_token: await tokenFor(ISSUER) })
  assert.equal(((await answer.json()) as Record<string, string>).issued_token_type, type('access_token'))
})

const other = await tokenFor('pipelines.kubeflow.org')
const good = await tokenFor(ISSUER)
const refused: readonly (readonly [
  over: Record<string, string>,
  status: number,
  error: string,
  why: string,
])[] = [
  [{ subject_token: other }, 401, 'access_denied', 'a token meant for another service'],
  [
    { subject_token: `${good.slice(0, -4)}AAAA` },
    401,
    'access_denied',
    'a signature that is not the cluster’s',
  ],
  [{ subject_token: 'x' }, 401, 'access_denied', 'no token at all'],
  [{ subject_token: '' }, 400, 'invalid_request', 'none'],
  [
    { subject_token: good, connector_id: 'local' },
    400,
    'invalid_request',
    'a connector that knows no tokens',
  ],
  [{ subject_token: good, connector_id: '' }, 400, 'invalid_request', 'no connector'],
  [
    { subject_token: good, subject_token_type: type('saml2') },
    400,
    'request_not_supported',
    'another kind of token',
  ],
  [
    { subject_token: good, requested_token_type: type('refresh_token') },
    400,
    'request_not_supported',
    'more than is given',
  ],
]
for (const [over, status, error, why] of refused) {
  test(`refused with ${status} ${error}: ${why}`, async () => {
    const fresh = await aBench({ exchanges })
    const form = { grant_type: GRANT, connector_id: 'kubernetes', subject_token_type: type('jwt'), ...over }
    const answer = await fresh.post('/dex/token', form, basic(CLIENT, 's3cret:with/odd+signs'))
    assert.equal(answer.status, status)
    assert.equal(((await answer.json()) as Record<string, string>).error, error)
  })
}

test('a client has to prove itself first', async () => {
  assert.equal((await ask({ subject_token: good }, basic(CLIENT, 'guess'))).status, 401)
})

test('whoever tries one token after the other is slowed down', async () => {
  const statuses: number[] = []
  for (let n = 0; n < 40; n++) statuses.push((await ask({ subject_token: `guess-${n}` })).status)
  assert.ok(statuses.includes(429))
})

test('a Dex before 2.38, or one without such a connector, does not offer it', async () => {
  for (const given of [{ tag: 'v2.36.0', exchanges }, {}]) {
    const old = await aBench(given)
    const form = { grant_type: GRANT, connector_id: 'kubernetes', subject_token: good }
    const answer = await old.post('/dex/token', form, basic(CLIENT, 's3cret:with/odd+signs'))
    assert.equal(((await answer.json()) as Record<string, string>).error, 'unsupported_grant_type')
    const discovery = await old.get(`${ORIGIN}/dex/.well-known/openid-configuration`)
    assert.doesNotMatch(await discovery.text(), /token-exchange/)
  }
})
