/** The access map as a table: routes down, callers that fare alike across. */
import type { PlainRow } from '../engine/look.ts'

export interface MapColumn {
  readonly name: string
  readonly principals: readonly string[]
}

export interface MapCell {
  /** The most open outcome first. */
  readonly rows: readonly PlainRow[]
}

export interface MapLine {
  readonly key: string
  readonly door: string
  readonly id: string
  readonly hosts: string
  readonly match: string
  readonly cells: readonly (MapCell | undefined)[]
}

export interface MapTable {
  readonly columns: readonly MapColumn[]
  readonly lines: readonly MapLine[]
}

export interface MapFilter {
  readonly text: string
  readonly who: string
  readonly verdict: string
  readonly forged: boolean
  readonly fold: boolean
}

const openness = ['allow', 'unknown', 'redirect', 'challenge', 'deny', 'unavailable', 'not-found']

export function tableOf(rows: readonly PlainRow[], filter: MapFilter): MapTable {
  const has = (text: string, word: string) => text.toLowerCase().includes(word.trim().toLowerCase())
  const routes = new Map<string, { readonly row: PlainRow; readonly cells: Map<string, PlainRow[]> }>()
  const principals = new Set<string>()
  for (const row of rows) {
    if (!filter.forged && row.principal.endsWith('+forged')) continue
    if (filter.who !== '' && !has(row.principal, filter.who)) continue
    const { door, route } = row
    if (
      filter.text !== '' &&
      !has(`${door} ${route.id} ${route.match} ${route.hosts.join(' ')}`, filter.text)
    )
      continue
    principals.add(row.principal)
    const key = `${door}\n${route.id}\n${route.match}\n${route.hosts.join(',')}`
    let line = routes.get(key)
    if (line === undefined) {
      line = { row, cells: new Map() }
      routes.set(key, line)
    }
    const cell = line.cells.get(row.principal)
    if (cell === undefined) line.cells.set(row.principal, [row])
    else cell.push(row)
  }
  const kept = [...routes].filter(
    ([, { cells }]) =>
      filter.verdict === '' ||
      [...cells.values()].some((cell) => cell.some(({ verdict }) => verdict === filter.verdict)),
  )
  // What lets somebody in stands first, and what only redirects last; else in the order of the map.
  const rank = ({ cells }: { readonly cells: ReadonlyMap<string, readonly PlainRow[]> }) => {
    const all = [...cells.values()].flat()
    const best = Math.min(...all.map(({ verdict }) => openness.indexOf(verdict)))
    return all.every(({ verdict }) => verdict === 'redirect') ? openness.length : best
  }
  kept.sort(([, one], [, other]) => rank(one) - rank(other))
  const columns = columnsOf([...principals], kept, filter.fold)
  const lines = kept.map(([key, { row, cells }]): MapLine => {
    const { door, route } = row
    return {
      key,
      door,
      id: route.id,
      hosts: route.hosts.join(', '),
      match: route.match,
      cells: columns.map(({ principals: [first = ''] }) => {
        const own = cells.get(first)
        return (
          own && { rows: [...own].sort((a, b) => openness.indexOf(a.verdict) - openness.indexOf(b.verdict)) }
        )
      }),
    }
  })
  return { columns, lines }
}

/** Callers with the same column are one. */
function columnsOf(
  principals: readonly string[],
  lines: readonly (readonly [string, { readonly cells: ReadonlyMap<string, readonly PlainRow[]> }])[],
  fold: boolean,
): readonly MapColumn[] {
  if (!fold) return principals.map((name) => ({ name, principals: [name] }))
  const groups = new Map<string, string[]>()
  for (const name of principals) {
    const signature = lines
      .map(([, { cells }]) =>
        (cells.get(name) ?? []).map(({ verdict, reason }) => `${verdict} ${reason}`).join('|'),
      )
      .join('\n')
    const group = groups.get(signature)
    if (group === undefined) groups.set(signature, [name])
    else group.push(name)
  }
  return [...groups.values()].map((group) => ({ name: group[0] as string, principals: group }))
}

/** Routes whoever comes from the internet reaches as nobody, in the order of the map. */
export function publicRoutes(rows: readonly PlainRow[]): readonly PlainRow[] {
  const seen = new Set<string>()
  return rows.filter((row) => {
    if (row.principal !== 'anonymous' || row.verdict !== 'allow') return false
    const key = `${row.door} ${row.route.id} ${row.route.match}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}
