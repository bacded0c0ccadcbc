/**
 * Labelled subset construction: all texts, parted by which patterns take them. Only what is
 * reached is built, and patterns that a beginning rules out cost nothing from there on. The first
 * text found in a class is its shortest, with the most readable characters.
 */
import { expander } from './expand.ts'
import type { Label, Nfa, Starts, State } from './nfa.ts'

/** Texts that exactly these patterns take. */
export interface TextClass {
  readonly id: number
  readonly labels: ReadonlySet<Label>
  /** Its shortest text. */
  readonly witness: string
}

export interface Partition {
  readonly classes: readonly TextClass[]
  /** undefined = outside the universe. */
  classOf(text: string): TextClass | undefined
  /** A text of the class: a random walk of about `length` characters; `random` gives 0 up to 1. */
  sample(of: TextClass, random: () => number, length: number): string
}

export interface PartitionInput {
  readonly nfa: Nfa
  readonly starts: Starts
  /** Characters in the order in which a person likes to read them. */
  readonly alphabet: string
  /** A text without all of these labels is outside the universe; each comes from its own starts only. */
  readonly universes: readonly Universe[]
  /** More states than this are given up. */
  readonly most?: number
}

export interface Universe {
  readonly label: Label
  readonly starts: Starts
}

interface DfaState {
  readonly subset: Int32Array
  /** By place in the alphabet; -1 = nothing follows. */
  readonly next: Int32Array
  readonly depth: number
  readonly from: number
  readonly by: string
  classId: number
}

/** undefined = too many states. */
export function partition(input: PartitionInput): Partition | undefined {
  const { nfa, alphabet, universes } = input
  const most = input.most ?? 60_000
  const codes = [...alphabet].map((character) => character.charCodeAt(0))
  const places = new Int32Array(128).fill(-1)
  for (const [place, code] of codes.entries()) places[code] = place
  const alive = universes.map((each) => reaching(nfa, each))
  const labels = universes.map((each) => each.label)
  const expand = expander(nfa, codes)
  const states: DfaState[] = []
  const known = new Map<number, number[]>()
  const classes: TextClass[] = []
  const byLabels = new Map<string, number>()

  const textTo = (index: number): string => {
    let text = ''
    for (let at = index; at > 0; at = states[at]?.from ?? 0) text = (states[at]?.by ?? '') + text
    return text
  }
  const add = (subset: Int32Array, from: number, by: string): number => {
    // Without a way to the end of the universe nothing of it counts.
    for (const each of alive) if (!subset.some((state) => each[state] === 1)) return -1
    const hash = hashOf(subset)
    const alike = known.get(hash)
    const before = alike?.find((index) => sameStates(states[index]?.subset, subset))
    if (before !== undefined) return before
    const index = states.length
    const depth = from < 0 ? 0 : (states[from]?.depth ?? 0) + 1
    const next = new Int32Array(codes.length).fill(-1)
    const state: DfaState = { subset, next, depth, from, by, classId: -1 }
    states.push(state)
    if (alike === undefined) known.set(hash, [index])
    else alike.push(index)
    const own = labelsOf(nfa, subset)
    if (labels.every((label) => own.includes(label))) {
      const name = own.join(',')
      let id = byLabels.get(name)
      if (id === undefined) {
        id = classes.length
        byLabels.set(name, id)
        classes.push({ id, labels: new Set(own), witness: textTo(index) })
      }
      state.classId = id
    }
    return index
  }

  add(Int32Array.from(new Set(input.starts)).sort(), -1, '')
  for (let index = 0; index < states.length; index++) {
    if (states.length > most) return undefined
    const state = states[index] as DfaState
    for (const { targets, places } of expand(state.subset)) {
      const target = add(targets, index, alphabet[places[0] ?? 0] ?? '')
      for (const place of places) state.next[place] = target
    }
  }
  const steps = stepsToClasses(states, classes.length)
  return {
    classes,
    classOf(text) {
      let at = states.length === 0 ? -1 : 0
      for (let i = 0; i < text.length && at >= 0; i++) {
        const place = places[text.charCodeAt(i)] ?? -1
        at = place < 0 ? -1 : (states[at]?.next[place] ?? -1)
      }
      const id = at < 0 ? -1 : (states[at]?.classId ?? -1)
      return classes[id]
    },
    sample: (of, random, length) => sampleOf(states, alphabet, steps(of.id), of.id, random, length),
  }
}

