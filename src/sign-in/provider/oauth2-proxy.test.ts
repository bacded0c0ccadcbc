import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { memorySessions } from '../sessions/memory.ts'
import { pathPattern, routePattern } from '../settings/path-pattern.ts'
import { aCheck, createBrowser, header, setCookiesOf } from '../testing/browser.ts'
import { createFakeIssuer } from '../testing/fake-issuer.ts'
import { oauth2ProxySettings } from '../testing/settings.ts'
import { createOAuth2Proxy } from './oauth2-proxy.ts'
import type { OAuth2ProxySettings } from './oauth2-proxy-settings.ts'
import type { ProviderPorts, SignInEvent } from './provider.ts'

async function setUp(settings: Partial<OAuth2ProxySettings> = {}, ports: Partial<ProviderPorts> = {}) {
  let now = Date.UTC(2026, 10, 24, 12)
  const clock = () => now
  const issuer = await createFakeIssuer(clock)
  const events: SignInEvent[] = []
  const provider = createOAuth2Proxy(oauth2ProxySettings(settings), {
    sessions: memorySessions(clock),
    fetch: issuer.fetch,
    clock,
    log: (event) => events.push(event),
    ...ports,
  })
  const signIn = async (browser = createBrowser(provider), claims = {}, rd = '/') => {
    const started = await browser.visit(`/oauth2/start?rd=${encodeURIComponent(rd)}`)
    const callback = issuer.signIn(header(started, 'location') as string, claims)
    return { browser, callback, answer: await browser.visit(callback) }
  }
  return { issuer, provider, events, signIn, pass: (ms: number) => (now += ms) }
}

describe('signing in', () => {
  it('goes from the 403 page over the start to the callback and back to the page', async () => {
    const { provider, issuer } = await setUp()
    const browser = createBrowser(provider)
    const refused = await browser.check('/pipeline/?a=b&c')
    assert.equal(refused.status, 403)
    assert.match(refused.body ?? '', /<form method="GET" action="\/oauth2\/start">/)
    assert.match(refused.body ?? '', /<input type="hidden" name="rd" value="\/pipeline\/\?a=b&amp;c">/)
    const start = await browser.visit(`/oauth2/start?rd=${encodeURIComponent('/pipeline/?a=b&c')}`)
    assert.equal(start.status, 302)
    const url = new URL(header(start, 'location') as string, 'http://door.test')
    assert.equal(url.pathname, '/dex/auth')
    const keys = [...url.searchParams.keys()].join(' ')
    assert.equal(
      keys,
      'client_id code_challenge code_challenge_method nonce prompt redirect_uri response_type scope state',
    )
    assert.equal(url.searchParams.get('redirect_uri'), '/oauth2/callback')
    const back = await browser.visit(issuer.signIn(url.pathname + url.search))
    assert.equal(back.status, 302)
    assert.equal(header(back, 'location'), '/pipeline/?a=b&c')
    assert.deepEqual([...browser.jar.keys()], ['oauth2_proxy_kubeflow'])
    const allowed = await browser.check('/pipeline/')
    assert.equal(allowed.status, 200)
    assert.match(header(allowed, 'authorization') ?? '', /^Bearer ey/)
    assert.equal(header(allowed, 'x-auth-request-email'), 'user@example.com')
    assert.equal(header(allowed, 'x-auth-request-groups'), 'team-a,team-b')
  })

  it('redeems the code with the relative redirect, the verifier and the client secret', async () => {
    const { signIn, issuer } = await setUp()
    await signIn()
    const [request] = issuer.requests.filter(({ url }) => url.endsWith('/token'))
    assert.equal(request?.body.get('redirect_uri'), '/oauth2/callback')
    assert.match(request?.body.get('code_verifier') ?? '', /^[\w-]{43}$/)
    assert.equal(request?.authorization, `Basic ${btoa('kubeflow-oidc-authservice:secret')}`)
  })

  it('sets cookies that are HttpOnly and Lax, and Secure on https', async () => {
    for (const scheme of ['http', 'https'] as const) {
      const { signIn } = await setUp({}, { scheme: () => scheme })
      const cookies = setCookiesOf((await signIn()).answer)
      assert.match(cookies[0] ?? '', /^oauth2_proxy_kubeflow_csrf=; Path=\/; .*Max-Age=0; HttpOnly/)
      assert.match(cookies[1] ?? '', /^oauth2_proxy_kubeflow=[\w-]{43}; Path=\/; .*Max-Age=86400; HttpOnly/)
      for (const cookie of cookies) {
        assert.match(cookie, /SameSite=Lax/)
        assert.equal(cookie.includes('Secure'), scheme === 'https')
      }
    }
  })

  it('ends after 24 hours', async () => {
    const { signIn, pass } = await setUp()
    const { browser } = await signIn()
    pass(86_400_000 - 1)
    assert.equal((await browser.check('/')).status, 200)
    pass(1)
    assert.equal((await browser.check('/')).status, 403)
  })
})

