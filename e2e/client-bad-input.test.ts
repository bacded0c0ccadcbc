/**
 * Doors that cannot answer well, before the proxy, `kfdoor curl` and the SDK: each answer a code and the
 * next command, and no credential anywhere but at the door. `login` has its own table in login-bad-input.
 */
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { isFault, openDoor } from '../src/compose/client.ts'
import { runProxies } from '../src/compose/doors/run-proxy.ts'
import { createAuthority, doorNames, generateKey, issueLeaf, keyPem } from '../src/pki/index.ts'
import { run } from './door.ts'

const TOKEN = 'the-token-of-this-test'
const home = mkdtempSync(join(tmpdir(), 'kfdoor-client-bad-'))
const open: Server[] = []
after(() => {
  for (const server of open) server.close()
  rmSync(home, { recursive: true, force: true })
})
/** Who was sent the credential. */
const sent: string[] = []

async function listen(server: Server): Promise<number> {
  open.push(server)
  server.listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  server.unref()
  return (server.address() as AddressInfo).port
}
const noting =
  (name: string, answer: RequestListener): RequestListener =>
  (request, response) => {
    if (JSON.stringify(request.headers).includes(TOKEN)) sent.push(name)
    request.resume()
    answer(request, response)
  }
const serve = async (name: string, answer: RequestListener) =>
  `http://127.0.0.1:${await listen(createServer(noting(name, answer)))}`

const html = { 'content-type': 'text/html; charset=utf-8' }
const big = `<title>Portal</title>${'<div class=x>text</div>'.repeat(240_000)}`
const signIn = `<form action="/dex/auth/local"><input name="login"><input type="password" name="password"></form>`
let elsewhere = ''
before(async () => {
  elsewhere = await serve('elsewhere', (_, response) => response.end('mine'))
})

async function selfSigned(): Promise<string> {
  const names = doorNames(['localhost'])
  const authority = await createAuthority({ names, clock: Date.now })
  const key = await generateKey('ecdsa')
  const cert = await issueLeaf(authority, { names, publicKey: createPublicKey(key), clock: Date.now })
  const answer = noting('self-signed', (_, response) => response.end('{}'))
  return `https://localhost:${await listen(createTlsServer({ cert, key: keyPem(key) }, answer))}`
}

interface Row {
  readonly why: string
  readonly url: () => Promise<string>
  /** What the proxy and curl through it answer: status, and the code and hint of its JSON. */
  readonly proxy: { readonly status: number; readonly says?: RegExp; readonly bytes?: number }
  /** Of `door.fetch('/')`, or its status. */
  readonly sdk: string | number
  /** Of `door.kfp.health()`. */
  readonly kfp: string
}
const rows: readonly Row[] = [
  {
    why: 'an unknown host',
    url: async () => 'https://no-such-door.invalid',
    proxy: { status: 502, says: /KFD1801.*kfdoor doctor https:\/\/no-such-door\.invalid/s },
    sdk: 'ERR_HOST_UNKNOWN',
    kfp: 'ERR_HOST_UNKNOWN',
  },
  {
    why: 'a refused port',
    url: async () => {
      const server = createServer()
      const port = await listen(server)
      server.close()
      return `http://127.0.0.1:${port}`
    },
    proxy: { status: 502, says: /KFD1802.*kfdoor doctor/s },
    sdk: 'ERR_PORT_CLOSED',
    kfp: 'ERR_PORT_CLOSED',
  },
  {
    why: 'a server that is no door',
    url: () => serve('no door', (_, response) => response.writeHead(404, html).end('<title>nginx</title>')),
    proxy: { status: 404, bytes: 20 },
    sdk: 404,
    kfp: 'ERR_DOOR_REFUSED',
  },
  {
    why: 'a certificate nobody here trusts',
    url: selfSigned,
    proxy: { status: 502, says: /KFD1804.*--certificate-authority/s },
    sdk: 'ERR_CERTIFICATE_UNTRUSTED',
    kfp: 'ERR_CERTIFICATE_UNTRUSTED',
  },
  {
    why: 'a clock off by an hour',
    url: () =>
      serve('clock', (_, response) => {
        response.setHeader('date', new Date(Date.now() + 3_600_000).toUTCString())
        response.setHeader('content-type', 'application/json')
        response.end('{"multi_user":true}')
      }),
    proxy: { status: 200, bytes: 19 },
    sdk: 200,
    kfp: 'ok',
  },
  {
    why: 'an HTML answer of 5 MB',
    url: () => serve('big', (_, response) => response.writeHead(200, html).end(big)),
    proxy: { status: 200, bytes: big.length },
    sdk: 200,
    kfp: 'ERR_HTML_ANSWER',
  },
  {
    why: 'a sign-in page that never ends',
    url: () => serve('page', (_, response) => response.writeHead(403, html).end(`${signIn}${big}`)),
    proxy: { status: 401, says: /sign-in-required.*kfdoor login http/s },
    sdk: 'ERR_CREDENTIALS_EXPIRED',
    kfp: 'ERR_CREDENTIALS_EXPIRED',
  },
  {
    why: 'a redirect to another site',
    url: () =>
      serve('redirect', (_, response) => response.writeHead(302, { location: `${elsewhere}/x` }).end()),
    proxy: { status: 302, bytes: 0 },
    sdk: 'ERR_FOREIGN_ORIGIN',
    kfp: 'ERR_FOREIGN_ORIGIN',
  },
  {
    why: 'a redirect to another site that keeps method and body',
    url: () =>
      serve('redirect', (_, response) => response.writeHead(307, { location: `${elsewhere}/x` }).end()),
    proxy: { status: 307, bytes: 0 },
    sdk: 'ERR_FOREIGN_ORIGIN',
    kfp: 'ERR_FOREIGN_ORIGIN',
  },
]

