/**
 * A real nginx that asks `serve authz` by `auth_request`, configured as docs/serve-authz.md shows it:
 * a person signs in, a program is told 401, and nobody names himself.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { BrowserLike } from './browser-like.ts'
import { debian } from './parts/debian.ts'
import { freePort, startNeighbour } from './parts/process.ts'
import { CLIENT, PASSWORD, startIssuer, startSeat } from './seat.ts'

const page = fileURLToPath(new URL('../docs/serve-authz.md', import.meta.url))
/** What the page shows is what runs: only addresses are filled in. */
const shown = /```nginx\n([\s\S]*?)```/.exec(readFileSync(page, 'utf8'))?.[1] ?? ''

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-nginx-'))
const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
after(async () => {
  for (const each of undo) await each()
})

const answers = (port: number) => () =>
  new Promise<boolean>((done) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => done(true)).once('error', () => done(false))
    socket.once('connect', () => socket.end())
  })

describe('nginx asks by auth_request', () => {
  let url = ''
  before(async () => {
    assert.match(shown, /auth_request/, 'docs/serve-authz.md shows a configuration of nginx')
    const issuer = await startIssuer(['/oauth2/callback'])
    undo.unshift(() => issuer.close())
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text, { mode: 0o600 })
      return join(folder, name)
    }
    const settings = {
      apiVersion: 'kfdoor/v1alpha1',
      kind: 'AuthzService',
      listen: '127.0.0.1:0',
      pathPrefix: '/check',
      trustedProxies: ['127.0.0.1/32'],
      scheme: 'http',
      signIn: {
        issuer: issuer.url,
        clientId: CLIENT.id,
        clientSecretFile: file('secret', CLIENT.secret),
        authorizationUrl: '/dex/auth',
        tokenUrl: `${issuer.url}/token`,
        jwksUrl: `${issuer.url}/keys`,
        redirectUrl: '/oauth2/callback',
        cookie: { name: 'kfdoor_session', secure: false },
      },
      machines: {
        issuers: [
          {
            issuer: issuer.url,
            jwksUri: `${issuer.url}/keys`,
            audiences: [CLIENT.id],
            userClaim: 'email',
          },
        ],
      },
      sessions: 'memory',
      auditLog: 'none',
    }
    const seat = await startSeat(['--config', file('authz.yaml', JSON.stringify(settings))])
    undo.unshift(() => seat.stop('SIGKILL'))
    const backend = createServer((request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ path: request.url, headers: request.headers, raw: request.rawHeaders }))
    }).listen(0, '127.0.0.1')
    await once(backend, 'listening')
    undo.unshift(() => {
      backend.closeAllConnections()
      backend.close()
    })

    const port = await freePort()
    const addresses: Readonly<Record<string, string>> = {
      'door.example.com:443 ssl': `127.0.0.1:${port}`,
      'kfdoor-authz:9090': new URL(seat.url).host,
      'dex:5556': new URL(issuer.url).host,
      'kubeflow:80': `127.0.0.1:${(backend.address() as AddressInfo).port}`,
    }
    let server = shown
    for (const [from, to] of Object.entries(addresses)) {
      assert.ok(server.includes(from), `docs/serve-authz.md: ${from}`)
      server = server.replaceAll(from, to)
    }
    const { root, env } = await debian(['nginx'], 'usr/sbin/nginx', 'unpack')
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => {
      mkdirSync(join(folder, name))
      return `${name}_temp_path ${join(folder, name)};`
    })
    file(
      'nginx.conf',
      `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http { access_log off; ${temporary.join(' ')}
${server}
}`,
    )
    const nginx = await startNeighbour(
      join(root, 'usr/sbin/nginx'),
      ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')],
      { env, ready: answers(port), within: 20_000 },
    )
    undo.unshift(() => nginx.stop())
    url = `http://127.0.0.1:${port}`
  })

  test('a person signs in and is who they are behind it', async () => {
    const browser = new BrowserLike(null)
    const first = await browser.send('GET', `${url}/pipeline/?a=1&b=%20c`, { accept: 'text/html' })
    assert.equal(first.status, 302)
    assert.match(String(first.headers.location), /\/dex\/auth\?/)
    const form = await browser.open(`${url}/pipeline/?a=1&b=%20c`, 'GET', { accept: 'text/html' })
    const landed = await browser.submit(form, { login: 'user@example.com', password: PASSWORD })
    assert.equal(landed.status, 200, landed.body)
    const seen = JSON.parse(landed.body)
    assert.equal(seen.path, '/pipeline/?a=1&b=%20c')
    assert.equal(seen.headers['kubeflow-userid'], 'user@example.com')

    const forged = await browser.send('GET', `${url}/x`, {
      'kubeflow-userid': 'admin@example.com',
      'kubeflow-groups': 'admins',
      'x-auth-request-email': 'admin@example.com',
    })
    assert.equal(JSON.parse(forged.body).headers['kubeflow-userid'], 'user@example.com')
    assert.doesNotMatch(forged.body, /admin/)

    await browser.open(`${url}/oauth2/sign_out`)
    assert.equal((await browser.send('GET', `${url}/x`, { accept: 'text/html' })).status, 302)
  })

  test('a program gets 401 and what to do, a token that nobody signed too', async () => {
    for (const headers of [
      { accept: 'application/json' },
      { accept: 'application/json', authorization: 'Bearer a.b.c' },
    ] as Record<string, string>[]) {
      const answer = await new BrowserLike(null).send('GET', `${url}/apis/v2beta1/runs`, headers)
      assert.equal(answer.status, 401, answer.body)
    }
  })

  test('what is forwarded by the caller exempts nothing and names nobody', async () => {
    for (const headers of [
      { 'x-forwarded-uri': '/dex/' },
      { 'x-original-uri': '/dex/' },
      { 'x-forwarded-method': 'OPTIONS' },
      { 'kubeflow-userid': 'admin@example.com' },
    ] as Record<string, string>[]) {
      const answer = await new BrowserLike(null).send('GET', `${url}/pipeline/`, {
        accept: 'application/json',
        ...headers,
      })
      assert.equal(answer.status, 401, JSON.stringify(headers))
    }
  })
})
