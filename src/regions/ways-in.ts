/** Where requests come in, as several doors have it: a server name is one way in, whichever chains take it. */
import { type Entrance, type Spot, spotsOf } from './entrance.ts'
import type { View } from './view.ts'

export interface WayIn {
  readonly entrance: Entrance
  /** Beside the views; undefined = nothing there takes its requests. */
  readonly spots: readonly (Spot | undefined)[]
  /**
   * Only where the doors part server names differently: one name of each kind that comes in here, and
   * whether a name does.
   */
  readonly names?: readonly string[]
  readonly leads?: (sni: string) => boolean
}

export function waysIn(views: readonly View[]): readonly WayIn[] {
  const all = views.map(spotsOf)
  const ids = new Set(all.flatMap((spots) => [...spots.keys()]))
  const ways: WayIn[] = []
  const parted = new Set<string>()
  for (const id of ids) {
    const spots = all.map((each) => each.get(id))
    const found = spots.find((spot) => spot !== undefined)
    if (found === undefined) continue
    const { entrance } = found
    const listener = `${entrance.door} ${entrance.port}`
    if (parted.has(listener)) continue
    if (entrance.scheme !== 'https' || !partedOtherwise(all, entrance)) {
      ways.push({ entrance, spots })
      continue
    }
    parted.add(listener)
    ways.push(...byName(views, all, entrance))
  }
  return ways
}

type Spots = ReadonlyMap<string, Spot>

const beside = (spots: Spots, { door, port }: Entrance): readonly Spot[] =>
  [...spots.values()].filter(
    ({ entrance }) => entrance.scheme === 'https' && entrance.door === door && entrance.port === port,
  )

/** Whether the listener's chains take other names in one door than in another. */
function partedOtherwise(all: readonly Spots[], entrance: Entrance): boolean {
  const each = all.map((spots) =>
    beside(spots, entrance)
      .map((spot) => spot.entrance.id)
      .sort()
      .join('\n'),
  )
  // Nothing at all in one door leaves nothing to tell apart.
  return each.every((ids) => ids !== '') && new Set(each).size > 1
}

/** Every name any chain speaks of, one that none does, and no name; together where the same chains take them. */
function byName(views: readonly View[], all: readonly Spots[], entrance: Entrance): readonly WayIn[] {
  const there = all.map((spots) => beside(spots, entrance))
  const spotFor = (sni: string, at: number) =>
    there[at]?.find(({ proxy, stage, chain }) => {
      if (proxy === undefined || stage === undefined) return false
      const connection = { port: stage.port, scheme: 'https' as const, ...(sni !== '' && { sni }) }
      return views[at]?.door.chain(proxy, connection) === chain
    })
  const spotsFor = (sni: string) => views.map((_, at) => spotFor(sni, at))
  const same = (one: readonly unknown[], other: readonly unknown[]) =>
    one.every((spot, at) => spot === other[at])
  const named = there.flatMap((spots) => spots.flatMap(({ names = [] }) => names))
  const ways: { readonly spots: readonly (Spot | undefined)[]; readonly names: string[] }[] = []
  for (const sni of new Set([...named, 'x', ''])) {
    const spots = spotsFor(sni)
    if (spots.every((spot) => spot === undefined)) continue
    const known = ways.find((way) => same(way.spots, spots))
    if (known === undefined) ways.push({ spots, names: [sni] })
    else known.names.push(sni)
  }
  return ways.map(({ spots, names }) => ({
    entrance: { ...entrance, id: `${entrance.door} https ${entrance.port} ${names.join(',')}` },
    spots,
    names,
    leads: (sni) => same(spotsFor(sni), spots),
  }))
}
