import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseUntil } from './until.ts'

const at = (...parts: Parameters<typeof Date.UTC>) => Date.UTC(...parts) / 1000

const rows: readonly (readonly [text: string, ends: number | undefined, why: string])[] = [
  ['2026-06-30', at(2026, 6, 1), 'a day is over at its end'],
  ['2028-02-29', at(2028, 2, 1), 'a leap day'],
  ['2026-06-30T18:00:00Z', at(2026, 5, 30, 18), 'a moment'],
  ['2026-06-30T18:00Z', at(2026, 5, 30, 18), 'a moment without seconds'],
  ['2026-06-30T18:00:00+09:00', at(2026, 5, 30, 9), 'a moment elsewhere'],
  ['2026-06-30T18:00:00', undefined, 'a time without its zone is another one on every machine'],
  ['2026-06-31', undefined, 'a day no month has'],
  ['2026-02-29', undefined, 'a leap day of another year'],
  ['2026-13-01', undefined, 'no month'],
  ['2026-06-30T25:00:00Z', undefined, 'no hour'],
  ['2026-06-30Tgarbage', undefined, 'a day with something behind it'],
  ['2026-06-30TgarbageZ', undefined, 'a day with something behind it, and a zone'],
  ['30.06.2026', undefined, 'a date of another spelling'],
  ['tomorrow', undefined, 'a word'],
  ['', undefined, 'nothing'],
]

for (const [text, ends, why] of rows) {
  test(`\`${text}\`: ${why}`, () => assert.equal(parseUntil(text), ends))
}
