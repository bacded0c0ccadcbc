/** The GitHub Action's steps, run as a runner runs them in a repository of their own; and the pre-commit hooks. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { findEntry } from '../src/cli/registry.ts'
import { smallDoor } from './small-door.ts'

interface Step {
  readonly id: string
  readonly shell: string
  readonly env: Readonly<Record<string, string>>
  readonly run: string
}
interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>
  readonly outputs: Readonly<Record<string, { readonly value: string }>>
  readonly runs: { readonly using: string; readonly steps: readonly Step[] }
}

const root = fileURLToPath(new URL('..', import.meta.url))
const text = readFileSync(join(root, 'action.yml'), 'utf8')
const action = parse(text) as Action
const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

const mesh = (paths: string) => `${smallDoor}---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: open, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  rules: [{to: [{operation: {paths: [${paths}]}}]}]
`

/** A repository with two commits of one door. */
function repository(before: string, now: string, name = 'mesh'): string {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-action-'))
  folders.push(folder)
  const git = (...words: string[]) => {
    const done = spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...words], {
      cwd: folder,
    })
    assert.equal(done.status, 0, String(done.stderr))
  }
  git('init', '-q')
  writeFileSync(join(folder, 'README.md'), 'a door\n')
  git('add', '.')
  git('commit', '-qm', 'zero')
  for (const each of [before, now]) {
    mkdirSync(join(folder, name), { recursive: true })
    writeFileSync(join(folder, name, 'door.yaml'), each)
    git('add', '.')
    git('commit', '--allow-empty', '-qm', 'one')
  }
  return folder
}

/** The expressions of this action: `a.b.c`, a text in quotes, `||` between them. */
function evaluate(value: string, world: Readonly<Record<string, unknown>>): string {
  return value.replace(/\$\{\{(.*?)\}\}/g, (_, expression: string) => {
    for (const part of expression.split('||').map((each) => each.trim())) {
      const literal = /^'(.*)'$/.exec(part)?.[1]
      const found =
        literal ??
        part
          .split('.')
          .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], world)
      if (found !== undefined && found !== '') return String(found)
    }
    return ''
  })
}

function runAction(folder: string, given: Readonly<Record<string, string>>) {
  const temp = mkdtempSync(join(tmpdir(), 'kfdoor-runner-'))
  folders.push(temp)
  const defaults = Object.entries(action.inputs).map(([name, { default: value = '' }]) => [name, value])
  const command = `${process.execPath} ${join(root, 'bin', 'kfdoor.mjs')}`
  const inputs = { ...Object.fromEntries(defaults), command, ...given }
  const steps: Record<string, { outputs: Record<string, string> }> = {}
  const world = { inputs, steps, github: { action_path: root, event: {} } }
  const summary = join(temp, 'summary.md')
  writeFileSync(summary, '')
  let log = ''
  for (const { id, env, run } of action.runs.steps) {
    const output = join(temp, `output-${id}`)
    writeFileSync(output, '')
    const done = spawnSync('bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', '-c', run], {
      cwd: folder,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        HOME: temp,
        RUNNER_TEMP: temp,
        GITHUB_OUTPUT: output,
        GITHUB_STEP_SUMMARY: summary,
        ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, evaluate(value, world)])),
      },
    })
    log += done.stdout + done.stderr
    const outputs = readFileSync(output, 'utf8')
      .split('\n')
      .filter((line) => line.includes('='))
    steps[id] = {
      outputs: Object.fromEntries(
        outputs.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      ),
    }
    // Only the last one may fail: a runner stops at the first that does.
    if (done.status !== 0 && id !== 'judge')
      assert.fail(`step ${id} ended with ${done.status}: ${done.stderr}`)
  }
  const outputs = Object.fromEntries(
    Object.entries(action.outputs).map(([name, { value }]) => [name, evaluate(value, world)]),
  )
  return { outputs, log, summary: readFileSync(summary, 'utf8') }
}

