/** Plans carried out on files: edited where they stand, and back to the byte. */
import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isFault } from '../../base/index.ts'
import { createOf, type Plan, readRawDoor, updateOf } from '../../planner/index.ts'
import { applyToFiles, rollBackFiles } from './apply-files.ts'
import { planStatus } from './plan-status.ts'
import { plansFolder } from './plan-store.ts'
import { predictedDoor } from './predicted-door.ts'

const root = mkdtempSync(join(tmpdir(), 'kfdoor-files-'))
after(() => rmSync(root, { recursive: true, force: true }))

const policy = (name: string, path: string) => `# why ${name} is here
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ${name}, namespace: istio-system}
spec:
  action: DENY # never ALLOW
  rules:
  - to: [{operation: {paths: ["${path}"]}}]
`

let runs = 0

/** A folder with two files, and a plan that edits both and makes a third. */
function begin() {
  const folder = join(root, `run-${runs++}`)
  const mesh = join(folder, 'mesh')
  mkdirSync(mesh, { recursive: true })
  writeFileSync(join(mesh, 'a.yaml'), policy('a', '/a'))
  writeFileSync(join(mesh, 'b.yaml'), policy('b', '/b'))
  // More than a umask leaves of a new file.
  chmodSync(join(mesh, 'b.yaml'), 0o664)
  const door = readRawDoor(
    ['a', 'b'].map((name) => ({ file: name, text: readFileSync(join(mesh, `${name}.yaml`), 'utf8') })),
  )
  const edited = door.objects.map((raw) =>
    updateOf(
      raw,
      (copy) => {
        copy.spec.rules[0].to[0].operation.paths = ['/new']
      },
      'closes',
      'a test',
    ),
  )
  const made = readRawDoor([{ file: 'c', text: policy('c', '/c') }]).objects[0]?.object ?? {}
  const plan: Plan = {
    apiVersion: 'kfdoor/v1alpha1',
    kind: 'Plan',
    metadata: { name: 'files', createdAt: '2026-01-01T00:00:00Z' },
    spec: {
      command: ['test'],
      source: { kind: 'files', paths: [mesh] },
      changes: [...edited, createOf(made, 'closes', 'a test')],
      access: { gained: [], lost: [], changed: [], public: [], unreachable: [], deadRules: [], unknown: [] },
      findings: { new: [], gone: [] },
      risks: [],
      callers: [],
    },
  }
  const env = { XDG_STATE_HOME: join(folder, 'state') }
  const place = { env, now: () => new Date(0), say: () => {} }
  const bytes = () =>
    Object.fromEntries(
      readdirSync(mesh)
        .sort()
        .map((name) => [
          name,
          [readFileSync(join(mesh, name), 'utf8'), statSync(join(mesh, name)).mode & 0o777],
        ]),
    )
  return { mesh, plan, place, bytes, env }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    if (isFault(error)) return error.code
    throw error
  }
  return 'done'
}

