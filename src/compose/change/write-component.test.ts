import assert from 'node:assert/strict'
import fs, { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock, test } from 'node:test'
import { isFault } from '../../base/index.ts'
import type { Plan } from '../../planner/index.ts'
import { writeComponent } from './write-component.ts'

const object = { apiVersion: 'v1', kind: 'Service', namespace: 'team', name: 'one' }
const after = { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'team', name: 'one' } }
const plan = {
  metadata: { name: 'a-plan' },
  spec: { command: ['kfdoor'], changes: [{ op: 'create', object, after }] },
} as unknown as Plan

const unwritable = (error: unknown) => isFault(error) && error.code === 'ERR_FILE_UNWRITABLE'

test('half a component is none: where the disk is full, the next attempt finds an empty folder', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-'))
  t.after(() => {
    mock.restoreAll()
    syncBuiltinESMExports()
    rmSync(folder, { recursive: true })
  })
  const write = fs.writeFileSync
  let calls = 0
  mock.method(fs, 'writeFileSync', (path: string, text: string) => {
    write(path, text)
    if (++calls === 2) throw Object.assign(new Error('no'), { code: 'ENOSPC' })
  })
  syncBuiltinESMExports()
  const place = join(folder, 'exposed')
  assert.throws(() => writeComponent(plan, place), unwritable)
  assert.deepEqual(readdirSync(place), [])
  assert.equal(writeComponent(plan, place).length, 2)
})

test('a file in the place of the folder, and a folder nobody can make, are said', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'file'), '')
  for (const place of [join(folder, 'file'), join(folder, 'file', 'x'), '/proc/x/y'])
    assert.throws(() => writeComponent(plan, place), unwritable, place)
})
