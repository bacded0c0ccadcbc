/**
 * In which order a plan's changes are made: so that no moment lets through what neither the door before
 * nor the door after does. Closing before opening is often such an order; where a change does both, others
 * are tried, and where there is none the plan says what the moment lets through.
 */
import {
  type AccessDiff,
  type Asking,
  type Doors,
  diffAccess,
  type Excess,
  findExcess,
  passageOf,
  type Seen,
} from '../regions/index.ts'
import type { Change, Effect } from './plan.ts'

export interface Ordered {
  /** Each with the effect it has where it stands. */
  readonly changes: readonly Change[]
  /** What is let through after some change and by neither end; undefined = nothing, proved. */
  readonly excess?: Excess & { readonly afterChange: number }
}

export interface OrderOptions extends Asking {
  /** The door with these changes made, and how it is looked at. */
  readonly doorWith: (changes: readonly Change[]) => Seen
  readonly doors: Doors
}

const rank: Readonly<Record<Effect, number>> = { closes: 0, neutral: 1, opens: 2 }

/** More moments are not looked at; a plan of a handful of changes needs far fewer. */
const mostMoments = 40

export function orderChanges(changes: readonly Change[], options: OrderOptions): Ordered {
  const moments = new Moments(options, changes)
  const usual = [...changes].sort((a, b) => rank[a.effect] - rank[b.effect])
  const passage = passageOf(moments.row(usual), options, options.doors)
  const first = passage.excess.findIndex((each) => each !== undefined)
  if (first === -1) return { changes: withEffects(usual, passage.effects) }
  for (const [at, excess] of passage.excess.entries()) moments.learn(usual.slice(0, at + 1), excess)
  const found = safe(usual, [], moments)
  if (found !== undefined) {
    return { changes: withEffects(found, passageOf(moments.row(found), options, options.doors).effects) }
  }
  const excess = { ...(passage.excess[first] as Excess), afterChange: first + 1 }
  return { changes: withEffects(usual, passage.effects), excess }
}

const withEffects = (changes: readonly Change[], effects: readonly Effect[]) =>
  changes.map((each, at) => ({ ...each, effect: effects[at] ?? each.effect }))

/** The rest of the changes behind those made, every moment of it safe; undefined = there is no such order. */
function safe(
  left: readonly Change[],
  made: readonly Change[],
  moments: Moments,
): readonly Change[] | undefined {
  if (left.length === 0) return []
  for (const [index, next] of left.entries()) {
    const rest = left.filter((_, at) => at !== index)
    if (rest.length > 0 && !moments.isSafe([...made, next])) continue
    const behind = safe(rest, [...made, next], moments)
    if (behind !== undefined) return [next, ...behind]
  }
  return undefined
}

class Moments {
  readonly #seen = new Map<string, Seen>()
  readonly #excess = new Map<string, Excess | undefined>()
  readonly #options: OrderOptions
  readonly #all: readonly Change[]

  constructor(options: OrderOptions, all: readonly Change[]) {
    this.#options = options
    this.#all = all
  }

  isSafe(made: readonly Change[]): boolean {
    const key = this.#keyOf(made)
    if (!this.#excess.has(key)) {
      if (this.#excess.size >= mostMoments) return false
      const [start, moment, end] = [[], made, this.#all].map((each) => this.#at(each)) as [Seen, Seen, Seen]
      this.#excess.set(key, findExcess(start, moment, end, this.#options, this.#options.doors))
    }
    return this.#excess.get(key) === undefined
  }

  learn(made: readonly Change[], excess: Excess | undefined): void {
    this.#excess.set(this.#keyOf(made), excess)
  }

  /** From the door before any to the door after all. */
  row(order: readonly Change[]): readonly Seen[] {
    return [[], ...order.map((_, index) => order.slice(0, index + 1))].map((made) => this.#at(made))
  }

  #at(made: readonly Change[]): Seen {
    const key = this.#keyOf(made)
    let seen = this.#seen.get(key)
    if (seen === undefined) {
      seen = this.#options.doorWith(made)
      this.#seen.set(key, seen)
    }
    return seen
  }

  /** In whichever order they were made. */
  #keyOf(made: readonly Change[]): string {
    return made
      .map((change) => this.#all.indexOf(change))
      .sort((a, b) => a - b)
      .join()
  }
}

export function compare(
  before: Seen,
  after: Seen,
  { now, principals, doors }: Omit<OrderOptions, 'doorWith'>,
): AccessDiff {
  return diffAccess(before.mesh, after.mesh, {
    now,
    doors,
    old: before.view,
    new: after.view,
    ...(principals && { principals }),
  })
}
