/**
 * Apache with Debian's mod_auth_openidc, a relying party nobody here wrote, signs people in at our
 * issuer: discovery, PKCE, nonce, the client's secret, the ID token's signature and the userinfo
 * endpoint are judged by code that knows nothing of Dex or of us.
 */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import { createSigningKeys } from '../src/identity/index.ts'
import { createIssuer, dexGeneration, type Issuer, parseDexConfig } from '../src/issuer/index.ts'
import { type Answer, BrowserLike, signIn } from './browser-like.ts'
import { debian } from './parts/debian.ts'
import { freePort, startNeighbour } from './parts/process.ts'

const SECRET = 'what/only+apache knows'
const USER = { login: 'user@example.com', password: '12341234' }

/** The module shows a sign-in to whoever takes pages, and 401 to programs. */
class Browser extends BrowserLike {
  override send(
    method: string,
    url: string,
    headers: Record<string, string> = {},
    body = '',
  ): Promise<Answer> {
    return super.send(method, url, { accept: 'text/html', ...headers }, body)
  }
}

const dexConfig = (issuer: string, apache: number) => `
issuer: ${issuer}
storage: {type: memory}
web: {http: 127.0.0.1:0}
oauth2: {skipApprovalScreen: true}
enablePasswordDB: true
staticPasswords:
- {email: user@example.com, hash: $2y$12$4K/VkmDd1q1Orb3xAt82zu8gk7Ad6ReFR4LCP9UeYE90NLiN9Df72, username: user, userID: "15841185641784"}
staticClients:
- {id: apache, name: Apache, secret: "${SECRET}", redirectURIs: ["http://127.0.0.1:${apache}/protected/callback"]}
`

const apacheConfig = (at: { folder: string; modules: string; port: number; issuer: string }) => `
ServerRoot ${at.folder}
ServerName 127.0.0.1
Listen 127.0.0.1:${at.port}
PidFile ${at.folder}/apache.pid
ErrorLog ${at.folder}/error.log
LogLevel warn
User www-data
Group www-data
Mutex sem
StartServers 1
${['mpm_event', 'authz_core', 'authz_user', 'authn_core', 'auth_openidc', 'mime', 'include']
  .map((name) => `LoadModule ${name}_module ${at.modules}/mod_${name}.so`)
  .join('\n')}
TypesConfig /dev/null
DocumentRoot ${at.folder}/pages
OIDCProviderMetadataURL ${at.issuer}/.well-known/openid-configuration
OIDCClientID apache
OIDCClientSecret "${SECRET}"
# Made of the host that was asked for: under any other name than the registered one it is another URI.
OIDCRedirectURI /protected/callback
OIDCCryptoPassphrase a-passphrase-for-state-and-session
OIDCScope "openid email profile"
OIDCPKCEMethod S256
OIDCPassClaimsAs environment
<Location /protected>
  AuthType openid-connect
  Require valid-user
  Options +Includes
  AddType text/html .shtml
  AddOutputFilter INCLUDES .shtml
</Location>
`

