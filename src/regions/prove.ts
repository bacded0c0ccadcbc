/** Claims decided over all requests: they hold, or a request shows that they do not. */
import type { Mesh } from '../mesh/index.ts'
import { type Principal, parsePrincipal } from '../policy/index.ts'
import { bitsOf, membersOf } from './bits.ts'
import { callerOf, isInside, nameOf } from './caller.ts'
import { type Cell, cellsOf } from './cell.ts'
import {
  askedBy,
  type Claim,
  isUsual,
  meansCaller,
  meansCell,
  meansHeaders,
  reached,
  surelyNot,
} from './claim.ts'
import { findPrincipals } from './find-callers.ts'
import { Judge } from './judge.ts'
import type { Outcome } from './outcome.ts'
import { View, type ViewOptions } from './view.ts'
import { type Witness, witnessOf } from './witness.ts'

export interface Proof {
  readonly name: string
  readonly outcome: 'holds' | 'violated' | 'unknown'
  /** Why nothing can be said. */
  readonly reason?: string
  /** Whose request it is, and what became of it. */
  readonly principal?: string
  readonly witness?: Witness
  readonly got?: { readonly verdict: string; readonly reason: string; readonly service?: string }
}

export interface ProveOptions extends ViewOptions {
  /** Seconds since the epoch. */
  readonly now: number
}

interface Candidate {
  readonly size: number
  readonly principal: string
  readonly cell: Cell
  readonly caller: number
  readonly outcome: Outcome
}

/**
 * @example
 * const [proof] = prove(mesh, [{ name: 'closed', kind: 'never', path: ['/kfam/*'], reaches: {} }], { now })
 */
export function prove(mesh: Mesh, claims: readonly Claim[], options: ProveOptions): Proof[] {
  const view = new View(mesh, options)
  const callers = principalsFor(mesh, claims).map((principal) => callerOf(mesh, principal, options.now))
  const proofs = new Map<Claim, Proof>()
  for (const group of byHeaders(claims)) {
    const judge = new Judge(view, callers, options.now)
    for (const [index, proof] of proveTogether(view, judge, group).entries())
      proofs.set(group[index] as Claim, proof)
  }
  return claims.map((claim) => proofs.get(claim) as Proof)
}

/** Each header a claim names parts all requests once more: those of other claims would only multiply the work. */
function byHeaders(claims: readonly Claim[]): readonly (readonly Claim[])[] {
  const groups = new Map<string, Claim[]>()
  for (const claim of claims) {
    const names = (claim.header ?? [])
      .map(([name]) => name)
      .sort()
      .join()
    groups.set(names, [...(groups.get(names) ?? []), claim])
  }
  return [...groups.values()]
}

function proveTogether(view: View, judge: Judge, claims: readonly Claim[]): readonly Proof[] {
  const { callers } = judge
  const meant = claims.map(
    (claim) => new Set(callers.flatMap(({ name }, index) => (meansCaller(claim, name) ? [index] : []))),
  )
  const found: (Candidate | undefined)[] = claims.map(() => undefined)
  const unknown: (string | undefined)[] = claims.map((claim, index) =>
    meant[index]?.size === 0 ? `nobody in this YAML is \`${claim.principal?.join('`, `')}\`` : undefined,
  )
  for (const cell of cellsOf([view], { asked: askedBy(claims) })) {
    const about = claims.flatMap((claim, index) => (meansCell(claim, cell) ? [index] : []))
    if (about.length === 0) continue
    const inside = cell.entrance.service !== undefined
    const open = about.filter((index) => {
      const claim = claims[index] as Claim
      return claim.kind === 'never' || isUsual(claim, cell)
    })
    const who = callers.flatMap((caller, at) =>
      isInside(caller) === inside && open.some((index) => meant[index]?.has(at)) ? [at] : [],
    )
    if (who.length === 0) continue
    if (cell.unknown !== undefined) {
      for (const index of open) {
        // Where no route is nothing is allowed.
        const { kind, reaches } = claims[index] as Claim
        const asked = reaches.verdict ?? ['allow']
        const moot = cell.unrouted && kind === 'never' && asked.every((verdict) => verdict === 'allow')
        if (!moot) unknown[index] ??= cell.unknown
      }
      continue
    }
    for (const { callers: bits, outcome } of judge.groups(cell, 0, bitsOf(callers.length, who))) {
      const same = membersOf(bits)
      for (const index of open) {
        const claim = claims[index] as Claim
        const means = (at: number) => meant[index]?.has(at) && meansHeaders(claim, cell, callers[at] as never)
        // No proxy may tell callers apart whose headers a workload does.
        const each = claim.reaches.header === undefined ? same.filter(means).slice(0, 1) : same.filter(means)
        for (const by of each) {
          const own = claim.reaches.header === undefined ? outcome : judge.decide(cell, 0, by)
          if (own === undefined) continue
          const claimed = claim.reaches.verdict?.includes('unknown') === true
          if (own.verdict === 'unknown' && !claimed && !surelyNot(claim, own)) {
            unknown[index] ??= `${own.reason} at ${cell.host}${cell.path}`
            continue
          }
          if (reached(claim.reaches, own) !== (claim.kind === 'never')) continue
          const principal = callers[by]?.name ?? ''
          const size = cell.variation.size * 1000 + cell.host.length + cell.path.length
          if (size < (found[index]?.size ?? Number.POSITIVE_INFINITY)) {
            found[index] = { size, principal, cell, caller: by, outcome: own }
          }
        }
      }
    }
  }
  return claims.map((claim, index) => proofOf(claim, found[index], unknown[index], judge))
}

function proofOf(
  { name }: Claim,
  candidate: Candidate | undefined,
  unknown: string | undefined,
  judge: Judge,
): Proof {
  if (candidate === undefined) {
    return unknown === undefined ? { name, outcome: 'holds' } : { name, outcome: 'unknown', reason: unknown }
  }
  const { cell, caller, principal } = candidate
  // Asked again, for exactly this caller and request.
  const said = judge.decideWhole(cell, 0, caller)
  if (said?.verdict !== candidate.outcome.verdict)
    throw new Error(`the witness of claim ${name} does not stand`)
  const { verdict, reason, service } = said
  return {
    name,
    outcome: 'violated',
    principal,
    witness: witnessOf(cell, judge.callers[caller]),
    got: { verdict, reason, ...(service !== undefined && { service }) },
  }
}

/** Those found in the YAML, and those a claim names that are not there. */
function principalsFor(mesh: Mesh, claims: readonly Claim[]): readonly Principal[] {
  const all = new Map(findPrincipals(mesh).map((principal) => [nameOf(principal), principal]))
  for (const { principal, notPrincipal } of claims) {
    for (const text of [...(principal ?? []), ...(notPrincipal ?? [])]) {
      const named = text.includes('*') ? undefined : parsePrincipal(text)
      if (named === undefined) continue
      for (const forged of [false, true]) all.set(nameOf({ ...named, forged }), { ...named, forged })
    }
  }
  return [...all.values()]
}
