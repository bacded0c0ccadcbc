/**
 * KServe's own Python clients against our model server, and the same calls against KServe's own
 * server: both have to say the same. The other way round, e2e/python/iris_server.py is what
 * `up --upstream HOST=URL` is shown with.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createKserve, type Listening } from '../src/behind/kserve/index.ts'
import { kservePython } from './parts/kserve.ts'

const namespace = 'kubeflow-user-example-com'
const script = (name: string) => fileURLToPath(new URL(`python/${name}`, import.meta.url))

type Answers = ReadonlyMap<string, unknown>

let python = ''
let ours: Listening
let real: ChildProcess | undefined
let theirs: Answers = new Map()
let mine: Answers = new Map()

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function ask(rest: number, grpc: number, headers: readonly string[] = []): Promise<Answers> {
  const { stdout } = await promisify(execFile)(
    python,
    [script('kserve_clients.py'), `http://127.0.0.1:${rest}`, `127.0.0.1:${grpc}`, ...headers],
    { timeout: 120_000 },
  )
  return new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line.replaceAll(`127.0.0.1:${rest}`, 'SERVER')) as [string, unknown]),
  )
}

before(
  async () => {
    python = await kservePython()
    ours = await createKserve({
      models: [
        { namespace, name: 'sklearn-iris', protocol: 'v1' },
        { namespace, name: 'sklearn-irisv2', protocol: 'v2' },
      ],
      clock: Date.now,
    }).listen({ address: '127.0.0.1', port: 0 })
    const [rest, grpc] = [await freePort(), await freePort()]
    real = spawn(python, [script('iris_server.py'), String(rest), String(grpc)], { stdio: 'ignore' })
    for (let tries = 0; ; tries++) {
      const up = await fetch(`http://127.0.0.1:${rest}/v2/health/ready`).then(
        (response) => response.ok,
        () => false,
      )
      if (up) break
      assert.ok(tries < 240 && real.exitCode === null, 'KServe’s own server did not start')
      await pause(500)
    }
    theirs = await ask(rest, grpc)
    mine = await ask(ours.port, ours.port)
  },
  { timeout: 900_000 },
)

after(async () => {
  real?.kill('SIGKILL')
  await ours?.close()
})

test('the predictions are the ones of KServe’s example', () => {
  assert.deepEqual(mine.get('v1 predict'), { predictions: [1, 1] })
  for (const call of ['v2 json', 'v2 binary', 'grpc infer', 'grpc infer raw']) {
    assert.deepEqual(mine.get(call), ['42', [1, 1]], call)
  }
})

test('every call of the real clients ends as it does at KServe’s own server', () => {
  assert.ok(theirs.size >= 22)
  assert.deepEqual(Object.fromEntries(mine), Object.fromEntries(theirs))
})

test('a Host of the mesh chooses the one model its pod serves', async () => {
  const host = `sklearn-iris-predictor.${namespace}.svc.cluster.local`
  const answers = await ask(ours.port, ours.port, [`Host=${host}`])
  assert.deepEqual(answers.get('v1 predict'), { predictions: [1, 1] })
  assert.match(String(answers.get('v2 model ready')), /404|false|sklearn-irisv2/i)
})
