/**
 * The wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding), as far as a check
 * needs it: varints and length-delimited fields. Others are skipped. Nothing is kept of what is not
 * known.
 */
const utf8 = new TextDecoder('utf-8')

export class Reader {
  private at = 0
  private readonly bytes: Uint8Array
  private end: number

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.end = bytes.length
  }

  /** The number of the next field, 0 at the end. Its value has to be read or skipped. */
  field(): number {
    if (this.at >= this.end) return 0
    const tag = this.varint()
    this.wire = tag & 7
    const number = Math.floor(tag / 8)
    if (number === 0) throw new RangeError('field number 0')
    return number
  }
  private wire = 0

  /** Up to 2^53; more bits than that are lost, and no number here needs them. */
  varint(): number {
    let value = 0
    let scale = 1
    for (let n = 0; n < 10; n++) {
      if (this.at >= this.end) throw new RangeError('the message is cut off')
      const byte = this.bytes[this.at++] as number
      value += (byte & 127) * scale
      if (byte < 128) return value
      scale *= 128
    }
    throw new RangeError('a number is too long')
  }

  /** A nested message or bytes; no copy. */
  part(): Uint8Array {
    if (this.wire !== 2) throw new RangeError('a field of another type')
    const length = this.varint()
    if (length > this.end - this.at) throw new RangeError('the message is cut off')
    const part = this.bytes.subarray(this.at, this.at + length)
    this.at += length
    return part
  }

  text(): string {
    return textOf(this.part())
  }

  skip(): void {
    switch (this.wire) {
      case 0:
        this.varint()
        return
      case 1:
        this.jump(8)
        return
      case 2:
        this.part()
        return
      case 5:
        this.jump(4)
        return
    }
    throw new RangeError('a field of an unknown type')
  }

  private jump(length: number): void {
    if (length > this.end - this.at) throw new RangeError('the message is cut off')
    this.at += length
  }
}

/** A header's bytes as Node has them: one char per byte when they are no UTF-8 is never needed here. */
function textOf(bytes: Uint8Array): string {
  // Short ASCII, which is nearly everything, is fastest by hand.
  if (bytes.length < 24) {
    let text = ''
    for (const byte of bytes) {
      if (byte > 127) return utf8.decode(bytes)
      text += String.fromCharCode(byte)
    }
    return text
  }
  return utf8.decode(bytes)
}

/** Fields of a message, one after the other. */
export class Writer {
  private readonly parts: Uint8Array[] = []

  int(field: number, value: number): this {
    if (value !== 0) this.parts.push(Uint8Array.of(...varintBytes(field * 8), ...varintBytes(value)))
    return this
  }

  text(field: number, value: string): this {
    return value === '' ? this : this.bytes(field, Buffer.from(value, 'utf8'))
  }

  /** Also where it is empty: that a message is there says something. */
  bytes(field: number, value: Uint8Array): this {
    this.parts.push(Uint8Array.of(...varintBytes(field * 8 + 2), ...varintBytes(value.length)), value)
    return this
  }

  message(field: number, value: Writer): this {
    return this.bytes(field, value.finish())
  }

  finish(): Uint8Array {
    return Buffer.concat(this.parts)
  }
}

function varintBytes(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest > 127) {
    bytes.push((rest % 128) | 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return bytes
}