test('every input is used, every output comes from a step, and no script holds an expression', () => {
  const used = new Set([...text.matchAll(/inputs\.([\w-]+)/g)].map(([, name]) => name))
  assert.deepEqual([...used].sort(), Object.keys(action.inputs).sort())
  const ids = action.runs.steps.map(({ id }) => id)
  for (const [, id = '', name = ''] of text.matchAll(/steps\.(\w+)\.outputs\.(\w+)/g)) {
    const step = action.runs.steps.find((each) => each.id === id)
    assert.ok(ids.includes(id) && step?.run.includes(`${name}=`), `${id}.${name}`)
  }
  assert.equal(action.runs.using, 'composite')
  for (const { id, run, shell } of action.runs.steps) {
    assert.equal(shell, 'bash')
    assert.doesNotMatch(run, /\$\{\{/, id)
  }
})

test('a change that opens the door fails the job and is told, with a request', () => {
  const folder = repository(mesh('/open'), mesh('/open, /admin*'))
  const { outputs, log, summary } = runAction(folder, {
    path: 'mesh',
    'failure-threshold': 'never',
    claims: 'claims:door',
  })
  assert.equal(outputs.result, 'failure', log)
  assert.match(log, /::error::kfdoor diff ended with 1/)
  assert.match(
    summary,
    /\| newly open to whoever has not signed in \| .*anonymous.* \| `GET http:\/\/\S*\/admin` \|/,
  )
  assert.match(summary, /## Claims/)
  const comment = readFileSync(outputs.comment as string, 'utf8')
  assert.match(comment, /^<!-- kfdoor -->/)
  const sarif = JSON.parse(readFileSync(outputs.sarif as string, 'utf8'))
  assert.equal(sarif.version, '2.1.0')
  for (const { locations } of sarif.runs[0].results) {
    const { uri } = locations[0].physicalLocation.artifactLocation
    assert.ok(existsSync(join(folder, uri)), uri)
  }
})

test('a change that opens nothing passes, whoever fails on what', () => {
  const folder = repository(mesh('/open'), mesh('/open').replace('name: open', 'name: opened'))
  const quiet = runAction(folder, { path: 'mesh', 'failure-threshold': 'never' })
  assert.equal(quiet.outputs.result, 'success', quiet.log)
  assert.match(quiet.summary, /No difference/)
  const opened = repository(mesh('/open'), mesh('/more'))
  assert.equal(
    runAction(opened, { path: 'mesh', 'failure-threshold': 'never', 'fail-on': '' }).outputs.result,
    'success',
  )
})

test('no revision to compare with, YAML that is new, YAML that cannot be read', () => {
  const folder = repository(mesh('/open'), mesh('/open'))
  const none = runAction(folder, { path: 'mesh', 'failure-threshold': 'never', base: 'nowhere' })
  assert.match(none.summary, /no revision to compare with/)
  const fresh = runAction(folder, { path: 'mesh', 'failure-threshold': 'never', base: 'HEAD~2' })
  assert.match(fresh.summary, /The YAML is new/)
  assert.equal(fresh.outputs.result, 'success')
  const broken = runAction(repository(mesh('/open'), 'kind: ['), { path: 'mesh' })
  assert.equal(broken.outputs.result, 'failure')
  assert.match(broken.log, /::error::kfdoor diff ended with 2/)
})

test('what somebody types is never run', () => {
  const name = 'a $(touch pwned) `touch pwned`; touch pwned'
  const folder = repository(mesh('/open'), mesh('/a*'), name)
  const { summary } = runAction(folder, {
    path: name,
    base: '--upload-pack=touch pwned',
    'failure-threshold': 'never',
  })
  assert.match(summary, /no revision to compare with/)
  const shown = runAction(folder, { path: name, 'failure-threshold': 'never' })
  assert.match(shown.summary, /newly open/)
  assert.ok(!existsSync(join(folder, 'pwned')))
})

interface Hook {
  readonly id: string
  readonly entry: string
  readonly args: readonly string[]
  readonly language: string
  readonly files: string
  readonly pass_filenames: boolean
}
const hooks = parse(readFileSync(join(root, '.pre-commit-hooks.yaml'), 'utf8')) as readonly Hook[]

for (const hook of hooks) {
  test(`pre-commit hook ${hook.id}: runs what there is, on the whole door`, async () => {
    const [program, name = '', ...words] = hook.entry.split(' ')
    assert.equal(program, 'kfdoor')
    assert.ok(findEntry(name))
    assert.equal(hook.pass_filenames, false)
    assert.match('mesh/door.yaml', new RegExp(hook.files))
    const folder = repository(mesh('/open'), mesh('/open'))
    const run = (...more: readonly string[]) =>
      spawnSync(process.execPath, [join(root, 'bin', 'kfdoor.mjs'), name, ...words, ...more], {
        cwd: folder,
        encoding: 'utf8',
        env: { PATH: process.env.PATH, HOME: folder },
      })
    const usual = run(...hook.args)
    assert.ok(usual.status === 0 || usual.status === 1, usual.stderr)
    writeFileSync(join(folder, 'mesh', 'door.yaml'), 'kind: [\n')
    assert.notEqual(run(...hook.args).status, 0)
  })
}
