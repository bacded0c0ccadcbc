/** `serve authz` in the seats of oauth2-proxy and oidc-authservice, as Kubeflow configures them, with nothing else changed. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { BrowserLike } from './browser-like.ts'
import { run } from './door.ts'
import { CLIENT, PASSWORD, startGateway, startIssuer, startSeat } from './seat.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-seat-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string, text: string) => {
  const path = join(folder, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

/** What Kubeflow 1.9 and later write, with this test's issuer. */
const config = (issuer: string) => `
provider = "oidc"
oidc_issuer_url = "${issuer}"
scope = "profile email groups openid"
email_domains = [ "*" ]
upstreams = [ "static://200" ]
skip_auth_routes = [ "^/dex/" ]
api_routes = [ "/api/", "/apis/", "^/ml_metadata" ]
skip_oidc_discovery = true
login_url = "/dex/auth"
redeem_url = "${issuer}/token"
oidc_jwks_url = "${issuer}/keys"
skip_provider_button = false
provider_display_name = "Dex"
custom_sign_in_logo = "/custom-theme/kubeflow-logo.svg"
banner = "-"
footer = "-"
set_authorization_header = true
set_xauthrequest = true
cookie_name = "oauth2_proxy_kubeflow"
cookie_expire = "24h"
cookie_refresh = 0
code_challenge_method = "S256"
redirect_url = "/oauth2/callback"
relative_redirect_url = true
`
const cookieSecret = randomBytes(16).toString('hex')
const environment = {
  OAUTH2_PROXY_CLIENT_ID: CLIENT.id,
  OAUTH2_PROXY_CLIENT_SECRET: CLIENT.secret,
  OAUTH2_PROXY_COOKIE_SECRET: cookieSecret,
  OAUTH2_PROXY_COOKIE_SECURE: 'false',
  OAUTH2_PROXY_SSL_INSECURE_SKIP_VERIFY: 'true',
  OAUTH2_PROXY_SKIP_JWT_BEARER_TOKENS: 'true',
  OAUTH2_PROXY_EXTRA_JWT_ISSUERS: '',
  OAUTH2_PROXY_PORT: 'tcp://10.96.12.34:80',
}

async function signInAt(browser: BrowserLike, url: string) {
  const page = await browser.open(url)
  return browser.submit(page, { login: 'user@example.com', password: PASSWORD })
}

describe('the seat of oauth2-proxy', async () => {
  const issuer = await startIssuer(['/oauth2/callback'])
  const args = [
    '--compat',
    'oauth2-proxy',
    '--http-address=127.0.0.1:0',
    `--config=${file('oauth2_proxy.cfg', config(issuer.url))}`,
  ]
  const seats = [await startSeat(args, environment), await startSeat(args, environment)]
  const door = await startGateway({
    seats: seats.map(({ url }) => url),
    issuer: issuer.url,
    asks: ['authorization', 'cookie'],
    upstream: ['authorization', 'x-auth-request-email', 'x-auth-request-groups', 'x-auth-request-user'],
    own: '/oauth2/',
  })
  after(async () => {
    await door.close()
    for (const seat of seats) await seat.stop('SIGKILL')
    await issuer.close()
  })

  test('answers nobody as the release does', async () => {
    const browser = new BrowserLike(null)
    const page = await browser.send('GET', `${door.url}/`)
    assert.equal(page.status, 403)
    assert.match(page.body, /action="\/oauth2\/start"/)
    const api = await browser.send('GET', `${door.url}/apis/v2beta1/runs`)
    assert.deepEqual([api.status, api.body], [401, '{}'])
    const signIn = await browser.send('GET', `${door.url}/oauth2/sign_in`)
    assert.equal(signIn.status, 200)
    assert.match(signIn.body, /Sign in with Dex/)
    for (const path of ['/ping', '/ready'])
      assert.equal((await browser.send('GET', `${seats[0]?.url}${path}`)).status, 200)
  })

  test('signs in over two replicas without a store, and out again', async () => {
    const browser = new BrowserLike(null)
    const page = await signInAt(browser, `${door.url}/oauth2/start?rd=/pipeline/`)
    assert.equal(page.status, 200, page.body)
    const seen = JSON.parse(page.body)
    assert.equal(seen.path, '/pipeline/')
    assert.equal(seen['x-auth-request-email'], 'user@example.com')
    const claims = JSON.parse(
      Buffer.from(String(seen.authorization).split('.')[1] ?? '', 'base64url').toString(),
    )
    assert.equal(claims.iss, issuer.url)
    assert.ok([...browser.cookies.keys()].some((name) => name.startsWith('oauth2_proxy_kubeflow')))
    for (let n = 0; n < 4; n++) assert.equal((await browser.send('GET', `${door.url}/`)).status, 200)
    const info = await browser.send('GET', `${door.url}/oauth2/userinfo`)
    assert.equal(JSON.parse(info.body).email, 'user@example.com')
    await browser.send('GET', `${door.url}/oauth2/sign_out`)
    assert.equal((await browser.send('GET', `${door.url}/`)).status, 403)
  })

  test('takes the ID token as a Bearer token, and no other', async () => {
    const browser = new BrowserLike(null)
    const page = await signInAt(browser, `${door.url}/oauth2/start?rd=/`)
    const { authorization } = JSON.parse(page.body)
    const call = (value: string) =>
      new BrowserLike(null).send('GET', `${door.url}/x`, { authorization: value })
    assert.equal((await call(authorization)).status, 200)
    assert.equal((await call(`${authorization.slice(0, -4)}AAAA`)).status, 403)
  })

  test('says what has no effect, and no secret', async () => {
    const log = seats[0]?.log() ?? ''
    assert.match(log, /`ssl_insecure_skip_verify` of oauth2-proxy has no effect here/)
    assert.ok(!log.includes(CLIENT.secret) && !log.includes(cookieSecret))
    const view = await run(['serve', 'authz', 'config', 'view', ...args], {
      env: { ...process.env, ...environment },
    })
    assert.equal(view.code, 0, view.err)
    assert.match(view.out, /oauth2_proxy_kubeflow/)
    assert.ok(!view.out.includes(CLIENT.secret) && !view.out.includes(cookieSecret))
  })
})

