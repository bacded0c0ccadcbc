import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimPath } from './condition.ts'

const rows: readonly (readonly [text: string, want: readonly string[] | undefined, why: string])[] = [
  ['[a]', ['a'], 'one name'],
  ['[a][b]', ['a', 'b'], 'a path of two'],
  ['[a.b]', ['a.b'], 'a dot is part of the name'],
  ['[[a]]', ['[a]'], 'brackets that nest are one name'],
  ['[a]b[c]', ['a]b[c'], 'text between them too'],
  ['', [], 'no brackets, the empty path'],
  ['a', undefined, 'text without brackets is bad'],
  ['[a', undefined, 'so is one that stays open'],
]

for (const [text, want, why] of rows) {
  test(`claims${text}: ${why}`, () => {
    assert.deepEqual(claimPath(text), want)
  })
}
