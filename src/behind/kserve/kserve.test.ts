import assert from 'node:assert/strict'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { inferRequest, inferResponse, named, ready } from './grpc/messages.ts'
import { decode, encode, type Message, type Values } from './grpc/wire.ts'
import { createKserve, type Listening } from './index.ts'
import { deployedAt } from './which-model.ts'

const namespace = 'kubeflow-user-example-com'
const models = [
  { namespace, name: 'sklearn-iris', protocol: 'v1' },
  { namespace, name: 'sklearn-irisv2', protocol: 'v2' },
] as const
const lines: string[] = []
const kserve = createKserve({ models, clock: () => 0, log: (line) => lines.push(line) })
const flowers = [
  [6.8, 2.8, 4.8, 1.4],
  [6, 3.4, 4.5, 1.6],
]

let server: Listening
before(async () => {
  server = await kserve.listen({ address: '127.0.0.1', port: 0 })
})
after(() => server.close())

const hosts: readonly (readonly [host: string, model: string | undefined])[] = [
  [`sklearn-iris-predictor.${namespace}.svc.cluster.local`, 'sklearn-iris'],
  [`sklearn-iris-predictor-default.${namespace}.svc.cluster.local:80`, 'sklearn-iris'],
  [`sklearn-irisv2-predictor.${namespace}`, 'sklearn-irisv2'],
  [`sklearn-irisv2.${namespace}.example.com`, 'sklearn-irisv2'],
  [`sklearn-iris-${namespace}.example.com`, 'sklearn-iris'],
  [`SKLEARN-IRIS.${namespace}.EXAMPLE.com`, 'sklearn-iris'],
  ['sklearn-iris.other.svc.cluster.local', undefined],
  [`nope.${namespace}.example.com`, undefined],
  ['127.0.0.1:9000', undefined],
  ['localhost', undefined],
  ['', undefined],
]
for (const [host, model] of hosts) {
  test(`${host || 'no host'} means ${model ?? 'no model'}`, () => {
    assert.equal(deployedAt(host, models)?.name, model)
  })
}

test('a pod serves its own model and no other', async () => {
  const at = (path: string) =>
    kserve.handle(
      new Request(`http://any${path}`, {
        headers: { host: `sklearn-iris-predictor.${namespace}.svc.cluster.local` },
      }),
    )
  assert.deepEqual(await (await at('/v1/models')).json(), { models: ['sklearn-iris'] })
  const other = await at('/v2/models/sklearn-irisv2')
  assert.equal(other.status, 404)
  assert.deepEqual(await other.json(), { error: 'Model with name sklearn-irisv2 does not exist.' })
})

test('what is unloaded is gone until it is loaded again, and only there', async () => {
  const own = createKserve({ models, clock: () => 0 })
  const at = async (method: string, path: string, host = `sklearn-iris.${namespace}`) =>
    (await own.handle(new Request(`http://any${path}`, { method, headers: { host } }))).status
  assert.equal(await at('POST', '/v2/repository/models/sklearn-iris/unload'), 200)
  assert.equal(await at('GET', '/v1/models/sklearn-iris'), 404)
  assert.equal(await at('GET', '/v1/models/sklearn-irisv2', `sklearn-irisv2.${namespace}`), 200)
  assert.equal(await at('POST', '/v2/repository/models/sklearn-iris/load'), 200)
  assert.equal(await at('GET', '/v1/models/sklearn-iris'), 200)
})

test('models that come and go with the configuration are served as they are', async () => {
  let all: { namespace: string; name: string; protocol: 'v1' }[] = []
  const own = createKserve({ models: () => all, clock: () => 0 })
  const status = async () =>
    (await own.handle(new Request('http://new.team.example.com/v1/models/new'))).status
  assert.equal(await status(), 404)
  all = [{ namespace: 'team', name: 'new', protocol: 'v1' }]
  assert.equal(await status(), 200)
})

for (const [bodies, statuses] of [
  ['by-content-type', [500, 400]],
  ['always-json', [200, 200]],
] as const) {
  test(`curl -d @file, whose body says it is a form, is answered ${statuses} where bodies are read ${bodies}`, async () => {
    const own = createKserve({ models, bodies, clock: () => 0 })
    const post = async (path: string, body: unknown) =>
      (
        await own.handle(
          new Request(`http://any${path}`, {
            method: 'POST',
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
            body: JSON.stringify(body),
          }),
        )
      ).status
    const tensor = { name: 'input-0', shape: [2, 4], datatype: 'FP32', data: flowers }
    assert.deepEqual(
      [
        await post('/v1/models/sklearn-iris:predict', { instances: flowers }),
        await post('/v2/models/sklearn-irisv2/infer', { inputs: [tensor] }),
      ],
      statuses,
    )
  })
}

