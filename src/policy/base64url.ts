/**
 * Base64 without Node or the DOM, for the pure rooms. Reading is as lenient as abseil's
 * WebSafeBase64Unescape, which Envoy uses: padding optional, white space skipped, stray bits ignored.
 */
const urlAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const alphabet = `${urlAlphabet.slice(0, 62)}+/`

const values = new Int8Array(128).fill(-1)
for (let i = 0; i < urlAlphabet.length; i++) values[urlAlphabet.charCodeAt(i)] = i

/** undefined when a character is not of the URL alphabet, or the length cannot be. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.ceil((text.length * 3) / 4))
  let length = 0
  let bits = 0
  let count = 0
  let padding = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 32 || (code >= 9 && code <= 13)) continue
    if (code === 61 || code === 46) {
      padding++
      continue
    }
    const value = code < 128 ? (values[code] as number) : -1
    if (value < 0 || padding > 0) return undefined
    bits = ((bits << 6) | value) & 0xffffff
    count++
    if (count % 4 !== 1) bytes[length++] = (bits >> ((3 - ((count - 1) % 4)) * 2)) & 0xff
  }
  const rest = count % 4
  if (rest === 1) return undefined
  const expected = rest === 0 ? 0 : 4 - rest
  if (padding !== 0 && padding !== expected) return undefined
  return bytes.subarray(0, length)
}

/** Standard alphabet, padded. */
export function toBase64(bytes: Uint8Array): string {
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b, c] = [bytes[i], bytes[i + 1], bytes[i + 2]]
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0)
    out += alphabet[bits >> 18]
    out += alphabet[(bits >> 12) & 63]
    out += b === undefined ? '=' : alphabet[(bits >> 6) & 63]
    out += c === undefined ? '=' : alphabet[bits & 63]
  }
  return out
}

/** undefined when the bytes are not UTF-8. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  let out = ''
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i++] as number
    if (first < 0x80) {
      out += String.fromCharCode(first)
      continue
    }
    const more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1
    if (first < 0xc2 || first > 0xf4 || i + more > bytes.length) return undefined
    let code = first & (0x3f >> more)
    for (let j = 0; j < more; j++) {
      const next = bytes[i++] as number
      if ((next & 0xc0) !== 0x80) return undefined
      code = (code << 6) | (next & 0x3f)
    }
    const least = [0x80, 0x800, 0x10000][more - 1] as number
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined
    out += String.fromCodePoint(code)
  }
  return out
}

export function utf8Bytes(text: string): Uint8Array {
  const bytes: number[] = []
  for (const char of text) {
    const code = char.codePointAt(0) as number
    if (code < 0x80) bytes.push(code)
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63))
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
    else {
      bytes.push(
        0xf0 | (code >> 18),
        0x80 | ((code >> 12) & 63),
        0x80 | ((code >> 6) & 63),
        0x80 | (code & 63),
      )
    }
  }
  return Uint8Array.from(bytes)
}
