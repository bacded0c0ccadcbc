/** Whether a moment between two doors lets something through that neither of them does. */
import type { Caller } from './caller.ts'
import { type Cell, cellsOf } from './cell.ts'
import { type Asking, Doors, type Seen } from './doors.ts'
import { fellows, meetsSame, rulesText } from './fellows.ts'
import type { CallerClass } from './gate.ts'
import type { Judge } from './judge.ts'
import type { Outcome } from './outcome.ts'
import { type Witness, witnessOf } from './witness.ts'

export interface Excess {
  readonly principal: string
  readonly witness: Witness
  /** Istio's cluster name of what it reaches in that moment; undefined = nobody can tell. */
  readonly upstream?: string
}

/**
 * The first request that `moment` lets through to somewhere neither `before` nor `after` does; decided
 * over all requests, so undefined is a proof that there is none. What cannot be decided in the moment
 * alone counts as let through.
 */
export function findExcess(
  before: Seen,
  moment: Seen,
  after: Seen,
  asking: Asking,
  doors = new Doors(),
): Excess | undefined {
  const judges = doors.judges([before, moment, after], asking)
  for (const cell of cellsOf(judges.map(({ view }) => view))) {
    if (cell.unrouted || cell.unknown !== undefined) continue
    if (isSame(cell, 0, 1) || isSame(cell, 1, 2)) continue
    if (cell.spots[1] === undefined) continue
    for (const { caller, fate } of fatesIn(cell, judges)) {
      if (isMore(1, [0, 2], fate)) return excessOf(cell, caller, fate(1))
    }
  }
  return undefined
}

export type Effect = 'opens' | 'closes' | 'neutral'

/** What a row of doors does, each made of the one before by one change. */
export interface Passage {
  /**
   * Of each change alone: `opens` from the first request on that is let through, or let through elsewhere, or
   * cannot be told any more; `closes` where some are refused and none is let in.
   */
  readonly effects: readonly Effect[]
  /** Of each door between the first and the last, as `findExcess` has it. */
  readonly excess: readonly (Excess | undefined)[]
}

/** All of it in one walk over all requests. */
export function passageOf(seen: readonly Seen[], asking: Asking, doors = new Doors()): Passage {
  const judges = doors.judges(seen, asking)
  const last = seen.length - 1
  const effects = new Array<Effect>(last).fill('neutral')
  const excess = new Array<Excess | undefined>(Math.max(0, last - 1)).fill(undefined)
  for (const cell of cellsOf(judges.map(({ view }) => view))) {
    if (cell.unrouted || cell.unknown !== undefined) continue
    const moved = effects.map((_, at) => !isSame(cell, at, at + 1))
    if (!moved.includes(true)) continue
    const apart = excess.map(
      (found, at) =>
        found === undefined &&
        cell.spots[at + 1] !== undefined &&
        !isSame(cell, 0, at + 1) &&
        !isSame(cell, at + 1, last),
    )
    if (!apart.includes(true) && !effects.some((effect, at) => moved[at] && effect !== 'opens')) continue
    for (const { caller, fate } of fatesIn(cell, judges)) {
      for (const [at, effect] of effects.entries()) {
        if (moved[at])
          effects[at] = worse(
            effect,
            () => fate(at),
            () => fate(at + 1),
          )
      }
      for (const [at, found] of excess.entries()) {
        if (found !== undefined || !apart[at] || !isMore(at + 1, [0, last], fate)) continue
        excess[at] = excessOf(cell, caller, fate(at + 1))
      }
    }
  }
  return { effects, excess }
}

type Fate = (at: number) => Outcome | undefined

/** Nobody is asked for what cannot change the answer. */
function worse(effect: Effect, before: () => Outcome | undefined, after: () => Outcome | undefined): Effect {
  if (effect === 'opens') return effect
  const to = after()
  if (to === undefined || (effect === 'closes' && !passes(to))) return effect
  const from = before()
  if (from === undefined) return effect
  if (passes(to)) return isNoMore(to, from) ? effect : 'opens'
  return passes(from) ? 'closes' : effect
}

const passes = ({ verdict }: Outcome) => verdict === 'allow' || verdict === 'unknown'

function isMore(moment: number, ends: readonly number[], fate: Fate): boolean {
  const there = fate(moment)
  if (there === undefined || !passes(there)) return false
  return !ends.some((at) => {
    const end = fate(at)
    return end !== undefined && isNoMore(there, end)
  })
}

function excessOf(cell: Cell, caller: Caller, there: Outcome | undefined): Excess {
  const { verdict, upstream } = there ?? {}
  return {
    principal: caller.name,
    witness: witnessOf(cell, caller),
    ...(verdict === 'allow' && upstream !== undefined && { upstream }),
  }
}

/** What becomes of callers at each door: of one of each group that none of the doors tells apart. */
function* fatesIn(
  cell: Cell,
  judges: readonly Judge[],
): Generator<{ readonly caller: Caller; readonly fate: Fate }> {
  const [first] = judges
  if (first === undefined) return
  const able = first.senders(cell)
  const { groups } = fellows(
    cell,
    judges.map((judge, at) => judge.classes(cell, at, able)),
  )
  for (const { callers, classes } of groups) {
    const index = callers[0] as number
    yield {
      caller: first.callers[index] as Caller,
      fate: (at) => judges[at]?.decideClass(cell, at, classes[at] as CallerClass, index),
    }
  }
}

/** Whether two of the doors say word for word the same about all the cell's requests can meet. */
function isSame({ axes, spots, beyond }: Cell, one: number, other: number): boolean {
  if (beyond !== undefined || spots[one] === undefined || spots[other] === undefined) return false
  return meetsSame(axes[one], axes[other]) && rulesText(axes[one]) === rulesText(axes[other])
}

function isNoMore(there: Outcome, end: Outcome): boolean {
  if (there.verdict === 'unknown') return end.verdict === 'unknown'
  return (
    end.verdict === 'allow' &&
    end.upstream === there.upstream &&
    JSON.stringify(end.identity) === JSON.stringify(there.identity)
  )
}