test('HTTP/1.1 on the port, with a line in the log', async () => {
  const response = await fetch(`http://127.0.0.1:${server.port}/v1/models/sklearn-iris:predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ instances: flowers }),
  })
  assert.deepEqual(await response.json(), { predictions: [1, 1] })
  assert.equal(response.headers.get('server'), 'uvicorn')
  assert.match(lines.at(-1) ?? '', /POST \/v1\/models\/sklearn-iris:predict 200 0ms$/)
})

test('a Host header chooses the model on the port, too', async () => {
  const answered = await raw(
    `GET /v1/models HTTP/1.1\r\nHost: sklearn-irisv2.${namespace}.example.com\r\nConnection: close\r\n\r\n`,
  )
  assert.match(answered, /\{"models":\["sklearn-irisv2"\]\}$/)
})

test('a target that begins with two slashes is a path, not a host', async () => {
  assert.match(
    await raw('GET //evil.example/v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1.1 404/,
  )
})

test('a body beyond 32 MiB is refused', async () => {
  const response = await kserve.handle(
    new Request('http://any/v1/models/sklearn-iris:predict', {
      method: 'POST',
      headers: { 'content-length': String(64 * 1024 * 1024) },
      body: '{}',
    }),
  )
  assert.equal(response.status, 413)
})

test('HTTP/2 with prior knowledge on the same port: REST', async () => {
  const { status, body } = await h2({ ':path': '/v2' })
  assert.equal(status, 200)
  assert.match(body.toString(), /"name":"kserve"/)
})

const inputs = [{ name: 'i', datatype: 'FP32', shape: [2, 4], contents: { fp32_contents: flowers.flat() } }]

test('gRPC: classes of flowers, given as numbers', async () => {
  const answered = await call(
    'ModelInfer',
    inferRequest,
    { model_name: 'sklearn-irisv2', id: '7', inputs },
    inferResponse,
  )
  assert.equal(answered.status, '0')
  assert.deepEqual(answered.values, {
    model_name: 'sklearn-irisv2',
    id: '7',
    outputs: [{ name: 'output-0', datatype: 'INT32', shape: [2], contents: { int_contents: [1, 1] } }],
  })
})

test('gRPC: raw tensors are answered raw', async () => {
  const bytes = new Uint8Array(new Float32Array(flowers.flat()).buffer)
  const asked = {
    model_name: 'sklearn-irisv2',
    inputs: [{ name: 'i', datatype: 'FP32', shape: [2, 4] }],
    raw_input_contents: [bytes],
  }
  const { values } = await call('ModelInfer', inferRequest, asked, inferResponse)
  assert.deepEqual([...((values.raw_output_contents as Uint8Array[])[0] ?? [])], [1, 0, 0, 0, 1, 0, 0, 0])
})

const refusals: readonly (readonly [
  name: string,
  method: string,
  message: Message,
  asked: Values,
  status: string,
  text: string,
])[] = [
  ['an unknown model', 'ModelReady', named, { name: 'nope' }, '5', 'Model with name nope does not exist.'],
  [
    'an unknown datatype',
    'ModelInfer',
    inferRequest,
    { model_name: 'sklearn-iris', inputs: [{ ...inputs[0], datatype: 'WHAT' }] },
    '3',
    'invalid content type',
  ],
  ['no inputs', 'ModelInfer', inferRequest, { model_name: 'sklearn-iris' }, '13', 'Internal server error'],
  ['an unknown method', 'Nope', named, {}, '12', 'Method not found!'],
]
for (const [name, method, message, asked, status, text] of refusals) {
  test(`gRPC: ${name} is status ${status}`, async () => {
    const answered = await call(method, message, asked, ready)
    assert.deepEqual([answered.status, answered.text], [status, text])
  })
}

test('gRPC: bytes that are no message are refused, not fallen over', () => {
  for (const message of [
    [0xff],
    [0xff, 0xff, 0xff],
    [0x0a, 0x7f],
    [0x0b],
    [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
  ]) {
    const path = '/inference.GRPCInferenceService/ModelInfer'
    assert.equal(kserve.call({ host: '', path, message: Uint8Array.from(message) }).status, 13)
  }
})

function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answered = ''
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (part) => {
      answered += part.toString()
    })
    socket.on('end', () => resolve(answered))
    socket.on('error', reject)
  })
}

interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Buffer
}

function h2(headers: Record<string, string>, body?: Uint8Array): Promise<Answered> {
  const session = connectHttp2(`http://127.0.0.1:${server.port}`)
  return new Promise((resolve, reject) => {
    session.on('error', reject)
    const stream = session.request(headers)
    const parts: Buffer[] = []
    let seen: Record<string, unknown> = {}
    const note = (each: object) => {
      seen = { ...seen, ...each }
    }
    stream.on('response', note)
    stream.on('trailers', note)
    stream.on('data', (part: Buffer) => parts.push(part))
    stream.on('error', reject)
    stream.on('close', () => {
      session.close()
      resolve({ status: Number(seen[':status']), headers: seen, body: Buffer.concat(parts) })
    })
    stream.end(body)
  })
}

async function call(method: string, asks: Message, asked: Values, gives: Message) {
  const message = encode(asks, asked)
  const frame = Buffer.alloc(5)
  frame.writeUInt32BE(message.length, 1)
  const { headers, body } = await h2(
    {
      ':method': 'POST',
      ':path': `/inference.GRPCInferenceService/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    },
    Buffer.concat([frame, message]),
  )
  const text = headers['grpc-message']
  return {
    status: headers['grpc-status'],
    text: text === undefined ? undefined : decodeURIComponent(String(text)),
    values: body.length > 5 ? decode(gives, body.subarray(5)) : {},
  }
}
