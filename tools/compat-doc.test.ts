import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { compatPage, compatPath } from './compat-doc.ts'

test('docs/compat.md says what the tables say; `node tools/compat-doc.ts` writes it', () => {
  assert.equal(readFileSync(compatPath, 'utf8'), compatPage())
})
