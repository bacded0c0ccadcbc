import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolvePlain } from './scalar.ts'
import type { Scalar } from './tree.ts'

const rows: readonly (readonly [text: string, want: Scalar, why: string])[] = [
  ['', null, 'nothing is null'],
  ['~', null, 'and so is a tilde'],
  ['null', null, 'and the word'],
  ['true', true, 'a boolean'],
  ['yes', true, 'YAML 1.1 has more words for it'],
  ['off', false, 'also these'],
  ['y', 'y', 'but not single letters, which Kubernetes takes as strings'],
  ['80', 80, 'a number'],
  ['-1', -1, 'a negative one'],
  ['010', 8, 'a leading zero is octal'],
  ['0o17', 15, 'so is 0o'],
  ['0x1F', 31, 'hexadecimal'],
  ['0b101', 5, 'binary'],
  ['1_000', 1000, 'underscores are allowed'],
  ['08', 8, 'not octal, so a float'],
  ['1.5', 1.5, 'a float'],
  ['1e3', 1000, 'with an exponent'],
  ['1.2.3', '1.2.3', 'a version is a string'],
  ['10.0.0.1', '10.0.0.1', 'and so is an address'],
  ['10s', '10s', 'and a duration'],
  ['2026-01-01', '2026-01-01', 'a date stays a string'],
  ['12345678901234567890', '12345678901234567890', 'digits that would change stay as written'],
  ['*.example.com', '*.example.com', 'a host'],
  ['/dex/*', '/dex/*', 'a path'],
]

for (const [text, want, why] of rows) {
  test(`\`${text}\` is ${JSON.stringify(want)}: ${why}`, () => assert.equal(resolvePlain(text), want))
}
