/** Each rule with the smallest YAML it speaks of, and the same put right: it reports, and falls silent. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../mesh/index.ts'
import { door } from './example-parts.ts'
import { type Example, examples } from './examples.ts'
import { allRules, lint } from './index.ts'

const now = Date.UTC(2026, 6, 1) / 1000

function findings({ around, istioVersion }: Example, text: string) {
  const inputs = [
    { file: 'door.yaml', text: door },
    ...(around ? [{ file: 'around.yaml', text: around, replaces: true }] : []),
    { file: 'mine.yaml', text, replaces: true },
  ]
  const { mesh, problems } = parseMesh(inputs)
  return lint({ mesh, problems, inputs, now, ...(istioVersion !== undefined && { istioVersion }) }).findings
}

test('the door around the examples has no findings of its own', () => {
  const { mesh, problems } = parseMesh([{ file: 'door.yaml', text: door }])
  const found = lint({ mesh, problems, now }).findings
  assert.deepEqual(
    found.map(({ code, message }) => `${code} ${message}`),
    [],
  )
})

for (const example of examples) {
  const { code, bad, good, line } = example
  test(`${code} reports the bad example on its line, and nothing in the good one`, () => {
    const own = findings(example, bad).filter((finding) => finding.code === code)
    assert.ok(own.length > 0, `${code} reports nothing`)
    const [first] = own
    assert.ok(first && first.message.length > 0 && first.evidence.length > 0)
    if (line !== undefined)
      assert.equal(`${first.evidence[0]?.at.file}:${first.evidence[0]?.at.line}`, `mine.yaml:${line}`)
    assert.deepEqual(
      findings(example, good)
        .filter((finding) => finding.code === code)
        .map(({ message }) => message),
      [],
    )
  })
}

test('every rule that reads only YAML has an example', () => {
  const shown = new Set(examples.map(({ code }) => code))
  // Certificates are made by the test beside their reader; rules no request meets are found by the regions.
  const elsewhere = new Set(['KFD0221', 'KFD0249', 'KFD0250'])
  assert.deepEqual(
    allRules.map(({ code }) => code).filter((code) => !shown.has(code) && !elsewhere.has(code)),
    [],
  )
})

test('codes stand once, in order', () => {
  const codes = allRules.map(({ code }) => code)
  assert.deepEqual(codes, [...new Set(codes)].sort())
})
