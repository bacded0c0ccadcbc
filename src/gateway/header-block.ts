/**
 * Bits of each symbol's code in HPACK's Huffman code (RFC 7541 appendix B), end-of-string last. The
 * code is canonical: within a length it counts up in the order of the symbols, so lengths are all
 * there is to know.
 */
const bits = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
] // biome-ignore format: the table of the RFC

/** Symbols by code, keyed by `length * 2^30 + code`. */
const symbols = new Map<number, number>()
{
  let code = 0
  for (let length = 5; length <= 30; length++) {
    for (let symbol = 0; symbol < bits.length; symbol++) {
      if (bits[symbol] === length) symbols.set(length * 2 ** 30 + code++, symbol)
    }
    code *= 2
  }
}
const END_OF_STRING = 256

/** Thrown inside this file only. */
class Malformed extends Error {}

/**
 * Whether the literals of a header block (RFC 7541 §6) are lawful field names and values (RFC 9113
 * §8.2.1). nghttp2, inside Node, drops a field with CR, LF or NUL in its value without a word; a
 * door must refuse the request. What is only referred to came from a literal that was looked at.
 */
export function isSoundHeaderBlock(block: Uint8Array): boolean {
  const reader = new Reader(block)
  try {
    while (!reader.done) {
      const first = reader.peek
      if (first & 0x80) {
        reader.integer(7)
      } else if ((first & 0xe0) === 0x20) {
        reader.integer(5)
      } else {
        const index = reader.integer((first & 0xc0) === 0x40 ? 6 : 4)
        if (index === 0 && !reader.string(isNameByte)) return false
        if (!reader.string(isValueByte)) return false
      }
    }
    return true
  } catch (error) {
    if (error instanceof Malformed) return false
    throw error
  }
}

const nameBytes = new Set(Buffer.from(":!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"))
const isNameByte = (byte: number): boolean => nameBytes.has(byte)
const isValueByte = (byte: number): boolean => (byte >= 0x20 ? byte !== 0x7f : byte === 0x09)

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  get peek(): number {
    return this.#bytes[this.#at] ?? 0
  }

  #next(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new Malformed()
    return byte
  }

  /** RFC 7541 §5.1. */
  integer(prefix: number): number {
    const most = 2 ** prefix - 1
    let value = this.#next() & most
    if (value < most) return value
    for (let shift = 0; ; shift += 7) {
      const byte = this.#next()
      value += (byte & 0x7f) * 2 ** shift
      if (shift > 28) throw new Malformed()
      if ((byte & 0x80) === 0) return value
    }
  }

  /** RFC 7541 §5.2: whether every byte of the string is one that `lawful` takes. */
  string(lawful: (byte: number) => boolean): boolean {
    const huffman = (this.peek & 0x80) !== 0
    const length = this.integer(7)
    const end = this.#at + length
    if (end > this.#bytes.length) throw new Malformed()
    const part = this.#bytes.subarray(this.#at, end)
    this.#at = end
    if (huffman) return huffmanBytes(part, lawful)
    for (const byte of part) if (!lawful(byte)) return false
    return true
  }
}

function huffmanBytes(part: Uint8Array, lawful: (byte: number) => boolean): boolean {
  let code = 0
  let length = 0
  for (const byte of part) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1)
      length++
      const symbol = length < 5 ? undefined : symbols.get(length * 2 ** 30 + code)
      if (symbol === undefined) {
        if (length > 30) throw new Malformed()
        continue
      }
      if (symbol === END_OF_STRING) throw new Malformed()
      if (!lawful(symbol)) return false
      code = 0
      length = 0
    }
  }
  // Padding is at most seven ones.
  if (length > 7 || code !== 2 ** length - 1) throw new Malformed()
  return true
}
