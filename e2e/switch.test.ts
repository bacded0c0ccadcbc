/**
 * Changing seats while people are signed in: the service that was there runs as a process of its own
 * with secrets of its own, the new one beside it with `--shadow`, then with `--fallback`.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { BrowserLike } from './browser-like.ts'
import { CLIENT, PASSWORD, type Seat, startGateway, startIssuer, startSeat } from './seat.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-switch-'))
after(() => rmSync(folder, { recursive: true, force: true }))

interface Vintage {
  readonly compat: 'oauth2-proxy' | 'authservice'
  readonly redirect: string
  readonly asks: readonly string[]
  readonly upstream: readonly string[]
  readonly own: string
  readonly who: string
  readonly signOut: string
  readonly refused: number
  args(issuer: string): readonly string[]
  env(issuer: string): Readonly<Record<string, string>>
}

const vintages: readonly Vintage[] = [
  {
    compat: 'oauth2-proxy',
    redirect: '/oauth2/callback',
    asks: ['authorization', 'cookie'],
    upstream: ['authorization', 'x-auth-request-email'],
    own: '/oauth2/',
    who: 'x-auth-request-email',
    signOut: '/oauth2/sign_out',
    refused: 403,
    args: (issuer) => {
      const path = join(folder, 'oauth2_proxy.cfg')
      writeFileSync(
        path,
        `
provider = "oidc"
oidc_issuer_url = "${issuer}"
scope = "profile email groups openid"
email_domains = [ "*" ]
upstreams = [ "static://200" ]
skip_auth_routes = [ "^/dex/" ]
skip_oidc_discovery = true
login_url = "/dex/auth"
redeem_url = "${issuer}/token"
oidc_jwks_url = "${issuer}/keys"
set_authorization_header = true
set_xauthrequest = true
cookie_name = "oauth2_proxy_kubeflow"
code_challenge_method = "S256"
redirect_url = "/oauth2/callback"
relative_redirect_url = true
`,
        { mode: 0o600 },
      )
      return ['--http-address=127.0.0.1:0', `--config=${path}`]
    },
    // Each process has a cookie secret of its own: neither opens what the other sealed.
    env: () => ({
      OAUTH2_PROXY_CLIENT_ID: CLIENT.id,
      OAUTH2_PROXY_CLIENT_SECRET: CLIENT.secret,
      OAUTH2_PROXY_COOKIE_SECRET: randomBytes(16).toString('hex'),
      OAUTH2_PROXY_COOKIE_SECURE: 'false',
      OAUTH2_PROXY_SKIP_JWT_BEARER_TOKENS: 'true',
    }),
  },
  {
    compat: 'authservice',
    redirect: '/authservice/oidc/callback',
    asks: ['authorization', 'cookie', 'x-auth-token'],
    upstream: ['kubeflow-userid'],
    own: '/none/',
    who: 'kubeflow-userid',
    signOut: '/authservice/logout',
    refused: 302,
    args: () => ['--listen', '127.0.0.1:0', '--probe-listen', '127.0.0.1:0'],
    env: (issuer) => ({
      AUTHSERVICE_URL_PREFIX: '/authservice/',
      SKIP_AUTH_URLS: '/dex',
      AFTER_LOGOUT_URL: '/',
      OIDC_PROVIDER: issuer,
      OIDC_AUTH_URL: '/dex/auth',
      OIDC_SCOPES: 'profile email groups',
      USERID_CLAIM: 'email',
      USERID_HEADER: 'kubeflow-userid',
      USERID_PREFIX: '',
      CLIENT_ID: CLIENT.id,
      CLIENT_SECRET: CLIENT.secret,
    }),
  },
]

for (const vintage of vintages)
  describe(`the seat of ${vintage.compat} changes hands`, async () => {
    const issuer = await startIssuer([vintage.redirect])
    const start = (...more: string[]) =>
      startSeat(['--compat', vintage.compat, ...vintage.args(issuer.url), ...more], vintage.env(issuer.url))
    const gatewayOf = (seat: Seat) =>
      startGateway({
        seats: [seat.url],
        issuer: issuer.url,
        asks: vintage.asks,
        upstream: vintage.upstream,
        own: vintage.own,
      })
    const old = await start()
    const shadowing = await start('--shadow', old.url)
    const taking = await start('--fallback', old.url)
    const alone = await start()
    const [before, watched, during, afterwards] = [
      await gatewayOf(old),
      await gatewayOf(shadowing),
      await gatewayOf(taking),
      await gatewayOf(alone),
    ]
    after(async () => {
      for (const gateway of [before, watched, during, afterwards]) await gateway.close()
      for (const seat of [old, shadowing, taking, alone]) await seat.stop('SIGKILL')
      await issuer.close()
    })
    const signedInAt = async (url: string) => {
      const browser = new BrowserLike(null)
      const page = await browser.submit(
        await browser.open(`${url}${vintage.own === '/oauth2/' ? '/oauth2/start?rd=/' : '/'}`),
        {
          login: 'user@example.com',
          password: PASSWORD,
        },
      )
      assert.equal(page.status, 200, page.body)
      assert.equal(JSON.parse(page.body)[vintage.who], 'user@example.com')
      return browser
    }
    const statusFor = async (browser: BrowserLike, url: string) =>
      (await browser.send('GET', `${url}/x`)).status
    const nobody = () => new BrowserLike(null)

    test('the new one alone knows nobody of the old one: the secrets are different', async () => {
      const browser = await signedInAt(before.url)
      assert.equal(await statusFor(browser, before.url), 200)
      assert.equal(await statusFor(browser, afterwards.url), vintage.refused)
    })

    test('in its shadow, the old one answers, whoever asks', async () => {
      const browser = await signedInAt(watched.url)
      assert.equal(await statusFor(browser, before.url), 200)
      assert.equal(await statusFor(browser, watched.url), 200)
      assert.equal(await statusFor(nobody(), watched.url), vintage.refused)
      await browser.send('GET', `${watched.url}/x`, { cookie: 'authservice_session=made-up' })
      const log = shadowing.log()
      assert.doesNotMatch(log, /shadow-difference/, log)
      for (const [, value] of browser.cookies) if (value.length > 20) assert.ok(!log.includes(value))
    })

    test('falling back, who is signed in stays so, with the same name', async () => {
      const browser = await signedInAt(before.url)
      const seen = await browser.send('GET', `${during.url}/pipeline/`)
      assert.equal(seen.status, 200)
      assert.equal(JSON.parse(seen.body)[vintage.who], 'user@example.com')
    })

    test('falling back, a new sign-in is the new one’s', async () => {
      const browser = await signedInAt(during.url)
      assert.equal(await statusFor(browser, during.url), 200)
      assert.equal(await statusFor(browser, before.url), vintage.refused)
    })

    test('falling back, nobody and a made-up session stay out', async () => {
      assert.equal(await statusFor(nobody(), during.url), vintage.refused)
      for (const cookie of ['authservice_session=made-up', 'oauth2_proxy_kubeflow=made-up'])
        assert.equal((await nobody().send('GET', `${during.url}/x`, { cookie })).status, vintage.refused)
    })

    test('falling back, a sign-out ends the session at the old one too', async () => {
      const browser = await signedInAt(before.url)
      const cookie = browser.cookieHeader()
      const session = browser.cookies.get('authservice_session')
      await browser.send(
        session === undefined ? 'GET' : 'POST',
        `${during.url}${vintage.signOut}`,
        session === undefined ? {} : { authorization: `Bearer ${session}` },
      )
      assert.equal(await statusFor(browser, during.url), vintage.refused)
      // oauth2-proxy's session is its cookie, and is over where the cookie is; authservice keeps a store.
      if (vintage.compat === 'authservice') {
        assert.equal((await nobody().send('GET', `${before.url}/x`, { cookie })).status, vintage.refused)
        assert.equal((await nobody().send('GET', `${during.url}/x`, { cookie })).status, vintage.refused)
      }
    })

    test('when the old one is gone, its sessions are refused and its successor’s are not', async () => {
      const [theirs, ours] = [await signedInAt(before.url), await signedInAt(during.url)]
      assert.equal(await statusFor(theirs, during.url), 200)
      await old.stop('SIGKILL')
      assert.equal(await statusFor(theirs, during.url), vintage.refused)
      assert.equal(await statusFor(ours, during.url), 200)
      assert.notEqual(await statusFor(ours, watched.url), 200)
    })
  })
