import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSubsetOf, overlaps } from './host-names.ts'

const rows: readonly (readonly [a: string, b: string, inside: boolean, meet: boolean])[] = [
  ['a.b', '*.b', true, true],
  ['*.a.b', '*.b', true, true],
  ['*.b', 'a.b', false, true],
  ['*.b', '*', true, true],
  ['*', '*', true, true],
  ['*.b', '*.a', false, false],
  ['b', '*.b', false, false],
  ['A.b', 'a.b', false, false],
]

for (const [a, b, inside, meet] of rows) {
  test(`${a} beside ${b}`, () => {
    assert.equal(isSubsetOf(a, b), inside)
    assert.equal(overlaps(a, b), meet)
    assert.equal(overlaps(b, a), meet)
  })
}
