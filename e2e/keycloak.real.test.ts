/** `serve authz` before a real Keycloak: sign-in, new tokens once for two replicas, and sign-outs from either side. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { BrowserLike } from './browser-like.ts'
import { type Keycloak, startKeycloak } from './parts/keycloak.ts'
import { freePort } from './parts/process.ts'
import { type Redis, startRedis } from './parts/redis.ts'
import { type Seat, startGateway, startSeat } from './seat.ts'

const SECRET = 'a secret of this test'
const realm = (door: string) => ({
  realm: 'ml',
  enabled: true,
  sslRequired: 'none',
  // A refresh token is good once: whoever uses it twice loses the session.
  revokeRefreshToken: true,
  refreshTokenMaxReuse: 0,
  clients: [
    {
      clientId: 'door',
      secret: SECRET,
      redirectUris: [`${door}/*`],
      standardFlowEnabled: true,
      attributes: {
        'backchannel.logout.url': `${door}/oauth2/backchannel-logout`,
        'backchannel.logout.session.required': 'true',
        'post.logout.redirect.uris': '+',
        'pkce.code.challenge.method': 'S256',
      },
    },
  ],
  users: [
    {
      username: 'user',
      email: 'user@example.com',
      emailVerified: true,
      firstName: 'A',
      lastName: 'User',
      enabled: true,
      credentials: [{ type: 'password', value: 'correct horse', temporary: false }],
    },
  ],
})

describe('a real Keycloak', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-keycloak-'))
  let keycloak: Keycloak
  let redis: Redis
  let seats: Seat[] = []
  let door: Awaited<ReturnType<typeof startGateway>>
  before(async () => {
    const port = await freePort()
    keycloak = await startKeycloak(realm(`http://127.0.0.1:${port}`))
    redis = await startRedis()
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text, { mode: 0o600 })
      return join(folder, name)
    }
    const settings = {
      listen: '127.0.0.1:0',
      scheme: 'http',
      drain: '0s',
      signIn: {
        issuer: keycloak.issuer,
        clientId: 'door',
        clientSecretFile: file('secret', SECRET),
        redirectUrl: `http://127.0.0.1:${port}/oauth2/callback`,
        scopes: ['openid', 'email', 'profile'],
        renewAfter: '3s',
        signOutAtIssuer: true,
        loginKeyFile: file('login', randomBytes(32).toString('base64')),
      },
      sessions: `redis://127.0.0.1:${redis.port}`,
    }
    const config = file('authz.json', JSON.stringify(settings))
    seats = [await startSeat(['--config', config]), await startSeat(['--config', config])]
    door = await startGateway({
      port,
      seats: seats.map(({ url }) => url),
      issuer: keycloak.issuer,
      asks: ['authorization', 'cookie'],
      upstream: ['authorization', 'kubeflow-userid'],
      own: '/oauth2/',
    })
  })
  after(async () => {
    await door?.close()
    for (const seat of seats) await seat.stop('SIGKILL')
    await redis?.close()
    await keycloak?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const signedIn = async () => {
    const browser = new BrowserLike(null)
    const page = await browser.open(`${door.url}/x`)
    const landed = await browser.submit(page, { username: 'user', password: 'correct horse' })
    assert.equal(landed.status, 200, landed.body.slice(0, 500))
    return { browser, seen: JSON.parse(landed.body) as Record<string, string> }
  }
  const claimsOf = (authorization = '') =>
    JSON.parse(Buffer.from(authorization.split('.')[1] ?? '', 'base64url').toString()) as Record<
      string,
      unknown
    >

  test('signs in with PKCE and nonce, known on both replicas', async () => {
    const { browser, seen } = await signedIn()
    assert.equal(seen['kubeflow-userid'], 'user@example.com')
    assert.equal(claimsOf(seen.authorization).iss, keycloak.issuer)
    for (let n = 0; n < 4; n++) assert.equal((await browser.send('GET', `${door.url}/x`)).status, 200)
  })

  test('asks for new tokens once for many requests on two replicas, with a refresh token that is good once', async () => {
    const { browser, seen } = await signedIn()
    const call = async () => {
      const answer = await browser.send('GET', `${door.url}/x`)
      assert.equal(answer.status, 200, answer.body)
      return (JSON.parse(answer.body) as Record<string, string>).authorization
    }
    const tokens = new Set([seen.authorization])
    const until = Date.now() + 15_000
    // Three rounds of new tokens: had one of them been asked for twice, the session would be over.
    while (tokens.size < 4 && Date.now() < until)
      for (const token of await Promise.all(Array.from({ length: 8 }, call))) tokens.add(token as string)
    assert.equal(tokens.size, 4)
    for (const seat of seats) assert.doesNotMatch(seat.log(), /renewal-(refused|failed)/)
    // The log is written beside the requests.
    const count = () =>
      seats.reduce((sum, seat) => sum + (seat.log().match(/"event":"renewed"/g) ?? []).length, 0)
    while (count() < 3 && Date.now() < until + 10_000) await new Promise((later) => setTimeout(later, 50))
    assert.ok(count() >= 3)
  })

  test('a sign-out at Keycloak ends the session here, by the back channel', async () => {
    const [mine, other] = [await signedIn(), await signedIn()]
    const claims = claimsOf(mine.seen.authorization)
    assert.equal(typeof claims.sid, 'string')
    const end = new URL(`${keycloak.issuer}/protocol/openid-connect/logout`)
    end.searchParams.set('id_token_hint', (mine.seen.authorization ?? '').slice('Bearer '.length))
    await mine.browser.send('GET', end.href)
    const until = Date.now() + 10_000
    let status = 200
    while (status === 200 && Date.now() < until)
      status = (await mine.browser.send('GET', `${door.url}/x`)).status
    assert.equal(status, 302)
    assert.equal(
      (await other.browser.send('GET', `${door.url}/x`)).status,
      200,
      'another session of the same user',
    )
    // The log is written beside the requests.
    const told = () =>
      /"event":"signed-out-by-issuer","ended":1/.test(seats.map((seat) => seat.log()).join(''))
    while (!told() && Date.now() < until) await new Promise((later) => setTimeout(later, 50))
    assert.ok(told())
  })

  test('a sign-out here leads on to Keycloak, which asks', async () => {
    const { browser } = await signedIn()
    const out = await browser.send('GET', `${door.url}/oauth2/sign_out?rd=/bye`)
    assert.equal(out.status, 302)
    const location = new URL(String(out.headers.location))
    assert.equal(location.href.split('?')[0], `${keycloak.issuer}/protocol/openid-connect/logout`)
    assert.equal(location.searchParams.get('id_token_hint'), null)
    assert.equal((await browser.send('GET', `${door.url}/x`)).status, 302)
    const page = await browser.send('GET', location.href)
    assert.equal(page.status, 200)
    assert.match(page.body, /log ?out/i)
  })
})
