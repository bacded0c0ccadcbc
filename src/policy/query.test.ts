import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstParam, parseParams, removeParam, withParams } from './query.ts'

const removals: readonly (readonly [path: string, want: string, why: string])[] = [
  ['/p?tok=x&z=1', '/p?z=1', 'the others stay'],
  ['/p?tok=x', '/p', 'nothing left, no question mark'],
  ['/p?tok=x&tok=y', '/p', 'all of that name go'],
  ['/p?b=2&tok=x&a=1', '/p?a=1&b=2', 'the others come in order of name'],
  ['/p?a&tok=x', '/p?a=', 'one without `=` gets one'],
  ['/p?a=%20&tok=x', '/p?a= ', 'and is written back decoded'],
  ['/p?%74ok=x&a=1', '/p?a=1', 'names are decoded before they are compared'],
]

for (const [path, want, why] of removals) {
  test(`without tok ${path} is ${want}: ${why}`, () => {
    assert.equal(removeParam(path, 'tok'), want)
  })
}

test('the first value counts, decoded; bad escapes and plus signs stay', () => {
  assert.equal(firstParam('/p?a=1&a=2', 'a'), '1')
  assert.equal(firstParam('/p?a=%41%zz+', 'a'), 'A%zz+')
  assert.equal(firstParam('/p?a', 'a'), '')
  assert.equal(firstParam('/p', 'a'), undefined)
})

test('an ampersand at the end adds nothing, one in the middle an empty name', () => {
  assert.deepEqual([...parseParams('/p?a=1&', false).keys()], ['a'])
  assert.equal(withParams('/p?a=1&&b=2', parseParams('/p?a=1&&b=2', false)), '/p?=&a=1&b=2')
})