describe('what a callback is refused for', () => {
  type World = Awaited<ReturnType<typeof setUp>>
  const rows: readonly (readonly [
    name: string,
    go: (world: World) => Promise<{ status: number; jar: Map<string, string> }>,
  ])[] = [
    [
      'no state',
      async ({ provider, issuer }) => {
        const browser = createBrowser(provider)
        const start = await browser.visit('/oauth2/start')
        const callback = issuer.signIn(header(start, 'location') as string).replace(/&state=.*/, '')
        return { ...(await browser.visit(callback)), jar: browser.jar }
      },
    ],
    [
      'no login cookie: another browser',
      async ({ provider, issuer }) => {
        const start = await createBrowser(provider).visit('/oauth2/start')
        const victim = createBrowser(provider)
        return {
          ...(await victim.visit(issuer.signIn(header(start, 'location') as string))),
          jar: victim.jar,
        }
      },
    ],
    [
      "the login cookie of another browser's sign-in",
      async ({ provider, issuer }) => {
        const start = await createBrowser(provider).visit('/oauth2/start')
        const other = createBrowser(provider)
        await other.visit('/oauth2/start')
        return { ...(await other.visit(issuer.signIn(header(start, 'location') as string))), jar: other.jar }
      },
    ],
    [
      'two login cookies',
      async ({ provider, issuer }) => {
        const browser = createBrowser(provider)
        const start = await browser.visit('/oauth2/start')
        const callback = issuer.signIn(header(start, 'location') as string)
        const twice = `${browser.cookies()}; ${browser.cookies()}`
        const answer = await createBrowser(provider).visit(callback, { cookie: twice })
        return { ...answer, jar: new Map() }
      },
    ],
    [
      'a callback that was used',
      async ({ signIn }) => {
        const { browser, callback } = await signIn()
        browser.jar.delete('oauth2_proxy_kubeflow')
        return { ...(await browser.visit(callback)), jar: browser.jar }
      },
    ],
    [
      "a code of somebody else's sign-in",
      async ({ provider, issuer }) => {
        const [mine, theirs] = [createBrowser(provider), createBrowser(provider)]
        const my = header(await mine.visit('/oauth2/start'), 'location') as string
        const their = header(await theirs.visit('/oauth2/start'), 'location') as string
        const code = new URL(issuer.signIn(their), 'http://door.test').searchParams.get('code')
        const callback = issuer.signIn(my).replace(/code=[^&]*/, `code=${code}`)
        return { ...(await mine.visit(callback)), jar: mine.jar }
      },
    ],
    [
      'another issuer (RFC 9207)',
      async ({ provider, issuer }) => {
        const browser = createBrowser(provider)
        const start = await browser.visit('/oauth2/start')
        const callback = `${issuer.signIn(header(start, 'location') as string)}&iss=https%3A%2F%2Fevil.test`
        return { ...(await browser.visit(callback)), jar: browser.jar }
      },
    ],
    [
      'two states',
      async ({ provider, issuer }) => {
        const browser = createBrowser(provider)
        const start = await browser.visit('/oauth2/start')
        const callback = `${issuer.signIn(header(start, 'location') as string)}&state=x`
        return { ...(await browser.visit(callback)), jar: browser.jar }
      },
    ],
    [
      'a sign-in that took too long',
      async ({ provider, issuer, pass }) => {
        const browser = createBrowser(provider)
        const start = await browser.visit('/oauth2/start')
        pass(900_000)
        return {
          ...(await browser.visit(issuer.signIn(header(start, 'location') as string))),
          jar: browser.jar,
        }
      },
    ],
    [
      'an error of the issuer',
      async ({ provider }) => {
        const browser = createBrowser(provider)
        const answer = await browser.visit('/oauth2/callback?error=interaction_required&state=x')
        assert.match(answer.body ?? '', /upstream identity provider returned an error: interaction_required/)
        return { ...answer, jar: browser.jar }
      },
    ],
    ...(
      [
        ['a wrong nonce', { nonce: 'other' }],
        ['a wrong audience', { aud: 'other-client' }],
        ['a wrong issuer', { iss: 'https://evil.test' }],
        ['an expired ID token', { exp: 1 }],
        ['an address that is not verified', { email_verified: false }],
        ['an access token of another ID token', { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }],
      ] as const
    ).map(([name, claims]): (typeof rows)[number] => [
      name,
      async ({ signIn }) => {
        const { browser, answer } = await signIn(undefined, claims)
        return { ...answer, jar: browser.jar }
      },
    ]),
  ]
  for (const [name, go] of rows)
    it(name, async () => {
      const { status, jar } = await go(await setUp())
      assert.ok([400, 403].includes(status), `${status}`)
      assert.ok(!jar.has('oauth2_proxy_kubeflow'), 'a session was made')
    })

  it('an ID token signed by another key', async () => {
    const { provider, issuer } = await setUp()
    const { privateKey } = await issuer.generateKeyPair('RS256')
    const token = await issuer.sign({ sub: 's', email: 'admin@example.com' }, privateKey)
    const answer = await provider.check(aCheck({ headers: [['authorization', `Bearer ${token}`]] }))
    assert.equal(answer.status, 403)
    assert.equal(header(answer, 'x-auth-request-email'), undefined)
  })

  it('an issuer that does not answer: 503, and the sign-in can be tried again', async () => {
    const { provider, issuer } = await setUp()
    const browser = createBrowser(provider)
    const callback = issuer.signIn(header(await browser.visit('/oauth2/start'), 'location') as string)
    issuer.setDown(true)
    assert.equal((await browser.visit(callback)).status, 503)
    issuer.setDown(false)
    assert.equal((await browser.visit(callback)).status, 302)
  })
})

