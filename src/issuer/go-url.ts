/** Go's url.QueryEscape: like encodeURIComponent, a space as `+`, `!'()*` escaped too. */
function queryEscape(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

/** Go's url.Values.Encode: sorted by name, values in their order. */
export function encodeValues(values: Iterable<readonly [string, string]>): string {
  return [...values]
    .map((pair, index) => [pair, index] as const)
    .sort(([[a], i], [[b], j]) => (a < b ? -1 : a > b ? 1 : i - j))
    .map(([[name, value]]) => `${queryEscape(name)}=${queryEscape(value)}`)
    .join('&')
}

/** Go's url.PathEscape, for one segment. */
export function pathEscape(segment: string): string {
  return encodeURIComponent(segment.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%(24|26|2B|3A|3D|40)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** decodeURIComponent that answers undefined instead of throwing. */
export function percentDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/**
 * A redirect URI with members added to its query, relative ones included. Go's url.URL sorts the
 * whole query when it writes it back, so this does too.
 */
export function withQuery(uri: string, values: readonly (readonly [string, string])[]): string {
  const [beforeHash = '', ...hash] = uri.split('#')
  const at = beforeHash.indexOf('?')
  const path = at < 0 ? beforeHash : beforeHash.slice(0, at)
  const own = at < 0 ? [] : [...new URLSearchParams(beforeHash.slice(at + 1))]
  const fragment = hash.length > 0 ? `#${hash.join('#')}` : ''
  return `${path}?${encodeValues([...own, ...values])}${fragment}`
}
