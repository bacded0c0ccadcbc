/**
 * `serve authz` behind a real Envoy, asked over HTTP and over gRPC in the filter order of istiod: a
 * person of a real directory signs in through our issuer; tokens of that issuer and of a real API
 * server; what a client makes up about itself; keys that change under way.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import { openKubeClient } from '../src/compose/serve-authz/kube-client.ts'
import { type RunningAuthz, serveAuthz } from '../src/compose/serve-authz/serve-authz.ts'
import { createSigningKeys, type SigningKeys } from '../src/identity/index.ts'
import { createIssuer, dexGeneration, type Issuer, parseDexConfig } from '../src/issuer/index.ts'
import { startEnvoy } from './authz/envoy-in-front.ts'
import { BrowserLike, signIn } from './browser-like.ts'
import { type Cluster, clusterIssuer, startCluster } from './parts/kubernetes.ts'
import { type Slapd, startSlapd } from './parts/ldap.ts'

const LDIF = `dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=People,dc=example,dc=org
objectClass: organizationalUnit
ou: People

dn: cn=jane,ou=People,dc=example,dc=org
objectClass: inetOrgPerson
sn: doe
cn: jane
mail: janedoe@example.com
userPassword: foo

dn: ou=Groups,dc=example,dc=org
objectClass: organizationalUnit
ou: Groups

dn: cn=admins,ou=Groups,dc=example,dc=org
objectClass: groupOfNames
cn: admins
member: cn=jane,ou=People,dc=example,dc=org
`
const dexConfig = (issuer: string, ldap: number) => `
issuer: ${issuer}
storage: {type: memory}
web: {http: 127.0.0.1:0}
oauth2: {skipApprovalScreen: true}
connectors:
- type: ldap
  id: ldap
  name: LDAP
  config:
    host: 127.0.0.1:${ldap}
    insecureNoSSL: true
    bindDN: cn=admin,dc=example,dc=org
    bindPW: admin
    userSearch: {baseDN: "ou=People,dc=example,dc=org", filter: "(objectClass=inetOrgPerson)", username: mail, idAttr: DN, emailAttr: mail, nameAttr: cn}
    groupSearch: {baseDN: "ou=Groups,dc=example,dc=org", filter: "(objectClass=groupOfNames)", userMatchers: [{userAttr: DN, groupAttr: member}], nameAttr: cn}
staticClients:
- {id: door, name: door, secret: secret, redirectURIs: [/oauth2/callback]}
`
const AUDIENCE = 'istio-ingressgateway.istio-system.svc.cluster.local'
const at = { host: '127.0.0.1', port: 0 }
const claims = {
  groupsClaim: 'groups',
  userPrefix: '',
  groupsPrefix: '',
  transformers: [],
  requiredClaims: {},
  allowedGroups: [],
  allowedUsers: [],
}

let offset = 0
const clock = () => Date.now() + offset
const seconds = () => Math.floor(clock() / 1000)
const portOf = (server: Server) => (server.address() as AddressInfo).port
async function listening(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  return server
}

interface World {
  readonly slapd: Slapd
  readonly cluster: Cluster
  /** The admin's, who may review tokens. */
  readonly tokenFile: string
  readonly issuer: Issuer
  readonly issuerUrl: string
  readonly keys: SigningKeys
  readonly rotatingUrl: string
  rotating: SigningKeys
  readonly servers: readonly Server[]
  readonly authz: RunningAuthz
  readonly doors: Readonly<Record<'http' | 'grpc', { readonly port: number; close(): Promise<void> }>>
}
let world: World
/** Headers of each call to the issuer's token endpoint. */
const redeemed: Headers[] = []
/** What was started, the last first: also where the rest did not come up. */
const undo: (() => unknown)[] = []

const key = () => createSigningKeys({ clock, algorithm: 'ES256', rotateEvery: 0 })

