import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { aGateway, aWorkload, forwardOf, replyOf, valueIn } from './gateway.fixture.ts'
import type { LogEntry } from './options.ts'

interface Got {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: string
}

function call(
  port: number,
  path = '/',
  options: { method?: string; body?: string; headers?: Record<string, string> } = {},
) {
  return new Promise<Got>((resolve, reject) => {
    const { method = 'GET', body, headers } = options
    httpRequest(
      { port, path, method, headers: { host: 'door.test', ...headers }, agent: false },
      (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => {
          body += part
        })
        response.on('error', reject)
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        )
      },
    )
      .on('error', reject)
      .end(body)
  })
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A port where nobody listens. */
async function nobody(): Promise<string> {
  const server = createTcpServer()
  const url = await listening(server)
  server.close()
  await once(server, 'close')
  return url
}

test('an upstream nobody stands behind is told in Envoy’s words', async (t) => {
  const url = await nobody()
  const retries = { attempts: 0, on: '' }
  const gateway = await aGateway({
    decide: (request) => forwardOf(request, request.path === '/retried' ? {} : { retries }),
    upstream: ({ path }) => (path === '/missing' ? undefined : { kind: 'origin', url }),
  })
  t.after(() => gateway.close(0))
  const refused =
    'remote connection failure, transport failure reason: delayed connect error: Connection refused'
  const rows = [
    ['/once', `upstream connect error or disconnect/reset before headers. reset reason: ${refused}`],
    [
      '/retried',
      `upstream connect error or disconnect/reset before headers. retried and the latest reset reason: ${refused}`,
    ],
    ['/missing', 'no healthy upstream'],
  ] as const
  for (const [path, body] of rows) {
    const answer = await call(gateway.port, path)
    assert.deepEqual(
      [answer.status, answer.body, answer.headers['content-type']],
      [503, body, 'text/plain'],
      path,
    )
  }
})

test('an upstream that hangs up before its answer', async (t) => {
  let connections = 0
  const server = createTcpServer((socket) => {
    connections++
    socket.on('error', () => {})
    socket.once('data', () => socket.destroy())
  })
  const url = await listening(server)
  const gateway = await aGateway({ upstream: () => ({ kind: 'origin', url }) })
  t.after(async () => {
    await gateway.close(0)
    server.close()
  })
  const posted = await call(gateway.port, '/', { method: 'POST', body: 'once only' })
  assert.equal(posted.status, 503)
  assert.match(posted.body, /reset reason: connection termination$/)
  assert.equal(connections, 1, 'a body that was sent is not sent again')
})

test('a route’s timeout is 504, and the upstream is let go', async (t) => {
  let closed: Promise<unknown> | undefined
  const server = createServer((request) => {
    closed = once(request.socket, 'close')
  })
  const url = await listening(server)
  const gateway = await aGateway({
    decide: (request) => forwardOf(request, { timeoutMs: 80 }),
    upstream: () => ({ kind: 'origin', url }),
  })
  t.after(async () => {
    await gateway.close(0)
    server.close()
  })
  const answer = await call(gateway.port)
  assert.deepEqual([answer.status, answer.body], [504, 'upstream request timeout'])
  await closed
})

test('half an answer is cut off, not made to look whole', async (t) => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('half', () => response.socket?.destroy())
  })
  const url = await listening(server)
  const gateway = await aGateway({ upstream: () => ({ kind: 'origin', url }) })
  t.after(async () => {
    await gateway.close(0)
    server.close()
  })
  await assert.rejects(call(gateway.port), /aborted|ECONNRESET|hang up/)
})

