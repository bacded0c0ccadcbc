import type { CharSet } from './char-set.ts'
import type { Nfa, State } from './nfa.ts'

/** Characters that lead to the same states. */
export interface Step {
  readonly targets: Int32Array
  /** Places in the alphabet, ascending. */
  readonly places: readonly number[]
}

/** Characters that the same of some sets hold. */
interface Kind {
  /** Which of the sets, by their place in the list. */
  readonly held: readonly number[]
  readonly places: readonly number[]
}

/**
 * What follows a set of states, character by character, the characters grouped by where they lead.
 * Edges carry few different sets, and states that stand together mostly the same ones: how those part
 * the alphabet is found once.
 */
export function expander(nfa: Nfa, codes: readonly number[]): (subset: Int32Array) => readonly Step[] {
  const placeOf = new Int32Array(128).fill(-1)
  for (const [place, code] of codes.entries()) placeOf[code] = place
  const ids = new Map<CharSet, number>()
  const sets: CharSet[] = []
  const known = new Map<string, readonly Kind[]>()
  const kindsOf = (present: readonly number[]): readonly Kind[] => {
    const key = present.join()
    let kinds = known.get(key)
    if (kinds === undefined) {
      kinds = partAlphabet(
        codes,
        present.map((id) => sets[id] as CharSet),
      )
      known.set(key, kinds)
    }
    return kinds
  }
  return (subset) => {
    const narrow = new Map<number, State[]>()
    const wide = new Map<number, State[]>()
    for (const state of subset) {
      for (const { code, set, to } of nfa.edges[state] ?? []) {
        if (code >= 0) {
          if ((placeOf[code] ?? -1) >= 0) push(narrow, code, to)
          continue
        }
        let id = ids.get(set)
        if (id === undefined) {
          id = sets.length
          ids.set(set, id)
          sets.push(set)
        }
        push(wide, id, to)
      }
    }
    const present = [...wide.keys()].sort((a, b) => a - b)
    const targets = present.map((id) => wide.get(id) as State[])
    const steps: Step[] = []
    const left = new Set(narrow.keys())
    for (const { held, places } of kindsOf(present)) {
      const all = held.flatMap((at) => targets[at] as State[])
      const mine: number[] = []
      for (const place of places) {
        const code = codes[place] ?? -1
        const own = left.delete(code) ? narrow.get(code) : undefined
        if (own === undefined) mine.push(place)
        else steps.push({ targets: statesOf([...own, ...all]), places: [place] })
      }
      if (mine.length > 0) steps.push({ targets: statesOf(all), places: mine })
    }
    for (const code of left) {
      steps.push({ targets: statesOf(narrow.get(code) as State[]), places: [placeOf[code] ?? 0] })
    }
    return steps.sort((a, b) => (a.places[0] ?? 0) - (b.places[0] ?? 0))
  }
}

function push(map: Map<number, State[]>, key: number, state: State): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [state])
  else list.push(state)
}

function statesOf(list: readonly State[]): Int32Array {
  if (list.length === 1) return Int32Array.from(list)
  return Int32Array.from(new Set(list)).sort()
}

/** Characters that none of them holds are in no kind. */
function partAlphabet(codes: readonly number[], sets: readonly CharSet[]): readonly Kind[] {
  let kindOf = new Int32Array(codes.length)
  let kinds: { held: number[]; places: number[] }[] = [{ held: [], places: [...codes.keys()] }]
  for (const [at, set] of sets.entries()) {
    // Each set parts the kinds so far into what it holds and what it does not.
    const next: typeof kinds = []
    const inside = new Map<number, number>()
    const outside = new Map<number, number>()
    const parted = new Int32Array(codes.length)
    for (const [place, code] of codes.entries()) {
      const before = kindOf[place] ?? 0
      const holds = set[code] === 1
      const side = holds ? inside : outside
      let kind = side.get(before)
      if (kind === undefined) {
        kind = next.length
        side.set(before, kind)
        const held = kinds[before]?.held ?? []
        next.push({ held: holds ? [...held, at] : held, places: [] })
      }
      next[kind]?.places.push(place)
      parted[place] = kind
    }
    kinds = next
    kindOf = parted
  }
  return kinds.filter(({ held }) => held.length > 0)
}
