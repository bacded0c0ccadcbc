/** What an issuer says about sessions after the sign-in: new tokens, sign-outs, and several issuers at one door. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createAuthService } from '../provider/authservice.ts'
import { createOAuth2Proxy } from '../provider/oauth2-proxy.ts'
import type { OAuth2ProxySettings } from '../provider/oauth2-proxy-settings.ts'
import type { AuthProvider, SignInEvent } from '../provider/provider.ts'
import { memorySessions } from '../sessions/memory.ts'
import { createBrowser, header } from '../testing/browser.ts'
import { createFakeIssuer } from '../testing/fake-issuer.ts'
import { authServiceSettings, oauth2ProxySettings } from '../testing/settings.ts'

const START = 1_800_000_000_000

async function aDoor(parts: Partial<OAuth2ProxySettings> = {}, rotating = true) {
  let now = START
  const clock = () => now
  const issuer = await createFakeIssuer(clock, { rotating })
  const sessions = memorySessions(clock)
  const events: SignInEvent[] = []
  const loginKey = randomBytes(32)
  const ports = {
    sessions,
    fetch: issuer.fetch,
    clock,
    loginKey,
    log: (event: SignInEvent) => events.push(event),
  }
  const settings = oauth2ProxySettings({ skipDiscovery: false, ...parts })
  const replicas = [createOAuth2Proxy(settings, ports), createOAuth2Proxy(settings, ports)] as const
  const signIn = async (provider: AuthProvider = replicas[0], claims: Record<string, unknown> = {}) => {
    const browser = createBrowser(provider)
    const started = await browser.visit('/oauth2/start?rd=/x')
    const back = await browser.visit(issuer.signIn(header(started, 'location') ?? '', claims))
    assert.equal(back.status, 302, back.body ?? '')
    return browser
  }
  const cookieOf = (browser: { cookies(): string }): Record<string, string> => ({ cookie: browser.cookies() })
  const pass = (ms: number) => {
    now += ms
  }
  return { issuer, replicas, events, signIn, cookieOf, pass }
}
const asked = (requests: readonly { body: URLSearchParams }[]) =>
  requests.filter(({ body }) => body.get('grant_type') === 'refresh_token').length

test('of many requests at two replicas one asks for new tokens, and all get them', async () => {
  const { issuer, replicas, signIn, pass } = await aDoor({ refreshMs: 60_000 })
  const browser = await signIn()
  const token = async (provider: AuthProvider) => {
    const other = createBrowser(provider)
    for (const [name, value] of browser.jar) other.jar.set(name, value)
    const answer = await other.check('/x')
    assert.equal(answer.status, 200)
    return header(answer, 'authorization')
  }
  const first = await token(replicas[0])
  pass(59_000)
  assert.equal(await token(replicas[1]), first)
  pass(2000)
  const many = await Promise.all(Array.from({ length: 20 }, (_, n) => token(replicas[n % 2 ? 1 : 0])))
  assert.equal(new Set(many).size, 1)
  assert.notEqual(many[0], first)
  assert.equal(asked(issuer.requests), 1)
})

test('an issuer that is down ends nobody; one that refuses ends the session', async () => {
  const { issuer, events, signIn, pass } = await aDoor({ refreshMs: 60_000 })
  const browser = await signIn()
  pass(61_000)
  issuer.setDown(true)
  assert.equal((await browser.check('/x')).status, 200)
  issuer.setDown(false)
  assert.equal((await browser.check('/x')).status, 200, 'not asked again at once')
  assert.equal(asked(issuer.requests), 0)
  pass(11_000)
  issuer.revoke()
  assert.equal((await browser.check('/x')).status, 403)
  assert.equal((await browser.check('/x')).status, 403)
  assert.deepEqual(
    events.map(({ event }) => event),
    ['signed-in', 'renewal-failed', 'renewal-refused'],
  )
})

test('new tokens do not bring back who signed out meanwhile, nor make a session longer', async () => {
  const { replicas, signIn, cookieOf, pass } = await aDoor({ refreshMs: 60_000 })
  const browser = await signIn()
  const headers = cookieOf(browser)
  pass(61_000)
  const [, ended] = await Promise.all([browser.check('/x'), replicas[1].endSession(headers.cookie ?? '')])
  assert.equal(ended, true)
  assert.equal((await createBrowser(replicas[0]).check('/x', headers)).status, 403)
  const other = await signIn()
  pass(86_400_000 - 1)
  assert.equal((await other.check('/x')).status, 200)
  pass(1)
  assert.equal((await other.check('/x')).status, 403)
})

test('groups that were taken away are gone with the next tokens', async () => {
  const { issuer, signIn, pass } = await aDoor({ refreshMs: 60_000, allowedGroups: ['team-a'] })
  const claims: Record<string, unknown> = { groups: ['team-a'] }
  const mine = await signIn(undefined, claims)
  assert.equal((await mine.check('/x')).status, 200)
  issuer.setClaims({ groups: ['team-b'] })
  pass(61_000)
  assert.equal((await mine.check('/x')).status, 403)
})

test('without refresh tokens, or without the setting, nothing is asked', async () => {
  for (const [parts, rotating] of [
    [{ refreshMs: 60_000 }, false],
    [{}, true],
  ] as const) {
    const { issuer, signIn, pass } = await aDoor(parts, rotating)
    const browser = await signIn()
    pass(3_600_000)
    assert.equal((await browser.check('/x')).status, 200)
    assert.equal(asked(issuer.requests), 0)
  }
})

const post = (provider: AuthProvider, path: string, body: string) =>
  provider.handle(
    new Request(`http://door.test${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body,
    }),
  )

const refused: readonly (readonly [why: string, parts: Record<string, unknown>])[] = [
  ['a nonce: an ID token', { nonce: 'n' }],
  ['no event', { events: undefined }],
  ['another event', { events: { 'https://example.com/other': {} } }],
  ['an event that is no object', { events: { 'http://schemas.openid.net/event/backchannel-logout': true } }],
  ['nobody named', { sub: undefined, sid: undefined }],
  ['another audience', { aud: 'someone-else' }],
  ['another issuer', { iss: 'https://other.test' }],
  ['no jti', { jti: undefined }],
  ['run out', { exp: START / 1000 - 120 }],
]
for (const [why, parts] of refused)
  test(`a logout token is refused: ${why}`, async () => {
    const { issuer, replicas, signIn } = await aDoor()
    const browser = await signIn(undefined, { sid: 'one' })
    const token = await issuer.logoutToken({ sid: 'one', ...parts })
    const answer = await post(replicas[0], '/oauth2/backchannel-logout', `logout_token=${token}`)
    assert.equal(answer.status, 400)
    assert.equal((await browser.check('/x')).status, 200)
  })

test('the issuer ends one session by sid, or all of a subject, on every replica; once', async () => {
  const { issuer, replicas, signIn } = await aDoor()
  const [one, two] = [await signIn(undefined, { sid: 'one' }), await signIn(replicas[1], { sid: 'two' })]
  const other = await signIn(undefined, { sub: 'someone', sid: 'three' })
  const send = async (token: string, more = '') =>
    (await post(replicas[1], '/oauth2/backchannel-logout', `logout_token=${token}${more}`)).status
  const { privateKey } = await issuer.generateKeyPair('RS256')
  assert.equal(
    await send(await issuer.logoutToken({ sid: 'one' }, privateKey)),
    400,
    'a key of somebody else',
  )
  const token = await issuer.logoutToken({ sid: 'one' })
  assert.equal(await send(token, `&logout_token=${token}`), 400, 'two of them')
  assert.equal(await send(token), 200)
  assert.equal(await send(token), 400, 'again')
  assert.deepEqual([(await one.check('/x')).status, (await two.check('/x')).status], [403, 200])
  const sub = 'CiQwOGE4Njg0Yi1kYjg4LTRiNzMtOTBhOS0zY2QxNjYxZjU0NjYSBWxvY2Fs'
  assert.equal(await send(await issuer.logoutToken({ sub })), 200)
  assert.deepEqual([(await two.check('/x')).status, (await other.check('/x')).status], [403, 200])
  issuer.setDown(true)
  const [down] = [await aDoor()]
  down.issuer.setDown(true)
  assert.equal(
    (
      await post(
        down.replicas[0],
        '/oauth2/backchannel-logout',
        `logout_token=${await down.issuer.logoutToken({ sid: 'x' })}`,
      )
    ).status,
    503,
  )
  assert.equal(
    (await replicas[0].handle(new Request('http://door.test/oauth2/backchannel-logout'))).status,
    405,
  )
})

test('a logout token is no credential', async () => {
  const { issuer, replicas } = await aDoor()
  const token = await issuer.logoutToken({ sub: 'somebody', email: 'user@example.com' })
  const browser = createBrowser(replicas[0])
  assert.equal((await browser.check('/x', { authorization: `Bearer ${token}` })).status, 403)
  const idToken = await issuer.sign({ sub: 'somebody', email: 'user@example.com' })
  assert.equal((await browser.check('/x', { authorization: `Bearer ${idToken}` })).status, 200)
})

test('authservice: back-channel logout under its own prefix', async () => {
  const clock = () => START
  const issuer = await createFakeIssuer(clock)
  const provider = createAuthService(authServiceSettings(), {
    sessions: memorySessions(clock),
    fetch: issuer.fetch,
    clock,
  })
  const browser = createBrowser(provider)
  const started = await browser.check('/x')
  await browser.check(issuer.signIn(header(started, 'location') ?? '', { sid: 'one' }))
  assert.equal((await browser.check('/x')).status, 200)
  const token = await issuer.logoutToken({ sid: 'one' })
  assert.equal((await post(provider, '/authservice/backchannel-logout', `logout_token=${token}`)).status, 200)
  assert.equal((await browser.check('/x')).status, 302)
})

test('signing out leads to the issuer where that is wanted, without the ID token in the URL', async () => {
  const { signIn, issuer } = await aDoor({ signOutAtIssuer: true })
  const browser = await signIn()
  const out = await browser.visit('/oauth2/sign_out?rd=/bye')
  const location = new URL(header(out, 'location') ?? '')
  assert.equal(`${location.origin}${location.pathname}`, `${issuer.issuer}/logout`)
  assert.equal(location.searchParams.get('post_logout_redirect_uri'), 'http://door.test/bye')
  assert.equal(location.searchParams.get('id_token_hint'), null)
  assert.equal((await browser.check('/x')).status, 403)
  assert.equal(
    header(await browser.visit('/oauth2/sign_out?rd=/bye'), 'location'),
    '/bye',
    'nobody: nowhere to go',
  )
})

test('two issuers at one door: each answers at its own path, and one is not taken for the other', async () => {
  const clock = () => START
  const [one, two] = [
    await createFakeIssuer(clock),
    await createFakeIssuer(clock, { issuer: 'http://keycloak.auth.svc/realms/door' }),
  ]
  const provider = createOAuth2Proxy(
    oauth2ProxySettings({
      skipDiscovery: false,
      others: [
        {
          name: 'keycloak',
          title: 'Keycloak',
          issuer: two.issuer,
          clientId: two.client,
          clientSecret: 's',
        },
      ],
    }),
    {
      sessions: memorySessions(clock),
      clock,
      fetch: (url, init) => (url.startsWith(two.issuer) ? two : one).fetch(url, init),
    },
  )
  const page = await createBrowser(provider).check('/x')
  assert.match(
    page.body ?? '',
    /Sign in with Dex[\s\S]*name="provider" value="keycloak"[\s\S]*Sign in with Keycloak/,
  )
  const browser = createBrowser(provider)
  const started = await browser.visit('/oauth2/start?rd=/x&provider=keycloak')
  assert.match(header(started, 'location') ?? '', /^http:\/\/keycloak\.auth\.svc\/realms\/door\/auth/)
  const callback = two.signIn(header(started, 'location') ?? '', { email: 'two@example.com' })
  assert.match(callback, /^\/oauth2\/callback\/keycloak\?/)
  assert.equal((await browser.visit(callback.replace('/keycloak?', '?'))).status, 403, "the other one's door")
  assert.equal((await browser.visit(callback)).status, 302)
  assert.equal(header(await browser.check('/x'), 'x-auth-request-email'), 'two@example.com')
  const first = createBrowser(provider)
  const began = await first.visit('/oauth2/start?rd=/x')
  const answer = one.signIn(header(began, 'location') ?? '')
  assert.equal((await first.visit(answer.replace('/callback?', '/callback/keycloak?'))).status, 403)
  assert.equal((await first.visit(answer)).status, 302)
  assert.equal((await browser.visit('/oauth2/start?provider=nobody')).status, 400)
})

test('a relative redirect URL is completed with scheme and host where that is wanted, the same twice', async () => {
  const { issuer, replicas } = await aDoor({ completeRedirectUrl: true })
  const browser = createBrowser(replicas[0])
  const started = await browser.visit('/oauth2/start?rd=/x')
  const sent = new URL(header(started, 'location') ?? '', 'http://door.test').searchParams.get('redirect_uri')
  assert.equal(sent, 'http://door.test/oauth2/callback')
  const callback = issuer.signIn(header(started, 'location') ?? '')
  assert.equal((await browser.visit(callback.slice('http://door.test'.length))).status, 302)
})

test('sessions in cookies: another replica knows them, in as many parts as they need', async () => {
  const clock = () => START
  const issuer = await createFakeIssuer(clock)
  const secrets = [randomBytes(32)]
  const loginKey = randomBytes(32)
  const make = () =>
    createOAuth2Proxy(oauth2ProxySettings(), {
      sessions: { kind: 'cookie', secrets },
      fetch: issuer.fetch,
      clock,
      loginKey,
    })
  const [here, there] = [make(), make()]
  const browser = createBrowser(here)
  const started = await browser.visit('/oauth2/start?rd=/x')
  const groups = Array.from({ length: 60 }, (_, n) => `group-with-a-long-name-${n}`)
  await browser.visit(issuer.signIn(header(started, 'location') ?? '', { groups }))
  assert.ok(browser.jar.has('oauth2_proxy_kubeflow_1'))
  const elsewhere = createBrowser(there)
  for (const [name, value] of browser.jar) elsewhere.jar.set(name, value)
  assert.equal((await elsewhere.check('/x')).status, 200)
  await browser.visit('/oauth2/sign_out')
  assert.deepEqual([...browser.jar.keys()], [])
  const copied = { cookie: elsewhere.cookies() }
  assert.equal((await createBrowser(here).check('/x', copied)).status, 403, 'the copy is refused here')
})
