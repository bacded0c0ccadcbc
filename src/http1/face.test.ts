import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer, request as httpRequest } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createHttp1Face, type Http1FaceOptions, prepareAnswer, type ServedRequest } from './index.ts'

/** A face on a free port, with Node's server behind it. */
async function aFace(t: TestContext, options: Partial<Http1FaceOptions>) {
  const node = createHttpServer((request, response) => response.end(`node ${request.url}`))
  const face = createHttp1Face({
    headBytes: 4096,
    headerLines: 20,
    headMs: 10_000,
    keepAliveMs: 10_000,
    clock: () => 0,
    serve: (request) => answer(request, `own ${request.target}`),
    other: (socket) => node.emit('connection', socket),
    refuse: (socket, why) => socket.end(`refused ${why}`),
    ...options,
  })
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    face.take(socket.on('error', () => {}))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { face, port: (server.address() as AddressInfo).port }
}

function answer(request: ServedRequest, text: string): void {
  request.start(200, ['content-length', String(text.length)])
  request.end(Buffer.from(text))
}

/** Everything a connection says until it is closed. */
async function spoken(port: number, ...parts: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  let text = ''
  socket.on('data', (more: string) => {
    text += more
    const next = rest.shift()
    if (next !== undefined) socket.write(next)
  })
  const [first = '', ...rest] = parts
  socket.write(first)
  await once(socket, 'close')
  return text
}

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`

test('requests are answered one after another; at an unusual one Node takes over, for good', async (t) => {
  const { port } = await aFace(t, {})
  const text = await spoken(
    port,
    get('/a') + get('/b'),
    get('/c', 'X-Tab:\ta\r\n'),
    get('/d', 'Connection: close\r\n'),
  )
  assert.deepEqual(text.match(/(?:own|node) \/\w/g), ['own /a', 'own /b', 'node /c', 'node /d'])
})

test('who wants the connection closed is told that it is, by an answer made here or before', async (t) => {
  const prepared = prepareAnswer(200, ['content-length', '0'])
  const { port } = await aFace(t, {
    serve: (request) => (request.target === '/prepared' ? request.send(prepared) : answer(request, 'x')),
  })
  for (const path of ['/made', '/prepared']) {
    assert.match(await spoken(port, get(path, 'Connection: close\r\n')), /^Connection: close\r$/im, path)
    const both = await spoken(port, get(path) + get('/end', 'Connection: close\r\n'))
    assert.doesNotMatch(both.split('HTTP/1.1')[1] ?? '', /close/i)
  }
})

test('the next request waits for the answer of the one before it', async (t) => {
  const waiting: ServedRequest[] = []
  const { port } = await aFace(t, { serve: (request) => void waiting.push(request) })
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.write(get('/a') + get('/b'))
  const seen: string[] = []
  while (seen.length < 2) {
    await new Promise((resolve) => setImmediate(resolve))
    assert.ok(waiting.length < 2)
    const request = waiting.shift()
    if (!request) continue
    seen.push(request.target)
    answer(request, 'x')
  }
  assert.deepEqual(seen, ['/a', '/b'])
})

test('a head that does not come to its end is refused, an idle connection is closed', async (t) => {
  const { port } = await aFace(t, { headMs: 40 })
  assert.equal(await spoken(port, 'GET /a HTTP/1.1\r\nHost:'), 'refused late')
  assert.equal(await spoken(port, ''), 'refused late')
  assert.match(await spoken(port, get('/a'), 'GET /b HTTP'), /own \/arefused late$/)
  const idle = await aFace(t, { keepAliveMs: 40 })
  assert.match(await spoken(idle.port, get('/a')), /own \/a$/)
})

test('a client that ends within a request is told so', async (t) => {
  const refused: string[] = []
  const { port } = await aFace(t, {
    refuse: (socket, why) => {
      refused.push(why)
      socket.destroy()
    },
  })
  for (const part of ['GET /a HTT', 'PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf']) {
    const socket = connect(port, '127.0.0.1').resume()
    socket.end(part)
    await once(socket, 'close')
  }
  assert.deepEqual(refused, ['cut-off', 'cut-off'])
})

test('whoever goes away before the answer has left is reported, and his body cut off', async (t) => {
  let told: (whole: boolean) => void = () => {}
  const closed = new Promise<boolean>((resolve) => {
    told = resolve
  })
  let cut: Promise<unknown> | undefined
  const { port } = await aFace(t, {
    serve: (request) => {
      request.owner = { closed: told }
      cut = request.body && once(request.body, 'close')
      request.start(200, [])
      request.write(Buffer.from('begun'))
    },
  })
  const socket = connect(port, '127.0.0.1')
  socket.write('PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf')
  await once(socket, 'data')
  socket.resetAndDestroy()
  assert.equal(await closed, false)
  await cut
})

test('a large body is held back until it is read, and its connection carries on', async (t) => {
  const size = 3_000_000
  const { port } = await aFace(t, {
    serve: (request) => {
      if (!request.body) return answer(request, 'next')
      let bytes = 0
      // Whoever reads late gets it all the same.
      setImmediate(() => {
        request.body?.on('data', (chunk: Buffer) => {
          bytes += chunk.length
        })
        request.body?.on('end', () => answer(request, String(bytes)))
      })
    },
  })
  const text = await spoken(
    port,
    `PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`,
    get('/b', 'Connection: close\r\n'),
  )
  assert.match(text, /\r\n\r\n3000000HTTP\/1\.1 200 OK\r\n[\s\S]*next$/)
})

test('an answer that does not wait for the body is read by whoever still sends', async (t) => {
  const { port } = await aFace(t, {
    serve: (request) => {
      request.start(413, ['content-length', '5', 'connection', 'close'])
      request.end(Buffer.from('large'))
    },
  })
  const request = httpRequest({ port, method: 'PUT', headers: { host: 'a', 'content-length': 50_000_000 } })
  request.on('error', () => {})
  request.write(Buffer.alloc(4_000_000))
  const [response] = await once(request, 'response')
  assert.equal(response.statusCode, 413)
  request.destroy()
})

test('an answer of another length than it said cuts the connection off', async (t) => {
  const { port } = await aFace(t, {
    serve: (request) => {
      request.start(200, ['content-length', request.target === '/more' ? '2' : '9'])
      request.write(Buffer.from('abc'))
      request.end()
    },
  })
  assert.equal(await spoken(port, get('/more')), '')
  assert.match(await spoken(port, get('/less')), /abc$/)
})

test('nothing that would begin another header is sent', async (t) => {
  const thrown: unknown[] = []
  const { port } = await aFace(t, {
    serve: (request) => {
      for (const headers of [
        ['x', 'a\r\nb: c'],
        ['x', 'a\nb'],
        ['x', '\u0100'],
        ['x y', 'a'],
        ['x\r\n', 'a'],
        ['', 'a'],
      ]) {
        try {
          request.start(200, headers)
        } catch (error) {
          thrown.push(error)
        }
      }
      request.start(200, ['transfer-encoding', 'chunked', 'x', 'a\tb\u00e9', 'connection', 'close'])
      request.end(Buffer.from('z'))
    },
  })
  const text = await spoken(port, get('/a'))
  assert.equal(thrown.length, 6)
  assert.equal(
    text,
    'HTTP/1.1 200 OK\r\nx: a\tb\u00e9\r\nconnection: close\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nz\r\n0\r\n\r\n',
  )
})

test('idle connections can be closed, busy ones not', async (t) => {
  const waiting: ServedRequest[] = []
  const { face, port } = await aFace(t, {
    serve: (request) => {
      if (request.target === '/a') answer(request, 'a')
      else waiting.push(request)
    },
  })
  const [idle, busy] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')]
  idle.write(get('/a'))
  await once(idle, 'data')
  busy.write(get('/b'))
  while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const closed = once(idle.resume(), 'close')
  // Its answer has left once the write was told of.
  await new Promise((resolve) => setImmediate(resolve))
  face.closeIdle()
  await closed
  const said = once(busy, 'data')
  answer(waiting[0] as ServedRequest, 'b')
  assert.match(String(await said), /b$/)
  busy.destroy()
})
