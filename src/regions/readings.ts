/**
 * Doors that normalize paths differently. Regions are parted over paths as they are after
 * normalization, so of such doors only the paths both leave alone are compared for certain; here are
 * others, of the kinds one of them reads as another path than the other one does.
 */
import type { Cell } from './cell.ts'

export function readsOtherwise({ spots }: Cell): boolean {
  const rules = spots.map((spot) => JSON.stringify(spot?.stage?.insight.paths))
  return rules.some((each) => each !== undefined && rules[0] !== undefined && each !== rules[0])
}

export const readingsDiffer =
  'the doors normalize paths differently: not every way to write a path was compared'

/** So many paths of a host lead to each other. */
const most = 9

/** Requests of these cells' hosts with paths written in odd ways. */
export function* oddlyWritten(cells: readonly Cell[]): Generator<Cell> {
  const hosts = new Map<string, Cell[]>()
  for (const cell of cells) {
    const key = `${cell.entrance.id} ${cell.host}`
    const same = hosts.get(key) ?? []
    hosts.set(key, same)
    if (same.length < most && !same.some(({ path }) => path === cell.path)) same.push(cell)
  }
  for (const same of hosts.values()) {
    for (const cell of same) {
      const to = cell.path.slice(1)
      for (const path of [`//${to}`, `/.//${to}`, `/%2f${to}`, `/%5c${to}`, `/\\${to}`])
        yield { ...cell, path }
      for (const { path: by } of same) {
        if (by === cell.path) continue
        const from = by.endsWith('/') ? by : `${by}/`
        for (const up of ['../', '%2e%2e/', '..%2f', '..%5c', '..\\', './/../']) {
          const back = from.split('/').length - 2
          yield { ...cell, path: `${from}${up.repeat(Math.max(1, back))}${to}` }
        }
        const middle = to.replace('/', '//')
        if (middle !== to) yield { ...cell, path: `/${middle}` }
      }
    }
  }
}
