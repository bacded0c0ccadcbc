import type { MapRow } from '../../src/regions/index.ts'

/** So many rows of each kind: the same route, verdict, reason and kind of caller. */
export function someOf(rows: readonly MapRow[], each: number): readonly MapRow[] {
  const kinds = new Map<string, number>()
  return rows.filter(({ route, verdict, reason, principal }) => {
    const key = `${route.id} ${route.match} ${route.hosts} ${verdict} ${reason} ${principal.split(':')[0]}`
    const count = kinds.get(key) ?? 0
    kinds.set(key, count + 1)
    return count < each
  })
}
