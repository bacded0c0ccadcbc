/** Who gains and who loses between two doors, over all requests; nothing found is a proof of that. */
import type { Mesh } from '../mesh/index.ts'
import type { Principal, Rule } from '../policy/index.ts'
import { ApplicationDiff, type ApplicationDifference, asksOtherwise } from './application-diff.ts'
import type { Axes } from './axes.ts'
import { membersOf } from './bits.ts'
import { type Caller, nameOf } from './caller.ts'
import { type Cell, cellsOf } from './cell.ts'
import { type DeadRule, deadRules } from './dead-rules.ts'
import { Doors } from './doors.ts'
import { type Fate, fateOf, type Kind, kindOf } from './fate.ts'
import { type Fellows, fellows, meetsSame, rulesText } from './fellows.ts'
import type { CallerClass } from './gate.ts'
import type { Judge } from './judge.ts'
import type { Outcome } from './outcome.ts'
import { oddlyWritten, readingsDiffer, readsOtherwise } from './readings.ts'
import type { ViewOptions } from './view.ts'
import { type Witness, witnessOf } from './witness.ts'

export type { Fate } from './fate.ts'

export interface Difference {
  readonly principal: string
  readonly from: Fate
  readonly to: Fate
  readonly witness: Witness
  /** What the application behind the workload makes of this very request, where it has a check of its own. */
  readonly application?: { readonly verdict: string; readonly reason: string }
}

export interface AccessDiff {
  /** Allowed now and not before. */
  readonly gained: readonly Difference[]
  readonly lost: readonly Difference[]
  /** Allowed both times, but another workload or another identity. */
  readonly changed: readonly Difference[]
  /** Of the gained: open to whoever has not signed in. */
  readonly public: readonly Difference[]
  /** Of the lost, and of what goes elsewhere now: nobody reaches the Service any more. */
  readonly unreachable: readonly Difference[]
  /** Rules no request can meet, which could before or are new. */
  readonly deadRules: readonly DeadRule[]
  readonly unknown: readonly (Difference | { readonly reason: string; readonly witness: Witness })[]
}

export interface DiffOptions {
  /** Seconds since the epoch. */
  readonly now: number
  readonly old: ViewOptions
  readonly new: ViewOptions
  /** Told how many classes of requests were looked at so far; how many there are shows at the end. */
  readonly progress?: (looked: number) => void
  /** Beside those found in either YAML. */
  readonly principals?: readonly Principal[]
  /** Where one comparison follows another. */
  readonly doors?: Doors
}

/**
 * @example
 * const { gained } = diffAccess(before, after, { now, old: {}, new: {} })
 */
export function diffAccess(before: Mesh, after: Mesh, options: DiffOptions): AccessDiff {
  const seen = [
    { mesh: before, view: options.old },
    { mesh: after, view: options.new },
  ] as const
  const doors = options.doors ?? new Doors()
  const judges = doors.judges(seen, options) as readonly [Judge, Judge]
  const views = [judges[0].view, judges[1].view] as const
  const collector = new Collector(judges)
  const alive = [new Set<Rule>(), new Set<Rule>()] as const
  const every = (axes: readonly Axes[]) => {
    for (const [at, { alive: rules }] of axes.entries()) for (const rule of rules) alive[at]?.add(rule)
  }
  const applications = asksOtherwise(before, after) ? new ApplicationDiff(judges) : undefined
  const read: Cell[] = []
  let looked = 0
  for (const cell of cellsOf(views, { every })) {
    options.progress?.(++looked)
    if (cell.unrouted) continue
    if (cell.unknown !== undefined) {
      collector.unknown(cell, cell.unknown)
      continue
    }
    applications?.consider(cell)
    if (cell.plain && readsOtherwise(cell)) read.push(cell)
    if (sameWay(cell)) {
      collector.unchanged(cell)
      continue
    }
    collector.compare(cell)
  }
  for (const cell of oddlyWritten(read)) collector.compareWritten(cell)
  const [first] = read
  if (first !== undefined) collector.unknown(first, readingsDiffer)
  const found = collector.result()
  const behind = [...(applications?.differences() ?? [])]
  const also = (kind: 'gained' | 'lost') =>
    behind.flatMap((each) => (each.kind === kind ? [differenceOf(each)] : []))
  return {
    ...found,
    gained: [...found.gained, ...also('gained')],
    lost: [...found.lost, ...also('lost')],
    deadRules: deadRules(views, alive),
  }
}

function differenceOf({ cell, caller, from, to, kind }: ApplicationDifference): Difference {
  const { application } = kind === 'lost' ? from : to
  return {
    principal: caller.name,
    from: fateOf(from),
    to: fateOf(to),
    witness: witnessOf(cell, caller),
    ...(application && { application }),
  }
}

/** Both doors say the same, word for word, about everything the cell's requests can meet. */
function sameWay({ axes, spots, beyond }: Cell): boolean {
  const [before, after] = axes
  const there = spots[0] !== undefined && spots[1] !== undefined
  return there && beyond === undefined && meetsSame(before, after) && rulesText(before) === rulesText(after)
}

/** Whether a part of the way that nobody can follow hides what may have changed. */
function mayHide({ axes, beyond }: Cell): boolean {
  const [before, after] = axes
  return beyond !== undefined && JSON.stringify(before?.met) !== JSON.stringify(after?.met)
}

