/**
 * The recorded sign-ins once more, from the client's end: a real Envoy in front, `serve authz` in the
 * seat of the recorded auth service, asked over HTTP and over gRPC, our issuer in Dex's place, a real
 * directory behind it. Every exchange of a recording has to come out as it did there.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { sharedPath } from '../tools/shared.ts'
import { startEnvoy } from './authz/envoy-in-front.ts'
import { type Answer, BrowserLike } from './browser-like.ts'
import { type Slapd, startSlapd } from './parts/ldap.ts'
import { CLIENT, startIssuer, startSeat } from './seat.ts'

interface Exchange {
  readonly note: string
  readonly request: {
    readonly method: string
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: string | null
  }
  readonly response: {
    readonly status: number
    readonly headers: readonly (readonly [string, string])[]
    readonly body: string
  }
}

const LDIF = `dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: cn=jane,dc=example,dc=org
objectClass: inetOrgPerson
sn: doe
cn: jane
mail: janedoe@example.com
userPassword: foo
`
const directory = (port: number) => ({
  type: 'ldap',
  id: 'ldap',
  name: 'OpenLDAP',
  config: {
    host: `127.0.0.1:${port}`,
    insecureNoSSL: true,
    usernamePrompt: 'Email Address',
    userSearch: {
      baseDN: 'dc=example,dc=org',
      filter: '(objectClass=inetOrgPerson)',
      username: 'mail',
      idAttr: 'DN',
      emailAttr: 'mail',
      nameAttr: 'cn',
    },
  },
})

const scratch = mkdtempSync(join(tmpdir(), 'kfdoor-flows-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

/** The auth service of a recording: how it is configured there, with this test's issuer. */
const services = {
  'oauth2-proxy': {
    redirect: '/oauth2/callback',
    carries: {
      asks: ['authorization', 'cookie'],
      upstream: ['authorization', 'x-auth-request-email', 'x-auth-request-groups', 'x-auth-request-user'],
    },
    start(issuer: string) {
      const path = join(scratch, 'oauth2_proxy.cfg')
      const text = `
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
provider_display_name = "Dex"
prompt = "none"
set_authorization_header = true
set_xauthrequest = true
cookie_name = "oauth2_proxy_kubeflow"
cookie_expire = "24h"
code_challenge_method = "S256"
redirect_url = "/oauth2/callback"
relative_redirect_url = true
`
      writeFileSync(path, text, { mode: 0o600 })
      return startSeat(
        [
          ...['--compat', 'oauth2-proxy', '--http-address=127.0.0.1:0', `--config=${path}`],
          ...['--grpc-listen', '127.0.0.1:0'],
        ],
        {
          OAUTH2_PROXY_CLIENT_ID: CLIENT.id,
          OAUTH2_PROXY_CLIENT_SECRET: CLIENT.secret,
          OAUTH2_PROXY_COOKIE_SECRET: 'a secret of this test, 32 bytes.',
          OAUTH2_PROXY_COOKIE_SECURE: 'false',
          OAUTH2_PROXY_SKIP_JWT_BEARER_TOKENS: 'true',
        },
      )
    },
  },
  authservice: {
    redirect: '/authservice/oidc/callback',
    carries: { asks: ['authorization', 'cookie', 'x-auth-token'], upstream: ['kubeflow-userid'] },
    start: (issuer: string) =>
      startSeat(
        [
          ...['--compat', 'authservice', '--listen', '127.0.0.1:0', '--probe-listen', '127.0.0.1:0'],
          ...['--grpc-listen', '127.0.0.1:0'],
        ],
        {
          AUTHSERVICE_URL_PREFIX: '/authservice/',
          SKIP_AUTH_URLS: '/dex',
          OIDC_PROVIDER: issuer,
          OIDC_AUTH_URL: '/dex/auth',
          OIDC_SCOPES: 'profile email groups',
          USERID_CLAIM: 'email',
          USERID_HEADER: 'kubeflow-userid',
          USERID_PREFIX: '',
          CLIENT_ID: CLIENT.id,
          CLIENT_SECRET: CLIENT.secret,
        },
      ),
  },
} as const