describe('sessions', () => {
  it('get a new id at each sign-in, and the old one ends', async () => {
    const { provider, signIn } = await setUp()
    const browser = createBrowser(provider)
    browser.jar.set('oauth2_proxy_kubeflow', 'p'.repeat(43))
    await signIn(browser)
    const first = browser.jar.get('oauth2_proxy_kubeflow')
    assert.notEqual(first, 'p'.repeat(43))
    await signIn(browser)
    assert.notEqual(browser.jar.get('oauth2_proxy_kubeflow'), first)
    const old = await provider.check(aCheck({ headers: [['cookie', `oauth2_proxy_kubeflow=${first}`]] }))
    assert.equal(old.status, 403)
  })

  it('end at sign-out for every copy of the cookie, at once', async () => {
    const { provider, signIn } = await setUp()
    const { browser } = await signIn()
    const copy = browser.cookies()
    const out = await browser.visit('/oauth2/sign_out?rd=/')
    assert.equal(out.status, 302)
    assert.equal(header(out, 'location'), '/')
    assert.equal(browser.jar.size, 0)
    const answer = await provider.check(aCheck({ headers: [['cookie', copy]] }))
    assert.equal(answer.status, 403)
    assert.match(setCookiesOf(answer)[0] ?? '', /^oauth2_proxy_kubeflow=; .*Max-Age=0/)
  })

  it('end when the sign-in page is opened', async () => {
    const { provider, signIn } = await setUp()
    const { browser } = await signIn()
    const copy = browser.cookies()
    assert.equal((await browser.visit('/oauth2/sign_in')).status, 200)
    assert.equal((await provider.check(aCheck({ headers: [['cookie', copy]] }))).status, 403)
  })

  it('are none when the cookie comes twice', async () => {
    const { provider, signIn } = await setUp()
    const { browser } = await signIn()
    const twice = `${browser.cookies()}; oauth2_proxy_kubeflow=${'x'.repeat(43)}`
    assert.equal((await provider.check(aCheck({ headers: [['cookie', twice]] }))).status, 403)
  })

  it('can be minted, with a token of the issuer, and ended by user', async () => {
    const { provider, issuer } = await setUp()
    await assert.rejects(provider.mintSession({ user: 'user@example.com' }), {
      code: 'ERR_SESSION_NEEDS_TOKEN',
    })
    const idToken = await issuer.sign({ sub: 's', email: 'user@example.com' })
    const minted = await provider.mintSession({ user: 'user@example.com', idToken })
    const check = aCheck({ headers: [['cookie', minted.cookie]] })
    assert.equal((await provider.check(check)).status, 200)
    assert.equal(await provider.endSessionsOf('user@example.com'), 1)
    assert.equal((await provider.check(check)).status, 403)
    assert.equal(await provider.endSession(minted.cookie), false)
  })

  it('that a store cannot say anything about shut the door', async () => {
    const sessions = memorySessions(Date.now)
    const broken = {
      ...sessions,
      get: () => {
        throw new Error('disk')
      },
    }
    const { provider } = await setUp({}, { sessions: broken })
    const cookie = `oauth2_proxy_kubeflow=${'x'.repeat(43)}`
    assert.equal((await provider.check(aCheck({ headers: [['cookie', cookie]] }))).status, 503)
  })
})

