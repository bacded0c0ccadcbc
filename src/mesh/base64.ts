const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Standard base64 (RFC 4648 §4, whitespace ignored) of UTF-8 text; undefined = not base64. */
export function decodeBase64(text: string): string | undefined {
  const compact = text.replace(/\s+/g, '')
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return undefined
  let bytes = ''
  let bits = 0
  let count = 0
  for (const letter of compact) {
    if (letter === '=') break
    bits = ((bits << 6) | alphabet.indexOf(letter)) & 0xffffff
    count += 6
    if (count >= 8) {
      count -= 8
      bytes += String.fromCharCode((bits >> count) & 0xff)
    }
  }
  let percents = ''
  for (let index = 0; index < bytes.length; index++) {
    percents += `%${bytes.charCodeAt(index).toString(16).padStart(2, '0')}`
  }
  try {
    return decodeURIComponent(percents)
  } catch {
    // Not UTF-8: one character per byte, so that nothing is lost.
    return bytes
  }
}
