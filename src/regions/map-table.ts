import type { Verdict } from '../policy/index.ts'
import { addBits, type Bits, both, countBits, isEmpty, membersOf, noBits, without } from './bits.ts'
import type { Caller } from './caller.ts'
import type { Cell } from './cell.ts'
import type { Outcome } from './outcome.ts'
import type { RouteName } from './route-name.ts'
import { type Witness, witnessOf } from './witness.ts'

export interface MapRow {
  readonly door: string
  readonly principal: string
  readonly route: RouteName
  readonly verdict: Verdict
  readonly reason: string
  readonly witness: Witness
  readonly outcome: Shared
}

/** What all callers of a row's kind share: what a workload is handed names each of them. */
type Shared = Omit<Outcome, 'identity' | 'headers' | 'sent'>

/** Callers one route treats alike, and the smallest request that shows it. */
interface Fold {
  readonly cell: Cell
  readonly outcome: Shared
  readonly verdict: Verdict
  readonly reason: string
  readonly callers: Bits
}

interface RouteFolds {
  readonly route: RouteName
  readonly folds: Fold[]
  /** Who has which outcome, who any, who a way through. */
  readonly seen: Map<string, Bits>
  readonly any: Bits
  readonly open: Bits
}

/** Outcomes as they appear, folded: the first request of each kind stays, which is the smallest. */
export class MapTable {
  readonly #callers: readonly Caller[]
  readonly #routes = new Map<string, RouteFolds>()
  readonly #keys = new WeakMap<RouteName, Map<string, RouteFolds>>()

  constructor(callers: readonly Caller[]) {
    this.#callers = callers
  }

  knows(cell: Cell, route: RouteName): boolean {
    return this.#of(cell, route).folds.length > 0
  }

  /** Those among `who` for whom only a way through would be news, and those for whom anything is. */
  waiting(cell: Cell, route: RouteName, who: Bits): { readonly closed: Bits; readonly fresh: Bits } {
    const { any, open } = this.#of(cell, route)
    return { closed: without(both(who, any), open), fresh: without(who, any) }
  }

  add(cell: Cell, route: RouteName, callers: Bits, outcome: Outcome): void {
    const found = this.#of(cell, route)
    const { upstream = '', application } = outcome
    const { verdict, reason } = application ?? outcome
    const name = `${verdict} ${reason} ${upstream}`
    let seen = found.seen.get(name)
    if (seen === undefined) {
      seen = noBits(this.#callers.length)
      found.seen.set(name, seen)
    }
    let added = without(callers, seen)
    // A header that only closes what is open, or changes how it is refused, is no row of its own.
    if (cell.variation.size > 0) added = without(added, verdict === 'allow' ? found.open : found.any)
    if (isEmpty(added)) return
    addBits(seen, added)
    addBits(found.any, added)
    if (verdict === 'allow') addBits(found.open, added)
    const { identity: _, headers: __, sent: ___, ...shared } = outcome
    found.folds.push({ cell, outcome: shared, verdict, reason, callers: added })
  }

  /** Route by route and caller by caller. */
  rows(): MapRow[] {
    return [...this.#routes.values()].flatMap(({ route, folds }) => {
      const byCaller: MapRow[][] = []
      for (const { cell, outcome, verdict, reason, callers } of folds) {
        const { door } = cell.entrance
        for (const index of membersOf(callers)) {
          const caller = this.#callers[index] as Caller
          const witness = witnessOf(cell, caller)
          byCaller[index] ??= []
          byCaller[index].push({ door, principal: caller.name, route, verdict, reason, witness, outcome })
        }
      }
      return byCaller.flat()
    })
  }

  /** How many rows there are, without making them. */
  count(of: (fold: { readonly verdict: Verdict; readonly method: string }) => boolean): number {
    let count = 0
    for (const { folds } of this.#routes.values()) {
      for (const { cell, verdict, callers } of folds) {
        if (of({ verdict, method: cell.variation.method })) count += countBits(callers)
      }
    }
    return count
  }

  #of(cell: Cell, route: RouteName): RouteFolds {
    const { door } = cell.entrance
    let byDoor = this.#keys.get(route)
    if (byDoor === undefined) {
      byDoor = new Map()
      this.#keys.set(route, byDoor)
    }
    const before = byDoor.get(door)
    if (before !== undefined) return before
    const key = `${door} ${route.id} ${route.match} ${route.hosts.join(',')}`
    let found = this.#routes.get(key)
    if (found === undefined) {
      const size = this.#callers.length
      found = { route, folds: [], seen: new Map(), any: noBits(size), open: noBits(size) }
      this.#routes.set(key, found)
    }
    byDoor.set(door, found)
    return found
  }
}
