/** The forward proxy of one run: whom it opens, whom it tunnels unread, whom it refuses. */
import assert from 'node:assert/strict'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { createAuthority, doorNames, generateKey, issueLeaf, keyPem } from '../../pki/index.ts'
import { createDoorSession, memoryStore } from '../door-session.ts'
import { type Agent, createAgent } from '../http/agent.ts'
import { type ProxiedDoor, startInterceptor } from './index.ts'

const seen: IncomingMessage['headers'][] = []
const asked: string[] = []
const closers: (() => unknown)[] = []
let door: URL
let agent: Agent
let proxied: ProxiedDoor
let interceptor: Awaited<ReturnType<typeof startInterceptor>>

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => server.close())
  return (server.address() as AddressInfo).port
}

before(async () => {
  const names = doorNames(['localhost'])
  const authority = await createAuthority({ names, clock: Date.now })
  const key = await generateKey('ecdsa')
  const cert = await issueLeaf(authority, { names, publicKey: createPublicKey(key), clock: Date.now })
  const server = createHttpsServer({ cert, key: keyPem(key) }, (request, response) => {
    seen.push(request.headers)
    asked.push(request.url ?? '')
    response.end('behind the door')
  })
  door = new URL(`https://localhost:${await listen(server)}`)
  agent = createAgent({ clock: Date.now, ca: authority.certPem })
  closers.push(
    () => agent.close(),
    () => server.closeAllConnections(),
  )
  const session = createDoorSession({
    door,
    name: 'test',
    store: memoryStore({ kind: 'token', token: 'the-token' }),
    renew: async () => undefined,
    readToken: async () => ({ text: '', changedAt: 0 }),
    clock: Date.now,
  })
  proxied = { url: door, name: 'test', agent, session, host: door.host, base: '' }
  interceptor = await startInterceptor({ door: proxied })
  closers.push(() => interceptor.close())
})
after(async () => {
  for (const close of closers.reverse()) await close()
})

