/**
 * As much of Protocol Buffers as the inference service needs (protobuf.dev/programming-guides/encoding):
 * messages are described by field numbers and types, and read into plain objects.
 */
export type Scalar =
  | 'bool'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'float'
  | 'double'
  | 'string'
  | 'bytes'

export interface Field {
  readonly number: number
  readonly type: Scalar | Message
  readonly repeated?: boolean
}
export type Message = { readonly [name: string]: Field }

type Value = boolean | number | string | Uint8Array | Values
/** A repeated field is an array, an absent one is left out. */
export type Values = { [name: string]: Value | Value[] | undefined }

const wireTypes: Readonly<Record<Scalar, number>> = {
  bool: 0,
  int32: 0,
  uint32: 0,
  int64: 0,
  uint64: 0,
  double: 1,
  string: 2,
  bytes: 2,
  float: 5,
}
const wireType = (type: Field['type']): number => (typeof type === 'string' ? wireTypes[type] : 2)

/** @throws RangeError when the bytes are no such message */
export function decode(message: Message, bytes: Uint8Array, depth = 0): Values {
  if (depth > 32) throw new RangeError('nested too deeply')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const byNumber = new Map(Object.entries(message).map(([name, field]) => [field.number, { name, field }]))
  const out: Values = {}
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = view.getUint8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new RangeError('a varint has at most ten bytes')
  }
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw new RangeError('ends within a field')
    at += length
    return bytes.subarray(at - length, at)
  }
  const scalar = (type: Scalar, wire: number): Value => {
    if (wire === 1) {
      at += 8
      return view.getFloat64(at - 8, true)
    }
    if (wire === 5) {
      at += 4
      return view.getFloat32(at - 4, true)
    }
    const value = varint()
    switch (type) {
      case 'bool':
        return value !== 0n
      case 'int32':
        return Number(BigInt.asIntN(32, value))
      case 'uint32':
        return Number(BigInt.asUintN(32, value))
      case 'int64':
        return Number(BigInt.asIntN(64, value))
      default:
        return Number(value)
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const wire = tag & 7
    const known = byNumber.get(tag >>> 3)
    if (!known) {
      skip(wire)
      continue
    }
    const { name, field } = known
    const wanted = wireType(field.type)
    const add = (value: Value) => {
      if (field.repeated) {
        out[name] ??= []
        ;(out[name] as Value[]).push(value)
      } else out[name] = value
    }
    if (wire === 2) {
      const part = take(Number(varint()))
      if (typeof field.type !== 'string') add(decode(field.type, part, depth + 1))
      else if (field.type === 'bytes') add(part)
      else if (field.type === 'string') add(new TextDecoder('utf-8', { fatal: true }).decode(part))
      else {
        // Packed: the numbers one after another.
        const end = at
        at -= part.length
        while (at < end) add(scalar(field.type, wanted))
        if (at > end) throw new RangeError('ends within a packed field')
      }
    } else if (wire === wanted) add(scalar(field.type as Scalar, wire))
    else throw new RangeError(`field ${name} has wire type ${wire}`)
  }
  return out

  function skip(wire: number): void {
    if (wire === 0) varint()
    else if (wire === 1) take(8)
    else if (wire === 2) take(Number(varint()))
    else if (wire === 5) take(4)
    else throw new RangeError(`wire type ${wire}`)
  }
}

/** Fields in the order they are given; what is empty, zero or undefined is left out. */
export function encode(message: Message, values: Values): Uint8Array {
  const out: number[] = []
  for (const [name, field] of Object.entries(message)) {
    const value = values[name]
    if (value === undefined) continue
    const packed = field.repeated && typeof field.type === 'string' && wireType(field.type) !== 2
    if (packed) {
      const all = value as Value[]
      if (all.length === 0) continue
      const part: number[] = []
      for (const each of all) push(part, field.type as Scalar, each)
      tag(out, field.number, 2)
      varintInto(out, BigInt(part.length))
      for (const byte of part) out.push(byte)
    } else if (field.repeated) {
      for (const each of value as Value[]) one(out, field, each)
    } else if (value !== false && value !== 0 && value !== '') one(out, field, value as Value)
  }
  return Uint8Array.from(out)
}

function one(out: number[], field: Field, value: Value): void {
  tag(out, field.number, wireType(field.type))
  if (typeof field.type === 'string' && wireType(field.type) !== 2) {
    push(out, field.type, value)
    return
  }
  const part =
    typeof field.type !== 'string'
      ? encode(field.type, value as Values)
      : typeof value === 'string'
        ? new TextEncoder().encode(value)
        : (value as Uint8Array)
  varintInto(out, BigInt(part.length))
  for (const byte of part) out.push(byte)
}

function push(out: number[], type: Scalar, value: Value): void {
  if (type === 'float' || type === 'double') {
    const view = new DataView(new ArrayBuffer(type === 'float' ? 4 : 8))
    if (type === 'float') view.setFloat32(0, value as number, true)
    else view.setFloat64(0, value as number, true)
    out.push(...new Uint8Array(view.buffer))
  } else varintInto(out, BigInt.asUintN(64, BigInt(Number(value))))
}

const tag = (out: number[], number: number, wire: number) => varintInto(out, BigInt((number << 3) | wire))

function varintInto(out: number[], value: bigint): void {
  let rest = value
  while (rest > 0x7fn) {
    out.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  out.push(Number(rest))
}
