import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import type { TokenReview } from '../../identity/index.ts'
import { memorySessions } from '../sessions/memory.ts'
import { aCheck, createBrowser, header, setCookiesOf } from '../testing/browser.ts'
import { createFakeIssuer } from '../testing/fake-issuer.ts'
import { authServiceSettings, oldAuthServiceSettings } from '../testing/settings.ts'
import { createAuthService } from './authservice.ts'
import type { AuthServiceSettings } from './authservice-settings.ts'
import type { ProviderPorts } from './provider.ts'

async function setUp(
  settings: AuthServiceSettings = authServiceSettings(),
  ports: Partial<ProviderPorts> = {},
) {
  let now = Date.UTC(2026, 10, 24, 12)
  const clock = () => now
  const issuer = await createFakeIssuer(clock)
  const provider = createAuthService(settings, {
    sessions: memorySessions(clock),
    fetch: issuer.fetch,
    clock,
    ...ports,
  })
  const signIn = async (path = '/', claims = {}, browser = createBrowser(provider)) => {
    const challenge = await browser.check(path)
    const callback = issuer.signIn(header(challenge, 'location') as string, claims)
    return { browser, callback, answer: await browser.check(callback) }
  }
  return { issuer, provider, signIn, pass: (ms: number) => (now += ms) }
}

for (const settings of [authServiceSettings(), oldAuthServiceSettings()])
  describe(`authservice ${settings.vintage}`, () => {
    it('sends everybody to the issuer, API calls and POSTs too', async () => {
      const { provider } = await setUp(settings)
      for (const [path, method, extra] of [
        ['/', 'GET', {}],
        ['/pipeline/apis/v2beta1/healthz', 'GET', { accept: 'application/json' }],
        ['/pipeline/apis/v2beta1/healthz', 'GET', { authorization: 'Bearer abc' }],
        ['/v1/models/sklearn-iris:predict', 'POST', {}],
        ['/', 'GET', { cookie: 'authservice_session=stale' }],
      ] as const) {
        const answer = await createBrowser(provider).check(path, extra, method)
        assert.equal(answer.status, 302)
        const url = new URL(header(answer, 'location') as string, 'http://door.test')
        assert.equal(url.pathname, '/dex/auth')
        assert.equal(url.searchParams.get('client_id'), 'kubeflow-oidc-authservice')
        assert.equal(url.searchParams.get('redirect_uri'), settings.redirectUrl)
        assert.equal(url.searchParams.get('scope'), 'openid profile email groups')
        assert.match(
          setCookiesOf(answer)[0] ?? '',
          /^oidc_state_csrf=\S+; Path=\/; .*HttpOnly; SameSite=Lax$/,
        )
        assert.equal(
          header(answer, 'content-type'),
          method === 'GET' ? 'text/html; charset=utf-8' : undefined,
        )
        assert.equal(answer.body?.startsWith('<a href="/dex/auth?client_id=') ?? false, method === 'GET')
      }
    })

    it('brings the browser back to where it was, with a session', async () => {
      const { signIn } = await setUp(settings)
      const { browser, answer } = await signIn('/pipeline/?a=b&c')
      assert.equal(answer.status, 302)
      assert.equal(header(answer, 'location'), '/pipeline/?a=b&c')
      const [cleared, set] = setCookiesOf(answer)
      assert.match(cleared ?? '', /^oidc_state_csrf=; Path=\/; .*Max-Age=0/)
      assert.match(
        set ?? '',
        /^authservice_session=[\w-]{43}; Path=\/; Expires=.*; Max-Age=86400; HttpOnly; SameSite=Lax$/,
      )
      const allowed = await browser.check('/pipeline/')
      assert.equal(allowed.status, 200)
      assert.equal(header(allowed, 'kubeflow-userid'), 'user@example.com')
      assert.equal(
        header(allowed, 'kubeflow-groups'),
        settings.vintage === 'e236439' ? 'team-a,team-b' : undefined,
      )
    })

    it('lets a whole page of parallel requests begin one sign-in', async () => {
      const { provider, issuer } = await setUp(settings)
      const browser = createBrowser(provider)
      const page = header(await browser.check('/'), 'location') as string
      for (let n = 0; n < 50; n++) await browser.check(`/api/${n}`)
      assert.deepEqual([...browser.jar.keys()], ['oidc_state_csrf'])
      assert.equal((await browser.check(issuer.signIn(page))).status, 302)
      assert.ok(browser.jar.has('authservice_session'))
    })

    it('refuses callbacks that are not of this browser, used up, or made up', async () => {
      const { provider, issuer, signIn } = await setUp(settings)
      const a = createBrowser(provider)
      const b = createBrowser(provider)
      const stateOfA = issuer.signIn(header(await a.check('/'), 'location') as string)
      await b.check('/')
      const refused = settings.vintage === 'e236439' ? [400, 400, 400] : [500, 500, 500]
      const answers = [
        await b.check(stateOfA),
        await createBrowser(provider).check(stateOfA),
        await a.check(`${settings.redirectUrl}?code=x&state=AAAA`),
      ]
      assert.deepEqual(
        answers.map(({ status }) => status),
        refused,
      )
      assert.equal((await a.check(`${settings.redirectUrl}?code=x`)).body, 'Missing url parameter: state')
      const { browser, callback } = await signIn()
      browser.jar.delete('authservice_session')
      await browser.check(callback)
      for (const one of [a, b, browser]) assert.ok(!one.jar.has('authservice_session'))
    })

    it('refuses an ID token with another nonce, audience or age', async () => {
      for (const claims of [{ nonce: 'x' }, { aud: 'other' }, { exp: 1 }, { iss: 'https://evil.test' }]) {
        const { signIn } = await setUp(settings)
        const { answer, browser } = await signIn('/', claims)
        assert.equal(answer.status, 500)
        assert.ok(!browser.jar.has('authservice_session'))
      }
    })

    it('gives a new session at each sign-in, none for two cookies, and ends it after a day', async () => {
      const { provider, signIn, pass } = await setUp(settings)
      const { browser } = await signIn()
      const twice = `${browser.cookies()}; authservice_session=${'x'.repeat(43)}`
      assert.equal((await provider.check(aCheck({ headers: [['cookie', twice]] }))).status, 302)
      pass(86_400_000)
      assert.equal((await browser.check('/')).status, 302)
    })

    it('is closed while the issuer is not there, but for exempt paths', async () => {
      const { provider, issuer } = await setUp(settings)
      issuer.setDown(true)
      const answer = await createBrowser(provider).check('/')
      assert.deepEqual([answer.status, answer.body], [503, 'OIDC Setup is not complete yet.'])
      assert.deepEqual((await createBrowser(provider).check('/dex/auth')).status, 200)
      assert.deepEqual((await createBrowser(provider).check('/dex/..%2fpipeline')).status, 503)
    })
  })