/** What the proxy answers to a CONNECT, and the socket behind it. */
async function open(
  target: string,
  credentials = interceptor.url,
): Promise<{ head: string; socket: Socket }> {
  const { port, username, password } = new URL(credentials)
  const socket = connect(Number(port), '127.0.0.1')
  const basic = Buffer.from(`${username}:${password}`).toString('base64')
  socket.write(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\nproxy-authorization: Basic ${basic}\r\n\r\n`)
  const [head] = (await once(socket, 'data')) as [Buffer]
  closers.push(() => socket.destroy())
  return { head: head.toString(), socket }
}

test('the door is opened, with the credential added and a certificate only this run trusts', async () => {
  const { head, socket } = await open(door.host)
  assert.match(head, /^HTTP\/1\.1 200/)
  const secure = connectTls({ socket, servername: 'localhost', ca: interceptor.caPem })
  await once(secure, 'secureConnect')
  secure.write(
    'GET /x HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer mine\r\nconnection: close\r\n\r\n',
  )
  const parts: Buffer[] = []
  for await (const part of secure) parts.push(part as Buffer)
  assert.match(Buffer.concat(parts).toString(), /behind the door/)
  assert.equal(seen.at(-1)?.authorization, 'Bearer the-token')
})

/** One request at the door through the interceptor, as a client writes it. */
async function atDoor(lines: string): Promise<string> {
  const { socket } = await open(door.host)
  const secure = connectTls({ socket, servername: 'localhost', ca: interceptor.caPem })
  await once(secure, 'secureConnect')
  secure.write(`${lines}\r\nconnection: close\r\n\r\n`)
  const parts: Buffer[] = []
  for await (const part of secure) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

test('a Host of the client’s own goes on: a gateway finds models by it', async () => {
  const model = 'iris.team.example.com'
  assert.match(await atDoor(`GET /v1/models/iris HTTP/1.1\r\nhost: ${model}`), /behind the door/)
  assert.equal(seen.at(-1)?.host, model)
  assert.match(await atDoor('GET / HTTP/1.1\r\nhost: LOCALHOST'), /behind the door/)
  assert.equal(seen.at(-1)?.host, door.host)
})

const pages: readonly (readonly [why: string, lines: string])[] = [
  ['a script of another site', 'origin: https://evil.test'],
  ['a sandboxed page', 'origin: null'],
  ['a script by Fetch Metadata', 'sec-fetch-site: cross-site\r\nsec-fetch-mode: no-cors'],
  [
    'a form of another site',
    'sec-fetch-site: cross-site\r\nsec-fetch-mode: navigate\r\nsec-fetch-dest: document',
  ],
]
for (const [why, lines] of pages) {
  test(`${why} is refused, in a browser run by exec too`, async () => {
    const before = seen.length
    const answer = await atDoor(`POST /x HTTP/1.1\r\nhost: ${door.host}\r\ncontent-length: 0\r\n${lines}`)
    assert.match(answer, /^HTTP\/1\.1 403/)
    assert.doesNotMatch(answer, /access-control-allow-origin|the-token/i)
    assert.equal(seen.length, before)
  })
}
test('a page of the door itself, and a link to it, get through', async () => {
  for (const lines of [
    `origin: ${door.origin}`,
    'sec-fetch-site: cross-site\r\nsec-fetch-mode: navigate\r\nsec-fetch-dest: document',
  ]) {
    assert.match(await atDoor(`GET /x HTTP/1.1\r\nhost: ${door.host}\r\n${lines}`), /behind the door/)
  }
})

test('a door below a path is asked for the paths its clients name', async () => {
  const below = await startInterceptor({
    door: { ...proxied, base: '/kubeflow' },
  })
  closers.push(() => below.close())
  const { socket } = await open(door.host, below.url)
  const secure = connectTls({ socket, servername: 'localhost', ca: below.caPem })
  await once(secure, 'secureConnect')
  secure.write(`GET /kubeflow/x HTTP/1.1\r\nhost: ${door.host}\r\nconnection: close\r\n\r\n`)
  for await (const _ of secure);
  assert.equal(asked.at(-1), '/kubeflow/x')
})

const others = (port: string) => [
  ...[
    `localhost.:${port}`,
    `127.0.0.1:${port}`,
    `127.1:${port}`,
    `[::1]:${port}`,
    `[::ffff:127.0.0.1]:${port}`,
  ],
  ...[`0x7f000001:${port}`, `2130706433:${port}`, 'localhost:0', 'localhost:99999', 'localhost:443'],
]
test('no other spelling of the door is opened with the credential', async () => {
  for (const target of others(door.port)) {
    const before = seen.length
    const { head, socket } = await open(target)
    if (!/^HTTP\/1\.1 200/.test(head)) continue
    // What answers there is the door itself, asked by nobody in particular.
    const secure = connectTls({ socket, servername: 'localhost', rejectUnauthorized: false })
    await once(secure, 'secureConnect')
    secure.write('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
    for await (const _ of secure);
    assert.equal(seen.length, before + 1, target)
    assert.equal(seen.at(-1)?.authorization, undefined, target)
  }
})

test('its root may sign for the door’s name and nothing else', () => {
  const root = new X509Certificate(interceptor.caPem)
  assert.equal(root.ca, true)
  // The names stand in its constraints, which OpenSSL shows as text only; a leaf for another name is refused.
  assert.match(root.raw.toString('latin1'), /localhost/)
})

test('everything else is tunnelled unread', async () => {
  const port = await listen(createServer((socket) => socket.pipe(socket)))
  const { head, socket } = await open(`127.0.0.1:${port}`)
  assert.match(head, /^HTTP\/1\.1 200/)
  const bytes = Buffer.from([0, 22, 3, 255, 1, 2, 3])
  socket.write(bytes)
  const [back] = (await once(socket, 'data')) as [Buffer]
  assert.deepEqual(back, bytes)
})

test('the door’s host on another port is not the door', async () => {
  const port = await listen(createServer((socket) => socket.end('plain')))
  const { socket, head } = await open(`localhost:${port}`)
  const text = head.includes('plain') ? head : String(((await once(socket, 'data')) as [Buffer])[0])
  assert.match(text, /plain$/)
})

test('without its password it does nothing for anybody', async () => {
  const before = seen.length
  for (const wrong of [
    interceptor.url.replace('kfdoor:', 'kfdoor:x'),
    interceptor.url.replace('kfdoor:', 'other:'),
  ]) {
    assert.match((await open(door.host, wrong)).head, /^HTTP\/1\.1 407/)
  }
  const { port } = new URL(interceptor.url)
  const [answer] = (await once(httpRequest({ host: '127.0.0.1', port, path: '/' }).end(), 'response')) as [
    IncomingMessage,
  ]
  answer.resume()
  assert.equal(answer.statusCode, 407)
  assert.equal(seen.length, before)
})

test('a host nobody has is 502, and a target that is none is 400', async () => {
  assert.match((await open('127.0.0.1:1')).head, /^HTTP\/1\.1 502/)
  assert.match((await open('nonsense')).head, /^HTTP\/1\.1 400/)
})

test('plain requests to others are relayed without the password of the proxy', async () => {
  let got: IncomingMessage['headers'] = {}
  const server = createHttpServer((request, response) => {
    got = request.headers
    response.end('other')
  })
  const port = await listen(server)
  const { port: proxyPort, username, password } = new URL(interceptor.url)
  const socket = connect(Number(proxyPort), '127.0.0.1')
  const basic = Buffer.from(`${username}:${password}`).toString('base64')
  socket.write(
    `GET http://127.0.0.1:${port}/p HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nproxy-authorization: Basic ${basic}\r\nconnection: close\r\n\r\n`,
  )
  const parts: Buffer[] = []
  for await (const part of socket) parts.push(part as Buffer)
  assert.match(Buffer.concat(parts).toString(), /other/)
  assert.equal(got['proxy-authorization'], undefined)
  assert.equal(got.authorization, undefined)
})
