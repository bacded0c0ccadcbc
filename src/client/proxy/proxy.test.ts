/** The local proxy before a door of the test's own, over real sockets. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { createDoorSession, memoryStore } from '../door-session.ts'
import { createAgent } from '../http/agent.ts'
import { type Observed, startProxy } from './index.ts'

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A door that takes `good-N` for the newest N, and sends everybody else to sign in. */
async function aDoor() {
  const seen: Seen[] = []
  let newest = 1
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = []
    const signedIn = request.headers.authorization === `Bearer good-${newest}`
    if (!signedIn) {
      request.resume()
      response.writeHead(302, {
        location: '/dex/auth?client_id=x&redirect_uri=y&response_type=code&state=secret',
      })
      response.end()
      return
    }
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const body = Buffer.concat(parts).toString()
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body })
      const status = Number(/status=(\d+)/.exec(request.url ?? '')?.[1] ?? 200)
      response.writeHead(
        status,
        [
          ['content-type', 'application/json'],
          ['location', '/elsewhere?x=1'],
          ['set-cookie', 'authservice_session=s; Path=/'],
          ['set-cookie', 'XSRF-TOKEN=t; Path=/jupyter; Secure; Domain=door.test'],
          ['access-control-allow-origin', '*'],
        ].flat(),
      )
      response.end(JSON.stringify({ got: body.length }))
    })
  })
  server.on('upgrade', (request, socket) => {
    if (request.headers.authorization !== `Bearer good-${newest}`) {
      socket.end('HTTP/1.1 302 Found\r\nlocation: /dex/auth?client_id=x\r\nconnection: close\r\n\r\n')
      return
    }
    const accept = createHash('sha1').update(
      `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
    )
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ${accept.digest('base64')}\r\n\r\n`,
    )
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return {
    seen,
    url,
    rotate: () => {
      newest += 1
    },
    newest: () => newest,
  }
}

async function aProxy(options: { secret?: boolean; socket?: string; renewable?: boolean } = {}) {
  const door = await aDoor()
  const agent = createAgent({ clock: Date.now })
  after(() => agent.close())
  const observed: Observed[] = []
  let renewals = 0
  const session = createDoorSession({
    door: door.url,
    name: 'test',
    store: memoryStore({ kind: 'token', token: 'good-1' }),
    renew: async () => {
      renewals += 1
      return options.renewable === false ? undefined : { kind: 'token', token: `good-${door.newest()}` }
    },
    readToken: async () => ({ text: '', changedAt: 0 }),
    clock: Date.now,
  })
  const proxy = await startProxy({
    door: { url: door.url, name: 'test', agent, session, host: door.url.host, base: '' },
    listen: options.socket === undefined ? { port: 0 } : { socket: options.socket },
    ...(options.secret !== undefined && { secret: options.secret }),
    observe: (each) => observed.push(each),
  })
  after(() => proxy.close())
  return { door, proxy, observed, renewals: () => renewals }
}

/** One request as it is written, its whole answer as text. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(text.replaceAll('\n', '\r\n'))
  const parts: Buffer[] = []
  for await (const part of socket) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('latin1')
}

const portOf = (address: string) => Number(new URL(address).port)

test('a program that knows the address gets through, and the door sees one credential', async () => {
  const { door, proxy } = await aProxy()
  const answer = await fetch(`${proxy.url}/pipeline/apis?x=1`, {
    headers: {
      authorization: 'Bearer mine',
      cookie: 'authservice_session=stolen; XSRF-TOKEN=t',
      'kubeflow-userid': 'admin@example.com',
      'x-forwarded-for': '1.2.3.4',
    },
    redirect: 'manual',
  })
  assert.equal(answer.status, 200)
  assert.deepEqual(await answer.json(), { got: 0 })
  const [seen] = door.seen
  assert.equal(seen?.url, '/pipeline/apis?x=1')
  assert.equal(seen?.headers.authorization, 'Bearer good-1')
  assert.equal(seen?.headers.cookie, 'XSRF-TOKEN=t')
  assert.equal(seen?.headers.host, door.url.host)
  assert.equal(seen?.headers['kubeflow-userid'], undefined)
  assert.equal(seen?.headers['x-forwarded-for'], undefined)
  const prefix = new URL(proxy.url).pathname
  assert.equal(answer.headers.get('location'), `${prefix}/elsewhere?x=1`)
  assert.equal(answer.headers.get('set-cookie'), `XSRF-TOKEN=t; Path=${prefix}/jupyter`)
  assert.equal(answer.headers.get('access-control-allow-origin'), null)
})

const strangers: readonly (readonly [why: string, lines: (port: number) => string, status: RegExp])[] = [
  [
    'a name a stranger’s DNS points here',
    (port) => `GET / HTTP/1.1\nhost: evil.test:${port}`,
    /^HTTP\/1\.1 421/,
  ],
  [
    'a name that only starts with 127.',
    (port) => `GET / HTTP/1.1\nhost: 127.evil.test:${port}`,
    /^HTTP\/1\.1 421/,
  ],
  [
    'a page of another site',
    (port) => `GET / HTTP/1.1\nhost: 127.0.0.1:${port}\norigin: http://evil.test`,
    /^HTTP\/1\.1 403/,
  ],
  [
    'a sandboxed page',
    (port) => `POST / HTTP/1.1\nhost: 127.0.0.1:${port}\norigin: null\ncontent-length: 0`,
    /^HTTP\/1\.1 403/,
  ],
  [
    'Fetch Metadata of another site',
    (port) => `GET / HTTP/1.1\nhost: 127.0.0.1:${port}\nsec-fetch-site: cross-site`,
    /^HTTP\/1\.1 403/,
  ],
  [
    'another port of this machine',
    (port) => `GET / HTTP/1.1\nhost: 127.0.0.1:${port}\nsec-fetch-site: same-site`,
    /^HTTP\/1\.1 403/,
  ],
  ['a relay to somebody else', () => 'GET http://evil.test/ HTTP/1.1\nhost: evil.test', /^HTTP\/1\.1 421/],
  ['CONNECT', () => 'CONNECT evil.test:443 HTTP/1.1\nhost: evil.test:443', /^HTTP\/1\.1 405/],
  ['two Hosts', (port) => `GET / HTTP/1.1\nhost: 127.0.0.1:${port}\nhost: evil.test`, /^HTTP\/1\.1 4/],
]

for (const [why, lines, status] of strangers) {
  test(`${why} is refused before the door is asked`, async () => {
    const { door, proxy } = await aProxy({ secret: false })
    const answer = await raw(portOf(proxy.address), `${lines(portOf(proxy.address))}\nconnection: close\n\n`)
    assert.match(answer, status)
    assert.doesNotMatch(answer, /access-control-allow-origin|good-1/i)
    assert.equal(door.seen.length, 0)
  })
}

test('without the secret nobody gets through, with half of it neither', async () => {
  const { door, proxy } = await aProxy()
  for (const url of [`${proxy.address}/`, `${proxy.url.slice(0, -1)}/`, `${proxy.url}x/`]) {
    const answer = await fetch(url)
    assert.equal(answer.status, 401)
    assert.equal(((await answer.json()) as { code: string }).code, 'secret')
  }
  assert.equal(door.seen.length, 0)
})

test('a session that ends under way is renewed once, whoever waits for it', async () => {
  const { door, proxy, renewals } = await aProxy({ secret: false })
  assert.equal((await fetch(`${proxy.url}/`)).status, 200)
  door.rotate()
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => fetch(`${proxy.url}/upload`, { method: 'POST', body: 'x'.repeat(1000) })),
  )
  assert.deepEqual(
    answers.map(({ status }) => status),
    Array(8).fill(200),
  )
  assert.equal(renewals(), 1)
  assert.equal(door.seen.at(-1)?.body.length, 1000)
})

test('a body too long to hold is begun only at a door that is open', async () => {
  const { door, proxy, renewals } = await aProxy({ secret: false })
  door.rotate()
  const size = 3 * 1024 * 1024
  const answer = await fetch(`${proxy.url}/upload`, { method: 'POST', body: new Uint8Array(size) })
  assert.equal(answer.status, 200)
  assert.deepEqual(await answer.json(), { got: size })
  assert.equal(renewals(), 1)
})

test('a door that goes on asking is told in JSON, with the next command and no page', async () => {
  const { door, proxy, observed } = await aProxy({ secret: false, renewable: false })
  door.rotate()
  const answer = await fetch(`${proxy.url}/pipeline/apis?token=secret`, { redirect: 'manual' })
  assert.equal(answer.status, 401)
  const body = (await answer.json()) as { code: string; hint: string }
  assert.equal(body.code, 'sign-in-required')
  assert.match(body.hint, /^kfdoor login http:/)
  assert.equal(observed[0]?.challenged, true)
  assert.doesNotMatch(JSON.stringify(observed), /secret/)
})

test('what is observed of a refusal holds the answer and no query', async () => {
  const { proxy, observed } = await aProxy({ secret: false })
  await (await fetch(`${proxy.url}/x?status=403&token=abc`)).text()
  const [one] = observed
  assert.equal(one?.path, '/x')
  assert.equal(one?.status, 403)
  assert.equal(one?.body, '{"got":0}')
  assert.doesNotMatch(JSON.stringify(one), /abc|good-1/)
})

for (const [coding, encode] of [
  ['gzip', gzipSync],
  ['br', brotliCompressSync],
] as const) {
  test(`a sign-in page in ${coding} is a sign-in page, and a refusal in it is read`, async () => {
    const page = `<!doctype html><title>Sign in</title>${'<p>x</p>'.repeat(9000)}<form method=post action=/dex/auth><input name=login><input type=password name=password></form>`
    const server = createServer((request, response) => {
      const [status, type, body] = /refused/.test(request.url ?? '')
        ? [403, 'text/plain', 'RBAC: access denied']
        : [200, 'text/html', page]
      response.writeHead(status, { 'content-type': type, 'content-encoding': coding }).end(encode(body))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const agent = createAgent({ clock: Date.now })
    const observed: Observed[] = []
    const session = createDoorSession({
      door: url,
      name: 'test',
      store: memoryStore({ kind: 'token', token: 'good' }),
      renew: async () => undefined,
      readToken: async () => ({ text: '', changedAt: 0 }),
      clock: Date.now,
    })
    const proxy = await startProxy({
      door: { url, name: 'test', agent, session, host: url.host, base: '' },
      listen: { port: 0 },
      observe: (each) => observed.push(each),
    })
    after(async () => {
      await proxy.close()
      await agent.close()
      server.closeAllConnections()
      server.close()
    })
    assert.equal((await fetch(`${proxy.url}/x`)).status, 401)
    assert.equal((await fetch(`${proxy.url}/refused`)).status, 403)
    assert.equal(observed.at(-1)?.body, 'RBAC: access denied')
  })
}

test('what is observed holds no credential, where an answer repeats it either', async () => {
  const { proxy, observed } = await aProxy()
  await (await fetch(`${proxy.url}/good-1/good-1?status=404`)).text()
  assert.doesNotMatch(JSON.stringify(observed), /good-1/)
})

test('a WebSocket passes bytes both ways, and renews its session too', async () => {
  const { door, proxy } = await aProxy({ secret: false })
  door.rotate()
  const upgrade = httpRequest(`${proxy.url}/ws`, {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'x',
      'sec-websocket-version': '13',
    },
  })
  upgrade.end()
  const [answer, socket] = (await once(upgrade, 'upgrade')) as [IncomingMessage, import('node:net').Socket]
  assert.equal(answer.statusCode, 101)
  socket.write('hello')
  const [echo] = (await once(socket, 'data')) as [Buffer]
  assert.equal(echo.toString(), 'hello')
  socket.destroy()
})

test('a Unix socket is for its owner only', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-proxy-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const socket = join(folder, 's')
  const { proxy } = await aProxy({ socket })
  assert.equal(statSync(socket).mode & 0o777, 0o600)
  const asked = httpRequest({ socketPath: socket, path: '/x' }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  assert.equal(answer.statusCode, 200)
  answer.resume()
  await proxy.close()
  assert.throws(() => statSync(socket))
})
