/** Arrays as numpy makes them of JSON and of bytes, with numpy's own words where it cannot. */
import { exception, invalidInput } from './failure.ts'
import { isNumber, isObject, type Json } from './json.ts'
import { pythonString, pythonType } from './python-words.ts'

/** Row-major. */
export interface Tensor {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

interface Datatype {
  readonly bytes: number
  /** `int8`, as numpy's messages call it. */
  readonly numpy: string
  readonly read: (view: DataView, offset: number) => number
  readonly range?: readonly [least: bigint, most: bigint]
  readonly round: (value: number) => number
}

const integer = (bits: number, signed: boolean, read: Datatype['read']): Datatype => ({
  bytes: bits / 8,
  numpy: `${signed ? '' : 'u'}int${bits}`,
  read,
  range: signed ? [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n] : [0n, 2n ** BigInt(bits) - 1n],
  round: Math.trunc,
})
const float = (bits: number, read: Datatype['read'], round: Datatype['round']): Datatype => ({
  bytes: bits / 8,
  numpy: `float${bits}`,
  read,
  round,
})

/** The Open Inference Protocol's datatypes; `BYTES` holds numbers in text. */
const datatypes: Readonly<Record<string, Datatype>> = {
  BOOL: {
    bytes: 1,
    numpy: 'bool',
    read: (v, o) => Number(v.getUint8(o) !== 0),
    round: (n) => Number(n !== 0),
  },
  INT8: integer(8, true, (v, o) => v.getInt8(o)),
  INT16: integer(16, true, (v, o) => v.getInt16(o, true)),
  INT32: integer(32, true, (v, o) => v.getInt32(o, true)),
  INT64: integer(64, true, (v, o) => Number(v.getBigInt64(o, true))),
  UINT8: integer(8, false, (v, o) => v.getUint8(o)),
  UINT16: integer(16, false, (v, o) => v.getUint16(o, true)),
  UINT32: integer(32, false, (v, o) => v.getUint32(o, true)),
  UINT64: integer(64, false, (v, o) => Number(v.getBigUint64(o, true))),
  FP16: float(16, (v, o) => halfFloat(v.getUint16(o, true)), roundToHalf),
  FP32: float(32, (v, o) => v.getFloat32(o, true), Math.fround),
  FP64: float(
    64,
    (v, o) => v.getFloat64(o, true),
    (n) => n,
  ),
  BYTES: { bytes: 0, numpy: 'object', read: () => 0, round: (n) => n },
}

function datatype(name: string): Datatype {
  const found = Object.hasOwn(datatypes, name) ? datatypes[name] : undefined
  // KServe prints what it looked up, which is nothing, and not what was asked for.
  if (!found) throw invalidInput('invalid datatype None in the input')
  return found
}

/** `numpy.array(data, dtype).reshape(shape)` for a tensor written as JSON. */
export function tensorOfJson(data: Json, type: string, shape?: readonly number[]): Tensor {
  const found = datatype(type)
  const seen = shapeOf(data)
  const values: number[] = []
  const walk = (item: Json, depth: number): void => {
    if (Array.isArray(item)) {
      if (depth >= seen.length || item.length !== seen[depth]) throw inhomogeneous(data)
      for (const each of item as readonly Json[]) walk(each, depth + 1)
      return
    }
    if (depth !== seen.length) throw inhomogeneous(data)
    values.push(scalar(item, found))
  }
  walk(data, 0)
  const array = { shape: seen, values }
  return shape ? reshape(array, shape) : array
}

/** `numpy.frombuffer(bytes, dtype).reshape(shape)`: little-endian, no padding. */
export function tensorOfBytes(bytes: Uint8Array, type: string, shape: readonly number[]): Tensor {
  const found = datatype(type)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const values: number[] = []
  if (type === 'BYTES') {
    for (const text of byteStrings(view)) values.push(toFloat(text))
    return reshape({ shape: [values.length], values }, shape)
  }
  if (bytes.length % found.bytes !== 0) {
    throw exception('ValueError', 'buffer size must be a multiple of element size')
  }
  for (let at = 0; at < bytes.length; at += found.bytes) values.push(found.read(view, at))
  return reshape({ shape: [values.length], values }, shape)
}

/** Each string is its length in four little-endian bytes and its UTF-8. */
function* byteStrings(view: DataView): Generator<string> {
  let at = 0
  while (at < view.byteLength) {
    const length = at + 4 <= view.byteLength ? view.getUint32(at, true) : Number.POSITIVE_INFINITY
    at += 4
    if (at + length > view.byteLength) {
      throw exception('error', `unpack_from requires a buffer of at least ${at + length} bytes`)
    }
    yield new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, length))
    at += length
  }
}