class Collector {
  readonly #judges: readonly [Judge, Judge]
  readonly #found: Record<'gained' | 'lost' | 'changed' | 'unknown', Map<string, Difference>> = {
    gained: new Map(),
    lost: new Map(),
    changed: new Map(),
    unknown: new Map(),
  }
  readonly #unread = new Map<string, { readonly reason: string; readonly witness: Witness }>()
  /** Services somebody still reaches. */
  readonly #reached = new Set<string>()
  readonly #untouched: Cell[] = []

  constructor(judges: readonly [Judge, Judge]) {
    this.#judges = judges
  }

  unknown(cell: Cell, reason: string): void {
    if (!this.#unread.has(reason)) this.#unread.set(reason, { reason, witness: witnessOf(cell) })
  }

  /** Looked at only if somebody lost something. */
  unchanged(cell: Cell): void {
    if (cell.plain) this.#untouched.push(cell)
  }

  compare(cell: Cell): void {
    const [before, after] = this.#judges
    const able = before.senders(cell)
    const { groups, kept } = fellows(cell, [before.classes(cell, 0, able), after.classes(cell, 1, able)])
    if (kept) this.unchanged(cell)
    for (const group of groups) this.#compareGroup(cell, group)
  }

  /** A request whose path is its own, asked about for one caller of each kind. */
  compareWritten(cell: Cell): void {
    const [before, after] = this.#judges
    for (const [index] of bySending(membersOf(before.senders(cell)), before.callers)) {
      if (index === undefined) continue
      const [from, to] = [before.decideWhole(cell, 0, index), after.decideWhole(cell, 1, index)]
      const kind = from && to && kindOf(from, to)
      if (from && to && kind !== undefined) this.#note(cell, [index], kind, from, to)
    }
  }

  #compareGroup(cell: Cell, { callers: same, classes }: Fellows): void {
    const [first] = same
    if (first === undefined) return
    const [from, to] = this.#judges.map((judge, at) =>
      judge.decideClass(cell, at, classes[at] as CallerClass, first),
    )
    if (from === undefined || to === undefined) return
    if (to.verdict === 'allow') this.#reached.add(to.upstream ?? to.reason)
    const hides = from.verdict === 'unknown' && to.verdict === 'unknown' && mayHide(cell)
    const kind = hides ? 'unknown' : kindOf(from, to)
    if (kind !== undefined) {
      this.#note(cell, same, kind, from, to, hides)
      return
    }
    // No proxy may tell callers apart whose headers a workload does.
    if (to.verdict !== 'allow' || meetsSame(cell.axes[0], cell.axes[1])) return
    for (const alike of bySending(same, this.#judges[0].callers)) {
      // A name that a route writes may be the first one's own.
      for (const index of alike.filter((each) => each !== first).slice(0, 2)) {
        const [own, now] = this.#judges.map((judge, at) => judge.decide(cell, at, index))
        if (own === undefined || now === undefined || kindOf(own, now) !== 'changed') continue
        this.#note(cell, alike, 'changed', own, now)
        break
      }
    }
  }

  #note(cell: Cell, callers: readonly number[], kind: Kind, from: Outcome, to: Outcome, hides = false): void {
    for (const index of callers) {
      const caller = this.#judges[0].callers[index] as Caller
      const upstream = kind === 'lost' ? from.upstream : to.upstream
      const key = `${caller.name} ${from.verdict} ${to.verdict} ${upstream} ${kind === 'changed' ? from.upstream : ''}`
      if (this.#found[kind].has(key)) continue
      // Every witness is asked about by itself.
      const [own, now] = this.#wholeFates(cell, index)
      if (own === undefined || now === undefined) continue
      if (!hides && kindOf(own, now) !== kind) continue
      const application = kind === 'lost' ? own.application : now.application
      this.#found[kind].set(key, {
        principal: caller.name,
        from: fateOf(own),
        to: fateOf(now),
        witness: witnessOf(cell, caller),
        ...(application && { application }),
      })
    }
  }

  #wholeFates(cell: Cell, index: number): readonly (Outcome | undefined)[] {
    return this.#judges.map((judge, at) => judge.decideWhole(cell, at, index))
  }

  result(): Omit<AccessDiff, 'deadRules'> {
    const list = (kind: 'gained' | 'lost' | 'changed' | 'unknown') => [...this.#found[kind].values()]
    const gained = list('gained')
    const lost = list('lost')
    const changed = list('changed')
    const moved = changed.filter(({ from, to }) => from.upstream !== to.upstream)
    return {
      gained,
      lost,
      changed,
      public: gained.filter(({ principal }) => principal === 'anonymous'),
      unreachable: this.#unreachable([...lost, ...moved]),
      unknown: [...list('unknown'), ...this.#unread.values()],
    }
  }

  #unreachable(lost: readonly Difference[]): readonly Difference[] {
    const gone = new Map<string, Difference>()
    for (const each of lost) {
      const name = each.from.upstream
      if (name !== null && !this.#reached.has(name) && !gone.has(name)) gone.set(name, each)
    }
    if (gone.size === 0) return []
    const [, after] = this.#judges
    for (const cell of this.#untouched) {
      if (gone.size === 0) break
      for (const { outcome } of after.groups(cell, 1)) {
        if (outcome.verdict === 'allow' && outcome.upstream !== undefined) gone.delete(outcome.upstream)
      }
    }
    return [...gone.values()]
  }
}

/** Callers who send the like of each other: of a kind, their names apart. */
function bySending(callers: readonly number[], list: readonly Caller[]): readonly (readonly number[])[] {
  const groups = new Map<string, number[]>()
  for (const index of callers) {
    const { principal } = list[index] as Caller
    const sends = nameOf(principal).replace(/:[^,+]*/, '')
    const group = groups.get(sends)
    if (group === undefined) groups.set(sends, [index])
    else group.push(index)
  }
  return [...groups.values()]
}
