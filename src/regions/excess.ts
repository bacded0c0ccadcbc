/** Whether a moment between two doors lets something through that neither of them does. */
import type { Mesh } from '../mesh/index.ts'
import type { Principal } from '../policy/index.ts'
import { callerOf, isInside, nameOf } from './caller.ts'
import { type Cell, cellsOf } from './cell.ts'
import { Contents } from './contents.ts'
import { findPrincipals } from './find-callers.ts'
import { Judge } from './judge.ts'
import type { Outcome } from './outcome.ts'
import { View, type ViewOptions } from './view.ts'
import { type Witness, witnessOf } from './witness.ts'

export interface Excess {
  readonly principal: string
  readonly witness: Witness
  /** Istio's cluster name of what it reaches in that moment; undefined = nobody can tell. */
  readonly upstream?: string
}

/** A door, and how it is looked at. */
export interface Seen {
  readonly mesh: Mesh
  readonly view: ViewOptions
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
  { now, principals: asked = [] }: { readonly now: number; readonly principals?: readonly Principal[] },
): Excess | undefined {
  const contents = new Contents()
  const seen = [before, moment, after]
  const views = seen.map(({ mesh, view }) => new View(mesh, view, contents))
  const principals = new Map<string, Principal>()
  for (const principal of [...seen.flatMap(({ mesh }) => findPrincipals(mesh)), ...asked]) {
    principals.set(nameOf(principal), principal)
  }
  const judges = views.map(
    (view) =>
      new Judge(
        view,
        [...principals.values()].map((principal) => callerOf(view.mesh, principal, now)),
        now,
      ),
  )
  const [was, is, will] = judges as [Judge, Judge, Judge]
  for (const cell of cellsOf(views)) {
    if (cell.unrouted || cell.unknown !== undefined) continue
    if (isSame(cell, 0, 1) || isSame(cell, 1, 2)) continue
    const inside = cell.entrance.service !== undefined
    for (const [index, caller] of is.callers.entries()) {
      if (isInside(caller) !== inside) continue
      const there = is.decide(cell, 1, index)
      if (there === undefined || (there.verdict !== 'allow' && there.verdict !== 'unknown')) continue
      const ends = [was.decide(cell, 0, index), will.decide(cell, 2, index)]
      if (ends.some((end) => end !== undefined && isNoMore(there, end))) continue
      const { upstream } = there
      return {
        principal: caller.name,
        witness: witnessOf(cell, caller),
        ...(there.verdict === 'allow' && upstream !== undefined && { upstream }),
      }
    }
  }
  return undefined
}

/**
 * What a change alone does to who gets through: `opens` from the first request on that is let through, or
 * let through elsewhere, or cannot be told any more; `closes` where some are refused and none is let in.
 */
export function effectBetween(
  before: Seen,
  after: Seen,
  { now, principals: asked = [] }: { readonly now: number; readonly principals?: readonly Principal[] },
): 'opens' | 'closes' | 'neutral' {
  const contents = new Contents()
  const views = [before, after].map(({ mesh, view }) => new View(mesh, view, contents))
  const principals = new Map<string, Principal>()
  for (const principal of [...findPrincipals(before.mesh), ...findPrincipals(after.mesh), ...asked]) {
    principals.set(nameOf(principal), principal)
  }
  const [was, is] = views.map((view) => {
    const callers = [...principals.values()].map((principal) => callerOf(view.mesh, principal, now))
    return new Judge(view, callers, now)
  }) as [Judge, Judge]
  let closes = false
  for (const cell of cellsOf(views)) {
    if (cell.unrouted || cell.unknown !== undefined || isSame(cell, 0, 1)) continue
    const inside = cell.entrance.service !== undefined
    for (const [index, caller] of is.callers.entries()) {
      if (isInside(caller) !== inside) continue
      const [from, to] = [was.decide(cell, 0, index), is.decide(cell, 1, index)]
      if (from === undefined || to === undefined) continue
      const passes = to.verdict === 'allow' || to.verdict === 'unknown'
      if (passes && !isNoMore(to, from)) return 'opens'
      if (!passes && (from.verdict === 'allow' || from.verdict === 'unknown')) closes = true
    }
  }
  return closes ? 'closes' : 'neutral'
}

/** Whether two of the doors say word for word the same about all the cell's requests can meet. */
function isSame({ axes, spots, beyond }: Cell, one: number, other: number): boolean {
  if (beyond !== undefined || spots[one] === undefined || spots[other] === undefined) return false
  const [a, b] = [axes[one], axes[other]]
  return a?.met.join() === b?.met.join() && a?.rules.join() === b?.rules.join()
}

function isNoMore(there: Outcome, end: Outcome): boolean {
  if (there.verdict === 'unknown') return end.verdict === 'unknown'
  return (
    end.verdict === 'allow' &&
    end.upstream === there.upstream &&
    JSON.stringify(end.identity) === JSON.stringify(there.identity)
  )
}