function reshape(array: Tensor, shape: readonly number[]): Tensor {
  const size = array.values.length
  const unknown = shape.filter((length) => length < 0).length
  if (unknown > 1) throw exception('ValueError', 'can only specify one unknown dimension')
  const known = shape.filter((length) => length >= 0).reduce((product, length) => product * length, 1)
  const fits = unknown === 0 ? known === size : known > 0 && size % known === 0
  if (!fits) {
    const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(',')})`
    throw exception('ValueError', `cannot reshape array of size ${size} into shape ${tuple}`)
  }
  return { values: array.values, shape: shape.map((length) => (length < 0 ? size / known : length)) }
}

/** The lengths of the first item, of its first item, and so on. */
function shapeOf(data: Json): number[] {
  const shape: number[] = []
  let item: Json | undefined = data
  while (Array.isArray(item)) {
    shape.push(item.length)
    item = (item as readonly Json[])[0]
  }
  return shape
}

function inhomogeneous(data: Json): Error {
  // numpy names the part of the shape that all rows share.
  const shared: number[] = []
  let level: readonly Json[] = [data]
  for (;;) {
    const first = level[0]
    if (!Array.isArray(first)) break
    if (!level.every((item) => Array.isArray(item) && item.length === first.length)) break
    shared.push(first.length)
    level = level.flatMap((item) => item as readonly Json[])
  }
  const tuple = shared.length === 1 ? `(${shared[0]},)` : `(${shared.join(', ')})`
  return exception(
    'ValueError',
    'setting an array element with a sequence. The requested array has an inhomogeneous shape after ' +
      `${shared.length} dimensions. The detected shape was ${tuple} + inhomogeneous part.`,
  )
}

function scalar(item: Json, type: Datatype): number {
  if (type.numpy === 'bool') return Number(isTrue(item))
  const whole = type.range !== undefined
  if (typeof item === 'boolean') return Number(item)
  if (typeof item === 'string') return whole ? toInt(item) : type.round(toFloat(item))
  if (!isNumber(item)) {
    const wanted = whole
      ? "int() argument must be a string, a bytes-like object or a real number, not '"
      : "float() argument must be a string or a real number, not '"
    throw exception('TypeError', `${wanted}${pythonType(item)}'`)
  }
  if (type.range) inRange(item.text, item.value, type)
  return type.round(item.value)
}

function inRange(text: string, value: number, type: Datatype): void {
  const [least, most] = type.range as readonly [bigint, bigint]
  if (!/^-?\d+$/.test(text)) {
    // A float is cut to an integer by the processor, without a word; ours has to fit.
    if (value >= Number(least) && value <= Number(most)) return
    throw exception('OverflowError', `cannot convert float ${text} to ${type.numpy}`)
  }
  const exact = BigInt(text)
  if (exact < least || exact > most) {
    throw exception('OverflowError', `Python integer ${exact} out of bounds for ${type.numpy}`)
  }
}

const isTrue = (item: Json): boolean => {
  if (item === null) return false
  if (typeof item === 'boolean') return item
  if (typeof item === 'string') return item !== ''
  if (isObject(item)) return item.size > 0
  return isNumber(item) ? item.value !== 0 : item.length > 0
}

function toFloat(text: string): number {
  const plain = text.trim()
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(plain)) return Number(plain)
  if (/^[+-]?(inf|infinity)$/i.test(plain)) return plain.startsWith('-') ? -Infinity : Infinity
  if (/^[+-]?nan$/i.test(plain)) return Number.NaN
  throw exception('ValueError', `could not convert string to float: ${pythonString(text)}`)
}

function toInt(text: string): number {
  if (/^[+-]?\d+$/.test(text.trim())) return Number(text)
  throw exception('ValueError', `invalid literal for int() with base 10: ${pythonString(text)}`)
}

/** IEEE 754 binary16. */
function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * 2 ** -14 * (fraction / 1024)
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024)
}

/** Close enough to binary16 for sizes of flowers: eleven significant bits. */
function roundToHalf(value: number): number {
  if (value === 0 || !Number.isFinite(value)) return value
  const step = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(value))), -14) - 10)
  return Math.round(value / step) * step
}
