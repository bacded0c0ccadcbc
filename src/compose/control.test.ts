import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { askDoor, listenForControl, runningDoors, runtimeFolder } from './control.ts'

const aDoor = {
  url: 'https://localhost:1',
  httpUrl: 'http://localhost:2',
  caFile: null,
  profile: '26.03',
  state: ':memory:',
}
const anEnvironment = () => ({ XDG_RUNTIME_DIR: mkdtempSync(join(tmpdir(), 'kfdoor-test-')) })

test('a door is found, asked, and gone when it closes', async () => {
  const env = anEnvironment()
  const control = await listenForControl(env, aDoor, async (request) => ({ ok: true, user: request.user }))
  const [door] = runningDoors(env)
  assert.ok(door)
  assert.equal(door.url, aDoor.url)
  assert.deepEqual(await askDoor(door, { do: 'session', user: 'user@example.com' }), {
    ok: true,
    user: 'user@example.com',
  })
  control.close()
  assert.deepEqual(runningDoors(env), [])
  assert.equal(existsSync(door.socket), false)
})

test('only its owner may enter', { skip: process.platform === 'win32' }, async () => {
  const env = anEnvironment()
  const control = await listenForControl(env, aDoor, async () => ({ ok: true }))
  const [door] = runningDoors(env)
  assert.ok(door)
  assert.equal(statSync(runtimeFolder(env)).mode & 0o777, 0o700)
  assert.equal(statSync(door.socket).mode & 0o777, 0o600)
  control.close()
})

test('a failure inside is an answer, without a stack', async () => {
  const env = anEnvironment()
  const control = await listenForControl(env, aDoor, async () => {
    throw new Error('no such account')
  })
  const [door] = runningDoors(env)
  assert.ok(door)
  assert.deepEqual(await askDoor(door, { do: 'session' }), { ok: false, error: 'no such account' })
  control.close()
})

test('a line without end is cut off', async () => {
  const env = anEnvironment()
  const control = await listenForControl(env, aDoor, async () => ({ ok: true }))
  const [door] = runningDoors(env)
  assert.ok(door)
  const closed = await new Promise((done) => {
    const connection = createConnection(door.socket)
    connection.on('error', () => done(true))
    connection.on('close', () => done(true))
    connection.write('x'.repeat(200_000))
  })
  assert.equal(closed, true)
  control.close()
})

test('the record of a killed door is swept away', () => {
  const env = anEnvironment()
  const folder = runtimeFolder(env)
  mkdirSync(folder, { mode: 0o700 })
  const record = join(folder, 'x.json')
  // No process has this number: Linux stops at 2^22.
  writeFileSync(record, JSON.stringify({ ...aDoor, pid: 2 ** 22 + 1, socket: join(folder, 'x.sock') }))
  assert.deepEqual(runningDoors(env), [])
  assert.equal(existsSync(record), false)
})