test('a client that goes away is heard upstream', async (t) => {
  let gone: (() => void) | undefined
  const heard = new Promise<void>((resolve) => {
    gone = resolve
  })
  const server = createServer((request, response) => {
    response.write('begun')
    request.socket.once('close', () => gone?.())
  })
  const url = await listening(server)
  const gateway = await aGateway({ upstream: () => ({ kind: 'origin', url }) })
  t.after(async () => {
    await gateway.close(0)
    server.close()
  })
  const socket = connect(gateway.port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: door.test\r\n\r\n')
  await once(socket, 'data')
  socket.destroy()
  await heard
})

test('64 MB pass both ways without being kept', async (t) => {
  const size = 64 * 1024 * 1024
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    request.pipe(response)
  })
  const url = await listening(server)
  const gateway = await aGateway({ upstream: () => ({ kind: 'origin', url }) })
  t.after(async () => {
    await gateway.close(0)
    server.close()
  })
  const outgoing = httpRequest({
    port: gateway.port,
    method: 'POST',
    path: '/',
    headers: { host: 'door.test' },
  })
  const answered = once(outgoing, 'response')
  const part = Buffer.alloc(256 * 1024, 1)
  let received = 0
  const read = async () => {
    const [response] = await answered
    for await (const chunk of response) received += (chunk as Buffer).length
  }
  let reading: Promise<void> | undefined
  let taken = 0
  for (let sent = part.length; sent <= size; sent += part.length) {
    if (outgoing.write(part)) continue
    const drained = once(outgoing, 'drain')
    if (!reading && !(await Promise.race([drained, delay(300)]))) {
      // Nobody reads the answer yet, so what was taken lies in the buffers on the way.
      taken = sent
      reading = read()
    }
    await drained
  }
  outgoing.end()
  await (reading ?? read())
  assert.equal(received, size)
  assert.ok(taken > 0 && taken < size / 2, `${taken} bytes were taken before anybody read`)
})

test('a body that came over HTTP/2 reaches an HTTP/1.1 upstream, and its answer the client', async (t) => {
  const server = createServer((request, response) => request.pipe(response))
  const url = await listening(server)
  const gateway = await aGateway({ upstream: () => ({ kind: 'origin', url }) })
  const session = connectHttp2(`http://127.0.0.1:${gateway.port}`)
  t.after(async () => {
    session.destroy()
    await gateway.close(0)
    server.close()
  })
  for (const size of [2, 300_000]) {
    const stream = session.request({ ':method': 'POST', ':path': '/', ':authority': 'door.test' })
    stream.end(Buffer.alloc(size, 'x'))
    const [head] = await once(stream, 'response')
    assert.equal(head[':status'], 200)
    let got = 0
    for await (const part of stream) got += (part as Buffer).length
    assert.equal(got, size)
  }
})

test('a function serves as an upstream', async (t) => {
  const gateway = await aGateway({
    upstream: () => ({
      kind: 'handler',
      handle: async (request, info) => {
        const url = new URL(request.url)
        if (url.pathname === '/throws') throw new Error('no')
        const headers = new Headers({
          'x-path': url.pathname + url.search,
          'x-from': info?.remoteAddress ?? '',
        })
        headers.append('set-cookie', 'a=1; Secure')
        headers.append('set-cookie', 'b=2')
        return new Response(`${request.method} ${request.headers.get('host')} ${await request.text()}`, {
          headers,
        })
      },
    }),
  })
  t.after(() => gateway.close(0))
  const answer = await call(gateway.port, '/a%2Fb?c=%20d', { method: 'POST', body: 'hello' })
  assert.equal(answer.body, 'POST door.test hello')
  assert.equal(answer.headers['x-path'], '/a%2Fb?c=%20d')
  assert.equal(answer.headers['x-from'], '127.0.0.1')
  assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2'])
  assert.equal((await call(gateway.port, '/throws')).status, 503)
})

test('the route’s changes to the answer: remove, set, add', async (t) => {
  const server = createServer((_request, response) => {
    response.writeHead(200, {
      'x-gone': '1',
      'x-set': 'old',
      'x-add': 'first',
      connection: 'close, x-hop',
      'x-hop': '1',
      server: 'theirs',
    })
    response.end('ok')
  })
  const url = await listening(server)
  const gateway = await aGateway({
    decide: (request) =>
      forwardOf(request, {
        response: { remove: ['x-gone'], set: [['x-set', 'new']], add: [['x-add', 'second']] },
      }),
    upstream: () => ({ kind: 'origin', url }),
  })
  t.after(async () => {
    await gateway.close(0)
    server.close()
  })
  const { headers } = await call(gateway.port)
  assert.equal(headers['x-gone'], undefined)
  assert.equal(headers['x-hop'], undefined)
  assert.equal(headers['x-set'], 'new')
  assert.equal(headers['x-add'], 'first, second')
  assert.equal(headers.server, 'istio-envoy')
})

