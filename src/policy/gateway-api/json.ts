/** Reading objects that are kept as written: every step may find something else than expected. */
export type Json = Readonly<Record<string, unknown>>

export function child(value: unknown, ...path: readonly string[]): unknown {
  let found = value
  for (const key of path) {
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return undefined
    found = Object.hasOwn(found, key) ? (found as Json)[key] : undefined
  }
  return found
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

export function strings(value: unknown): readonly string[] {
  return list(value).filter((entry): entry is string => typeof entry === 'string')
}
