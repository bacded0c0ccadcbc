import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readJsonObject } from './json-object.ts'

const nested = (depth: number) => `{"v":${'['.repeat(depth)}${']'.repeat(depth)}}`

const rows: readonly (readonly [text: string, want: unknown, why: string])[] = [
  ['{"v":1}', { v: 1 }, 'plain'],
  [' {"v" : [ 1 , "a" ] } ', { v: [1, 'a'] }, 'white space'],
  ["{'v':'a\"b'}", { v: 'a"b' }, 'single quotes'],
  ['{v_1:1}', { v_1: 1 }, 'a bare name'],
  ['{"v":1,}', { v: 1 }, 'a comma at the end'],
  ['{"v":[1,]}', { v: [1] }, 'also of a list'],
  ['{"v":"a\tb"}', { v: 'a\tb' }, 'a raw control character'],
  ['{"v":"\\u0041\\n\\\'"}', { v: "A\n'" }, 'escapes'],
  ['{"v":"\\ud83d\\ude00"}', { v: '😀' }, 'a pair of surrogates'],
  ['null', {}, 'null is the empty object'],
  ['{"__proto__":1}', Object.fromEntries([['__proto__', 1]]), 'a name like any other'],
  ['{"v":1e2}', { v: 100 }, 'an exponent'],
  [nested(99), JSON.parse(nested(99)), 'a hundred levels'],
  ['', undefined, 'nothing'],
  ['[]', undefined, 'a list'],
  ['1', undefined, 'a number'],
  ['{,}', undefined, 'a comma alone'],
  ['{"v":1,"v":2}', undefined, 'a name twice'],
  ['{"v":{"a":1,"a":2}}', undefined, 'also inside'],
  ['{"v":"\\ud800"}', undefined, 'a lone surrogate'],
  ['{"v":1e400}', undefined, 'a number too large'],
  ['{"v":01}', undefined, 'a leading zero'],
  ['{"v":1.}', undefined, 'a dot without digits'],
  ['{"v":.5}', undefined, 'digits without a first'],
  ['{"v":+1}', undefined, 'a plus'],
  ['{"v":-}', undefined, 'a minus alone'],
  ['{"v":0x10}', undefined, 'another base'],
  ['{"v":NaN}', undefined, 'no number'],
  ['{"v":tru}', undefined, 'half a literal'],
  ['{"v":"\\q"}', undefined, 'an unknown escape'],
  ['{"v":"a', undefined, 'an open string'],
  ['{"v":1}x', undefined, 'something behind'],
  ['{"v" 1}', undefined, 'no colon'],
  ['{"v":1 "w":2}', undefined, 'no comma'],
  ['{1:1}', undefined, 'a number as a name'],
  ['{true:1}', undefined, 'a literal as a name'],
  ['{$v:1}', undefined, 'a sign in a bare name'],
  ['{"v":1 // c\n}', undefined, 'a comment'],
  ['{"v":\u00a01}', undefined, 'other white space'],
  [nested(100), undefined, 'a level too many'],
]

for (const [text, want, why] of rows) {
  test(`${want === undefined ? 'refuses' : 'reads'} ${why}: ${text.slice(0, 40)}`, () => {
    assert.deepEqual(readJsonObject(text), want)
  })
}

test('reads whatever JSON.stringify writes', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (value) => {
      const text = JSON.stringify(value)
      assert.deepEqual(JSON.stringify(readJsonObject(text)), JSON.stringify(JSON.parse(text)))
    }),
  )
})