const unauthenticated: readonly (readonly [path: string, headers: Record<string, string>, status: number])[] =
  [
    ['/', {}, 403],
    ['/pipeline/apis/v2beta1/healthz', {}, 401],
    ['/api/x', {}, 401],
    ['/ml_metadata/x', {}, 401],
    ['/x/ml_metadata', {}, 403],
    ['/x?y=/api/', {}, 403],
    ['/v1/models/sklearn-iris:predict', {}, 403],
    ['/', { accept: 'application/json' }, 401],
    ['/', { accept: 'text/html, application/json' }, 401],
    ['/', { accept: 'application/json;q=1' }, 403],
    ['/pipeline/apis/v2beta1/healthz', { authorization: 'Bearer abc' }, 401],
    ['/dex/auth', {}, 200],
    ['/dex/..%2fpipeline', {}, 403],
    ['/x?/dex/', {}, 403],
    ['/ping', {}, 403],
    ['/ready', {}, 403],
    ['/robots.txt', {}, 403],
    ['/x', { 'x-forwarded-uri': '/dex/auth', 'x-auth-request-redirect': '//evil.test' }, 403],
    ['/x', { 'user-agent': 'kube-probe/1.30' }, 403],
  ]
for (const [path, headers, status] of unauthenticated)
  test(`${path} ${JSON.stringify(headers)} without a session is ${status}`, async () => {
    const { provider } = await setUp()
    const answer = await createBrowser(provider).check(path, headers)
    assert.equal(answer.status, status)
    if (status === 401) {
      assert.equal(answer.body, '{}')
      assert.equal(header(answer, 'content-type'), 'application/json')
    }
    assert.equal(header(answer, 'authorization'), undefined)
  })

