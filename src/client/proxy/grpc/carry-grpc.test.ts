/** gRPC through the local proxy and through the interceptor of a run, with gRPC's own client and server. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttp1Server } from 'node:http'
import { createServer, connect as dial, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { after, test } from 'node:test'
import {
  ChannelCredentials,
  Client,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { createDoorSession, memoryStore } from '../../door-session.ts'
import { createAgent } from '../../http/agent.ts'
import { byFirstBytes } from '../front.ts'
import { type Observed, startProxy } from '../index.ts'

const same = (bytes: Buffer) => bytes
const method = (name: string, stream = false) => ({
  path: `/test.Echo/${name}`,
  requestStream: stream,
  responseStream: stream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
})
const service = {
  unary: method('Unary'),
  fails: method('Fails'),
  chat: method('Chat', true),
  collect: { ...method('Collect', true), responseStream: false },
}

/** A model server, and before it a door that turns away calls without the newest token as Envoy does. */
async function aDoor() {
  const server = new Server({ 'grpc.max_receive_message_length': -1 })
  const seen: Metadata[] = []
  server.addService(service, {
    unary: (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
      seen.push(call.metadata)
      const trailers = new Metadata()
      trailers.set('x-cost', '7')
      answer(null, call.request, trailers)
    },
    fails: (_call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) =>
      answer({ code: status.INVALID_ARGUMENT, details: 'no such input: ü' }),
    chat: (call: ServerDuplexStream<Buffer, Buffer>) => {
      call.on('data', (part: Buffer) => call.write(part))
      call.on('end', () => call.end())
      call.on('error', () => {})
    },
    collect: (call: ServerReadableStream<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
      let size = 0
      call.on('data', (part: Buffer) => {
        size += part.length
      })
      call.on('end', () => answer(null, Buffer.from(String(size))))
    },
  })
  const behind = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  )
  after(() => server.forceShutdown())
  let newest = 1
  const session = dial(`http://127.0.0.1:${behind}`)
  after(() => session.destroy())
  const asked: string[] = []
  const gate = createServer()
  gate.on('stream', (stream: ServerHttp2Stream, headers) => {
    const signedIn = headers.authorization === `Bearer good-${newest}`
    const grpc = /^application\/grpc/.test(headers['content-type'] ?? '')
    asked.push(`${headers[':method']} ${headers[':path']} ${signedIn}`)
    stream.on('error', () => {})
    if (!signedIn && grpc) {
      const refusal = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '16' }
      return stream.respond(refusal, { endStream: true })
    }
    const up = session.request({ ...headers, ':authority': `127.0.0.1:${behind}` })
    up.on('error', () => stream.close())
    up.on('response', (head, flags) => {
      if (flags & 1) return stream.respond(head, { endStream: true })
      let trailers = {}
      up.on('trailers', (found) => {
        trailers = found
      })
      stream.respond(head, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers(trailers))
      return up.pipe(stream)
    })
    return stream.pipe(up)
  })
  // Whether a door is open is asked with a page, over HTTP/1.
  const pages = createHttp1Server((request, response) => {
    asked.push(`page ${request.headers.authorization === `Bearer good-${newest}`}`)
    if (request.headers.authorization === `Bearer good-${newest}`) response.end('{}')
    else
      response.writeHead(302, { location: '/dex/auth?client_id=x&redirect_uri=y&response_type=code' }).end()
  })
  const front = createNetServer({ allowHalfOpen: true }, byFirstBytes(pages, gate))
  front.listen(0, '127.0.0.1')
  await once(front, 'listening')
  after(() => {
    front.close()
    pages.closeAllConnections()
  })
  return {
    url: new URL(`http://127.0.0.1:${(front.address() as AddressInfo).port}`),
    seen,
    asked,
    rotate: () => {
      newest += 1
    },
    newest: () => newest,
  }
}

async function aProxy(options: { readonly secret?: boolean; readonly renewable?: boolean } = {}) {
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
    door: { url: door.url, name: 'test', agent, session, host: 'model.test', base: '' },
    listen: { port: 0 },
    secret: options.secret ?? false,
    observe: (each) => observed.push(each),
  })
  after(() => proxy.close())
  const client = new Client(new URL(proxy.address).host, ChannelCredentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
  })
  after(() => client.close())
  return { door, proxy, observed, client, renewals: () => renewals }
}

interface Answered {
  readonly value?: Buffer
  readonly error?: ServiceError
  readonly trailers?: Metadata
}

function unary(client: Client, name: string, message: Buffer, metadata = new Metadata()): Promise<Answered> {
  return new Promise((resolve) => {
    const answered: { value?: Buffer; error?: ServiceError; trailers?: Metadata } = {}
    const call = client.makeUnaryRequest(
      `/test.Echo/${name}`,
      same,
      same,
      message,
      metadata,
      (error, value) => {
        if (error) answered.error = error
        if (value) answered.value = value
      },
    )
    call.on('status', ({ metadata: trailers }) => resolve({ ...answered, trailers }))
  })
}

test('a call gets through with its metadata, the credential, and trailers back', async () => {
  const { client, door, observed } = await aProxy()
  const metadata = new Metadata()
  metadata.set('x-request', '1')
  metadata.set('authorization', 'Bearer mine')
  metadata.set('kubeflow-userid', 'admin@example.com')
  const { value, trailers, error } = await unary(client, 'Unary', Buffer.from('hello'), metadata)
  assert.equal(error, undefined)
  assert.equal(String(value), 'hello')
  assert.deepEqual(trailers?.get('x-cost'), ['7'])
  const [seen] = door.seen
  assert.deepEqual(seen?.get('authorization'), ['Bearer good-1'])
  assert.deepEqual(seen?.get('x-request'), ['1'])
  assert.deepEqual(seen?.get('kubeflow-userid'), [])
  assert.equal(observed[0]?.status, 200)
})

