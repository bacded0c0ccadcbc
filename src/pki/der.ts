export interface Element {
  readonly tag: number
  readonly content: Uint8Array
}

/** The elements of a DER text, one level deep. Throws a RangeError on lengths that do not fit. */
export function* elements(bytes: Uint8Array): Generator<Element> {
  let at = 0
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0
    let length = bytes[at + 1] ?? 0
    at += 2
    if (length & 0x80) {
      const octets = length & 0x7f
      if (octets < 1 || octets > 3) throw new RangeError('DER length')
      length = 0
      for (let n = 0; n < octets; n++) length = length * 256 + (bytes[at++] ?? 0)
    }
    if (at + length > bytes.length) throw new RangeError('DER length')
    yield { tag, content: bytes.subarray(at, at + length) }
    at += length
  }
}