before(
  async () => {
    const slapd = await startSlapd({ ldif: LDIF })
    undo.unshift(() => slapd.close())
    const cluster = await startCluster()
    undo.unshift(() => cluster.close())
    const folder = mkdtempSync(join(tmpdir(), 'kfdoor-authz-'))
    undo.unshift(() => rmSync(folder, { recursive: true, force: true }))
    const tokenFile = join(folder, 'token')
    writeFileSync(tokenFile, cluster.adminToken, { mode: 0o600 })
    const stop = (server: Server) =>
      undo.unshift(() => {
        server.closeAllConnections()
        server.close()
      })
    // Dex's: without discovery a relying party takes no other (OpenID Connect Core §3.1.3.7).
    const keys = await createSigningKeys({ clock, algorithm: 'RS256', rotateEvery: 0 })
    let rotating = await key()
    let answer: (request: Request) => Promise<Response> = async () => new Response(null, { status: 503 })
    const issuerServer = await listening(createServer(getRequestListener((request) => answer(request))))
    stop(issuerServer)
    const origin = `http://127.0.0.1:${portOf(issuerServer)}`
    const issuerUrl = `${origin}/dex`
    const rotatingUrl = `${origin}/rotating`
    const { config, problems } = parseDexConfig(dexConfig(issuerUrl, slapd.port), {}, { file: 'dex.yaml' })
    assert.ok(config, JSON.stringify(problems))
    const issuer = createIssuer({ config, generation: dexGeneration('v2.45.0'), keys, clock })
    answer = async (request) => {
      if (new URL(request.url).pathname === '/dex/token') redeemed.push(request.headers)
      return new URL(request.url).pathname === '/rotating/keys'
        ? new Response(JSON.stringify(rotating.jwks()))
        : issuer.handle(request, { remoteAddress: '127.0.0.1' })
    }
    const backend = await listening(
      createServer((request, response) => {
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ path: request.url, headers: request.headers, raw: request.rawHeaders }))
      }),
    )
    stop(backend)
    const kubernetes = {
      audiences: [AUDIENCE],
      issuers: [clusterIssuer],
      verify: 'jwks',
      server: cluster.url,
      caFile: cluster.caFile,
      tokenFile,
      userClaim: 'sub',
      ...claims,
    } as const
    const api = openKubeClient(kubernetes, {}, clock)
    const clusterKeys = JSON.parse(await api.keys())
    await api.outside.close()
    const authz = await serveAuthz(
      {
        listen: at,
        grpcListen: at,
        pathPrefix: '',
        trustedProxies: [],
        scheme: 'http',
        drainMs: 0,
        identity: { user: 'kubeflow-userid', groups: 'kubeflow-groups', userPrefix: '' },
        signIn: {
          style: 'oauth2-proxy',
          apiErrors: 'json',
          nameSessions: true,
          settings: {
            issuer: issuerUrl,
            clientId: 'door',
            clientSecret: 'secret',
            skipDiscovery: true,
            loginUrl: '/dex/auth',
            redeemUrl: `${issuerUrl}/token`,
            jwksUrl: `${issuerUrl}/keys`,
            redirectUrl: '/oauth2/callback',
            scope: 'openid email profile groups',
            codeChallenge: 'S256',
            proxyPrefix: '/oauth2',
            providerName: 'Dex',
            skipProviderButton: true,
            forceJsonErrors: false,
            apiRoutes: [],
            skipAuthRoutes: [],
            skipAuthPreflight: false,
            setAuthorizationHeader: true,
            setXAuthRequest: false,
            passAccessToken: false,
            cookie: {
              name: 'kfdoor_session',
              path: '/',
              domains: [],
              expireMs: 86_400_000,
              secure: false,
              sameSite: 'Lax',
              csrfExpireMs: 900_000,
            },
            emailDomains: ['*'],
            allowedGroups: [],
            whitelistDomains: [],
            userIdClaim: 'email',
            emailClaim: 'email',
            groupsClaim: 'groups',
            skipJwtBearerTokens: false,
            extraJwtIssuers: [],
            bearerLoginFallback: true,
          },
        },
        machines: {
          issuers: [
            {
              issuer: issuerUrl,
              audiences: ['door'],
              jwksUri: `${issuerUrl}/keys`,
              userClaim: 'email',
              ...claims,
            },
            {
              issuer: rotatingUrl,
              audiences: ['door'],
              jwksUri: `${rotatingUrl}/keys`,
              userClaim: 'sub',
              ...claims,
            },
          ],
          kubernetes,
        },
        sessions: { store: 'memory' },
      },
      { env: {}, clock },
    )
    undo.unshift(() => authz.close(0))
    const port = (address: string | undefined) => Number(/:(\d+)$/.exec(address ?? '')?.[1])
    const envoy = async (via: 'http' | 'grpc') => {
      const started = await startEnvoy({
        via,
        authzHttp: port(authz.ready.http),
        authzGrpc: port(authz.ready.grpc),
        issuerPort: portOf(issuerServer),
        backendPort: portOf(backend),
        jwt: {
          [issuerUrl]: { jwks: keys.jwks(), audience: 'door', claim: 'email' },
          [clusterIssuer]: { jwks: clusterKeys, audience: AUDIENCE, claim: 'sub' },
        },
      })
      undo.unshift(() => started.close())
      return started
    }
    world = {
      slapd,
      cluster,
      tokenFile,
      issuer,
      issuerUrl,
      keys,
      rotatingUrl,
      get rotating() {
        return rotating
      },
      set rotating(next) {
        rotating = next
      },
      servers: [issuerServer, backend],
      authz,
      doors: { http: await envoy('http'), grpc: await envoy('grpc') },
    }
  },
  // The API server is built the first time: minutes on two cores.
  { timeout: 900_000 },
)
after(async () => {
  for (const each of undo) await each()
})

