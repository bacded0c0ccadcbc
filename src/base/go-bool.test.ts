import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseGoBool } from './go-bool.ts'

const rows: readonly (readonly [text: string | undefined, want: boolean | undefined])[] = [
  ['true', true],
  ['True', true],
  ['T', true],
  ['1', true],
  ['FALSE', false],
  ['f', false],
  ['0', false],
  ['tRUE', undefined],
  ['yes', undefined],
  ['', undefined],
  [undefined, undefined],
]
for (const [text, want] of rows) {
  test(`${text} is ${want}`, () => assert.equal(parseGoBool(text), want))
}