test('28c59ef takes its session from X-Auth-Token, not from a Bearer header', async () => {
  const { provider, signIn } = await setUp(oldAuthServiceSettings())
  const { browser } = await signIn()
  const id = browser.jar.get('authservice_session') as string
  const ask = (headers: [string, string][]) => provider.check(aCheck({ headers }))
  assert.equal((await ask([['x-auth-token', id]])).status, 200)
  assert.equal((await ask([['authorization', `Bearer ${id}`]])).status, 302)
})

test('28c59ef signs out at GET /logout and really ends the session', async () => {
  const { provider, signIn } = await setUp(oldAuthServiceSettings())
  const { browser } = await signIn()
  const copy = browser.cookies()
  const out = await browser.check('/logout')
  assert.deepEqual([out.status, header(out, 'location')], [303, '/'])
  assert.equal((await provider.check(aCheck({ headers: [['cookie', copy]] }))).status, 302)
})

test('e236439 signs out at POST /authservice/logout, only by the header', async () => {
  const { provider, signIn } = await setUp()
  const { browser } = await signIn()
  const copy = browser.cookies()
  const id = browser.jar.get('authservice_session')
  assert.equal((await browser.check('/authservice/logout', {}, 'POST')).status, 401)
  const out = await browser.check('/authservice/logout', { authorization: `Bearer ${id}` }, 'POST')
  assert.equal(out.status, 201)
  assert.equal(out.body, '{"afterLogoutURL":"/authservice/site/after_logout"}')
  assert.match(setCookiesOf(out)[0] ?? '', /^authservice_session=; Path=\/; .*Max-Age=0/)
  assert.equal((await provider.check(aCheck({ headers: [['cookie', copy]] }))).status, 302)
})

for (const path of ['/authservice/verify', '/authservice/verify/x'])
  test(`answers ${path} without ever redirecting, and not 200 to strangers`, async () => {
    const { provider, signIn } = await setUp(authServiceSettings({ groupsAllowed: ['team-a'] }))
    assert.equal((await createBrowser(provider).check(path)).status, 401)
    const { browser } = await signIn()
    assert.equal((await browser.check(path)).status, 204)
    const other = await signIn('/', { groups: ['team-b'] })
    assert.equal((await other.browser.check(path)).status, 403)
  })

test('a user outside the allowed groups is refused, and the session with it', async () => {
  const { signIn, provider } = await setUp(authServiceSettings({ groupsAllowed: ['admins'] }))
  const { browser } = await signIn('/', { email: "o'brien<b>@example.com" })
  const copy = browser.cookies()
  const answer = await browser.check('/')
  assert.equal(answer.status, 403)
  assert.match(answer.body ?? '', /User 'o&#39;brien&lt;b&gt;@example.com' failed authorization with reason/)
  assert.equal((await provider.check(aCheck({ headers: [['cookie', copy]] }))).status, 302)
})

