import assert from 'node:assert/strict'
import { test } from 'node:test'
import { en } from './texts/en.ts'
import { ko } from './texts/ko.ts'

test('both languages have every text, with the same things to fill in', () => {
  assert.deepEqual(Object.keys(ko), Object.keys(en))
  const holes = (text: string) => [...new Set(text.match(/\{\d\}/g) ?? [])].sort()
  for (const [key, text] of Object.entries(en)) {
    const other = ko[key as keyof typeof en]
    assert.deepEqual(holes(other), holes(text), key)
    assert.notEqual(other.trim(), '', key)
  }
})