test('a status of the server comes back as it is, and signs nobody in again', async () => {
  const { client, renewals, observed } = await aProxy()
  const { error } = await unary(client, 'Fails', Buffer.alloc(0))
  assert.equal(error?.code, status.INVALID_ARGUMENT)
  assert.equal(error?.details, 'no such input: ü')
  assert.equal(renewals(), 0)
  assert.equal(observed[0]?.body, 'no such input: ü')
})

test('a session that ends between two calls is renewed, and the call does not know', async () => {
  const { client, door, renewals } = await aProxy()
  await unary(client, 'Unary', Buffer.from('a'))
  door.rotate()
  const { value, error } = await unary(client, 'Unary', Buffer.from('b'))
  assert.equal(error, undefined)
  assert.equal(String(value), 'b')
  assert.equal(renewals(), 1)
})

test('messages stream both ways as they come', async () => {
  const { client, door } = await aProxy()
  door.rotate()
  const call = client.makeBidiStreamRequest('/test.Echo/Chat', same, same)
  for (const word of ['one', 'two', 'three']) {
    call.write(Buffer.from(word))
    const [answer] = (await once(call, 'data')) as [Buffer]
    assert.equal(String(answer), word)
  }
  call.end()
  const [ended] = (await once(call, 'status')) as [{ code: number }]
  assert.equal(ended.code, status.OK)
})

test('a stream longer than is held begins only at a door that is open, and arrives whole', async () => {
  const { client, door, renewals } = await aProxy()
  door.rotate()
  const size = await new Promise<string>((resolve, reject) => {
    const call = client.makeClientStreamRequest('/test.Echo/Collect', same, same, (error, value) =>
      error ? reject(error) : resolve(String(value)),
    )
    const part = Buffer.alloc(256 * 1024)
    let left = 40
    const more = () => {
      while (left > 0) {
        left -= 1
        if (!call.write(part)) return call.once('drain', more)
      }
      return call.end()
    }
    more()
  })
  assert.equal(size, String(40 * 256 * 1024))
  assert.equal(renewals(), 1)
})

test('a door that goes on asking is told as UNAUTHENTICATED, with the next command', async () => {
  const { client, door } = await aProxy({ renewable: false })
  door.rotate()
  const { error } = await unary(client, 'Unary', Buffer.from('x'))
  assert.equal(error?.code, status.UNAUTHENTICATED)
  assert.match(error?.details ?? '', /asks for a sign-in; kfdoor login http:/)
})

test('with a secret, metadata carries it and the door never sees it', async () => {
  const { client, door, proxy } = await aProxy({ secret: true })
  const refused = await unary(client, 'Unary', Buffer.from('x'))
  assert.equal(refused.error?.code, status.UNAUTHENTICATED)
  assert.equal(door.asked.length, 0)
  const metadata = new Metadata()
  metadata.set('x-kfdoor-secret', new URL(proxy.url).pathname.slice(1))
  const { value } = await unary(client, 'Unary', Buffer.from('x'), metadata)
  assert.equal(String(value), 'x')
  assert.deepEqual(door.seen[0]?.get('x-kfdoor-secret'), [])
})

test('other requests over HTTP/2 are carried too, and guarded by the same rules', async () => {
  const { proxy, door } = await aProxy()
  const session = dial(proxy.address)
  const ask = async (headers: Record<string, string>) => {
    const stream = session.request(headers)
    const [head] = (await once(stream, 'response')) as [Record<string, unknown>]
    let body = ''
    for await (const part of stream) body += part
    return { status: head[':status'], body }
  }
  assert.deepEqual(await ask({ ':path': '/x' }), { status: 200, body: '{}' })
  const before = door.asked.length
  assert.equal((await ask({ ':path': '/x', ':authority': 'evil.test' })).status, 421)
  assert.equal((await ask({ ':path': '/x', origin: 'http://evil.test' })).status, 403)
  assert.equal((await ask({ ':method': 'CONNECT', ':authority': 'evil.test:443' })).status, 405)
  assert.equal(door.asked.length, before)
  session.close()
})

test('a door that is not there is UNAVAILABLE', async () => {
  const { proxy } = await aProxy()
  const agent = createAgent({ clock: Date.now })
  after(() => agent.close())
  const session = createDoorSession({
    door: new URL('http://127.0.0.1:1'),
    name: 'gone',
    store: memoryStore({ kind: 'token', token: 'x' }),
    renew: async () => undefined,
    readToken: async () => ({ text: '', changedAt: 0 }),
    clock: Date.now,
  })
  await proxy.close()
  const url = new URL('http://127.0.0.1:1')
  const other = await startProxy({
    door: { url, name: 'gone', agent, session, host: url.host, base: '' },
    listen: { port: 0 },
    secret: false,
  })
  after(() => other.close())
  const client = new Client(new URL(other.address).host, ChannelCredentials.createInsecure())
  after(() => client.close())
  const { error } = await unary(client, 'Unary', Buffer.from('x'))
  assert.equal(error?.code, status.UNAVAILABLE)
  assert.match(error?.details ?? '', /KFD\d{4}/)
})
