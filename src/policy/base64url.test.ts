import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromBase64Url, toBase64, utf8Bytes, utf8Text } from './base64url.ts'

const rows: readonly (readonly [text: string, want: string | undefined, why: string])[] = [
  ['aGk', 'hi', 'no padding'],
  ['aGk=', 'hi', 'the right padding'],
  ['aGk==', undefined, 'too much padding'],
  ['a G\tk', 'hi', 'white space is skipped'],
  ['aG+k', undefined, 'the other alphabet'],
  ['a', undefined, 'one character is no byte'],
  ['aGl', 'hi', 'stray bits are ignored'],
  ['aG=k', undefined, 'nothing after padding'],
  ['', '', 'nothing is nothing'],
]

for (const [text, want, why] of rows) {
  test(`${JSON.stringify(text)}: ${why}`, () => {
    const bytes = fromBase64Url(text)
    assert.equal(bytes && utf8Text(bytes), want)
  })
}

test('agrees with Buffer both ways', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const buffer = Buffer.from(bytes)
      assert.deepEqual(Buffer.from(fromBase64Url(buffer.toString('base64url')) ?? []), buffer)
      assert.equal(toBase64(bytes), buffer.toString('base64'))
    }),
  )
})

test('reads and writes UTF-8 as TextDecoder does, and refuses what it refuses', () => {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const decode = (bytes: Uint8Array) => {
    try {
      return strict.decode(bytes)
    } catch {
      return undefined
    }
  }
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(utf8Text(bytes), decode(bytes))))
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.deepEqual(Buffer.from(utf8Bytes(text)), Buffer.from(text))
      assert.equal(utf8Text(Buffer.from(text)), text)
    }),
  )
})