describe('restrictions refuse the other user', () => {
  const rows: readonly (readonly [
    name: string,
    settings: Partial<OAuth2ProxySettings>,
    claims: object,
    status: number,
  ])[] = [
    ['domain, one of it', { emailDomains: ['example.com'] }, { email: 'a@example.com' }, 302],
    ['domain, another', { emailDomains: ['example.com'] }, { email: 'a@evil.test' }, 403],
    ['domain, two @', { emailDomains: ['example.com'] }, { email: 'a@example.com@evil.test' }, 403],
    [
      'domain, two @ the other way',
      { emailDomains: ['example.com'] },
      { email: 'a@evil.test@example.com' },
      403,
    ],
    ['domain, suffix', { emailDomains: ['.example.com'] }, { email: 'a@b.example.com' }, 302],
    ['domain, lookalike', { emailDomains: ['.example.com'] }, { email: 'a@badexample.com' }, 403],
    ['group, one of it', { allowedGroups: ['team-a'] }, {}, 302],
    ['group, another', { allowedGroups: ['admins'] }, {}, 403],
  ]
  for (const [name, settings, claims, status] of rows)
    it(name, async () => {
      const { signIn } = await setUp(settings)
      assert.equal((await signIn(undefined, claims)).answer.status, status)
    })
})

describe('bearer tokens', () => {
  it('of the own issuer are a session, whatever the cookie', async () => {
    const { provider, issuer } = await setUp()
    const token = await issuer.sign({ sub: 's', email: 'user@example.com' })
    const answer = await provider.check(aCheck({ headers: [['authorization', `Bearer ${token}`]] }))
    assert.equal(answer.status, 200)
    assert.equal(header(answer, 'authorization'), `Bearer ${token}`)
    const basic = await provider.check(aCheck({ headers: [['authorization', `Basic ${btoa(`${token}:`)}`]] }))
    assert.equal(basic.status, 200)
  })
  it('of another audience, expired, or when turned off are none', async () => {
    const { provider, issuer } = await setUp()
    for (const token of [
      await issuer.sign({ sub: 's', aud: 'other' }),
      await issuer.sign({ sub: 's' }, undefined, -3600),
      await issuer.sign({ sub: 's', email_verified: false }),
    ])
      assert.equal(
        (await provider.check(aCheck({ headers: [['authorization', `Bearer ${token}`]] }))).status,
        403,
      )
    const off = await setUp({ skipJwtBearerTokens: false })
    const token = await off.issuer.sign({ sub: 's' })
    assert.equal(
      (await off.provider.check(aCheck({ headers: [['authorization', `Bearer ${token}`]] }))).status,
      403,
    )
  })
  it('of an extra issuer count for its audience only', async () => {
    const world = await setUp()
    const extraJwtIssuers = [{ issuer: world.issuer.issuer, audience: 'm2m' }]
    const provider = createOAuth2Proxy(oauth2ProxySettings({ extraJwtIssuers }), {
      sessions: memorySessions(Date.now),
      fetch: world.issuer.fetch,
      clock: () => Date.UTC(2026, 10, 24, 12),
    })
    const ask = async (aud: string) => {
      const token = await world.issuer.sign({ sub: 'system:serviceaccount:ns:sa', aud })
      return provider.check(aCheck({ headers: [['authorization', `Bearer ${token}`]] }))
    }
    const good = await ask('m2m')
    assert.equal(good.status, 200)
    assert.equal(header(good, 'x-auth-request-email'), 'system:serviceaccount:ns:sa')
    assert.equal((await ask('other')).status, 403)
  })
})