const folder = sharedPath('fixtures/login-flows')
if (folder === undefined)
  test('recorded sign-ins through Envoy (left out: no shared folder beside the checkout)', {
    skip: true,
  }, () => {})
else replayAll(folder)

function replayAll(from: string): void {
  const undo: (() => unknown)[] = []
  let slapd: Slapd
  let backendPort = 0
  before(async () => {
    slapd = await startSlapd({ ldif: LDIF })
    undo.unshift(() => slapd.close())
    const backend = createServer((request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ path: request.url, headers: request.headers }))
    })
    backend.listen(0, '127.0.0.1')
    await once(backend, 'listening')
    backendPort = (backend.address() as AddressInfo).port
    undo.unshift(() => {
      backend.closeAllConnections()
      backend.close()
    })
  })
  after(async () => {
    for (const each of undo) await each()
  })
  const files = readdirSync(from).filter((one) => one.endsWith('.json'))
  for (const door of new Set(files.map(doorOf)))
    describe(door, () => {
      const fronts: Partial<Record<'http' | 'grpc', Awaited<ReturnType<typeof startEnvoy>>>> = {}
      const close: (() => unknown)[] = []
      before(async () => {
        const service = services[door.startsWith('authservice') ? 'authservice' : 'oauth2-proxy']
        const issuer = await startIssuer([service.redirect], {
          tag: door.includes('dex-2.24') ? 'v2.24.0' : 'v2.46.0',
          password: '12341234',
          approval: door.endsWith('-approval'),
          ...(door.endsWith('-ldap') && { connectors: [directory(slapd.port)] }),
        })
        close.unshift(() => issuer.close())
        const seat = await service.start(issuer.url)
        close.unshift(() => seat.stop('SIGKILL'))
        const port = (address: unknown) => Number(/:(\d+)$/.exec(String(address))?.[1])
        for (const via of ['http', 'grpc'] as const) {
          const envoy = await startEnvoy({
            via,
            authzHttp: port(seat.ready.http),
            authzGrpc: port(seat.ready.grpc),
            issuerPort: Number(new URL(issuer.url).port),
            backendPort,
            jwt: {},
            carries: service.carries,
            asksAll: true,
          })
          fronts[via] = envoy
          close.unshift(() => envoy.close())
        }
      })
      after(async () => {
        for (const each of close) await each()
      })
      for (const via of ['http', 'grpc'] as const)
        for (const file of files.filter((one) => doorOf(one) === door))
          test(`${file}, asked over ${via}`, async () => {
            const { exchanges } = JSON.parse(readFileSync(join(from, file), 'utf8')) as {
              exchanges: readonly Exchange[]
            }
            await replay(`http://127.0.0.1:${fronts[via]?.port}`, via, exchanges)
          })
    })
}

/** `authservice.dex-2.24-ldap` of a file's name. */
function doorOf(file: string): string {
  return /^[a-z0-9-]+\.dex-2\.\d+(-[a-z]+)?/.exec(file)?.[0] ?? file
}

const headerOf = ({ headers }: Exchange['response'], name: string) =>
  headers.filter(([one]) => one === name).map(([, value]) => value)

