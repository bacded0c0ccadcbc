/** The wire format of Protocol Buffers, as far as the Open Inference Protocol needs it. */
export class Writer {
  readonly #parts: Buffer[] = []

  varint(field: number, value: bigint | number | boolean): this {
    this.#parts.push(varint((field << 3) | 0), varint(BigInt(value)))
    return this
  }

  bytes(field: number, value: Uint8Array): this {
    this.#parts.push(varint((field << 3) | 2), varint(value.length), Buffer.from(value))
    return this
  }

  /** Left out when empty, as proto3 does. */
  text(field: number, value: string | undefined): this {
    return value ? this.bytes(field, Buffer.from(value)) : this
  }

  message(field: number, write: (inner: Writer) => void): this {
    const inner = new Writer()
    write(inner)
    return this.bytes(field, inner.finish())
  }

  /** Numbers in one packed field. */
  packed(field: number, values: readonly Buffer[]): this {
    return values.length === 0 ? this : this.bytes(field, Buffer.concat(values))
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

/** Two's complement in 64 bits, as `int32` and `int64` are written. */
export function varint(value: bigint | number): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value))
  const out: number[] = []
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    out.push(rest === 0n ? low : low | 0x80)
  } while (rest !== 0n)
  return Buffer.from(out)
}

export interface Field {
  readonly number: number
  /** Of a varint or of fixed 32 or 64 bits; undefined otherwise. */
  readonly value?: bigint
  /** Of a length-delimited field, or the bytes of a fixed one. */
  readonly bytes: Buffer
}

/** @throws RangeError on bytes that are no message */
export function* fields(message: Buffer): Generator<Field> {
  let at = 0
  const read = () => {
    const [value, next] = readVarint(message, at)
    at = next
    return value
  }
  while (at < message.length) {
    const tag = Number(read())
    const number = tag >>> 3
    const take = (length: number) => {
      if (at + length > message.length) throw new RangeError('the message ends inside a field')
      at += length
      return message.subarray(at - length, at)
    }
    switch (tag & 7) {
      case 0:
        yield { number, value: read(), bytes: Buffer.alloc(0) }
        break
      case 1:
        yield { number, bytes: take(8) }
        break
      case 2:
        yield { number, bytes: take(Number(read())) }
        break
      case 5:
        yield { number, bytes: take(4) }
        break
      default:
        throw new RangeError(`wire type ${tag & 7} is none`)
    }
  }
}

export function* varints(bytes: Buffer): Generator<bigint> {
  let at = 0
  while (at < bytes.length) {
    const [value, next] = readVarint(bytes, at)
    at = next
    yield value
  }
}

function readVarint(bytes: Buffer, from: number): readonly [bigint, number] {
  let value = 0n
  for (let at = from, shift = 0n; shift < 70n; at++, shift += 7n) {
    const byte = bytes[at]
    if (byte === undefined) break
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return [BigInt.asUintN(64, value), at + 1]
  }
  throw new RangeError('the message ends inside a number')
}