/** FNV-1a over the numbers. */
function hashOf(subset: Int32Array): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < subset.length; at++) hash = Math.imul(hash ^ (subset[at] ?? 0), 0x01000193)
  return hash
}

function sameStates(one: Int32Array | undefined, other: Int32Array): boolean {
  if (one?.length !== other.length) return false
  for (let at = 0; at < other.length; at++) if (one[at] !== other[at]) return false
  return true
}

const ascending = (a: number, b: number) => a - b

function labelsOf(nfa: Nfa, subset: Int32Array): Label[] {
  const labels = new Set<Label>()
  for (const state of subset) for (const label of nfa.labels[state] ?? []) labels.add(label)
  return [...labels].sort(ascending)
}

/** States from which a text of the universe can end, marked 1. */
function reaching(nfa: Nfa, { label, starts }: Universe): Uint8Array {
  const before = new Map<State, State[]>()
  const seen = new Set<State>(starts)
  const todo = [...seen]
  const ends: State[] = []
  for (let state = todo.pop(); state !== undefined; state = todo.pop()) {
    if (nfa.labels[state]?.includes(label)) ends.push(state)
    for (const { to } of nfa.edges[state] ?? []) {
      const list = before.get(to)
      if (list === undefined) before.set(to, [state])
      else list.push(state)
      if (seen.has(to)) continue
      seen.add(to)
      todo.push(to)
    }
  }
  const alive = new Uint8Array(nfa.edges.length)
  for (const state of ends) alive[state] = 1
  for (let state = ends.pop(); state !== undefined; state = ends.pop()) {
    for (const earlier of before.get(state) ?? []) {
      if (alive[earlier] === 1) continue
      alive[earlier] = 1
      ends.push(earlier)
    }
  }
  return alive
}

/** For each class: how far every state is from a text of it. Computed when first asked. */
function stepsToClasses(states: readonly DfaState[], count: number): (id: number) => Int32Array {
  const known: (Int32Array | undefined)[] = new Array(count).fill(undefined)
  let before: number[][] | undefined
  return (id) => {
    let steps = known[id]
    if (steps !== undefined) return steps
    if (before === undefined) {
      before = states.map(() => [])
      for (const [index, state] of states.entries()) {
        for (const to of new Set(state.next)) if (to >= 0) before[to]?.push(index)
      }
    }
    steps = new Int32Array(states.length).fill(-1)
    let layer = states.flatMap((state, index) => (state.classId === id ? [index] : []))
    for (const index of layer) steps[index] = 0
    for (let depth = 1; layer.length > 0; depth++) {
      const next: number[] = []
      for (const index of layer) {
        for (const earlier of before[index] ?? []) {
          if (steps[earlier] !== -1) continue
          steps[earlier] = depth
          next.push(earlier)
        }
      }
      layer = next
    }
    known[id] = steps
    return steps
  }
}

function sampleOf(
  states: readonly DfaState[],
  alphabet: string,
  steps: Int32Array,
  id: number,
  random: () => number,
  length: number,
): string {
  let text = ''
  let at = 0
  for (;;) {
    const state = states[at] as DfaState
    const wander = text.length < length
    if (state.classId === id && !wander) return text
    const choices: number[] = []
    for (let place = 0; place < alphabet.length; place++) {
      const to = state.next[place] ?? -1
      if (to < 0 || steps[to] === -1) continue
      if (wander || (steps[to] ?? 0) < (steps[at] ?? 0)) choices.push(place)
    }
    if (choices.length === 0) return text
    const place = choices[Math.floor(random() * choices.length)] as number
    text += alphabet[place]
    at = state.next[place] ?? 0
  }
}
