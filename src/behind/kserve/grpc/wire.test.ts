import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { inferRequest, inferResponse } from './messages.ts'
import { decode, encode, type Message } from './wire.ts'

const all: Message = {
  flag: { number: 1, type: 'bool' },
  small: { number: 2, type: 'int32' },
  large: { number: 3, type: 'int64', repeated: true },
  single: { number: 4, type: 'float', repeated: true },
  double: { number: 5, type: 'double' },
  text: { number: 6, type: 'string', repeated: true },
  raw: { number: 7, type: 'bytes', repeated: true },
  inner: { number: 200, type: { text: { number: 1, type: 'string' } }, repeated: true },
}

test('what is written is read again', () => {
  const values = fc.record({
    flag: fc.constant(true),
    small: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).filter((n) => n !== 0),
    large: fc.array(fc.maxSafeInteger(), { minLength: 1 }),
    single: fc.array(fc.float({ noNaN: true }), { minLength: 1 }),
    double: fc.double({ noNaN: true }).filter((n) => n !== 0),
    text: fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }),
    raw: fc.array(fc.uint8Array(), { minLength: 1 }),
    inner: fc.array(
      fc.string({ minLength: 1 }).map((text) => ({ text })),
      { minLength: 1 },
    ),
  })
  fc.assert(fc.property(values, (value) => assert.deepEqual(decode(all, encode(all, value)), { ...value })))
})

test('numbers that are not packed, and fields nobody knows, are read too', () => {
  // shape = 2, then 4, each with its own tag; field 15 is unknown.
  const bytes = Uint8Array.from([0x18, 2, 0x18, 4, 0x7a, 1, 65])
  const shape: Message = { shape: { number: 3, type: 'int64', repeated: true } }
  assert.deepEqual(decode(shape, bytes), { shape: [2, 4] })
})

test('any bytes are a message or a RangeError or no UTF-8, in reasonable time', () => {
  for (const message of [inferRequest, inferResponse]) {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decode(message, bytes)
        } catch (error) {
          assert.ok(error instanceof RangeError || error instanceof TypeError, String(error))
        }
      }),
    )
  }
})
