/** `proxy`, `exec`, `curl` and `why --` as typed, before a whole door of this machine. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { type Door, kfdoor, startDoor } from './door.ts'

let door: Door
let env: NodeJS.ProcessEnv
const home = mkdtempSync(join(tmpdir(), 'kfdoor-through-'))

function run(words: readonly string[], more: NodeJS.ProcessEnv = {}) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [kfdoor, ...words], {
    env: { ...env, ...more },
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { out: stdout, err: stderr, code: status }
}

before(async () => {
  door = await startDoor()
  env = {
    ...door.env,
    XDG_CONFIG_HOME: join(home, 'c'),
    XDG_STATE_HOME: join(home, 's'),
    TMPDIR: home,
    LANG: 'C',
    NO_PROXY: 'localhost,example.com',
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

const healthz = '/pipeline/apis/v2beta1/healthz'

test('curl: a path is one of the door, options are curl’s, and no credential is typed', () => {
  const { out, code } = run(['curl', '-sS', '-w', '%{http_code}', healthz])
  assert.equal(code, 0)
  assert.match(out, /"multi_user":true.*200$/)
})

test('exec: the environment gets through and holds no secret; the whole address works too', () => {
  const script = `curl -sSf "$KF_PIPELINES_ENDPOINT/apis/v2beta1/healthz" >/dev/null && curl -sSf '${door.ready.url}${healthz}' >/dev/null && env`
  const { out, err, code } = run(['exec', '--', 'sh', '-c', script], { KFDOOR_TOKEN: '' })
  assert.equal(code, 0, err)
  assert.doesNotMatch(out, /12341234|oauth2_proxy_kubeflow|eyJ|KFDOOR_PASSWORD|KFDOOR_USERNAME/)
  assert.match(out, /^NO_PROXY=example\.com$/m)
  assert.deepEqual(
    readdirSync(home).filter((name) => name.startsWith('kfdoor-run-')),
    [],
  )
})

const codes: readonly (readonly [why: string, words: readonly string[], code: number])[] = [
  ['its own code', ['sh', '-c', 'exit 7'], 7],
  ['no such command', ['no-such-command-here'], 127],
  ['cannot be run', [home], 126],
  ['a signal', ['sh', '-c', 'kill -9 $$'], 137],
]
for (const [why, words, code] of codes) {
  test(`exec returns the command’s code: ${why}`, () => {
    assert.equal(run(['exec', '--', ...words]).code, code)
  })
}

test('exec says 125 for a failure of its own, and 2 for no command', () => {
  assert.equal(run(['exec', '--door', 'nobody', '--', 'true']).code, 125)
  assert.equal(run(['exec']).code, 2)
})

test('why: a refused call is named with its hop, its cause and what to type; the code is the command’s', () => {
  const file = join(home, 'seen.jsonl')
  const { err, code } = run([
    'why',
    '--record',
    file,
    '--',
    'curl',
    '-sS',
    '-f',
    `${door.ready.url}/pipeline/apis/v2beta1/runs?token=hidden`,
  ])
  assert.equal(code, 22)
  assert.match(err, /GET \/pipeline\/apis\/v2beta1\/runs -> 400: the application behind the door/)
  assert.match(err, /KFD2306/)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.doesNotMatch(readFileSync(file, 'utf8'), /hidden/)
})

test('why: a command that never asked the door is explained by its own last words', () => {
  const { err, code } = run(['why', '--', 'sh', '-c', "echo 'Jwt issuer is not configured' >&2; exit 3"])
  assert.equal(code, 3)
  assert.match(err, /saw no request/)
  assert.match(err, /KFD2201/)
})

test('why: nothing is said about a command that succeeds', () => {
  const { err, code } = run([
    'why',
    '--',
    'curl',
    '-sS',
    '-f',
    '-o',
    join(home, 'x'),
    `${door.ready.url}${healthz}`,
  ])
  assert.equal(code, 0)
  assert.equal(err, '')
})

test('proxy: one ready line, an address with a secret, and an end at SIGTERM', async () => {
  const child = spawn(process.execPath, [kfdoor, 'proxy', '-o', 'json'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const ready = JSON.parse(line) as { ready: boolean; url: string }
  assert.equal(ready.ready, true)
  const answer = await fetch(`${ready.url}${healthz}`)
  assert.equal(answer.status, 200)
  assert.equal((await fetch(new URL(healthz, ready.url))).status, 401)
  child.kill('SIGTERM')
  const [code] = (await once(child, 'exit')) as [number]
  assert.equal(code, 0)
})