for (const { vintage, env, redirect, logout } of [
  {
    vintage: 'v1.6',
    env: {
      REDIRECT_URL: '/login/oidc',
      SKIP_AUTH_URI: '/dex',
      PORT: '"8080"',
      STORE_PATH: '/var/lib/authservice/data.db',
    },
    redirect: '/login/oidc',
    logout: undefined,
  },
  {
    vintage: 'v1.8',
    env: {
      AUTHSERVICE_URL_PREFIX: '/authservice/',
      SKIP_AUTH_URLS: '/dex',
      AFTER_LOGOUT_URL: '/',
      PORT: '"8080"',
    },
    redirect: '/authservice/oidc/callback',
    logout: '/authservice/logout',
  },
])
  describe(`the seat of oidc-authservice, ${vintage}`, async () => {
    const issuer = await startIssuer([redirect])
    const seat = await startSeat(
      ['--compat', 'authservice', '--listen', '127.0.0.1:0', '--probe-listen', '127.0.0.1:0'],
      {
        ...env,
        OIDC_PROVIDER: issuer.url,
        OIDC_AUTH_URL: '/dex/auth',
        OIDC_SCOPES: 'profile email groups',
        USERID_CLAIM: 'email',
        USERID_HEADER: 'kubeflow-userid',
        USERID_PREFIX: '',
        CLIENT_ID: CLIENT.id,
        CLIENT_SECRET: CLIENT.secret,
      },
    )
    const door = await startGateway({
      seats: [seat.url],
      issuer: issuer.url,
      asks: ['authorization', 'cookie', 'x-auth-token'],
      upstream: ['kubeflow-userid'],
      own: '/none/',
    })
    after(async () => {
      await door.close()
      await seat.stop('SIGKILL')
      await issuer.close()
    })

    test('sends nobody to the issuer, lets in who signed in there, and out again', async () => {
      const browser = new BrowserLike(null)
      const first = await browser.send('GET', `${door.url}/pipeline/`)
      assert.equal(first.status, 302)
      assert.match(String(first.headers.location), /^\/dex\/auth\?/)
      const page = await signInAt(browser, `${door.url}/pipeline/`)
      assert.deepEqual(JSON.parse(page.body), { path: '/pipeline/', 'kubeflow-userid': 'user@example.com' })
      const session = browser.cookies.get('authservice_session') ?? ''
      assert.ok(session)
      if (logout === undefined) await browser.send('GET', `${door.url}/logout`)
      else {
        const out = await browser.send('POST', `${door.url}${logout}`, { authorization: `Bearer ${session}` })
        assert.deepEqual([out.status, out.body], [201, '{"afterLogoutURL":"/"}'])
      }
      assert.equal(
        (await browser.send('GET', `${door.url}/`, { cookie: `authservice_session=${session}` })).status,
        302,
      )
    })

    test('has a port of its own for the probe', async () => {
      const { probe } = seat.ready as { readonly probe: string }
      assert.equal((await new BrowserLike(null).send('GET', `http://${probe}/`)).status, 200)
    })
  })

describe('what is refused', () => {
  const cases: readonly (readonly [
    why: string,
    args: readonly string[],
    env: Record<string, string>,
    says: RegExp,
  ])[] = [
    [
      'published secrets beyond loopback',
      ['--http-address=0.0.0.0:0'],
      {
        OAUTH2_PROXY_CLIENT_SECRET: 'pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok',
        OAUTH2_PROXY_COOKIE_SECRET: '7d16fee92f8d11b8940b081b3f8b8acb',
      },
      /the client secret and the cookie secret are published/,
    ],
    [
      'an option that would let in',
      ['--trusted-ip=10.0.0.0/8'],
      {},
      /`trusted_ips` of oauth2-proxy is not taken over/,
    ],
    ['an option nobody knows', ['--lett-in=all'], {}, /`--lett-in` is no flag/],
    [
      'a group nobody checks',
      [],
      { OAUTH2_PROXY_ALLOWED_GROUP: 'admins' },
      /it is `OAUTH2_PROXY_ALLOWED_GROUPS`/,
    ],
  ]
  const path = file('refused.cfg', config('http://dex.auth.svc:5556/dex'))
  for (const [why, args, env, says] of cases)
    test(why, async () => {
      const { code, err, out } = await run(
        ['serve', 'authz', '--compat', 'oauth2-proxy', `--config=${path}`, ...args],
        {
          env: { ...process.env, ...environment, ...env },
        },
      )
      assert.deepEqual([code, out], [2, ''])
      assert.match(err, says)
      assert.doesNotMatch(err, / {4}at /)
    })
  test('a flag of oauth2-proxy where no seat is taken', async () => {
    const { code, err } = await run(['serve', 'authz', '--http-address=127.0.0.1:0'])
    assert.equal(code, 2)
    assert.match(err, /unknown option `--http-address=127.0.0.1:0`/)
  })
})