const accounts = '/api/v1/namespaces/default/serviceaccounts'
async function serviceAccountToken(audience: string, name = 'editor'): Promise<string> {
  await world.cluster.call('POST', accounts, {
    body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } },
  })
  const { body } = await world.cluster.call('POST', `${accounts}/${name}/token`, {
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [audience] } },
  })
  return body.status.token
}
const idToken = (claims: object = {}) =>
  world.keys.sign({
    iss: world.issuerUrl,
    aud: 'door',
    sub: 'x',
    email: 'user@example.com',
    email_verified: true,
    iat: seconds(),
    exp: seconds() + 600,
    ...claims,
  })

/** The first letter of the signature is another one. */
const changed = (token: string) =>
  token.replace(/\.([^.])([^.]*)$/, (_, first, rest) => `.${first === 'A' ? 'B' : 'A'}${rest}`)

for (const via of ['http', 'grpc'] as const)
  describe(`Envoy asks over ${via}`, () => {
    const url = (path: string) => `http://127.0.0.1:${world.doors[via].port}${path}`
    const get = (path: string, headers: Record<string, string> = {}) =>
      new BrowserLike(null).send('GET', url(path), headers)
    const page = { accept: 'text/html' }

    it('a person of the directory signs in, and is who they are at the workload', async () => {
      const browser = new BrowserLike(null)
      const first = await browser.send('GET', url('/pipeline/?a=1'), page)
      assert.equal(first.status, 302)
      assert.match(String(first.headers.location), /^\/dex\/auth\?/)
      const landed = await signIn(browser, url('/pipeline/?a=1'), {
        login: 'janedoe@example.com',
        password: 'foo',
      })
      assert.equal(landed.status, 200, landed.body)
      const seen = JSON.parse(landed.body)
      assert.equal(seen.path, '/pipeline/?a=1')
      assert.equal(seen.headers['kubeflow-userid'], 'janedoe@example.com')
      assert.equal(seen.headers['kubeflow-groups'], 'admins')
      assert.equal(seen.headers['x-jwt-user'], 'janedoe@example.com', 'what RequestAuthentication reads')
      assert.deepEqual([...browser.cookies.keys()], ['kfdoor_session'], 'no state is left behind')

      const forged = await browser.send('GET', url('/x'), {
        'kubeflow-userid': 'admin@example.com',
        kubeflow_userid: 'admin@example.com',
        'x-auth-request-user': 'admin@example.com',
        'x-remote-user': 'admin@example.com',
      })
      const raw = (JSON.parse(forged.body).raw as string[]).map((one) => one.toLowerCase())
      assert.equal(raw.filter((one) => one === 'kubeflow-userid').length, 1)
      assert.ok(!raw.includes('admin@example.com'), raw.join(' '))
      assert.ok(!raw.includes('x-remote-user') && !raw.includes('x-auth-request-user'))
      assert.equal(JSON.parse(forged.body).headers['kubeflow-userid'], 'janedoe@example.com')

      await browser.open(url('/oauth2/sign_out'))
      assert.equal((await browser.send('GET', url('/x'), page)).status, 302)
    })

    it('a wrong password lets nobody in', async () => {
      const browser = new BrowserLike(null)
      const answer = await signIn(browser, url('/'), { login: 'janedoe@example.com', password: 'bar' })
      assert.match(answer.body, /password/i)
      assert.equal(browser.cookies.has('kfdoor_session'), false)
    })

    it('the issuer hears of the trace, under another span', async () => {
      const browser = new BrowserLike(null)
      const first = await browser.send('GET', url('/'), page)
      const state = new URL(String(first.headers.location), url('/')).searchParams.get('state') ?? ''
      const [id, span] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
      redeemed.length = 0
      await browser.send('GET', url(`/oauth2/callback?${new URLSearchParams({ code: 'none', state })}`), {
        ...page,
        traceparent: `00-${id}-${span}-01`,
        tracestate: 'vendor=1',
      })
      assert.equal(redeemed.length, 1)
      assert.match(redeemed[0]?.get('traceparent') ?? '', new RegExp(`^00-${id}-(?!${span})[0-9a-f]{16}-01$`))
      assert.equal(redeemed[0]?.get('tracestate'), 'vendor=1')
    })

    it('a program is told where to sign in, and gets no cookie', async () => {
      const programs: readonly Record<string, string>[] = [
        { accept: 'application/json' },
        { accept: '*/*' },
        { 'x-requested-with': 'XMLHttpRequest' },
      ]
      for (const headers of programs) {
        const answer = await get('/pipeline/apis/v2beta1/runs', headers)
        assert.equal(answer.status, 401)
        assert.equal(answer.headers['set-cookie'], undefined)
        assert.equal(answer.headers['www-authenticate'], 'Bearer realm="kfdoor"')
        const body = JSON.parse(answer.body)
        assert.equal(body.code, 'KFD1201')
        assert.match(body.login, /^\/oauth2\/start\?rd=/)
        assert.equal(answer.headers['x-kfdoor-decision'], body.decision)
      }
    })

    it('fifty background requests begin one sign-in, or none', async () => {
      const browser = new BrowserLike(null)
      await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          browser.send('GET', url(`/asset/${n}`), n % 2 ? page : { accept: '*/*' }),
        ),
      )
      assert.ok(browser.cookies.size <= 1, [...browser.cookies.keys()].join())
    })

    const tokens: readonly (readonly [
      what: string,
      token: () => Promise<string>,
      status: number,
      says: string,
    ])[] = [
      ['an ID token', () => idToken(), 200, 'user@example.com'],
      [
        'a service account of a real API server',
        () => serviceAccountToken(AUDIENCE),
        200,
        'system:serviceaccount:default:editor',
      ],
      ['the wrong audience', () => serviceAccountToken('elsewhere'), 401, 'KFD1704'],
      ['an expired one', () => idToken({ exp: seconds() - 100 }), 401, 'KFD1703'],
      ['an unknown issuer', () => idToken({ iss: 'https://unknown.example.com' }), 401, 'KFD1702'],
      [
        'an issuer that is spelled another way',
        () => idToken({ iss: `${world.issuerUrl}/` }),
        401,
        'KFD1702',
      ],
      ['none that can be read', async () => 'a.b.c', 401, 'KFD1201'],
    ]
    for (const [what, token, status, says] of tokens)
      it(`${what}: ${status} ${says}`, async () => {
        const headers = {
          accept: 'application/json',
          authorization: `Bearer ${await token()}`,
          'kubeflow-userid': 'admin',
        }
        const answer = await get('/x', headers)
        assert.equal(answer.status, status, answer.body)
        const body = JSON.parse(answer.body)
        assert.equal(status === 200 ? body.headers['kubeflow-userid'] : body.code, says)
      })

    it('keys may change under way: the new one is good at once, the old one no longer', async () => {
      const sign = () =>
        world.rotating.sign({
          iss: world.rotatingUrl,
          aud: 'door',
          sub: 'machine',
          iat: seconds(),
          exp: seconds() + 3600,
        })
      const ask = async (token: string) =>
        (await get('/rotating/x', { authorization: `Bearer ${token}` })).status
      offset += 60_000
      const old = await sign()
      assert.equal(await ask(old), 200)
      world.rotating = await key()
      offset += 60_000
      assert.equal(await ask(await sign()), 200, 'a kid not seen before is asked for')
      assert.equal(await ask(old), 401, 'a key that was taken out')
    })
  })

