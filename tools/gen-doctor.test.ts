import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { sights } from '../e2e/doctor-sights.ts'
import { problems, walkCodes } from '../src/doctor/index.ts'
import { allRules } from '../src/lint/index.ts'
import { troubles } from './doctor-coverage.ts'
import { file, renderDoctor, seenBy, toldBy } from './gen-doctor.ts'

test('docs/doctor.md is what the table says', () => {
  const text = renderDoctor()
  if (process.env.UPDATE_GOLDEN) writeFileSync(file, text)
  assert.equal(readFileSync(file, 'utf8'), text, 'run node tools/gen-doctor.ts')
})

test('all 40 problems of operators and all 39 of clients stand there, in order', () => {
  const wanted = [
    ...Array.from({ length: 40 }, (_, index) => `door ${index + 1}`),
    ...Array.from({ length: 39 }, (_, index) => `client ${index + 1}`),
  ]
  assert.deepEqual(
    troubles.map(({ row }) => row),
    wanted,
  )
  const rows = new Set(wanted)
  assert.deepEqual(
    sights.flatMap(({ rows: of }) => of).filter((row) => !rows.has(row)),
    [],
  )
})

test('each is seen by the walk, or it says why it cannot be; and each text is known to `why`', () => {
  for (const trouble of troubles) {
    const seen = seenBy(trouble)
    assert.equal(seen.length > 0, trouble.unseen === undefined, trouble.row)
    assert.ok(toldBy(trouble).length > 0, trouble.row)
  }
})

test('every code is one there is, and its test names it', () => {
  const known = new Set([...Object.keys(walkCodes), ...problems.map(({ code }) => code)])
  const rules = new Set<string>(allRules.map(({ code }) => code))
  for (const trouble of troubles) {
    for (const code of seenBy(trouble)) assert.ok(known.has(code), code)
    for (const code of trouble.lint ?? []) assert.ok(rules.has(code), code)
    if (trouble.seen === undefined) continue
    const [code, path] = trouble.seen
    const from = new URL(`../${path}`, import.meta.url)
    assert.ok(existsSync(from) && readFileSync(from, 'utf8').includes(code), `${path} does not name ${code}`)
  }
})
