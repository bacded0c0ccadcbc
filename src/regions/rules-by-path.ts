import { type Entry, PathShelves, type ProxyInsight, type Rule } from '../policy/index.ts'
import { rulesOf } from './stage.ts'

/** Fewer are tried in turn. */
const smallest = 24

/** Among thousands of rules those whose `paths` leave a path a chance, in the proxy's order. */
export class RulesByPath {
  readonly rules: readonly Rule[]
  readonly #all: readonly number[]
  readonly #shelves: PathShelves | undefined

  constructor(insight: ProxyInsight) {
    this.rules = rulesOf(insight)
    this.#all = [...this.rules.keys()]
    if (this.rules.length < smallest) return
    this.#shelves = new PathShelves()
    for (const [number, { to }] of this.rules.entries()) {
      const keys = keysOf(to)
      if (keys === undefined) this.#shelves.leave(number)
      else for (const { kind, text } of keys) this.#shelves.file(kind, text, number)
    }
  }

  /** Places in `rules`. */
  meeting(path: string): readonly number[] {
    return this.#shelves?.meeting(path) ?? this.#all
  }
}

/** One of them holds for whatever path the rule takes; undefined = it may take any. */
function keysOf(to: readonly Entry[]) {
  const each = to.map(({ fields }) => fields.find((field) => field.name === 'paths' && !field.negated)?.keys)
  if (each.some((keys) => keys === undefined)) return undefined
  return each.flatMap((keys) => keys ?? [])
}
