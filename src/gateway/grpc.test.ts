import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import * as grpc from '@grpc/grpc-js'
import { aGateway } from './gateway.fixture.ts'

const bytes = (value: Buffer) => value
const echo = {
  unary: {
    path: '/echo.Echo/Unary',
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  },
  talk: {
    path: '/echo.Echo/Talk',
    requestStream: true,
    responseStream: true,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  },
} as const

async function anEchoServer() {
  const server = new grpc.Server()
  const seen: grpc.Metadata[] = []
  server.addService(echo as unknown as grpc.ServiceDefinition, {
    unary: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
      seen.push(call.metadata)
      if (call.request.toString() === 'fail') {
        const trailers = new grpc.Metadata()
        trailers.set('why', 'asked to')
        done({ code: grpc.status.RESOURCE_EXHAUSTED, details: 'too much', metadata: trailers })
        return
      }
      const trailers = new grpc.Metadata()
      trailers.set('x-trailer', 'at the end')
      done(null, call.request, trailers)
    },
    talk: (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
      call.on('data', (part) => call.write(part))
      call.on('end', () => call.end())
      call.on('error', () => {})
    },
  })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  )
  return { server, seen, url: `http://127.0.0.1:${port}` }
}

test('gRPC passes with metadata, status and trailers, and streams both ways', async (t) => {
  const backend = await anEchoServer()
  const gateway = await aGateway({ upstream: () => ({ kind: 'origin', url: backend.url, h2: true }) })
  const client = new grpc.Client(`127.0.0.1:${gateway.port}`, grpc.credentials.createInsecure())
  t.after(async () => {
    client.close()
    backend.server.forceShutdown()
    await gateway.close(0)
  })

  const unary = (text: string, metadata = new grpc.Metadata()) =>
    new Promise<{ error: grpc.ServiceError | null; value?: string; trailers: grpc.Metadata }>((resolve) => {
      let trailers = new grpc.Metadata()
      let answer: { error: grpc.ServiceError | null; value?: string }
      const call = client.makeUnaryRequest(
        echo.unary.path,
        bytes,
        bytes,
        Buffer.from(text),
        metadata,
        (error, value) => {
          answer = { error, value: value?.toString() }
        },
      )
      call.on('status', (status) => {
        trailers = status.metadata
        setImmediate(() => resolve({ ...answer, trailers }))
      })
    })

  await t.test('unary', async () => {
    const metadata = new grpc.Metadata()
    metadata.set('kubeflow-userid', 'admin@example.com')
    metadata.set('x-note', 'kept')
    const { error, value, trailers } = await unary('hello', metadata)
    assert.equal(error, null)
    assert.equal(value, 'hello')
    assert.deepEqual(trailers.get('x-trailer'), ['at the end'])
    assert.deepEqual(backend.seen[0]?.get('x-note'), ['kept'])
    assert.deepEqual(backend.seen[0]?.get('kubeflow-userid'), [])
  })

  await t.test('an error keeps its status and its trailers', async () => {
    const { error } = await unary('fail')
    assert.equal(error?.code, grpc.status.RESOURCE_EXHAUSTED)
    assert.equal(error?.details, 'too much')
    assert.deepEqual(error?.metadata.get('why'), ['asked to'])
  })

  await t.test('a conversation: each answer comes before the next question', async () => {
    const call = client.makeBidiStreamRequest(echo.talk.path, bytes, bytes)
    for (const word of ['one', 'two', 'three']) {
      call.write(Buffer.from(word))
      const [part] = (await once(call, 'data')) as [Buffer]
      assert.equal(part.toString(), word)
    }
    call.end()
    const [status] = (await once(call, 'status')) as [grpc.StatusObject]
    assert.equal(status.code, grpc.status.OK)
  })

  await t.test('32 MB each way, held back by whoever is slow', async () => {
    const call = client.makeBidiStreamRequest(echo.talk.path, bytes, bytes)
    const part = Buffer.alloc(1024 * 1024, 7)
    let received = 0
    call.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    for (let n = 0; n < 32; n++) {
      if (!call.write(part)) await once(call, 'drain')
    }
    call.end()
    const [status] = (await once(call, 'status')) as [grpc.StatusObject]
    assert.equal(status.code, grpc.status.OK)
    assert.equal(received, 32 * part.length)
  })

  await t.test('a client that cancels is heard upstream', async () => {
    const call = client.makeBidiStreamRequest(echo.talk.path, bytes, bytes)
    call.on('error', () => {})
    call.write(Buffer.from('x'))
    await once(call, 'data')
    const ended = new Promise<grpc.StatusObject>((resolve) => call.once('status', resolve))
    call.cancel()
    const status = await ended
    assert.equal(status.code, grpc.status.CANCELLED)
    assert.equal((await unary('after')).value, 'after', 'the connection upstream lives on')
  })
})

test('a gRPC caller is told in gRPC that nobody is there', async (t) => {
  const gateway = await aGateway({
    upstream: () => ({ kind: 'origin', url: 'http://127.0.0.1:1', h2: true }),
  })
  const client = new grpc.Client(`127.0.0.1:${gateway.port}`, grpc.credentials.createInsecure())
  t.after(async () => {
    client.close()
    await gateway.close(0)
  })
  const error = await new Promise<grpc.ServiceError | null>((resolve) =>
    client.makeUnaryRequest(echo.unary.path, bytes, bytes, Buffer.from('x'), (each) => resolve(each)),
  )
  assert.equal(error?.code, grpc.status.UNAVAILABLE)
  assert.match(error?.details ?? '', /upstream connect error/)
})