test('a WebSocket passes after the decision, and not before', async (t) => {
  const server = createServer()
  const seen: string[][] = []
  server.on('upgrade', (request, socket) => {
    seen.push(request.rawHeaders)
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Own: 1\r\n\r\n',
    )
    socket.on('data', (part) => socket.write(`echo ${part}`))
    socket.on('error', () => {})
  })
  const url = await listening(server)
  const gateway = await aGateway({
    decide: (request) => (request.path === '/closed' ? replyOf(403, 'no') : forwardOf(request)),
    upstream: () => ({ kind: 'origin', url }),
  })
  t.after(async () => {
    await gateway.close(0)
    server.close()
  })
  const hello = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: door.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nkubeflow-userid: admin@example.com\r\n\r\n`
  const socket = connect(gateway.port, '127.0.0.1')
  socket.write(hello('/open'))
  const [head] = (await once(socket, 'data')) as [Buffer]
  assert.match(head.toString(), /^HTTP\/1\.1 101 Switching Protocols\r\n/)
  assert.match(head.toString(), /x-own: 1\r\n/)
  socket.write('ping')
  const [part] = (await once(socket, 'data')) as [Buffer]
  assert.equal(part.toString(), 'echo ping')
  socket.destroy()
  assert.deepEqual(valueIn(seen[0] ?? [], 'kubeflow-userid'), [])

  const closed = connect(gateway.port, '127.0.0.1')
  closed.write(hello('/closed'))
  let answer = ''
  for await (const chunk of closed) answer += chunk
  assert.match(answer, /^HTTP\/1\.1 403 /)
  assert.equal(seen.length, 1)
})

test('Expect: 100-continue is answered once the request was let through', async (t) => {
  const app = await aWorkload((_request, body) => body)
  const gateway = await aGateway({
    decide: (request) => (request.path === '/no' ? replyOf(403, 'no') : forwardOf(request)),
    upstream: () => ({ kind: 'origin', url: app.url }),
  })
  t.after(async () => {
    await gateway.close(0)
    await app.close()
  })
  const send = (path: string) =>
    new Promise<[continued: boolean, status: number]>((resolve, reject) => {
      let continued = false
      const request = httpRequest({
        port: gateway.port,
        path,
        method: 'POST',
        headers: { host: 'door.test', expect: '100-continue' },
      })
      request.on('continue', () => {
        continued = true
        request.end('the body')
      })
      request.on('response', (response) => {
        response.resume()
        resolve([continued, response.statusCode ?? 0])
        request.destroy()
      })
      request.on('error', reject)
      request.flushHeaders()
    })
  assert.deepEqual(await send('/yes'), [true, 200])
  assert.deepEqual(await send('/no'), [false, 403])
})

test('closing lets what runs end, and takes nothing new', async (t) => {
  let finish: (() => void) | undefined
  const server = createServer((_request, response) => {
    finish = () => response.end('done')
  })
  const url = await listening(server)
  const entries: LogEntry[] = []
  const gateway = await aGateway(
    { upstream: () => ({ kind: 'origin', url }) },
    { log: (entry) => entries.push(entry) },
  )
  t.after(() => server.close())
  const running = call(gateway.port, '/slow?secret=1')
  await once(server, 'request')
  const closing = gateway.close(5000)
  await assert.rejects(call(gateway.port), /ECONNREFUSED/)
  finish?.()
  const answer = await running
  assert.deepEqual([answer.status, answer.body, answer.headers.connection], [200, 'done', 'close'])
  await closing
  assert.equal(entries.length, 1)
  const [entry] = entries
  assert.deepEqual(
    [entry?.path, entry?.status, entry?.verdict, entry?.reason],
    ['/slow', 200, 'allow', 'test'],
  )
})

test('closing cuts off what does not end in time', async (t) => {
  const server = createServer(() => {})
  const url = await listening(server)
  const gateway = await aGateway({ upstream: () => ({ kind: 'origin', url }) })
  t.after(() => server.close())
  const running = call(gateway.port)
  await once(server, 'request')
  await Promise.all([gateway.close(50), assert.rejects(running)])
})

test('an engine that throws, or does not know, opens nothing', async (t) => {
  let asked = 0
  const gateway = await aGateway({
    decide: (request) => {
      if (request.path === '/throws') throw new Error('a mistake')
      return { kind: 'unknown', verdict: 'unknown', reason: 'not-understood', steps: [], checks: [] }
    },
    upstream: () => {
      asked++
      return undefined
    },
  })
  t.after(() => gateway.close(0))
  assert.deepEqual(
    [(await call(gateway.port, '/throws')).status, (await call(gateway.port, '/x')).status, asked],
    [500, 503, 0],
  )
})
