/** A plan on files, carried out under a running door, and its prediction put to that door. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { viewOptions } from '../src/cli/map/view-options.ts'
import { readTexts } from '../src/compose/change/read-texts.ts'
import { profileFiles } from '../src/compose/profiles.ts'
import { createOf, type Plan, planOf, planText, readRawDoor } from '../src/planner/index.ts'
import { type Door, kfdoor, startDoor } from './door.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-verify-'))
const [mesh, other] = [join(folder, 'mesh'), join(folder, 'other')]
const planFile = join(folder, 'plan.yaml')
let door: Door
let deaf: Door

before(async () => {
  for (const place of [mesh, other]) {
    mkdirSync(place)
    for (const [index, { text: yaml }] of profileFiles('26.03', { tls: false, demo: true }).entries()) {
      writeFileSync(join(place, `${String(index).padStart(2, '0')}.yaml`), yaml)
    }
  }
  // One runs from the files the plan is about, the other from files like them.
  door = await startDoor(['-f', mesh, '--no-tls'])
  deaf = await startDoor(['-f', other, '--no-tls'])
  const { inputs, source } = await readTexts([mesh], async () => '', { env: {} })
  const shut = createOf(
    {
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: 'shut-dex', namespace: 'istio-system' },
      spec: {
        selector: { matchLabels: { app: 'istio-ingressgateway' } },
        action: 'DENY',
        rules: [{ to: [{ operation: { paths: ['/dex/*'] } }] }],
      },
    },
    'closes',
    'nobody signs in',
  )
  const plan: Plan = planOf(
    readRawDoor(inputs),
    { changes: [shut], risks: [], callers: [] },
    { intent: 'shut', subject: 'dex', command: ['test'], source, now: Date.now() / 1000, view: viewOptions },
  )
  assert.ok(plan.spec.access.lost.some(({ principal }) => principal === 'anonymous'))
  writeFileSync(planFile, planText(plan, 'yaml'))
})
after(async () => {
  await Promise.all([door?.stop(), deaf?.stop()])
  rmSync(folder, { recursive: true, force: true })
})

async function type(words: readonly string[], where = folder) {
  const child = spawn(process.execPath, [kfdoor, ...words], {
    cwd: where,
    env: { ...process.env, XDG_STATE_HOME: join(folder, 'state'), HOME: folder, KUBECONFIG: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = once(child, 'close') as Promise<[number]>
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), closed])
  return { out, err, code }
}

const bytes = () =>
  readdirSync(mesh)
    .sort()
    .map((name) => [name, readFileSync(join(mesh, name), 'utf8')])

test('a door that has the change answers as predicted', async () => {
  const was = bytes()
  const { code, err, out } = await type([
    'apply',
    planFile,
    '--yes',
    '--verify',
    door.ready.httpUrl,
    '--auto-rollback',
  ])
  assert.equal(code, 0, err)
  assert.match(out, /: applied/)
  assert.match(err, /asked the door: [1-9]\d* as predicted, 0 otherwise/)
  assert.equal((await fetch(`${door.ready.httpUrl}/dex/.well-known/openid-configuration`)).status, 403)
  const back = await type(['rollback', planFile, '--yes', '--verify', door.ready.httpUrl])
  assert.equal(back.code, 0, back.err)
  assert.match(back.err, /asked the door: [1-9]\d* as predicted, 0 otherwise/)
  assert.deepEqual(bytes(), was)
})

test('a plan about files elsewhere: refused unless their folder is named', async () => {
  const was = bytes()
  const elsewhere = join(folder, 'state-of-somebody')
  mkdirSync(elsewhere)
  const { code, err } = await type(['apply', planFile, '--yes'], elsewhere)
  assert.equal(code, 2)
  assert.match(
    err,
    /KFD0100: plan shut-dex-[0-9a-f]{6} is about files outside this folder, .*\n {2}.*mesh; .*`-f FOLDER`/,
  )
  assert.deepEqual(bytes(), was)
  const named = await type(['apply', planFile, '-f', mesh, '--dry-run', 'client'], elsewhere)
  assert.equal(named.code, 0, named.err)
})

test('a command that changes a door asks it too, and so does its rollback', async () => {
  const was = bytes()
  const words = ['expose', 'sklearn-iris', '--to', 'sa:team-a/ci', '-f', mesh, '--apply', '--yes']
  const asked = await type([...words, '--verify', door.ready.httpUrl, '--auto-rollback'])
  assert.equal(asked.code, 0, asked.err)
  assert.match(asked.err, /asked the door: [1-9]\d* as predicted, 0 otherwise/)
  const [name] = /expose-sklearn-iris-[0-9a-f]{6}/.exec(asked.out) ?? []
  assert.ok(name, asked.out)
  assert.equal((await type(['rollback', name, '--yes', '--verify', door.ready.httpUrl])).code, 0)
  assert.deepEqual(bytes(), was)

  const alone = await type([...words.slice(0, -2), '--verify', door.ready.httpUrl])
  assert.equal(alone.code, 2)
  assert.match(alone.err, /KFD0100: .*add `--apply`/)
  assert.deepEqual(bytes(), was)
})

test('a door that lets through what was not predicted: told, and rolled back where that is on', async () => {
  const was = bytes()
  const words = ['apply', planFile, '--yes', '--verify', deaf.ready.httpUrl, '--timeout', '1']
  const told = await type(words)
  assert.equal(told.code, 1)
  assert.match(
    told.err,
    /KFD1920: the live door lets through .*\n {2}anonymous GET .*\/dex\/.*predicted deny, saw 404 from a workload/,
  )
  assert.match(told.err, /undo it with `kfdoor rollback/)
  assert.notDeepEqual(bytes(), was)
  assert.equal((await type(['rollback', planFile, '--yes'])).code, 0)

  const undone = await type([...words, '--auto-rollback'])
  assert.equal(undone.code, 1)
  assert.match(undone.err, /the plan was rolled back/)
  assert.deepEqual(bytes(), was)
})

test('somebody else opened or closed something since: the plan is looked at again, and stale', async () => {
  const extra = join(mesh, '99-theirs.yaml')
  const was = bytes()
  writeFileSync(
    extra,
    'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: theirs, namespace: istio-system}\nspec: {selector: {matchLabels: {app: istio-ingressgateway}}, action: DENY, rules: [{to: [{operation: {paths: ["/dex/*"]}}]}]}\n',
  )
  const { code, err } = await type(['apply', planFile, '--yes'])
  assert.equal(code, 1)
  assert.match(err, /KFD1912: .*\n.*anonymous loses.*and no longer/)
  rmSync(extra)
  assert.deepEqual(bytes(), was)
})

test('--auto-rollback goes by the door', async () => {
  const { code, err } = await type(['apply', planFile, '--yes', '--auto-rollback'])
  assert.deepEqual([code, /name it with `--verify URL`/.test(err)], [2, true])
})

test('what is mistyped about the door is found before the first write, and before the first of a rollback', async () => {
  const was = bytes()
  const expose = ['expose', 'sklearn-iris', '--to', 'sa:team-a/ci', '-f', mesh, '--apply', '--yes']
  const url = door.ready.httpUrl
  const rows: readonly (readonly [words: readonly string[], says: RegExp])[] = [
    [['--verify', url, '--timeout', 'soon'], /`--timeout soon` is no number of seconds/],
    [['--timeout', ' '], /`--timeout {2}` is no number of seconds/],
    [['--verify', 'not a url'], /`not a url` is not an address/],
    [['--verify', 'https://me:secret@host'], /`https:\/\/…@host` has a password in it/],
    [['--verify', url, '--certificate-authority', join(folder, 'nope.pem')], /nope\.pem`: it is not there/],
    [['--verify', url, '--door', 'nobody'], /KFD\d{4}: .*nobody/],
  ]
  for (const [words, says] of rows) {
    const applied = await type(['apply', planFile, '--yes', ...words])
    assert.match(applied.err, says)
    assert.equal(applied.code, 2, words.join(' '))
    assert.deepEqual(bytes(), was, words.join(' '))
    const own = words.map((word) => (word === '--timeout' ? '--wait' : word))
    const exposed = await type([...expose, ...own])
    assert.equal(exposed.code, 2, exposed.err)
    assert.match(exposed.err, new RegExp(says.source.replace('--timeout', '--wait')))
    assert.deepEqual(bytes(), was, own.join(' '))
  }
  assert.equal((await type(['apply', planFile, '--yes'])).code, 0)
  const changed = bytes()
  assert.notDeepEqual(changed, was)
  for (const [words, says] of rows) {
    const { code, err } = await type(['rollback', planFile, '--yes', ...words])
    assert.match(err, says)
    assert.equal(code, 2, words.join(' '))
    assert.deepEqual(bytes(), changed, words.join(' '))
  }
  assert.equal((await type(['rollback', planFile, '--yes'])).code, 0)
})

test('a door that cannot be asked afterwards: what is written stays, and that is said', async () => {
  const was = bytes()
  const nobody = ['--verify', 'http://127.0.0.1:1', '--timeout', '0']
  const { code, err } = await type(['apply', planFile, '--yes', ...nobody])
  assert.equal(code, 3, err)
  assert.match(
    err,
    /shut-dex-[0-9a-f]{6} is carried out and stays so; the door could not be asked\n.*KFD1802/,
  )
  assert.notDeepEqual(bytes(), was)
  const back = await type(['rollback', planFile, '--yes', ...nobody])
  assert.equal(back.code, 3, back.err)
  assert.match(back.err, /is undone and stays so; the door could not be asked/)
  assert.deepEqual(bytes(), was)
})

test('what changes nothing at the door is not said to be asked there', async () => {
  const was = bytes()
  const { inputs, source } = await readTexts([mesh], async () => '', { env: {} })
  const idle = createOf(
    {
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: 'idle', namespace: 'istio-system' },
      spec: { selector: { matchLabels: { app: 'nobody-has-this' } }, action: 'DENY', rules: [{}] },
    },
    'closes',
    'no pod has the label',
  )
  const made = {
    intent: 'idle',
    subject: 'x',
    command: ['test'],
    source,
    now: Date.now() / 1000,
    view: viewOptions,
  }
  const file = join(folder, 'idle.yaml')
  const plan = planOf(readRawDoor(inputs), { changes: [idle], risks: [], callers: [] }, made)
  writeFileSync(file, planText(plan, 'yaml'))
  const { code, err } = await type(['apply', file, '--yes', '--verify', door.ready.httpUrl])
  assert.equal(code, 0, err)
  assert.match(err, /nothing of it shows at the door/)
  assert.doesNotMatch(err, /asked the door/)
  assert.equal((await type(['rollback', file, '--yes'])).code, 0)
  assert.deepEqual(bytes(), was)
})

test('how long to wait for a door is for what is applied', async () => {
  const words = ['expose', 'sklearn-iris', '--to', 'sa:team-a/ci', '-f', mesh, '--wait', '5']
  const { code, err } = await type(words)
  assert.equal(code, 2)
  assert.match(err, /`--wait` are for what is applied; add `--apply`/)
})
