import type { CharSet } from './char-set.ts'
import type { Nfa, State } from './nfa.ts'
import { ascending } from './small-sort.ts'

/** Characters that lead to the same states. */
export interface Step {
  /** Ascending, each once. */
  readonly targets: readonly State[]
  /** Places in the alphabet, ascending. */
  readonly places: readonly number[]
}

/** Characters that the same of some sets hold. */
interface Kind {
  /** Which of the sets, by their place in the list. */
  readonly held: readonly number[]
  readonly places: readonly number[]
}

/** How some sets part the alphabet. */
interface Kinds {
  readonly list: readonly Kind[]
  /** By place in the alphabet; -1 = none of the sets holds it. */
  readonly of: Int32Array
}

/**
 * What follows a set of states, character by character, the characters grouped by where they lead.
 * Edges carry few different sets, and states that stand together mostly the same ones: how those part
 * the alphabet is found once. Thousands of states are expanded in a process that runs once, so what is
 * written on the way is kept and used again.
 */
export function expander(nfa: Nfa, codes: readonly number[]): (subset: readonly State[]) => readonly Step[] {
  const sets = new Sets(codes)
  const pairs: (readonly number[] | undefined)[] = []
  const narrow: State[][] = codes.map(() => [])
  const narrowPlaces: number[] = []
  const wide: State[][] = []
  const present: number[] = []
  const marks = new Uint32Array(nfa.edges.length)
  let stamp = 0
  const merged = (lists: readonly (readonly State[])[]): State[] => {
    stamp++
    const states: State[] = []
    for (let at = 0; at < lists.length; at++) {
      const list = lists[at] as readonly State[]
      for (let i = 0; i < list.length; i++) {
        const state = list[i] as State
        if (marks[state] === stamp) continue
        marks[state] = stamp
        states.push(state)
      }
    }
    return ascending(states)
  }
  const spread = (state: State) => {
    const own = pairs[state] ?? sets.pairsOf(nfa, state)
    pairs[state] = own
    for (let at = 0; at < own.length; at += 2) {
      const place = own[at] as number
      const to = own[at + 1] as State
      if (place >= 0) {
        const list = narrow[place] as State[]
        if (list.length === 0) narrowPlaces.push(place)
        list.push(to)
        continue
      }
      wide[~place] ??= []
      const list = wide[~place] as State[]
      if (list.length === 0) present.push(~place)
      list.push(to)
    }
  }
  return (subset) => {
    for (let at = 0; at < subset.length; at++) spread(subset[at] as State)
    ascending(present)
    const { list, of } = sets.kindsOf(present)
    const steps: Step[] = []
    const reached = list.map(({ held }) => held.map((at) => wide[present[at] as number] as State[]))
    ascending(narrowPlaces)
    for (let kind = 0; kind < list.length; kind++) {
      const { places } = list[kind] as Kind
      let left = places
      for (let at = 0; at < narrowPlaces.length; at++) {
        const place = narrowPlaces[at] as number
        if (of[place] === kind) left = left.filter((each) => each !== place)
      }
      if (left.length > 0) steps.push({ targets: merged(reached[kind] as State[][]), places: left })
    }
    for (let at = 0; at < narrowPlaces.length; at++) {
      const place = narrowPlaces[at] as number
      const kind = of[place] as number
      const own = narrow[place] as State[]
      const lists = kind < 0 ? [own] : [own, ...(reached[kind] as State[][])]
      steps.push({ targets: merged(lists), places: [place] })
      own.length = 0
    }
    narrowPlaces.length = 0
    for (let at = 0; at < present.length; at++) (wide[present[at] as number] as State[]).length = 0
    present.length = 0
    return steps.sort(byPlace)
  }
}

const byPlace = (one: Step, other: Step) => (one.places[0] ?? 0) - (other.places[0] ?? 0)

/** The sets of characters edges carry, and how those that stand together part the alphabet. */
class Sets {
  readonly #codes: readonly number[]
  readonly #placeOf = new Int32Array(128).fill(-1)
  readonly #ids = new Map<CharSet, number>()
  readonly #sets: CharSet[] = []
  readonly #known = new Map<string, Kinds>()

  constructor(codes: readonly number[]) {
    this.#codes = codes
    for (const [place, code] of codes.entries()) this.#placeOf[code] = place
  }

  /** Two numbers an edge: the place of its one character or the complement of its set's number, and where it leads. */
  pairsOf(nfa: Nfa, state: State): readonly number[] {
    const pairs: number[] = []
    for (const { code, set, to } of nfa.edges[state] ?? []) {
      if (code < 0) pairs.push(~this.#id(set), to)
      else if ((this.#placeOf[code] ?? -1) >= 0) pairs.push(this.#placeOf[code] as number, to)
    }
    return pairs
  }

  kindsOf(present: readonly number[]): Kinds {
    const key = present.join()
    let kinds = this.#known.get(key)
    if (kinds === undefined) {
      kinds = partAlphabet(
        this.#codes,
        present.map((id) => this.#sets[id] as CharSet),
      )
      this.#known.set(key, kinds)
    }
    return kinds
  }

  #id(set: CharSet): number {
    let id = this.#ids.get(set)
    if (id === undefined) {
      id = this.#sets.length
      this.#ids.set(set, id)
      this.#sets.push(set)
    }
    return id
  }
}

function partAlphabet(codes: readonly number[], sets: readonly CharSet[]): Kinds {
  const list: { readonly held: readonly number[]; readonly places: number[] }[] = []
  const of = new Int32Array(codes.length).fill(-1)
  const byHeld = new Map<string, number>()
  const held: number[] = []
  for (let place = 0; place < codes.length; place++) {
    const code = codes[place] as number
    held.length = 0
    for (let at = 0; at < sets.length; at++) if (sets[at]?.[code] === 1) held.push(at)
    if (held.length === 0) continue
    // Neighbours in the alphabet are mostly held by the same.
    const before = place > 0 ? (of[place - 1] as number) : -1
    let kind = before >= 0 && isSame(list[before]?.held ?? [], held) ? before : -1
    if (kind < 0) {
      const key = held.join()
      kind = byHeld.get(key) ?? -1
      if (kind < 0) {
        kind = list.length
        byHeld.set(key, kind)
        list.push({ held: [...held], places: [] })
      }
    }
    list[kind]?.places.push(place)
    of[place] = kind
  }
  return { list, of }
}

function isSame(one: readonly number[], other: readonly number[]): boolean {
  if (one.length !== other.length) return false
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false
  return true
}