test('a code without one leads home in e236439 and is a bad request in 28c59ef', async () => {
  const [newer, older] = [await setUp(), await setUp(oldAuthServiceSettings())]
  const home = await createBrowser(newer.provider).check(
    '/authservice/oidc/callback?error=access_denied&state=x',
  )
  assert.deepEqual([home.status, header(home, 'location')], [302, '/authservice/site/homepage'])
  const bad = await createBrowser(older.provider).check('/login/oidc?state=x')
  assert.deepEqual([bad.status, bad.body], [400, 'Missing url parameter: code'])
})

describe('tokens at e236439', () => {
  const audience = 'istio-ingressgateway.istio-system.svc.cluster.local'
  const username = 'system:serviceaccount:ns:default-editor'
  const reviews: Readonly<Record<string, TokenReview>> = {
    good: {
      authenticated: true,
      user: { username, uid: '1', groups: ['system:serviceaccounts'] },
      audiences: [audience],
    },
    elsewhere: { authenticated: true, user: { username, uid: '1', groups: [] }, audiences: ['other'] },
    expired: { authenticated: false, error: '[invalid bearer token, Token has expired.]' },
    bad: { authenticated: false, error: 'invalid bearer token' },
  }
  const foreignToken = (word: string) => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    return `${part({ alg: 'RS256' })}.${part({ iss: 'https://kubernetes.default.svc', word })}.${'c2ln'}`
  }
  for (const [word, status] of [
    ['good', 200],
    ['elsewhere', 302],
    ['expired', 401],
    ['bad', 302],
  ] as const)
    it(`a service account token that is ${word}: ${status}`, async () => {
      const asked: (readonly string[])[] = []
      const { provider } = await setUp(authServiceSettings(), {
        tokenReview: async (_token, audiences) => {
          asked.push(audiences)
          return reviews[word] as TokenReview
        },
      })
      const answer = await provider.check(
        aCheck({ headers: [['authorization', `Bearer ${foreignToken(word)}`]] }),
      )
      assert.equal(answer.status, status)
      assert.deepEqual(asked, [[audience]])
      if (word === 'good') assert.equal(header(answer, 'kubeflow-userid'), username)
      if (word === 'expired') assert.equal(answer.body, 'Token has expired')
    })

  it('an ID token for its client is a user, others of the issuer are 401', async () => {
    const { provider, issuer } = await setUp()
    const ask = async (claims: Record<string, unknown>, lifetime?: number) =>
      provider.check(
        aCheck({
          headers: [
            [
              'authorization',
              `Bearer ${await issuer.sign({ sub: 's', email: 'a@example.com', ...claims }, undefined, lifetime)}`,
            ],
          ],
        }),
      )
    const good = await ask({})
    assert.deepEqual([good.status, header(good, 'kubeflow-userid')], [200, 'a@example.com'])
    assert.equal((await ask({ aud: 'other' })).status, 401)
    assert.equal((await ask({}, -3600)).body, 'Token has expired')
  })

  it('the cookie value works as a Bearer token, and says so', async () => {
    const { provider } = await setUp()
    const minted = await provider.mintSession({ user: 'user@example.com', groups: ['g'] })
    const value = minted.cookie.split('=')[1]
    const answer = await provider.check(aCheck({ headers: [['authorization', `Bearer ${value}`]] }))
    assert.equal(answer.status, 200)
    assert.equal(header(answer, 'auth-method'), 'header')
    assert.equal(await provider.endSession(minted.cookie), true)
    assert.equal((await provider.check(aCheck({ headers: [['cookie', minted.cookie]] }))).status, 302)
  })

  it('a review that fails shuts the door', async () => {
    const { provider } = await setUp(authServiceSettings(), {
      tokenReview: async () => {
        throw new Error('no API server')
      },
    })
    const answer = await provider.check(
      aCheck({ headers: [['authorization', `Bearer ${foreignToken('x')}`]] }),
    )
    assert.equal(answer.status, 503)
  })
})

test('a user id that could break out of a header is none', async () => {
  const { signIn } = await setUp()
  const { answer } = await signIn('/', { email: 'a\r\nkubeflow-groups: admins' })
  assert.equal(answer.status, 500)
})

test('a name beyond ASCII goes upstream as UTF-8 bytes', async () => {
  const { signIn } = await setUp()
  const { browser } = await signIn('/', { email: '김@example.com' })
  const value = header(await browser.check('/'), 'kubeflow-userid') as string
  assert.equal(Buffer.from(value, 'latin1').toString('utf8'), '김@example.com')
})

test('--api-errors json tells a program what to do, and leaves browsers alone', async () => {
  const { provider } = await setUp(authServiceSettings(), { apiErrors: 'json' })
  const answer = await createBrowser(provider).check('/pipeline/apis/v2beta1/healthz')
  assert.equal(answer.status, 401)
  assert.equal(JSON.parse(answer.body ?? '').login, '/')
  assert.deepEqual(setCookiesOf(answer), [])
  assert.equal((await createBrowser(provider).check('/pipeline/')).status, 302)
})
