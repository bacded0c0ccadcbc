export interface Element {
  readonly tag: number
  readonly content: Uint8Array
  /** With its head. */
  readonly whole: Uint8Array
}

/** The elements of a DER text, one level deep. Throws a RangeError on lengths that do not fit. */
export function* elements(bytes: Uint8Array): Generator<Element> {
  let at = 0
  while (at < bytes.length) {
    const start = at
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
    yield { tag, content: bytes.subarray(at, at + length), whole: bytes.subarray(start, at + length) }
    at += length
  }
}

/** The content of the one element that a DER text is. Throws a RangeError where there is none. */
export function only(bytes: Uint8Array): Uint8Array {
  const { value } = elements(bytes).next()
  if (value === undefined) throw new RangeError('DER element')
  return value.content
}

/** An object identifier's content in its usual spelling. */
export function dotted(content: Uint8Array): string {
  const arcs: bigint[] = []
  let arc = 0n
  for (const octet of content) {
    arc = (arc << 7n) | BigInt(octet & 0x7f)
    if (octet & 0x80) continue
    arcs.push(arc)
    arc = 0n
  }
  const [both = 0n, ...rest] = arcs
  const first = both < 80n ? both / 40n : 2n
  return [first, both - first * 40n, ...rest].join('.')
}

/** The octets in hexadecimal. */
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
