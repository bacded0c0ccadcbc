import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { allRules } from '../src/lint/index.ts'
import { citedIn } from './cited-threads.ts'
import { coverage } from './findings-coverage.ts'
import { wishes } from './findings-wishes.ts'
import { file, renderFindings, whyCodes } from './gen-findings.ts'
import { sharedPath } from './shared.ts'

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

test('every wish is answered by a command, a code or a page there is, or in words', () => {
  const commands = readdirSync(new URL('../src/cli/commands/', import.meta.url)).join(' ')
  for (const { wish, answer } of wishes) {
    for (const [, command] of answer.matchAll(/`kfdoor ([a-z-]+)/g))
      assert.match(commands, new RegExp(`(^|[ -])${command}(-|\\.ts)`), wish)
    for (const [, page = ''] of answer.matchAll(/`(docs\/[^`]+)`/g))
      assert.ok(existsSync(new URL(`../${page}`, import.meta.url)), page)
    for (const [code] of answer.matchAll(/KFD\d{4}/g))
      assert.ok(
        allRules.some((rule) => rule.code === code),
        code,
      )
  }
})

/** The lists this page answers, each with its section and the cell that cites. */
const lists = [
  ['kubeflow-front-door.md', '## 7.', 'door', 39],
  ['clients.md', '## 6.', 'client', 39],
  ['ecosystem.md', '## 2.', 'wish', 50],
] as const

const reference = sharedPath('reference')

test(`every thread that the lists of reported problems cite has a row${reference ? '' : ' (left out: no ../shared beside this checkout)'}`, {
  skip: reference === undefined,
}, () => {
  const known = new Set([...coverage, ...wishes].flatMap(({ threads }) => threads))
  for (const [name, heading, kind, least] of lists) {
    const text = readFileSync(`${reference}/${name}`, 'utf8')
    const from = text.indexOf(heading)
    const end = text.indexOf('\n## ', from + 1)
    const section = text.slice(from, end < 0 ? undefined : end)
    const cell = (line: string) => (kind === 'wish' ? (line.split('|')[1] ?? '') : line)
    const rows = citedIn(section, kind, cell)
    assert.ok(rows.length >= least - 2, `${name}: ${rows.length} rows were read`)
    for (const { row, threads } of rows) {
      assert.ok(threads.length > 0, row)
      assert.deepEqual(
        threads.filter((each) => !known.has(each)),
        [],
        row,
      )
    }
  }
  // N6 of ecosystem.md names its lints in words.
  const codes = new Set(coverage.flatMap(({ lint = [] }) => lint))
  for (const code of ['KFD0201', 'KFD0218', 'KFD0207', 'KFD0212', 'KFD0202', 'KFD0251'])
    assert.ok(codes.has(code), code)
})
