/**
 * In which order a plan's changes are made: so that no moment lets through what neither the door before
 * nor the door after does. Closing before opening is often such an order; where a change does both, others
 * are tried, and where there is none the plan says what the moment lets through.
 */
import type { Principal } from '../policy/index.ts'
import {
  type AccessDiff,
  diffAccess,
  type Excess,
  effectBetween,
  findExcess,
  type Seen,
} from '../regions/index.ts'
import type { Change, Effect } from './plan.ts'

export interface Ordered {
  /** Each with the effect it has where it stands. */
  readonly changes: readonly Change[]
  /** What is let through after some change and by neither end; undefined = nothing, proved. */
  readonly excess?: Excess & { readonly afterChange: number }
}

export interface Question {
  /** Seconds since the epoch. */
  readonly now: number
  /** Callers asked about beside those found in the YAML. */
  readonly principals?: readonly Principal[]
}

export interface OrderOptions extends Question {
  /** The door with these changes made, and how it is looked at. */
  readonly doorWith: (changes: readonly Change[]) => Seen
}

const rank: Readonly<Record<Effect, number>> = { closes: 0, neutral: 1, opens: 2 }

/** More moments are not looked at; a plan of a handful of changes needs far fewer. */
const mostMoments = 40

export function orderChanges(changes: readonly Change[], options: OrderOptions): Ordered {
  const [start, end] = [options.doorWith([]), options.doorWith(changes)]
  const usual = [...changes].sort((a, b) => rank[a.effect] - rank[b.effect])
  if (usual.length <= 1)
    return { changes: usual.map((each) => ({ ...each, effect: effectBetween(start, end, options) })) }
  const moments = new Moments(start, end, options)
  const found = safe(usual, [], moments)
  const order = found ?? usual
  const seen = [
    start,
    ...order.map((_, index) =>
      index + 1 === order.length ? end : moments.at(order.slice(0, index + 1)).seen,
    ),
  ]
  const withEffects = order.map((each, index) => ({
    ...each,
    effect: effectBetween(seen[index] as Seen, seen[index + 1] as Seen, options),
  }))
  if (found !== undefined) return { changes: withEffects }
  for (let made = 1; made < order.length; made++) {
    const { excess } = moments.at(order.slice(0, made))
    if (excess !== undefined) return { changes: withEffects, excess: { ...excess, afterChange: made } }
  }
  return { changes: withEffects }
}

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

interface Moment {
  readonly seen: Seen
  readonly excess: Excess | undefined
}

class Moments {
  readonly #known = new Map<string, Moment>()
  readonly #start: Seen
  readonly #end: Seen
  readonly #options: OrderOptions
  readonly #ids = new Map<Change, number>()

  constructor(start: Seen, end: Seen, options: OrderOptions) {
    this.#start = start
    this.#end = end
    this.#options = options
  }

  isSafe(made: readonly Change[]): boolean {
    if (this.#known.size >= mostMoments && !this.#known.has(this.#keyOf(made))) return false
    return this.at(made).excess === undefined
  }

  at(made: readonly Change[]): Moment {
    const key = this.#keyOf(made)
    let moment = this.#known.get(key)
    if (moment === undefined) {
      const seen = this.#options.doorWith(made)
      moment = { seen, excess: findExcess(this.#start, seen, this.#end, this.#options) }
      this.#known.set(key, moment)
    }
    return moment
  }

  #keyOf(made: readonly Change[]): string {
    return made
      .map((change) => {
        let id = this.#ids.get(change)
        if (id === undefined) {
          id = this.#ids.size
          this.#ids.set(change, id)
        }
        return id
      })
      .sort((a, b) => a - b)
      .join()
  }
}

export function compare(before: Seen, after: Seen, { now, principals }: Question): AccessDiff {
  return diffAccess(before.mesh, after.mesh, {
    now,
    old: before.view,
    new: after.view,
    ...(principals && { principals }),
  })
}
