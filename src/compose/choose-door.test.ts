import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { caFileOfDoor, chooseDoor } from './choose-door.ts'
import { listenForControl, type RunningDoor } from './control.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-which-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const env = { XDG_RUNTIME_DIR: folder, XDG_STATE_HOME: join(folder, 'nothing') }

const aDoor = (port: number, state = `/state/${port}`): RunningDoor => ({
  pid: 1,
  url: `https://localhost:${port}`,
  httpUrl: `http://localhost:${port + 1}`,
  caFile: `${state}/ca.crt`,
  profile: '26.03',
  state,
  socket: 'none',
})
const [a, b] = [aDoor(8443), aDoor(9443)]

const rows: readonly (readonly [
  what: string,
  doors: readonly RunningDoor[],
  which: Parameters<typeof chooseDoor>[1],
  want: RunningDoor | RegExp | undefined,
])[] = [
  ['none runs', [], {}, undefined],
  ['only one runs', [a], {}, a],
  ['two run and none is named', [a, b], {}, /2 doors run here: https:\/\/localhost:8443, .*--url URL/],
  ['the second by its URL', [a, b], { url: 'https://localhost:9443' }, b],
  ['a path behind the URL does not matter', [a, b], { url: 'https://localhost:9443/pipeline/' }, b],
  ['the second by its plain URL', [a, b], { url: 'http://localhost:9444' }, b],
  ['the second by its state folder', [a, b], { state: '/state/../state/9443' }, b],
  ['a URL nobody has', [a, b], { url: 'https://localhost:1' }, undefined],
  ['the scheme counts', [a], { url: 'http://localhost:8443' }, undefined],
  ['what is no URL', [a], { url: 'localhost' }, /`--url localhost` is not a URL/],
]
for (const [what, doors, which, want] of rows) {
  test(`which door: ${what}`, () => {
    if (want instanceof RegExp) assert.throws(() => chooseDoor(doors, which), want)
    else assert.equal(chooseDoor(doors, which), want)
  })
}

test('the CA is the one of the running door, else the one its state folder kept', async () => {
  assert.throws(() => caFileOfDoor(env, {}), /no door runs here/)
  assert.throws(() => caFileOfDoor(env, { state: folder }), /no door runs here/)
  writeFileSync(join(folder, 'ca.crt'), 'PEM')
  assert.equal(caFileOfDoor(env, { state: folder }), join(folder, 'ca.crt'))
  const { pid: _, socket: __, ...door } = a
  const control = await listenForControl(env, door, async () => ({ ok: true }))
  try {
    assert.equal(caFileOfDoor(env, {}), a.caFile)
    assert.throws(() => caFileOfDoor(env, { url: 'https://localhost:1' }), /at `https:\/\/localhost:1`/)
  } finally {
    control.close()
  }
  const plain = await listenForControl(env, { ...door, caFile: null }, async () => ({ ok: true }))
  try {
    assert.throws(() => caFileOfDoor(env, {}), /speaks plain HTTP only/)
  } finally {
    plain.close()
  }
})