describe('Apache’s mod_auth_openidc at our issuer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-apache-'))
  const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  const asked: string[] = []
  let origin: string
  let issuerUrl: string

  before(
    async () => {
      const has = 'usr/lib/apache2/modules/mod_auth_openidc.so'
      const { root, env } = await debian(['apache2', 'libapache2-mod-auth-openidc'], has, 'unpack')
      const port = await freePort()
      origin = `http://127.0.0.1:${port}`

      let issuer: Issuer | undefined
      const server = createServer(
        getRequestListener(async (request) => {
          asked.push(`${request.method} ${new URL(request.url).pathname}`)
          return (
            issuer?.handle(request, { remoteAddress: '127.0.0.1' }) ?? new Response(null, { status: 503 })
          )
        }),
      )
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
      undo.unshift(() => {
        server.closeAllConnections()
        server.close()
      })
      issuerUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/dex`
      const { config, problems } = parseDexConfig(dexConfig(issuerUrl, port), {}, { file: 'dex.yaml' })
      assert.ok(config, JSON.stringify(problems))
      const keys = await createSigningKeys({ clock: Date.now, algorithm: 'RS256' })
      issuer = createIssuer({ config, generation: dexGeneration('v2.45.0'), keys, clock: Date.now })

      mkdirSync(join(folder, 'pages/protected'), { recursive: true })
      writeFileSync(join(folder, 'pages/open.html'), 'open to all')
      writeFileSync(
        join(folder, 'pages/protected/who.shtml'),
        'signed in as [<!--#echo var="OIDC_CLAIM_email" -->] by [<!--#echo var="OIDC_CLAIM_iss" -->]',
      )
      // Started by the superuser, its workers are www-data.
      for (const one of ['.', 'pages', 'pages/protected']) chmodSync(join(folder, one), 0o755)
      const file = join(folder, 'apache.conf')
      const modules = join(root, 'usr/lib/apache2/modules')
      writeFileSync(file, apacheConfig({ folder, modules, port, issuer: issuerUrl }))
      const apache = await startNeighbour(
        join(root, 'usr/sbin/apache2'),
        ['-d', folder, '-f', file, '-D', 'FOREGROUND'],
        { env, ready: async () => (await fetch(`${origin}/open.html`)).ok },
      )
      undo.unshift(() => apache.stop())
    },
    { timeout: 300_000 },
  )
  after(async () => {
    for (const each of undo) await each()
  })

  /** What Apache wrote, for a failure's message. */
  const said = () => `\n${readFileSync(join(folder, 'error.log'), 'utf8')}`
  const page = () => `${origin}/protected/who.shtml?a=1`

  it('signs a person in and shows the e-mail the issuer vouches for', async () => {
    const browser = new Browser(null)
    const first = await browser.send('GET', page())
    assert.equal(first.status, 302, said())
    const to = new URL(String(first.headers.location))
    assert.equal(to.origin + to.pathname, `${issuerUrl}/auth`, 'as discovery says')
    assert.equal(to.searchParams.get('code_challenge_method'), 'S256')
    assert.ok(to.searchParams.get('nonce'))

    const landed = await signIn(browser, page(), USER)
    assert.equal(landed.status, 200, landed.body + said())
    assert.equal(landed.url, page())
    assert.equal(landed.body, `signed in as [user@example.com] by [${issuerUrl}]`)
    for (const one of ['POST /dex/token', 'GET /dex/keys', 'GET /dex/userinfo'])
      assert.ok(asked.includes(one), `${one} is not among ${asked.join(', ')}`)
    assert.equal((await browser.send('GET', page())).body, landed.body, 'and stays signed in')
    assert.equal((await new Browser(null).send('GET', page())).status, 302, 'nobody else is')
  })

  it('a wrong password does not get in', async () => {
    const browser = new Browser(null)
    const answer = await signIn(browser, page(), { ...USER, password: 'wrong' })
    assert.ok(answer.url.startsWith(`${issuerUrl}/`), answer.url)
    assert.match(answer.body, /name="?password/i, 'asked again')
    assert.ok(!browser.visited.some((one) => one.includes('/protected/callback')), 'no code was given')
    assert.equal((await browser.send('GET', page())).status, 302)
  })

  it('the way back is good in no other browser than the one that set out', async () => {
    const browser = new Browser(null)
    await signIn(browser, page(), USER)
    const back = browser.visited.find((one) => one.includes('/protected/callback?'))?.slice('GET '.length)
    assert.ok(back, browser.visited.join(' -> '))
    const thief = new Browser(null)
    const answer = await thief.send('GET', back)
    assert.notEqual(answer.status, 200)
    assert.equal((await thief.send('GET', page())).status, 302)
  })

  it('a redirect URI that is not registered is refused, and nobody is sent there', async () => {
    const browser = new Browser(null)
    const started = await browser.send('GET', page(), { host: 'evil.example.com' })
    const to = new URL(String(started.headers.location))
    assert.equal(
      to.searchParams.get('redirect_uri'),
      `http://evil.example.com:${new URL(origin).port}/protected/callback`,
    )
    const answer = await browser.send('GET', to.href)
    assert.equal(answer.status, 400, answer.body)
    assert.equal(answer.headers.location, undefined)
    assert.match(answer.body, /Unregistered redirect_uri/)
  })
})