async function replay(origin: string, via: 'http' | 'grpc', exchanges: readonly Exchange[]): Promise<void> {
  const browser = new BrowserLike(null)
  let last: Answer | undefined
  for (const { note, request, response } of exchanges) {
    const asked = new URL(request.url)
    const literal = `${origin}${asked.pathname}${asked.search}`
    const url = new URL(follow(note, asked.pathname, last) ?? literal, last?.url ?? origin).href
    const { Accept = '*/*', Authorization, Cookie, 'Content-Type': type } = request.headers
    const session = browser.cookies.get('authservice_session')
    const answer = await browser.send(
      request.method,
      url,
      {
        accept: Accept,
        ...(type !== undefined && { 'content-type': type }),
        ...(Authorization === 'Bearer abc' && { authorization: Authorization }),
        ...(Authorization !== undefined && note === 'logout' && { authorization: `Bearer ${session}` }),
        ...(Cookie?.includes('=stale') && { cookie: Cookie }),
      },
      note === 'approve' ? approvalOf(last) : (request.body ?? ''),
    )
    if (via === 'grpc' && note === 'accept json' && response.status === 403)
      // A check over gRPC carries every header, and who accepts JSON is a program to oauth2-proxy.
      assert.equal(answer.status, 401)
    else compare(note, response, answer, browser)
    last = answer
  }
}

/** Where our own conversation goes on; undefined = to the very place of the recording. */
function follow(note: string, path: string, last: Answer | undefined): string | undefined {
  const body = last?.body ?? ''
  const plain = (text: string | undefined) =>
    text?.replaceAll('&#43;', '+').replaceAll('&#34;', '"').replaceAll('&amp;', '&')
  switch (note) {
    case 'follow redirect':
      return String(last?.headers.location)
    case 'submit credentials':
    case 'approve':
      return plain(/<form[^>]*\baction="([^"]*)"/.exec(body)?.[1]) || last?.url
    case 'choose connector':
      return [...body.matchAll(/href="(\/dex\/auth\/[^"]*)"/g)]
        .map(([, link]) => plain(link))
        .find((link) => link?.split('?')[0] === path)
    default:
      return undefined
  }
}

function approvalOf(last: Answer | undefined): string {
  const req = /name="req" value="([^"]*)"/.exec(last?.body ?? '')?.[1] ?? ''
  return new URLSearchParams({ req, approval: 'approve' }).toString()
}

function compare(note: string, recorded: Exchange['response'], answer: Answer, browser: BrowserLike): void {
  const about = `${note}: ${answer.url}`
  assert.equal(answer.status, recorded.status, `${about}\n${answer.body.slice(0, 500)}`)
  const [was] = headerOf(recorded, 'location')
  const is = answer.headers.location
  assert.equal(typeof is, typeof was, about)
  if (was !== undefined && typeof is === 'string') {
    const [theirs, ours] = [new URL(was, 'http://door.test'), new URL(is, 'http://door.test')]
    assert.equal(ours.pathname, theirs.pathname, about)
    const madeUp = new Set(['state', 'code', 'req', 'hmac', 'code_challenge', 'back'])
    for (const [key, value] of theirs.searchParams)
      if (!madeUp.has(key)) assert.equal(ours.searchParams.get(key), value, `${about}: ${key}`)
      else assert.ok(value === '' || ours.searchParams.get(key), `${about}: ${key}`)
  }
  const names = (cookies: readonly string[]) =>
    [...new Set(cookies.map((one) => one.split('=')[0] ?? ''))].sort()
  const set = answer.headers['set-cookie'] ?? []
  assert.deepEqual(names([set].flat()), names(headerOf(recorded, 'set-cookie')), about)
  for (const name of browser.cookies.keys()) {
    const cleared = headerOf(recorded, 'set-cookie').some((one) => one.startsWith(`${name}=;`))
    assert.ok(!cleared, `${about}: ${name} was cleared there`)
  }
  const kind = (value: unknown) => String(value).split(';', 1)[0]
  if (
    recorded.status >= 400 ||
    (recorded.status === 200 && was === undefined && headerOf(recorded, 'x-app').length === 0)
  )
    assert.equal(kind(answer.headers['content-type']), kind(headerOf(recorded, 'content-type')[0]), about)
  for (const name of ['content-length', 'server'])
    assert.equal([answer.headers[name]].flat().length, 1, `${about}: ${name}`)
}
