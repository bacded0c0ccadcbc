import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileKeyStore, readIfThere, writePrivateFile } from './private-file.ts'

const aFolder = () => mkdtempSync(join(tmpdir(), 'kfdoor-test-'))

test('only its owner may read it, and nothing is left beside it', () => {
  const folder = aFolder()
  writePrivateFile(join(folder, 'key'), 'one')
  writePrivateFile(join(folder, 'key'), 'two')
  assert.equal(readFileSync(join(folder, 'key'), 'utf8'), 'two')
  assert.equal(statSync(join(folder, 'key')).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(folder), ['key'])
})

test('a link in its place is replaced, not followed', () => {
  const folder = aFolder()
  writeFileSync(join(folder, 'other'), 'untouched')
  symlinkSync(join(folder, 'other'), join(folder, 'key'))
  writePrivateFile(join(folder, 'key'), 'secret')
  assert.equal(readFileSync(join(folder, 'other'), 'utf8'), 'untouched')
})

test('what is not there is undefined; what cannot be read throws', async () => {
  const folder = aFolder()
  assert.equal(readIfThere(join(folder, 'key')), undefined)
  assert.throws(() => readIfThere(folder))
  assert.equal(await fileKeyStore(join(folder, 'key')).load(), undefined)
})
