/** What a finding says to write makes it go away, on that line, and touches no other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../mesh/index.ts'
import { door } from './example-parts.ts'
import { examples } from './examples.ts'
import { lint } from './index.ts'
import { policyRows } from './near-misses/policies.fixture.ts'
import { tokenRows } from './near-misses/tokens.fixture.ts'

const now = Date.UTC(2026, 6, 1) / 1000

function findings(text: string) {
  const inputs = [
    { file: 'door.yaml', text: door },
    { file: 'mine.yaml', text, replaces: true },
  ]
  const { mesh, problems } = parseMesh(inputs)
  return lint({ mesh, problems, inputs, now }).findings
}

const texts = [
  ...examples.map(({ code, bad, around }) => [code, around ? `${around}\n---\n${bad}` : bad] as const),
  ...Object.entries({ ...policyRows, ...tokenRows }).flatMap(([code, rows]) =>
    rows.map(({ text }) => [code, text] as const),
  ),
].map(([code, text]) => [code, text.replace(/$/gm, '  # ours')] as const)

const offered = new Set<string>()
for (const [index, [code, text]] of texts.entries()) {
  const fixes = findings(text).filter((found) => found.code === code && found.fix)
  if (fixes.length === 0) continue
  offered.add(code)
  test(`${code}, text ${index}: written as it says, it is gone`, () => {
    let lines = text.split('\n')
    for (const { fix } of fixes) {
      if (fix === undefined) continue
      assert.equal(fix.at.file, 'mine.yaml')
      const line = lines[fix.at.line - 1] ?? ''
      assert.ok(line.includes(fix.replace), `line ${fix.at.line} has no \`${fix.replace}\``)
      lines = lines.with(
        fix.at.line - 1,
        line.replace(fix.replace, () => fix.with),
      )
    }
    const fixed = lines.join('\n')
    const places = new Set(fixes.map(({ fix }) => fix?.at.line))
    assert.deepEqual(
      text.split('\n').flatMap((line, at) => (line === lines[at] ? [] : [at + 1])),
      [...places].sort((a = 0, b = 0) => a - b),
    )
    assert.equal(fixed.match(/# ours/g)?.length, text.match(/# ours/g)?.length)
    const left = findings(fixed).filter((found) => found.code === code && found.fix)
    assert.deepEqual(
      left.map(({ message }) => message),
      [],
    )
  })
}

test('the rules that offer one have been seen', () => {
  assert.deepEqual([...offered].sort(), ['KFD0207', 'KFD0214', 'KFD0215', 'KFD0217', 'KFD0230'])
})
