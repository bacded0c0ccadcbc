import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JsonRefused, readJson } from './json.ts'
import { floatText, pythonString, writeJson } from './python-words.ts'

const wholeJson = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value))

for (const reader of ['orjson', 'json'] as const) {
  test(`${reader}: what JavaScript writes is read, and means the same when written again`, () => {
    fc.assert(
      fc.property(wholeJson, (text) => {
        // orjson takes no lone half of a surrogate pair.
        fc.pre(!/\\ud[89a-f]/i.test(text))
        assert.deepEqual(JSON.parse(writeJson(readJson(text, reader))), JSON.parse(text))
      }),
    )
  })

  test(`${reader}: any text is JSON or is refused at a place within it`, () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0a1-.eE+tn \n한') }), (text) => {
        try {
          readJson(text, reader)
        } catch (error) {
          assert.ok(error instanceof JsonRefused)
          assert.ok(error.at >= 0 && error.at <= [...text].length)
        }
      }),
    )
  })
}

const floats: readonly (readonly [value: number, text: string])[] = [
  [6, '6.0'],
  [-0, '-0.0'],
  [1.5, '1.5'],
  [1e16, '1e+16'],
  [123456789012345680000, '1.2345678901234568e+20'],
  [0.0001, '0.0001'],
  [0.00001, '1e-05'],
  [1.5e-7, '1.5e-07'],
]
for (const [value, text] of floats) {
  test(`Python prints the float ${text}`, () => assert.equal(floatText(value), text))
}

const strings: readonly (readonly [value: string, text: string])[] = [
  ['a', "'a'"],
  ["it's", '"it\'s"'],
  ['"it\'s"', "'\"it\\'s\"'"],
  ['a\n\u0001', "'a\\n\\x01'"],
]
for (const [value, text] of strings) {
  test(`Python prints the string ${text}`, () => assert.equal(pythonString(value), text))
}