describe('the API server is asked about each token (TokenReview)', () => {
  let authz: RunningAuthz
  before(async () => {
    const { cluster, tokenFile } = world
    authz = await serveAuthz(
      {
        listen: at,
        pathPrefix: '',
        trustedProxies: [],
        scheme: 'http',
        drainMs: 0,
        identity: { user: 'kubeflow-userid', groups: 'kubeflow-groups', userPrefix: '' },
        machines: {
          issuers: [],
          kubernetes: {
            audiences: [AUDIENCE],
            issuers: [],
            verify: 'token-review',
            server: cluster.url,
            caFile: cluster.caFile,
            tokenFile,
            userClaim: 'sub',
            ...claims,
          },
        },
        sessions: { store: 'memory' },
      },
      { env: {}, clock },
    )
  })
  after(() => authz.close(0))
  const ask = async (token: string) => {
    const headers = { authorization: `Bearer ${token}`, 'kubeflow-userid': 'admin' }
    const answer = await new BrowserLike(null).send('GET', `http://${authz.ready.http}/x`, headers)
    const code = answer.status === 200 ? undefined : JSON.parse(answer.body).code
    return { answer, status: answer.status, code }
  }

  it('a service account is let in by its name and its groups', async () => {
    const { answer, status } = await ask(await serviceAccountToken(AUDIENCE))
    assert.equal(status, 200, answer.body)
    assert.equal(answer.headers['kubeflow-userid'], 'system:serviceaccount:default:editor')
    assert.equal(
      answer.headers['kubeflow-groups'],
      'system:serviceaccounts,system:serviceaccounts:default,system:authenticated',
    )
  })

  const refused: readonly (readonly [what: string, token: () => Promise<string>])[] = [
    ['a token for another audience', () => serviceAccountToken('elsewhere')],
    ['a token for the API server itself', () => serviceAccountToken(clusterIssuer)],
    ['a token nobody there made', () => idToken()],
    ['a signature that was changed', async () => changed(await serviceAccountToken(AUDIENCE))],
    ['what is no token', async () => 'a.b.c'],
  ]
  for (const [what, token] of refused)
    it(`${what} is refused`, async () => {
      const { answer, status, code } = await ask(await token())
      assert.deepEqual([status, code], [401, 'KFD1702'], answer.body)
      assert.equal(answer.headers['kubeflow-userid'], undefined)
    })

  it('an account that was deleted is refused, though its token is signed and in time', async () => {
    const token = await serviceAccountToken(AUDIENCE, 'leaving')
    assert.equal((await world.cluster.call('DELETE', `${accounts}/leaving`)).status, 200)
    let last = await ask(token)
    // The API server hears of it by a watch, and keeps what it found for ten seconds.
    for (const until = Date.now() + 20_000; last.status === 200 && Date.now() < until; ) {
      await new Promise((later) => setTimeout(later, 200))
      offset += 30_000
      last = await ask(token)
    }
    assert.deepEqual([last.status, last.code], [401, 'KFD1702'])
  })
})

it('a service that is gone lets nobody in', async () => {
  const token = await idToken()
  await world.authz.close(0)
  for (const door of Object.values(world.doors)) {
    const answer = await new BrowserLike(null).send('GET', `http://127.0.0.1:${door.port}/x`, {
      authorization: `Bearer ${token}`,
    })
    assert.equal(answer.status, 403)
  }
})
