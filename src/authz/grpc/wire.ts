/**
 * The wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding), as far as a check
 * needs it: varints and length-delimited fields. Others are skipped. Nothing is kept of what is not
 * known.
 */
const utf8 = new TextDecoder('utf-8')

/** Longer messages carry a body, and are not made a text of as a whole. */
const LONGEST_TEXT = 64 * 1024

export class Reader {
  private at = 0
  private readonly bytes: Buffer
  private end: number
  private wire = 0
  /** The message, one char per byte: cutting a text out of it is cheaper than decoding each. */
  private latin1: string | undefined

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
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
    const to = this.past()
    return this.bytes.subarray(to - this.length, to)
  }

  /** Goes on within a nested message, whose end is `field() === 0`; to be given to `leave` then. */
  enter(): number {
    const outer = this.end
    const to = this.past()
    this.at = to - this.length
    this.end = to
    return outer
  }

  leave(outer: number): void {
    this.at = this.end
    this.end = outer
  }

  text(): string {
    const to = this.past()
    const from = to - this.length
    for (let at = from; at < to; at++)
      // Nearly every text here is ASCII, which needs no decoder.
      if ((this.bytes[at] as number) > 127) return utf8.decode(this.bytes.subarray(from, to))
    if (this.bytes.length > LONGEST_TEXT) return this.bytes.toString('latin1', from, to)
    this.latin1 ??= this.bytes.toString('latin1')
    return this.latin1.slice(from, to)
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
        this.past()
        return
      case 5:
        this.jump(4)
        return
    }
    throw new RangeError('a field of an unknown type')
  }

  /** Bytes of the value that was gone past. */
  private length = 0

  /** Goes past a length-delimited value, and answers where it ends. */
  private past(): number {
    if (this.wire !== 2) throw new RangeError('a field of another type')
    this.length = this.varint()
    this.jump(this.length)
    return this.at
  }

  private jump(length: number): void {
    if (length > this.end - this.at) throw new RangeError('the message is cut off')
    this.at += length
  }
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