test('edits where things stand, comments kept; rolling back restores every byte and mode', async () => {
  const { mesh, plan, place, bytes, env } = begin()
  const was = bytes()
  assert.equal((await applyToFiles(plan, place, { rehearse: true })).outcome, 'rehearsed')
  assert.deepEqual(bytes(), was)
  assert.equal((await planStatus(plan, env)).state, 'planned')
  const { files } = await applyToFiles(plan, place)
  assert.equal(files.length, 3)
  const a = readFileSync(join(mesh, 'a.yaml'), 'utf8')
  assert.match(a, /# why a is here[\s\S]*action: DENY # never ALLOW[\s\S]*\/new/)
  assert.equal(statSync(join(mesh, 'b.yaml')).mode & 0o777, 0o664)
  assert.equal((await applyToFiles(plan, place)).outcome, 'already')
  const { state, steps } = await planStatus(plan, env)
  assert.deepEqual([state, steps.map((step) => step.state)], ['applied', ['written', 'written', 'written']])
  assert.equal((await rollBackFiles(plan, place)).outcome, 'rolled-back')
  assert.deepEqual(bytes(), was)
  assert.equal((await rollBackFiles(plan, place)).outcome, 'nothing')
})

test('a file that changed since the plan was made: nothing is written', async () => {
  const { mesh, plan, place, bytes } = begin()
  writeFileSync(join(mesh, 'b.yaml'), policy('b', '/theirs'))
  const was = bytes()
  assert.equal(await codeOf(applyToFiles(plan, place)), 'ERR_OBJECT_CHANGED')
  assert.deepEqual(bytes(), was)
  await assert.rejects(
    predictedDoor(plan, {}, {}),
    /the door is not what plan `files` was made from.*\n {2}AuthorizationPolicy istio-system\/b: \.spec\.rules\n/,
  )
})

test('two checkouts with files of the same names: what was applied in one is not taken for the other', async () => {
  const [one, other] = [begin(), begin()]
  const plan = {
    ...one.plan,
    spec: { ...one.plan.spec, source: { kind: 'files', paths: ['mesh'] } },
  } as const
  const inFolder = async (mesh: string, work: () => Promise<unknown>): Promise<unknown> => {
    const was = process.cwd()
    process.chdir(join(mesh, '..'))
    return work().finally(() => process.chdir(was))
  }
  const [wasOne, wasOther] = [one.bytes(), other.bytes()]
  await inFolder(one.mesh, () => applyToFiles(plan, one.place))
  for (const work of [applyToFiles, rollBackFiles]) {
    assert.equal(await codeOf(inFolder(other.mesh, () => work(plan, one.place))), 'ERR_PLAN_STATE')
  }
  assert.deepEqual(other.bytes(), wasOther)
  // By its name it is undone from anywhere.
  await inFolder(root, () => rollBackFiles(plan, one.place))
  assert.deepEqual(one.bytes(), wasOne)
  await inFolder(one.mesh, () => applyToFiles(plan, one.place))
  rmSync(one.mesh, { recursive: true })
  await inFolder(other.mesh, () => applyToFiles(plan, one.place))
  await inFolder(other.mesh, () => rollBackFiles(plan, one.place))
  assert.deepEqual(other.bytes(), wasOther)
})

test('put back by hand, it is applied again; in part, that is shown', async () => {
  const { mesh, plan, place, bytes } = begin()
  const was = bytes()
  const back = (name: string) => writeFileSync(join(mesh, `${name}.yaml`), policy(name, `/${name}`))
  await applyToFiles(plan, place)
  back('a')
  assert.equal(await codeOf(applyToFiles(plan, place)), 'ERR_PLAN_EDITED')
  back('b')
  rmSync(join(mesh, 'kfdoor-files.yaml'))
  assert.equal((await applyToFiles(plan, place)).outcome, 'applied')
  await rollBackFiles(plan, place)
  assert.deepEqual(bytes(), was)
})

test("somebody's edit after it was applied: shown, and left alone unless forced", async () => {
  const { mesh, plan, place, bytes, env } = begin()
  const was = bytes()
  await applyToFiles(plan, place)
  writeFileSync(join(mesh, 'a.yaml'), 'theirs')
  assert.equal(await codeOf(rollBackFiles(plan, place)), 'ERR_PLAN_EDITED')
  assert.equal(readFileSync(join(mesh, 'a.yaml'), 'utf8'), 'theirs')
  assert.equal((await planStatus(plan, env)).steps.filter(({ edited }) => edited).length, 1)
  await rollBackFiles(plan, place, { force: true })
  assert.deepEqual(bytes(), was)
})

for (const end of ['--continue', 'rollback']) {
  test(`interrupted between two files, then ${end}`, async () => {
    const { plan, place, bytes, env } = begin()
    const was = bytes()
    const stop = { ...place, say: () => assert.fail('interrupted') }
    await assert.rejects(applyToFiles(plan, stop), /interrupted/)
    const { state, steps } = await planStatus(plan, env)
    assert.deepEqual(
      [state, steps.map((step) => step.state)],
      ['applying', ['written', 'pending', 'pending']],
    )
    assert.equal(await codeOf(applyToFiles(plan, place)), 'ERR_PLAN_STATE')
    if (end === '--continue')
      assert.equal((await applyToFiles(plan, place, { resume: true })).outcome, 'applied')
    await rollBackFiles(plan, place)
    assert.deepEqual(bytes(), was)
  })
}

test('a link is followed, never replaced', async () => {
  const { mesh, plan, place, bytes } = begin()
  const target = join(mesh, '..', 'elsewhere.yaml')
  writeFileSync(target, policy('a', '/a'))
  rmSync(join(mesh, 'a.yaml'))
  symlinkSync(target, join(mesh, 'a.yaml'))
  const was = bytes()
  await applyToFiles(plan, place)
  assert.match(readFileSync(target, 'utf8'), /\/new/)
  await rollBackFiles(plan, place)
  assert.deepEqual(bytes(), was)
})

test('the journal is private', async () => {
  const { plan, place, env } = begin()
  await applyToFiles(plan, place)
  const folder = join(plansFolder(env), 'files')
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name)
})
