/** Whether a moment between two doors lets something through that neither of them does. */
import type { Mesh } from '../mesh/index.ts'
import type { Principal } from '../policy/index.ts'
import { callerOf, isInside, nameOf } from './caller.ts'
import { cellsOf } from './cell.ts'
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
export function findExcess(before: Seen, moment: Seen, after: Seen, now: number): Excess | undefined {
  const contents = new Contents()
  const seen = [before, moment, after]
  const views = seen.map(({ mesh, view }) => new View(mesh, view, contents))
  const principals = new Map<string, Principal>()
  for (const { mesh } of seen) {
    for (const principal of findPrincipals(mesh)) principals.set(nameOf(principal), principal)
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

function isNoMore(there: Outcome, end: Outcome): boolean {
  if (there.verdict === 'unknown') return end.verdict === 'unknown'
  return (
    end.verdict === 'allow' &&
    end.upstream === there.upstream &&
    JSON.stringify(end.identity) === JSON.stringify(there.identity)
  )
}
