/**
 * Signing in where the issuer is not Dex and has a host of its own, and with a service account of a real
 * cluster: a real Keycloak, a real API server, and doors as small as can be.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type } from '../src/cli/a-terminal.fixture.ts'
import { type Keycloak, startKeycloak } from './parts/keycloak.ts'
import { type Cluster, startCluster } from './parts/kubernetes.ts'

const home = mkdtempSync(join(tmpdir(), 'kfdoor-login-real-'))
const open: Server[] = []
after(() => {
  for (const server of open) {
    server.closeAllConnections()
    server.close()
  }
  rmSync(home, { recursive: true, force: true })
})

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  open.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('a real Keycloak as the issuer, on a host of its own', { timeout: 900_000 }, () => {
  let keycloak: Keycloak
  let door: string
  const user = { HOME: home, KFDOOR_USERNAME: 'user', KFDOOR_PASSWORD: 'correct horse' }
  before(async () => {
    let issuer = ''
    door = await serve((request, response) => {
      const url = new URL(request.url ?? '/', 'http://door')
      if (/Bearer eyJ|door_session=1/.test(`${request.headers.authorization} ${request.headers.cookie}`))
        response.end('hello')
      else if (url.pathname === '/oauth2/callback' && url.searchParams.get('code')) {
        response.writeHead(302, { location: '/', 'set-cookie': 'door_session=1; Path=/; Max-Age=3600' }).end()
      } else {
        const query = new URLSearchParams({
          client_id: 'door',
          redirect_uri: `${door}/oauth2/callback`,
          response_type: 'code',
          scope: 'openid',
          state: 's',
        })
        response.writeHead(302, { location: `${issuer}/protocol/openid-connect/auth?${query}` }).end()
      }
    })
    keycloak = await startKeycloak({
      realm: 'ml',
      enabled: true,
      sslRequired: 'none',
      clients: [
        { clientId: 'door', publicClient: true, redirectUris: [`${door}/*`], standardFlowEnabled: true },
        {
          clientId: 'kfdoor-cli',
          publicClient: true,
          directAccessGrantsEnabled: true,
          standardFlowEnabled: false,
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
    issuer = keycloak.issuer
  })
  after(() => keycloak?.stop())
  const origin = () => new URL(keycloak.issuer).origin

  it('is a foreign site until it is trusted', async () => {
    const { err, code } = await type(['login', door], { env: user })
    assert.match(
      err,
      new RegExp(`KFD1812: this door signs people in at ${origin()}, .*--trust-origin ${origin()}`),
    )
    assert.equal(code, 4)
  })

  it('its login page is filled in like any other', async () => {
    const ran = await type(['login', door, '--trust-origin', origin(), '-o', 'json'], { env: user })
    assert.equal(ran.code, 0, ran.err)
    const { door: seen, cookies } = JSON.parse(ran.out)
    assert.deepEqual([seen.kind, seen.issuer], ['oauth2-proxy', keycloak.issuer])
    assert.ok(cookies.includes('door_session'))
    // What is sent to the door is its session, not the issuer's own cookies.
    assert.equal((await type(['token', '-o', 'cookie'], { env: user })).out, 'door_session=1\n')
  })

  it('a wrong password is told in its words', async () => {
    const env = { ...user, KFDOOR_PASSWORD: 'wrong' }
    const { err, code } = await type(['login', door, '--trust-origin', origin()], { env })
    assert.match(err, /KFD1811: the door says: Invalid username or password\./)
    assert.equal(code, 4)
  })

  it('the password grant of its own client, and the refreshing of that token', async () => {
    const args = [
      'login',
      door,
      '--trust-origin',
      origin(),
      '--password-grant',
      '--client-id',
      'kfdoor-cli',
      '-o',
      'json',
    ]
    const ran = await type(args, { env: user })
    assert.equal(ran.code, 0, ran.err)
    assert.equal(JSON.parse(ran.out).user, 'user@example.com')
    const file = join(home, '.local/share/kfdoor/credentials', `${JSON.parse(ran.out).name}.json`)
    const kept = JSON.parse(readFileSync(file, 'utf8'))
    const before = kept.credential.token
    kept.credential.expiresAt = Date.now()
    writeFileSync(file, JSON.stringify(kept))
    const fresh = (await type(['token'], { env: { HOME: home } })).out.trim()
    assert.ok(fresh.startsWith('eyJ') && fresh !== before)
  })
})

describe('a service account of a real cluster', { timeout: 1_200_000 }, () => {
  it('its token is asked for by the kubeconfig, for the audience named, and the door reviews it', async () => {
    const cluster: Cluster = await startCluster({ users: { stranger: [] } })
    after(() => cluster.close())
    const metadata = { name: 'editor' }
    const path = '/api/v1/namespaces/default/serviceaccounts'
    await cluster.call('POST', path, { body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata } })
    const door = await serve(async (request, response) => {
      const token = request.headers.authorization?.replace('Bearer ', '')
      const review = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, audiences: ['the-door'] },
      }
      const { body } = await cluster.call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
        body: review,
      })
      const let_in = body.status?.authenticated === true
      response
        .writeHead(let_in ? 200 : 401, { server: 'istio-envoy' })
        .end(let_in ? 'hello' : 'Jwt is missing')
    })
    const kubeconfig = join(home, 'kubeconfig')
    cluster.kubeconfig(kubeconfig)
    const login = (...more: string[]) =>
      type(
        [
          'login',
          door,
          '--service-account',
          'default/editor',
          '--kubeconfig',
          kubeconfig,
          ...more,
          '-o',
          'json',
        ],
        { env: { HOME: home } },
      )

    const ran = await login('--audience', 'the-door')
    assert.equal(ran.code, 0, ran.err)
    assert.equal(JSON.parse(ran.out).user, 'system:serviceaccount:default:editor')
    const wrong = await login('--audience', 'another-door')
    assert.match(wrong.err, /KFD1811: the door says: Jwt is missing/)
    assert.equal(wrong.code, 4)
    const stranger = await login('--audience', 'the-door', '--context', 'stranger')
    assert.match(
      stranger.err,
      /KFD1831: the cluster gives no token for `default\/editor`: .*User "stranger" cannot create resource "serviceaccounts\/token"/,
    )
    assert.equal(stranger.code, 4)
    const nobody = await type(
      ['login', door, '--service-account', 'default/nobody', '--kubeconfig', kubeconfig],
      { env: { HOME: home } },
    )
    assert.match(nobody.err, /KFD1831: .*serviceaccounts "nobody" not found/)
  })
})
