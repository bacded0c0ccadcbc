/** The person's own kfp file: changed for runs that asked, and put back whatever becomes of them. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { borrowKfpContext } from './kfp-context.ts'

const home = mkdtempSync(join(tmpdir(), 'kfdoor-kfp-'))
after(() => rmSync(home, { recursive: true, force: true }))
const folder = join(home, 'kfp')
const path = join(folder, 'context.json')
const beside = join(folder, 'context.json.before-kfdoor')
const there = () => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)
const theirs = '{"namespace": "mine", "client_authentication_token": "x", "other": 1}'

beforeEach(() => rmSync(folder, { recursive: true, force: true }))
/** A file that was there before. */
const keep = async () => {
  await (await borrowKfpContext(folder, 'team'))()
  writeFileSync(path, theirs)
}

test('a file that was not there is gone again, with all that lay beside it', async () => {
  const giveBack = await borrowKfpContext(folder, 'team')
  assert.equal(there(), '{"namespace":"team"}')
  await giveBack()
  assert.deepEqual(readdirSync(folder), [])
})

test('a file that was there comes back letter for letter; its credential is left out meanwhile', async () => {
  await keep()
  const giveBack = await borrowKfpContext(folder, 'team')
  assert.deepEqual(JSON.parse(there() ?? ''), { namespace: 'team', other: 1 })
  await giveBack()
  assert.equal(there(), theirs)
})

for (const order of ['first', 'last'] as const) {
  test(`two runs at once: it comes back when both are over, the ${order} to begin ending first`, async () => {
    await keep()
    const runs = [await borrowKfpContext(folder, 'team'), await borrowKfpContext(folder, 'team')]
    const [one, other] = order === 'first' ? runs : runs.reverse()
    await one?.()
    assert.deepEqual(JSON.parse(there() ?? ''), { namespace: 'team', other: 1 })
    await other?.()
    assert.equal(there(), theirs)
    assert.deepEqual(readdirSync(folder), ['context.json'])
  })
}

test('two runs with two namespaces cannot share it, and the second is told so', async () => {
  const giveBack = await borrowKfpContext(folder, 'team')
  await assert.rejects(borrowKfpContext(folder, 'other'), /another run of kfdoor has the namespace `team`/)
  await giveBack()
  assert.equal(there(), undefined)
})

test('a run that was killed: the next one puts back what was there before it', async () => {
  await keep()
  // The id of a process that is gone.
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  const ours = '{"namespace":"lost"}'
  writeFileSync(path, ours)
  writeFileSync(beside, JSON.stringify({ before: theirs, ours, runs: [pid] }))
  const giveBack = await borrowKfpContext(folder, 'team')
  assert.deepEqual(JSON.parse(there() ?? ''), { namespace: 'team', other: 1 })
  await giveBack()
  assert.equal(there(), theirs)
})

test('what somebody wrote meanwhile stays', async () => {
  const giveBack = await borrowKfpContext(folder, 'team')
  writeFileSync(path, '{"namespace":"theirs"}')
  await giveBack()
  assert.equal(there(), '{"namespace":"theirs"}')
  assert.equal(existsSync(beside), false)
})
