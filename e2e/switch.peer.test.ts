/** From a real oauth2-proxy to `serve authz` in its seat: nobody is signed out on the way. And the old one at our issuer. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { BrowserLike, signIn } from './browser-like.ts'
import { type Dex, startDex } from './parts/dex.ts'
import { type OAuth2Proxy, startOAuth2Proxy } from './parts/oauth2-proxy.ts'
import { startFront } from './peers/front.ts'
import { dexConfig, oauth2ProxyConfig, oauth2ProxyEnvironment, USER } from './peers/real-door.ts'
import { startIssuer, startSeat } from './seat.ts'

const { email: login, password } = USER

describe('the switch from a real oauth2-proxy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-switch-'))
  const file = join(folder, 'oauth2_proxy.cfg')
  let dex: Dex
  let old: OAuth2Proxy
  before(async () => {
    dex = await startDex(dexConfig('/oauth2/callback'))
    const config = oauth2ProxyConfig(dex.port)
    old = await startOAuth2Proxy(config, oauth2ProxyEnvironment)
    writeFileSync(file, config, { mode: 0o600 })
  })
  after(async () => {
    await old?.close()
    await dex?.close()
    rmSync(folder, { recursive: true, force: true })
  })
  for (const way of ['--fallback', '--shadow'])
    test(`${way} honours its sessions, and lets nobody else in`, async () => {
      const front = await startFront(dex.port, old.port)
      const here = ['--compat', 'oauth2-proxy', '--http-address=127.0.0.1:0', `--config=${file}`]
      const seat = await startSeat([...here, way, old.url], oauth2ProxyEnvironment)
      try {
        const browser = new BrowserLike(null)
        await signIn(browser, `${front.url}/oauth2/start?rd=/`, { login, password })
        front.change(Number(new URL(seat.url).port))
        for (const [path, status] of [
          ['/', 200],
          ['/pipeline/apis/v2beta1/runs', 200],
          ['/oauth2/auth', 202],
        ] as const) {
          const answer = await browser.send('GET', front.url + path)
          assert.deepEqual(
            [path, answer.status, answer.headers['x-auth-request-email']],
            [path, status, login],
          )
          assert.match(String(answer.headers.authorization), /^Bearer eyJ/)
        }
        const stranger = new BrowserLike(null)
        assert.equal((await stranger.send('GET', `${front.url}/`)).status, 403)
        assert.equal((await stranger.send('GET', `${front.url}/api/x`)).status, 401)
        await signIn(stranger, `${front.url}/oauth2/start?rd=/`, { login, password })
        assert.equal((await stranger.send('GET', `${front.url}/`)).status, 200)
        await browser.send('GET', `${front.url}/oauth2/sign_out`)
        assert.equal((await browser.send('GET', `${front.url}/`)).status, 403)
      } finally {
        front.close()
        await seat.stop('SIGKILL')
      }
    })
})

test('a real oauth2-proxy signs in at our issuer', async () => {
  const issuer = await startIssuer(['/oauth2/callback'], { password })
  const port = Number(new URL(issuer.url).port)
  const config = oauth2ProxyConfig(port, (text) =>
    text.replace(/^oidc_issuer_url = .*$/m, `oidc_issuer_url = "${issuer.url}"`),
  )
  const service = await startOAuth2Proxy(config, {
    ...oauth2ProxyEnvironment,
    OAUTH2_PROXY_CLIENT_SECRET: issuer.secret,
  })
  const front = await startFront(port, service.port)
  try {
    const browser = new BrowserLike(null)
    const page = await signIn(browser, `${front.url}/oauth2/start?rd=/`, { login, password })
    assert.deepEqual([page.status, [...browser.cookies.keys()]], [200, ['oauth2_proxy_kubeflow']])
    const { headers } = await browser.send('GET', `${front.url}/`)
    assert.equal(headers['x-auth-request-email'], login)
  } finally {
    front.close()
    await service.close()
    await issuer.close()
  }
})
