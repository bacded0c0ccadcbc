/** gRPC at a door of this machine: `infer --grpc`, `proxy --model`, and `exec` with a client of gRPC's own. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ChannelCredentials, Client } from '@grpc/grpc-js'
import { type Door, kfdoor, run, startDoor } from './door.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-grpc-'))
const model = 'kubeflow-user-example-com/sklearn-irisv2'
const input = JSON.stringify({
  inputs: [
    { name: 'input-0', shape: [2, 4], datatype: 'FP32', data: [6.8, 2.8, 4.8, 1.4, 6.0, 3.4, 4.5, 1.6] },
  ],
  id: '42',
})
const answer = {
  model_name: 'sklearn-irisv2',
  id: '42',
  outputs: [{ name: 'output-0', datatype: 'INT32', shape: [2], data: [1, 1] }],
}
let door: Door
let env: NodeJS.ProcessEnv

before(async () => {
  door = await startDoor(['--profile', '26.03'])
  env = { ...door.env, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder, HOME: folder, KUBECONFIG: '' }
  const person = { KFDOOR_USERNAME: 'user@example.com', KFDOOR_PASSWORD: '12341234' }
  const { code, err } = await run(['login', door.ready.url], { env: { ...env, ...person } })
  assert.equal(code, 0, err)
})
after(async () => {
  await door.stop()
  rmSync(folder, { recursive: true, force: true })
})

for (const words of [['--grpc'], ['--url', 'grpcs']]) {
  test(`a model answers over gRPC: ${words.join(' ')}`, async () => {
    const args = words.map((word) => word.replace(/^grpcs$/, door.ready.url.replace('https', 'grpcs')))
    const { code, out, err } = await run(['infer', 'sklearn-irisv2', ...args, '-d', input], { env })
    assert.equal(code, 0, err)
    assert.deepEqual(JSON.parse(out), answer)
  })
}

const refusals: readonly (readonly [args: readonly string[], code: number, err: RegExp])[] = [
  [['infer', 'nobody', '--grpc', '-d', input], 5, /KFD1832: no model server answers/],
  [['infer', 'sklearn-irisv2', '--grpc', '-d', '{"instances": [1]}'], 2, /over gRPC there is only V2/],
  [['proxy', '--model', 'iris'], 2, /is no model; write it as NAMESPACE\/NAME/],
  [['proxy', '--model', 'team/nobody'], 5, /KFD1832/],
]
for (const [args, code, words] of refusals) {
  test(`${args.slice(0, 3).join(' ')} is refused: ${words.source}`, async () => {
    const done = await run(args, { env })
    assert.equal(done.code, code, done.err)
    assert.match(done.err, words)
  })
}

test('a client of gRPC that knows no door gets through the proxy of one model', async () => {
  const args = [kfdoor, 'proxy', '--model', model, '--no-secret', '-o', 'json']
  const child: ChildProcess = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    const [said] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
    const { url } = JSON.parse(String(said)) as { url: string }
    const rest = await fetch(`${url}/v2/models/sklearn-irisv2/ready`)
    assert.equal(rest.status, 200)
    await rest.body?.cancel()
    const client = new Client(new URL(url).host, ChannelCredentials.createInsecure())
    const same = (bytes: Buffer) => bytes
    const ready = await new Promise<Buffer>((resolve, reject) =>
      client.makeUnaryRequest(
        '/inference.GRPCInferenceService/ServerReady',
        same,
        same,
        Buffer.alloc(0),
        (error, value) => (error ? reject(error) : resolve(value as Buffer)),
      ),
    )
    assert.deepEqual(ready, Buffer.from([8, 1]))
    client.close()
  } finally {
    child.kill()
    await once(child, 'exit')
  }
})

test('HTTP/2 and HTTP/1 go through exec’s interceptor alike', async () => {
  for (const version of ['--http2', '--http1.1']) {
    const url = `${door.ready.url}/api/workgroup/env-info`
    const done = await run(['exec', '--', 'curl', '-sS', version, '-w', ' %{http_version}', url], { env })
    assert.equal(done.code, 0, done.err)
    assert.match(done.out, /user@example\.com/)
    assert.match(done.out, version === '--http2' ? / (2|1\.1)$/ : / 1\.1$/)
  }
})
