import type { StoredSession } from './store.ts'

/** Sessions this process has read, for as long as a setting says that they may be believed. */
export interface KeptRows {
  /** The row, if it was confirmed no longer than `ms` ago. */
  within(ms: number, key: string): StoredSession | undefined
  keep(row: StoredSession): void
  forget(key: string): void
  clear(): void
}

/** At most `most` rows, the longest unconfirmed of them dropped first. Ages are of the monotonic clock. */
export function createKeptRows(most: number): KeptRows {
  const rows = new Map<string, { readonly row: StoredSession; readonly at: number }>()
  return {
    within(ms, key) {
      const known = rows.get(key)
      return known && performance.now() - known.at < ms ? known.row : undefined
    },
    keep(row) {
      rows.delete(row.key)
      if (rows.size >= most) for (const oldest of rows.keys()) if (rows.delete(oldest)) break
      rows.set(row.key, { row, at: performance.now() })
    },
    forget(key) {
      rows.delete(key)
    },
    clear() {
      rows.clear()
    },
  }
}
