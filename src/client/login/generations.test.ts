/**
 * The walk through every generation of Dex that our issuer plays, with and without approval screen, with one
 * and with several connectors, behind each kind of door: what the recordings show at two versions holds
 * between and around them.
 */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { isFault } from '../../base/index.ts'
import { createSigningKeys } from '../../identity/index.ts'
import { createIssuer, dexGeneration } from '../../issuer/index.ts'
import { aConfig, aConnector } from '../../issuer/testing.ts'
import { createAgent } from '../http/agent.ts'
import { createCookieJar } from '../http/cookie-jar.ts'
import { createVisitor } from '../http/visitor.ts'
import { recogniseDoor } from '../recognise.ts'
import { passwordLogin } from './password.ts'

const clock = () => Date.now()
const keys = await createSigningKeys({ clock, algorithm: 'RS256' })

interface Shape {
  readonly tag: string
  readonly approval: boolean
  readonly connectors: 1 | 2
  /** How the door begins: a redirect, or a page with a button; where it lies. */
  readonly start: 'redirect' | 'page' | 'link'
  readonly base: '' | '/kubeflow'
  /** Where the auth service lies; what its cookies are called; with which status it redirects. */
  readonly prefix?: string
  readonly cookie?: string
  readonly status?: 302 | 303 | 307
  /** Where Dex lies. */
  readonly dex?: string
}

