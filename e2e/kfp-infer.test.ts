/** `kfp` and `infer` as typed, signed in at a door of this machine. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Door, kfdoor, startDoor } from './door.ts'

const home = mkdtempSync(join(tmpdir(), 'kfdoor-kfp-'))
const compiled = join(home, 'train.yaml')
let door: Door
let env: NodeJS.ProcessEnv

function run(words: readonly string[]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [kfdoor, ...words], {
    env,
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { out: stdout.trim(), err: stderr, code: status }
}

before(async () => {
  writeFileSync(
    compiled,
    `components: {comp-say: {executorLabel: exec-say}}
deploymentSpec: {executors: {exec-say: {container: {image: busybox, command: [echo, hi]}}}}
pipelineInfo: {name: train}
root:
  dag: {tasks: {say: {componentRef: {name: comp-say}, taskInfo: {name: say}}}}
  inputDefinitions: {parameters: {epochs: {parameterType: NUMBER_INTEGER, isOptional: true}}}
schemaVersion: 2.1.0
sdkVersion: kfp-2.17.0
`,
  )
  door = await startDoor(['--run-outcome', 'succeeded'])
  env = {
    ...door.env,
    XDG_CONFIG_HOME: join(home, 'c'),
    XDG_STATE_HOME: join(home, 's'),
    KFDOOR_USERNAME: 'user@example.com',
    KFDOOR_PASSWORD: '12341234',
  }
  const { code, err } = run(['login', door.ready.url])
  assert.equal(code, 0, err)
})
after(async () => {
  await door.stop()
  rmSync(home, { recursive: true, force: true })
})

test('a pipeline is uploaded, run in the namespace one owns, waited for, and shown', () => {
  assert.match(run(['kfp', 'health']).out, /answers, for several users/)
  assert.match(run(['kfp', 'pipelines', 'upload', compiled]).out, /^[0-9a-f-]{36}$/)
  const made = run(['kfp', 'runs', 'create', '--pipeline', 'train', '--param', 'epochs=3', '--wait'])
  assert.equal(made.code, 0, made.err)
  assert.match(made.err, /SUCCEEDED/)
  const runs = JSON.parse(run(['kfp', 'runs', 'list', '-o', 'json']).out) as {
    run_id: string
    state: string
  }[]
  assert.deepEqual(
    runs.map(({ state }) => state),
    ['SUCCEEDED'],
  )
  const id = runs[0]?.run_id ?? ''
  assert.equal(run(['kfp', 'runs', 'logs-link', id]).out, `${door.ready.url}/pipeline/#/runs/details/${id}`)
})

const mistakes: readonly (readonly [words: readonly string[], code: number, says: RegExp])[] = [
  [['kfp', 'runs', 'create'], 2, /needs one pipeline/],
  [
    ['kfp', 'runs', 'create', '--pipeline', 'nope'],
    2,
    /there is no pipeline `nope`; see `kfdoor kfp pipelines list`/,
  ],
  [['kfp', 'runs', 'create', '--file', '/nowhere.yaml'], 2, /cannot read `\/nowhere\.yaml`/],
  [['kfp', 'runs', 'create', '--file', kfdoor], 2, /is not/],
  [['kfp', 'runs', 'get', 'no-such-run'], 5, /KFD1815.*404/],
  [['infer', 'sklearn-iris', '-d', 'x'], 2, /no JSON object/],
  [['infer', 'sklearn-iris', '-d', '{"a": 1}'], 2, /of no protocol/],
  [['infer', 'nobody', '-d', '{"instances": [[1]]}'], 5, /no model server answers/],
]
for (const [words, code, says] of mistakes) {
  test(`kfdoor ${words.join(' ')}: exit ${code}`, () => {
    const { err, code: got } = run(words)
    assert.equal(got, code, err)
    assert.match(err, says)
    assert.doesNotMatch(err, /\n\s+at /)
  })
}

test('a model answers in V1 and in V2, found without being told how', () => {
  const v1 = run(['infer', 'sklearn-iris', '-d', '{"instances": [[6.8, 2.8, 4.8, 1.4]]}'])
  assert.deepEqual(JSON.parse(v1.out), { predictions: [1] })
  const input = join(home, 'v2.json')
  writeFileSync(input, '{"inputs":[{"name":"i","shape":[1,4],"datatype":"FP32","data":[6.8,2.8,4.8,1.4]}]}')
  const v2 = run(['infer', 'kubeflow-user-example-com/sklearn-iris', '-d', `@${input}`])
  assert.deepEqual((JSON.parse(v2.out) as { outputs: { data: unknown }[] }).outputs[0]?.data, [1])
})
