import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isFault } from '../base/index.ts'
import { CLUSTER_ISSUER, serviceAccountIssuer } from './service-account.ts'
import { createSigningKeys } from './signing-keys.ts'

const START = Date.UTC(2026, 0, 1)
let now = START
const keys = await createSigningKeys({ clock: () => now, algorithm: 'ES256', rotateEvery: 0 })
const accounts = serviceAccountIssuer({ keys, clock: () => now })
const EDITOR = { namespace: 'team', name: 'default-editor' }

describe('a service account token', () => {
  test('has the claims of a projected one', async () => {
    const { token, expiresAt } = await accounts.mint({ ...EDITOR, audiences: ['pipelines.kubeflow.org'] })
    const { jti, ...claims } = keys.verify(token)?.payload ?? {}
    const pod = claims['kubernetes.io'] as { serviceaccount: { uid: string } }
    assert.match(String(jti), /^[0-9a-f-]{36}$/)
    assert.match(pod.serviceaccount.uid, /^[0-9a-f-]{36}$/)
    assert.deepEqual(claims, {
      aud: ['pipelines.kubeflow.org'],
      exp: START / 1000 + 3600,
      iat: START / 1000,
      iss: CLUSTER_ISSUER,
      'kubernetes.io': {
        namespace: 'team',
        serviceaccount: { name: 'default-editor', uid: pod.serviceaccount.uid },
      },
      nbf: START / 1000,
      sub: 'system:serviceaccount:team:default-editor',
    })
    assert.equal(expiresAt, START + 3_600_000)
  })

  for (const [why, request, code] of [
    ['a namespace that is none', { namespace: 'a:b', name: 'x' }, 'ERR_SERVICE_ACCOUNT_INVALID'],
    ['a name that is none', { namespace: 'a', name: 'x/y' }, 'ERR_SERVICE_ACCOUNT_INVALID'],
    ['a life shorter than ten minutes', { ...EDITOR, duration: 599_000 }, 'ERR_TOKEN_DURATION'],
    ['a life that is no number', { ...EDITOR, duration: Number.NaN }, 'ERR_TOKEN_DURATION'],
  ] as const) {
    test(`is not made for ${why}`, async () => {
      await assert.rejects(accounts.mint(request), (error: unknown) => isFault(error) && error.code === code)
    })
  }
})

describe('TokenReview', () => {
  const mint = async (audiences?: readonly string[]) =>
    (await accounts.mint({ ...EDITOR, ...(audiences ? { audiences } : {}) })).token

  test('says who, and for which of the audiences asked for', async () => {
    const review = accounts.review(await mint(['a', 'b']), ['b', 'c'])
    assert.ok(review.authenticated)
    assert.deepEqual(review.audiences, ['b'])
    assert.equal(review.user.username, 'system:serviceaccount:team:default-editor')
    assert.deepEqual(review.user.groups, [
      'system:serviceaccounts',
      'system:serviceaccounts:team',
      'system:authenticated',
    ])
  })

  test('without audiences asks for the issuer itself', async () => {
    assert.equal(accounts.review(await mint()).authenticated, true)
    assert.deepEqual(accounts.review(await mint(['a'])), {
      authenticated: false,
      error: `[invalid bearer token, token audiences ["a"] is invalid for the target audiences ["${CLUSTER_ISSUER}"]]`,
    })
  })

  test('refuses what is over, not yet, foreign, or no token', async () => {
    const token = await mint()
    const words = (text: string) => {
      const review = accounts.review(text)
      return review.authenticated ? 'authenticated' : review.error
    }
    now = START + 3_600_000 + 60_000
    assert.equal(words(token), 'authenticated')
    now += 1000
    assert.match(words(token), /token has expired/)
    now = START - 61_000
    assert.match(words(token), /not valid yet/)
    now = START
    assert.match(words(`${token.slice(0, -4)}AAAA`), /error in cryptographic primitive/)
    assert.equal(words('x'), 'invalid bearer token')
    assert.match(words(await keys.sign({ iss: 'https://evil.test', exp: START })), /invalid bearer token/)
    const notAnAccount = { iss: CLUSTER_ISSUER, aud: CLUSTER_ISSUER, exp: START, sub: 'admin' }
    assert.match(words(await keys.sign(notAnAccount)), /invalid bearer token/)
  })
})

test('discovery and keys are where Kubernetes has them', async () => {
  const get = (path: string) => accounts.handle(new Request(`https://door.test${path}`))
  const discovery = (await (await get('/.well-known/openid-configuration')).json()) as Record<string, unknown>
  assert.deepEqual(
    [discovery.issuer, discovery.jwks_uri],
    [CLUSTER_ISSUER, `${CLUSTER_ISSUER}/openid/v1/jwks`],
  )
  const jwks = await get('/openid/v1/jwks')
  assert.equal(jwks.headers.get('content-type'), 'application/jwk-set+json')
  assert.deepEqual(await jwks.json(), keys.jwks())
  assert.equal((await get('/x')).status, 404)
})
