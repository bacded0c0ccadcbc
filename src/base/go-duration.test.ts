import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseGoDuration } from './go-duration.ts'

const rows: readonly (readonly [text: string, want: number | undefined])[] = [
  ['10s', 10_000],
  ['1m30s', 90_000],
  ['0.5s', 500],
  ['.5s', 500],
  ['1.s', 1000],
  ['100ms', 100],
  ['1h', 3_600_000],
  ['1us', 0.001],
  ['-1s', -1000],
  ['0', 0],
  ['0s', 0],
  ['10', undefined],
  ['', undefined],
  ['s', undefined],
  ['10 s', undefined],
  ['1d', undefined],
  ['1s1', undefined],
]

for (const [text, want] of rows) {
  test(`\`${text}\` is ${want === undefined ? 'no duration' : `${want} ms`}`, () =>
    assert.equal(parseGoDuration(text), want))
}