async function aDoor(shape: Shape) {
  const { tag, approval, connectors, start, base } = shape
  const { prefix = '/oauth2', cookie: p = 'p', status = 302, dex = '/dex' } = shape
  const issuer = createIssuer({
    config: aConfig({
      issuer: `http://dex.auth.svc.cluster.local:5556${base}${dex}`,
      clients: [
        {
          id: 'kubeflow',
          secret: 's',
          name: 'App',
          redirectUris: [`${base}${prefix}/callback`],
          public: false,
          trustedPeers: [],
        },
      ],
      connectors: [
        { kind: 'local', id: 'local', name: 'Email' },
        ...(connectors === 2
          ? [{ kind: 'elsewhere', id: 'github', name: 'GitHub', type: 'github' } as const]
          : []),
      ],
      oauth2: { ...aConfig().oauth2, skipApprovalScreen: !approval },
    }),
    generation: dexGeneration(tag),
    keys,
    clock,
    connectors: [aConnector()],
  })
  const query = new URLSearchParams({
    client_id: 'kubeflow',
    redirect_uri: `${base}${prefix}/callback`,
    response_type: 'code',
    scope: 'openid email',
    state: 'abc',
  })
  const authorize = `${base}${dex}/auth?${query}`
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const one of request) parts.push(one as Buffer)
    const url = new URL(request.url ?? '/', 'http://door')
    const cookie = request.headers.cookie ?? ''
    if (url.pathname.startsWith(`${base}${dex}/`)) {
      const headers = Object.entries(request.headers).map(
        ([name, value]) => [name, String(value)] as [string, string],
      )
      const body = parts.length > 0 ? Buffer.concat(parts) : undefined
      const answer = await issuer.handle(new Request(url, { method: request.method, headers, body }))
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
    } else if (url.pathname === `${base}${prefix}/start`) {
      response.writeHead(status, { location: authorize, 'set-cookie': `${p}_csrf=1; Path=/; HttpOnly` }).end()
    } else if (url.pathname === `${base}${prefix}/callback`) {
      const good =
        cookie.includes(`${p}_csrf=1`) &&
        url.searchParams.get('code') &&
        url.searchParams.get('state') === 'abc'
      if (!good)
        response.writeHead(403, { 'content-type': 'text/html' }).end('<p>Login Failed: no CSRF token</p>')
      else
        response
          .writeHead(status === 307 ? 302 : status, {
            location: `${base}/`,
            'set-cookie': [
              `${p}_0=aaa; Path=/; Max-Age=3600`,
              `${p}_1=bbb; Path=/; Max-Age=3600`,
              `${p}_csrf=; Path=/; Max-Age=0`,
            ],
          })
          .end()
    } else if (cookie.includes(`${p}_0=aaa`) && cookie.includes(`${p}_1=bbb`)) {
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<title>Kubeflow Central Dashboard</title>')
    } else if (start === 'redirect') {
      response.writeHead(status, { location: authorize, 'set-cookie': `${p}_csrf=1; Path=/; HttpOnly` }).end()
    } else {
      response
        .writeHead(403, { 'content-type': 'text/html' })
        .end(
          start === 'link'
            ? `<h1>Our company</h1><a class="button" href="${base}${prefix}/start?rd=${encodeURIComponent(`${base}/`)}&amp;x=1">Enter</a>`
            : `<form method="GET" action="${base}${prefix.replace('/', '&#x2F;')}/start"><input type="hidden" name="rd" value="${base}/"><button>Sign in with Dex</button></form>`,
        )
    }
  })
  server.listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  return { server, url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}${base}/`) }
}

const tags = [
  'v2.24.0',
  'v2.28.1',
  'v2.29.0',
  'v2.31.2',
  'v2.34.0',
  'v2.35.3',
  'v2.36.0',
  'v2.39.1',
  'v2.41.1',
  'v2.44.0',
  'v2.45.0',
  'v2.46.0',
]
const shapes = tags.flatMap((tag): Shape[] => [
  { tag, approval: false, connectors: 1, start: 'page', base: '' },
  { tag, approval: true, connectors: 1, start: 'redirect', base: '/kubeflow' },
  { tag, approval: true, connectors: 2, start: 'page', base: '' },
  { tag, approval: false, connectors: 2, start: 'redirect', base: '' },
])
const plain = { tag: 'v2.41.1', approval: true, connectors: 2, base: '' } as const
/** What installers change without meaning anything by it. */
const dressed: readonly Shape[] = [
  { ...plain, start: 'link', prefix: '/company-sso', cookie: '__Secure-company' },
  { ...plain, start: 'page', prefix: '/auth/proxy', cookie: '_x', status: 303, dex: '/auth/dex' },
  { ...plain, start: 'redirect', prefix: '/sso', status: 307, dex: '/identity' },
  { ...plain, start: 'page', prefix: '/sso', base: '/kubeflow', dex: '/dex' },
]

for (const shape of [...shapes, ...dressed]) {
  const { tag, approval, connectors, start, base, prefix = '/oauth2', cookie = 'p' } = shape
  test(`Dex ${tag}${approval ? ' with approval' : ''}, ${connectors} connector(s), a door that begins with a ${start}${base && ` below ${base}`}, at ${prefix}`, async (t) => {
    const { server, url } = await aDoor(shape)
    const agent = createAgent({ clock })
    t.after(async () => {
      await agent.close()
      server.closeAllConnections()
      server.close()
    })
    const attempt = async (given: { password: string; connector?: string }) => {
      const visitor = createVisitor({ agent, jar: createCookieJar(clock), door: url })
      return passwordLogin(visitor, await recogniseDoor(visitor, url), {
        username: 'user@example.com',
        ...given,
      })
    }
    const connector = connectors === 2 ? 'local' : undefined
    const { credential, seen } = await attempt({ password: '12341234', connector })
    assert.deepEqual(credential.kind === 'session' && credential.cookies.map(({ name }) => name), [
      `${cookie}_0`,
      `${cookie}_1`,
    ])
    // 2.36 shows the screen only to clients that force it.
    const shown = approval && tag !== 'v2.36.0'
    assert.deepEqual([seen.kind, seen.approval, seen.connector], ['oauth2-proxy', shown, 'local'])
    assert.deepEqual(seen.signOut, { kind: 'get', path: `${base}${prefix}/sign_out` })

    const code = (error: unknown) => (isFault(error) ? error.code : String(error))
    assert.equal(await attempt({ password: 'wrong', connector }).catch(code), 'ERR_CREDENTIALS_WRONG')
    if (connectors === 2)
      assert.equal(await attempt({ password: '12341234' }).catch(code), 'ERR_CONNECTOR_CHOICE')
  })
}
