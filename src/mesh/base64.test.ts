import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeBase64 } from './base64.ts'

const rows: readonly (readonly [encoded: string, want: string | undefined])[] = [
  ['', ''],
  ['Zg==', 'f'],
  ['Zm8=', 'fo'],
  ['Zm9v', 'foo'],
  ['Zm9v\nYmFy\n', 'foobar'],
  ['w6TigqzwnZKz', 'ä€𝒳'],
  ['/w==', '\xff'],
  ['Zg', undefined],
  ['Z===', undefined],
  ['-_-_', undefined],
]

for (const [encoded, want] of rows) {
  test(`${JSON.stringify(encoded)} is ${JSON.stringify(want) ?? 'not base64'}`, () =>
    assert.equal(decodeBase64(encoded), want))
}
