/** As much of protobuf's wire format (protobuf.dev/programming-guides/encoding) as a check needs. */

const VARINT = 0
const BYTES = 2

/** Puts a message together, field by field. */
export class MessageWriter {
  readonly #parts: Buffer[] = []

  /** Empty text is what a field has without being written. */
  text(field: number, value: string | undefined): this {
    return value ? this.bytes(field, Buffer.from(value)) : this
  }

  bytes(field: number, value: Buffer): this {
    this.#parts.push(varint((field << 3) | BYTES), varint(value.length), value)
    return this
  }

  number(field: number, value: number): this {
    if (value !== 0) this.#parts.push(varint(field << 3), varint(value))
    return this
  }

  message(field: number, fill: (inner: MessageWriter) => void): this {
    const inner = new MessageWriter()
    fill(inner)
    return this.bytes(field, inner.done())
  }

  done(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

/** 64-bit two's complement for what is negative. */
function varint(value: number): Buffer {
  let rest = BigInt.asUintN(64, BigInt(Math.trunc(value)))
  const bytes: number[] = []
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest > 0n ? low | 0x80 : low)
  } while (rest > 0n)
  return Buffer.from(bytes)
}

export type Field = { readonly number: number; readonly value: Buffer | number }

/**
 * The fields of a message, in order. Fixed-width ones are passed over; nothing read here has any.
 *
 * @throws RangeError where a length points outside
 */
export function* readFields(bytes: Buffer): Generator<Field> {
  let at = 0
  const readVarint = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]
      if (byte === undefined || shift > 63) throw new RangeError('varint')
      // Beyond 2^53 only signs and sizes nobody has; the low bits are what enums and flags are.
      if (shift < 49) value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const tag = readVarint()
    const number = Math.floor(tag / 8)
    switch (tag % 8) {
      case VARINT:
        yield { number, value: readVarint() }
        break
      case BYTES: {
        const length = readVarint()
        if (at + length > bytes.length) throw new RangeError('length')
        yield { number, value: bytes.subarray(at, at + length) }
        at += length
        break
      }
      case 1:
        at += 8
        break
      case 5:
        at += 4
        break
      default:
        throw new RangeError('wire type')
    }
  }
}
