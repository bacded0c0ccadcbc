/** `kfdoor/client` against doors, and every example of docs/sdk.md, run. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type Door as Client, isFault, openDoor } from '../src/compose/client.ts'
import { type Door, run, startDoor } from './door.ts'

const namespace = 'kubeflow-user-example-com'
const user = { username: 'user@example.com', password: '12341234' }
const rejected = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => assert.fail('should have failed'),
    (error: unknown) => error,
  )
  assert.ok(isFault(error), String(error))
  return error
}

describe('the SDK at a door of 26.03', () => {
  let up: Door
  let door: Client
  before(async () => {
    up = await startDoor()
    door = await openDoor(up.ready.url, user, { env: up.env })
  })
  after(async () => {
    await door?.close()
    await up.stop()
  })
  /** Ends the session at the door, as an administrator or a day does. */
  const endSession = async () => {
    await (await door.fetch('/oauth2/sign_out', { redirect: 'manual' })).body?.cancel()
  }

  it('knows who one is, and hands out what is sent', async () => {
    assert.equal((await door.whoAmI()).user, user.username)
    assert.equal(await door.token(), undefined)
    assert.deepEqual(
      (await door.cookies()).map(({ name }) => name),
      ['oauth2_proxy_kubeflow'],
    )
  })

  it('renews a session that ended, once, and the request succeeds', async () => {
    const before = await door.cookies()
    await endSession()
    const answer = await door.fetch('/pipeline/apis/v2beta1/healthz')
    assert.equal(answer.status, 200)
    assert.notDeepEqual(await door.cookies(), before)
  })

  it('renews for a page that would be a login page, and for a body that can be sent twice', async () => {
    await endSession()
    assert.match(await (await door.fetch('/')).text(), /user@example\.com/)
    await endSession()
    const experiment = await door.kfp.experiments.create({ displayName: 'after a renewal', namespace })
    assert.equal(experiment.display_name, 'after a renewal')
  })

  it('many requests at once that meet an ended session renew it once', async () => {
    await endSession()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => door.fetch('/pipeline/apis/v2beta1/healthz')),
    )
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    await Promise.all(answers.map((one) => one.body?.cancel()))
  })

  it('never sends a stream twice: the 401 comes back', async () => {
    await endSession()
    let pulled = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++
        controller.enqueue(new TextEncoder().encode('{"display_name":"x"}'))
        controller.close()
      },
    })
    const answer = await door.fetch('/pipeline/apis/v2beta1/experiments', { method: 'POST', body })
    assert.equal(answer.status, 401)
    assert.equal(pulled, 1)
    assert.equal((await door.fetch('/pipeline/apis/v2beta1/healthz')).status, 200)
  })

  it('an abort rejects with its reason', async () => {
    const why = new Error('enough')
    await assert.rejects(door.fetch('/', { signal: AbortSignal.abort(why) }), why)
  })

  it('talks to Pipelines: experiment, upload, run, list, terminate', async () => {
    assert.equal((await door.kfp.health()).multi_user, true)
    const { experiment_id: experimentId } = await door.kfp.experiments.create({
      displayName: 'sdk',
      namespace,
    })
    const file = `
pipelineInfo: {name: hello}
schemaVersion: 2.1.0
sdkVersion: kfp-2.17.0
root: {dag: {tasks: {say: {componentRef: {name: comp-say}, taskInfo: {name: say}}}}}
components: {comp-say: {executorLabel: exec-say}}
deploymentSpec: {executors: {exec-say: {container: {image: "busybox", command: [echo, hello]}}}}
`
    const pipeline = await door.kfp.pipelines.upload({ name: 'hello', file, namespace })
    const [version] = await door.kfp.pipelines.versions(pipeline.pipeline_id)
    const made = await door.kfp.runs.create({
      displayName: 'one',
      experimentId,
      pipelineId: pipeline.pipeline_id,
      pipelineVersionId: version?.pipeline_version_id,
    })
    const runs = await door.kfp.runs.list({ namespace, experimentId })
    assert.deepEqual(
      runs.map(({ run_id }) => run_id),
      [made.run_id],
    )
    await door.kfp.runs.terminate(made.run_id)
    const ended = await door.kfp.runs.wait(made.run_id, { everyMs: 10, signal: AbortSignal.timeout(5000) })
    assert.match(ended.state ?? '', /CANCELED/)
    const fault = await rejected(door.kfp.runs.get('no-such-run'))
    assert.deepEqual(
      [fault.code, fault.code === 'ERR_DOOR_REFUSED' && fault.facts.status],
      ['ERR_DOOR_REFUSED', 404],
    )
  })

  it('finds models by path and by host, and says where it looked', async () => {
    const iris = door.kserve({ namespace, name: 'sklearn-iris' })
    assert.deepEqual(await iris.route(), { path: `/serving/${namespace}/sklearn-iris` })
    assert.equal(await iris.ready(), true)
    assert.deepEqual((await iris.predict([[6.8, 2.8, 4.8, 1.4]])).predictions, [1])
    const host = `sklearn-irisv2.${namespace}.example.com`
    const v2 = door.kserve({ namespace, name: 'sklearn-irisv2', host })
    const inputs = [{ name: 'input-0', shape: [1, 4], datatype: 'FP32', data: [6.8, 2.8, 4.8, 1.4] }]
    assert.deepEqual((await v2.infer({ inputs })).outputs[0]?.data, [1])
    const fault = await rejected(door.kserve({ namespace, name: 'nope' }).ready())
    assert.equal(fault.code, 'ERR_MODEL_NOT_FOUND')
    assert.match(
      fault.message,
      /KFD|no model server answers for `kubeflow-user-example-com\/nope` at \/serving/,
    )
  })

  it('goes nowhere else', async () => {
    assert.equal((await rejected(door.fetch('https://example.org/'))).code, 'ERR_FOREIGN_ORIGIN')
  })

  it('tokens: one that is asked for again, one that is not, and a wrong password', async () => {
    let asked = 0
    const mint = async () => {
      asked++
      const account = `${namespace}/default-editor`
      return (await run(['token', '--service-account', account, '-o', 'token'], { env: up.env })).out
    }
    await using machine = await openDoor(up.ready.url, { token: mint }, { env: up.env })
    assert.equal((await machine.whoAmI()).user, `system:serviceaccount:${namespace}:default-editor`)
    assert.equal(asked, 1)
    await using stale = await openDoor(up.ready.url, { token: 'a.b.c' }, { env: up.env })
    assert.equal((await stale.fetch('/pipeline/apis/v2beta1/healthz')).status, 401)
    const fault = await rejected(openDoor(up.ready.url, { ...user, password: 'no' }, { env: up.env }))
    assert.deepEqual([fault.code, fault.number], ['ERR_CREDENTIALS_WRONG', 'KFD1811'])
  })

  it('every example of docs/sdk.md runs', () => {
    const page = readFileSync(new URL('../docs/sdk.md', import.meta.url), 'utf8')
    const examples = [...page.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code]) => code as string)
    assert.ok(examples.length >= 5)
    const folder = mkdtempSync(join(tmpdir(), 'kfdoor-docs-'))
    after(() => rmSync(folder, { recursive: true, force: true }))
    const source = pathToFileURL(join(import.meta.dirname, '../src/compose/client.ts')).href
    for (const [n, example] of examples.entries()) {
      const file = join(folder, `${n}.ts`)
      const code = example
        .replaceAll('kfdoor/client', source)
        .replaceAll('https://kubeflow.example.com', up.ready.url)
      writeFileSync(file, code)
      const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
        env: up.env,
        encoding: 'utf8',
      })
      assert.equal(status, 0, `${example}\n${stderr}`)
      assert.match(stdout, /user@example\.com|200 true|first steps 0|\[ 1 \]|KFD1811/)
    }
  })
})

describe('the SDK at a door of v1.8, with oidc-authservice', () => {
  it('renews where the door answers an ended session with a redirect', async () => {
    const up = await startDoor(['--profile', 'v1.8'])
    after(() => up.stop())
    await using door = await openDoor(up.ready.url, user, { env: up.env })
    const [session] = await door.cookies()
    await door.fetch('/authservice/logout', {
      method: 'POST',
      headers: { authorization: `Bearer ${session?.value}` },
    })
    assert.equal((await door.kfp.health()).multi_user, true)
    assert.notEqual((await door.cookies())[0]?.value, session?.value)
    // Without a way to renew, the login page is an error and not data.
    await using pasted = await openDoor(
      up.ready.url,
      { cookie: 'authservice_session=stale' },
      { env: up.env },
    )
    assert.equal((await rejected(pasted.kfp.health())).code, 'ERR_CREDENTIALS_EXPIRED')
  })
})
