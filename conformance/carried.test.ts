/** What the project carries is what was recorded: a clone alone tests the same things. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onlyBeside, openCarried, openRecordings } from './families.ts'

const beside = openRecordings(0)

test(beside.from === 'beside'
  ? 'the carried recordings equal those beside the checkout'
  : 'the carried recordings equal those beside it (left out: no shared folder beside the checkout)', {
  skip: beside.from === 'carried',
}, () => {
  const carried = openCarried(0)
  const expected = beside.families.filter((name) => !onlyBeside.includes(name))
  assert.deepEqual(carried.families, expected)
  for (const name of ['gateway', 'ext-authz', 'sidecar']) {
    const [ours, theirs] = [carried.read(name), beside.read(name)]
    const known = new Set(ours.cases.map(({ id }) => id))
    assert.deepEqual(
      ours.cases,
      theirs.cases.filter(({ id }) => known.has(id)),
    )
    for (const { config } of ours.cases.slice(0, 50)) assert.equal(ours.config(config), theirs.config(config))
  }
})