describe('its other endpoints', () => {
  it('say who is signed in, and nobody else', async () => {
    const { provider, signIn } = await setUp()
    const anonymous = createBrowser(provider)
    assert.equal((await anonymous.visit('/oauth2/userinfo')).status, 401)
    assert.equal((await anonymous.visit('/oauth2/auth')).status, 401)
    const { browser } = await signIn()
    const info = await browser.visit('/oauth2/userinfo')
    assert.deepEqual(Object.keys(JSON.parse(info.body ?? '')), ['user', 'email', 'groups'])
    assert.equal((await browser.visit('/oauth2/auth')).status, 202)
    assert.equal((await browser.visit('/oauth2/auth?allowed_groups=team-a')).status, 202)
    assert.equal((await browser.visit('/oauth2/auth?allowed_groups=admins')).status, 403)
    for (const path of ['/ping', '/ready']) assert.equal((await anonymous.visit(path)).body, 'OK')
    assert.match((await anonymous.visit('/robots.txt')).body ?? '', /Disallow: \//)
  })
  it('send nobody outside, at sign-in and sign-out', async () => {
    const { signIn } = await setUp()
    for (const rd of [
      'https://evil.test/',
      '//evil.test',
      '/\\evil.test',
      '/oauth2/sign_out?rd=https://evil.test/',
    ]) {
      const { browser, answer } = await signIn(undefined, {}, rd)
      assert.equal(header(answer, 'location'), '/', rd)
      const out = await browser.visit(`/oauth2/sign_out?rd=${encodeURIComponent(rd)}`)
      assert.equal(header(out, 'location'), '/', rd)
    }
  })
  it('send to a listed domain', async () => {
    const { signIn } = await setUp({ whitelistDomains: ['tools.test:8443'] })
    const { answer } = await signIn(undefined, {}, 'https://tools.test:8443/x')
    assert.equal(header(answer, 'location'), 'https://tools.test:8443/x')
  })
  it('show hostile text as text, in a page that runs nothing', async () => {
    const { provider } = await setUp()
    const browser = createBrowser(provider)
    const page = await browser.check('/x"><script>alert(1)</script>')
    assert.ok(!(page.body ?? '').includes('<script'))
    assert.match(header(page, 'content-security-policy') ?? '', /default-src 'none'.*frame-ancestors 'none'/)
    const error = await browser.visit('/oauth2/callback?error=%3Cscript%3E')
    assert.ok(!(error.body ?? '').includes('<script'))
  })
  it('speak Korean to who asks for it', async () => {
    const { provider } = await setUp()
    const page = await createBrowser(provider).visit('/oauth2/sign_in', {
      'accept-language': 'ko-KR,ko;q=0.9,en;q=0.8',
    })
    assert.match(page.body ?? '', /<html lang="ko">[\s\S]*로그인/)
  })
})

test('routes with a method, and all but some', async () => {
  const { provider } = await setUp({
    skipAuthRoutes: [routePattern('GET=^/public/'), routePattern('POST!=^/closed/')],
    apiRoutes: [pathPattern('.')],
  })
  const browser = createBrowser(provider)
  assert.equal((await browser.check('/public/x')).status, 200)
  assert.equal((await browser.check('/public/x', {}, 'PUT')).status, 401)
  assert.equal((await browser.check('/closed/x', {}, 'POST')).status, 401)
  assert.equal((await browser.check('/other', {}, 'POST')).status, 200)
})

test('--api-errors json tells a program what to do, and leaves browsers alone', async () => {
  const { provider } = await setUp({}, { apiErrors: 'json' })
  const browser = createBrowser(provider)
  for (const [path, headers] of [
    ['/pipeline/apis/v2beta1/healthz', {}],
    ['/x', { accept: 'application/json' }],
    ['/x', { 'sec-fetch-mode': 'cors' }],
    ['/x', { 'x-requested-with': 'XMLHttpRequest' }],
    ['/v1/models/iris:predict', {}],
  ] as const) {
    const answer = await browser.check(path, headers)
    assert.equal(answer.status, 401)
    assert.equal(header(answer, 'www-authenticate'), 'Bearer realm="kfdoor"')
    const body = JSON.parse(answer.body ?? '')
    assert.deepEqual(Object.keys(body), ['error', 'code', 'message', 'hint', 'login'])
    assert.equal(body.code, 'KFD1201')
  }
  assert.equal((await browser.check('/x', { accept: 'text/html,application/json;q=0.1' })).status, 403)
  assert.equal((await browser.check('/api/x', { 'sec-fetch-mode': 'navigate' })).status, 401)
})

test('no event holds a token, a code, a state or a cookie', async () => {
  const { events, signIn, issuer } = await setUp()
  const { browser, callback } = await signIn()
  await browser.visit(callback)
  await browser.visit('/oauth2/sign_out')
  const text = JSON.stringify(events)
  for (const [, value] of new URL(callback, 'http://door.test').searchParams) assert.ok(!text.includes(value))
  assert.ok(!text.includes('eyJ'))
  assert.ok(issuer.requests.every(({ url }) => !url.includes('code')))
})
