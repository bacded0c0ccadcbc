import type { Clock } from '../../base/index.ts'

/** Values that were found out about whole tokens, until they expire. */
export interface TokenCache<V> {
  get(key: string): V | undefined
  /** `until` in milliseconds since the epoch. */
  put(key: string, value: V, until: number): void
  readonly size: number
}

/**
 * Bounded: what was not used for longest goes first. Only tokens that were found good are kept, so
 * made-up ones push nothing out.
 */
export function createTokenCache<V>(clock: Clock, most: number): TokenCache<V> {
  const entries = new Map<string, { readonly value: V; readonly until: number }>()
  return {
    get(key) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      if (entry.until <= clock()) return undefined
      entries.set(key, entry)
      return entry.value
    },
    put(key, value, until) {
      entries.delete(key)
      entries.set(key, { value, until })
      if (entries.size > most) for (const oldest of entries.keys()) if (entries.delete(oldest)) break
    },
    get size() {
      return entries.size
    },
  }
}
