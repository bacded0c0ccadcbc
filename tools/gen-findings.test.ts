import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { allRules } from '../src/lint/index.ts'
import { coverage } from './findings-coverage.ts'
import { file, renderFindings, whyCodes } from './gen-findings.ts'

test('docs/findings.md is what the rules say', () => {
  const text = renderFindings()
  if (process.env.UPDATE_GOLDEN) writeFileSync(file, text)
  assert.equal(readFileSync(file, 'utf8'), text, 'run node tools/gen-findings.ts')
})

test('every reported problem is found by a code, or the page says why it cannot be', () => {
  const known = new Set<string>(allRules.map(({ code }) => code))
  for (const row of coverage) {
    assert.deepEqual(
      (row.lint ?? []).filter((code) => !known.has(code)),
      [],
      row.problem,
    )
    assert.ok((row.lint ?? []).length + whyCodes(row).length > 0 || row.note, row.problem)
  }
})
