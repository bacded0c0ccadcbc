/**
 * The engine against what a real istiod and Envoy did: one test per recorded family, which names the
 * first disagreements. `conformance/compare.ts` says what is compared.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { differences, leftOut } from './compare.ts'
import { engine } from './contestants/engine.ts'
import { onlyBeside, openRecordings } from './families.ts'

const recordings = openRecordings(Date.now() / 1000)
let agreed = 0
let asked = 0

for (const name of recordings.families) {
  test(`the engine agrees with every recorded decision of ${name}`, (context) => {
    const family = recordings.read(name)
    const contestant = engine(family.config, recordings.around)
    const wrong: string[] = []
    let compared = 0
    for (const recorded of family.cases) {
      if (leftOut(recorded) !== undefined) continue
      compared++
      const found = differences(recorded, contestant.decide(recorded))
      if (found.length > 0) wrong.push(`${recorded.id}\n  ${found.join('\n  ')}`)
    }
    asked += compared
    agreed += compared - wrong.length
    context.diagnostic(`${compared - wrong.length} of ${compared} agree`)
    const shown = wrong.slice(0, 5).join('\n')
    assert.equal(wrong.length, 0, `${wrong.length} of ${compared} differ, first of all\n${shown}`)
  })
}

for (const name of onlyBeside) {
  if (recordings.from === 'beside') continue
  test(`${name} (left out: no shared folder beside the checkout)`, { skip: true }, () => {})
}

test('every recorded decision was put to the engine', (context) => {
  context.diagnostic(`${agreed} of ${asked} decisions agree (${recordings.from})`)
  assert.ok(asked > 35_000, `only ${asked} decisions were compared`)
})