const env = { HOME: home, PATH: process.env.PATH, KFDOOR_TOKEN: TOKEN, XDG_RUNTIME_DIR: home }
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'ok',
    (error: unknown) => (isFault(error) ? error.code : String(error)),
  )

for (const { why, url, proxy, sdk, kfp } of rows) {
  describe(why, () => {
    let door = ''
    before(async () => {
      door = await url()
    })

    test(`the proxy answers ${proxy.status}`, async () => {
      const running = await runProxies(env, { doors: [], url: door, port: 0, secret: true })
      try {
        const answer = await fetch(`${running.addresses[0]?.url}/`, { redirect: 'manual' })
        const body = await answer.text()
        assert.equal(answer.status, proxy.status, body.slice(0, 300))
        if (proxy.says) assert.match(body, proxy.says)
        if (proxy.bytes !== undefined) assert.equal(body.length, proxy.bytes)
        assert.doesNotMatch(body, new RegExp(TOKEN))
      } finally {
        await running.close()
      }
    })

    test('curl gets the same, and follows to nobody with the credential', async () => {
      const args = ['curl', '-s', '-L', '-o', '-', '-w', '\n%{http_code}', '/']
      const { out, err } = await run(args, { env: { ...env, KFDOOR_URL: door } })
      if (proxy.says) assert.match(out, proxy.says)
      assert.match(
        out,
        proxy.status >= 300 && proxy.status < 400 ? /mine\n200$/ : new RegExp(`\n${proxy.status}$`),
      )
      assert.doesNotMatch(out + err, new RegExp(TOKEN))
    })

    test(`the SDK says ${sdk}, and Pipelines ${kfp}`, async () => {
      const opened = await openDoor(door, { token: TOKEN }, { env: { HOME: home } })
      try {
        const answer = opened.fetch('/')
        if (typeof sdk === 'number') assert.equal((await answer).status, sdk)
        else assert.equal(await codeOf(answer), sdk)
        assert.equal(await codeOf(opened.kfp.health()), kfp)
      } finally {
        await opened.close()
      }
    })
  })
}

test('nobody but doors was sent the credential', () => {
  assert.ok(sent.includes('redirect') && sent.includes('big'))
  assert.ok(!sent.includes('elsewhere') && !sent.includes('self-signed'))
})
