import type { HeaderList } from './decision.ts'

/** Header lists with lower-case names; the lists themselves are never changed. */
export function withoutHeader(headers: HeaderList, name: string): HeaderList {
  return headers.some((header) => header[0] === name)
    ? headers.filter((header) => header[0] !== name)
    : headers
}

/** In place of all of that name. */
export function withHeader(headers: HeaderList, name: string, value: string): HeaderList {
  return [...withoutHeader(headers, name), [name, value]]
}

export function headerValues(headers: HeaderList, name: string): readonly string[] {
  return headers.filter((header) => header[0] === name).map((header) => header[1])
}

/** Values of one name joined by commas, names in order: how checks carry them. */
export function joinedHeaders(headers: HeaderList): HeaderList {
  const joined = new Map<string, string>()
  for (const [name, value] of headers) {
    const before = joined.get(name)
    joined.set(name, before === undefined ? value : `${before},${value}`)
  }
  return [...joined].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}
