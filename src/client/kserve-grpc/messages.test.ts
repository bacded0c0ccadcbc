/** The messages of the Open Inference Protocol, against bytes protobuf's own compiler wrote and both ways. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFault } from '../../base/index.ts'
import { decodeInfer, decodeReady, encodeInfer, encodeReady } from './messages.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

test('a request is written as protoc writes it', () => {
  const request = {
    id: '7',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [[1, -2]] }],
    outputs: [{ name: 'y' }],
  }
  const inner = '0a0178 1204 46503332 1a020102 2a0a 3208 0000803f000000c0'
  const want = `0a016d 1a0137 2a${hex(inner).length.toString(16).padStart(2, '0')} ${inner} 3203 0a0179`
  assert.deepEqual(encodeInfer('m', request), hex(want))
})

// An answer holds outputs in the fields inputs are written in, but for the field numbers of the message.
const rows: readonly (readonly [datatype: string, data: readonly unknown[], read?: readonly unknown[]])[] = [
  ['BOOL', [true, false]],
  ['INT8', [-1, 127]],
  ['INT32', [-2_147_483_648, 5]],
  ['INT64', [-3, 9_007_199_254_740_991]],
  ['INT64', ['9223372036854775807'], ['9223372036854775807']],
  ['UINT32', [4_294_967_295]],
  ['UINT64', ['18446744073709551615']],
  ['FP32', [0.5, -1.25]],
  ['FP64', [0.1, Number.MAX_VALUE]],
  ['BYTES', ['a', 'ü', '']],
]
for (const [datatype, data, want = data] of rows) {
  test(`${datatype} ${data.join(' ')} comes back as it was`, () => {
    const tensor = { name: 'x', datatype, shape: [data.length], data }
    assert.deepEqual(decodeInfer(encodeInfer('m', { inputs: [tensor] })).outputs, [{ ...tensor, data: want }])
  })
}

test('raw contents are read by their datatype', () => {
  // outputs { name: "y" datatype: "INT16" shape: 2 } raw_output_contents: ff ff 02 00
  const tensor = '0a0179 1205 494e543136 1a0102'
  const message = hex(`0a016d 2a${hex(tensor).length.toString(16).padStart(2, '0')} ${tensor} 3204 ffff0200`)
  assert.deepEqual(decodeInfer(message).outputs, [
    { name: 'y', datatype: 'INT16', shape: [2], data: [-1, 2] },
  ])
})

test('what has no form in gRPC is said by name', () => {
  const tensor = { name: 'x', datatype: 'FP16', shape: [1], data: [1] }
  assert.throws(
    () => encodeInfer('m', { inputs: [tensor] }),
    (error) => isFault(error) && /FP16/.test(error.message),
  )
  const wrong = { name: 'x', datatype: 'INT32', shape: [1], data: ['a'] }
  assert.throws(
    () => encodeInfer('m', { inputs: [wrong] }),
    (error) => isFault(error) && /no INT32/.test(error.message),
  )
})

test('bytes that are no message are refused, whatever they are', () => {
  for (const bytes of ['0a', '0aff', 'ff', '0b00', '2a05 0a'])
    assert.throws(() => decodeInfer(hex(bytes)), RangeError)
  assert.equal(decodeReady(Buffer.alloc(0)), false)
  assert.equal(decodeReady(hex('0801')), true)
  assert.deepEqual(encodeReady('m'), hex('0a016d'))
})
