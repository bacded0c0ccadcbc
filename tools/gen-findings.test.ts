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

test('each code has a place of its own on the page: anchor, why, what to do, both examples, source', () => {
  const sections = new Map(
    renderFindings()
      .split(/^<a id="/m)
      .slice(1)
      .map((section) => [section.slice(0, section.indexOf('"')), section] as const),
  )
  assert.deepEqual(
    [...sections.keys()],
    allRules.map(({ code }) => code.toLowerCase()),
  )
  for (const [anchor, section] of sections) {
    const parts = [/^## KFD\d{4}: \S/m, /^\*\*(error|warning|info)\.\*\* \S/m, /^\*\*What to do\.\*\* \S/m]
    for (const part of [
      ...parts,
      /^It reports:\n\n```yaml\n\S/m,
      /^It is silent about:\n\n```yaml\n\S/m,
      /^Source: \S/m,
    ]) {
      assert.match(section, part, anchor)
    }
  }
})
