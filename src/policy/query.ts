/**
 * Query strings as Envoy's QueryParamsMulti reads and writes them: parameters in order of name, one
 * without `=` gets one, and those that were decoded are written back decoded.
 */
type Params = Map<string, string[]>

export function parseParams(path: string, decode: boolean): Params {
  const params: Params = new Map()
  const start = path.indexOf('?')
  if (start === -1) return params
  const parts = path.slice(start + 1).split('&')
  // What stands behind the last `&` counts only when there is something; empty ones before it do.
  if (parts.at(-1) === '') parts.pop()
  for (const part of parts) {
    const equals = part.indexOf('=')
    const name = equals === -1 ? part : part.slice(0, equals)
    const value = equals === -1 ? '' : part.slice(equals + 1)
    const key = decode ? percentDecode(name) : name
    const list = params.get(key)
    const text = decode ? percentDecode(value) : value
    if (list === undefined) params.set(key, [text])
    else list.push(text)
  }
  return params
}

/** The path with these parameters instead of its own; no `?` when there are none. */
export function withParams(path: string, params: Params): string {
  const start = path.indexOf('?')
  const base = start === -1 ? path : path.slice(0, start)
  const pairs = [...params]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .flatMap(([name, values]) => values.map((value) => `${name}=${value}`))
  return pairs.length === 0 ? base : `${base}?${pairs.join('&')}`
}

/** The decoded value of the first parameter of that decoded name. */
export function firstParam(path: string, name: string): string | undefined {
  return path.includes('?') ? parseParams(path, true).get(name)?.[0] : undefined
}

export function removeParam(path: string, name: string): string {
  const params = parseParams(path, true)
  params.delete(name)
  return withParams(path, params)
}

/** Bad escapes stay as they are; `+` is no space. */
function percentDecode(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(/(%[0-9a-fA-F]{2})+/g, (escapes) => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      )
    }
  })
}
