/**
 * Labelled subset construction: all texts, parted by which patterns take them. Only what is
 * reached is built, and patterns that a beginning rules out cost nothing from there on. The first
 * text found in a class is its shortest, with the most readable characters.
 */
import { expander, type Step } from './expand.ts'
import type { Label, Nfa, Starts, State } from './nfa.ts'
import { ascending } from './small-sort.ts'

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

/** The automaton that was built, a column each; -1 = none. */
interface Built {
  readonly size: number
  /** `width` places a state, by place in the alphabet. */
  readonly next: Int32Array
  readonly width: number
  readonly classIds: readonly number[]
}

/** undefined = too many states. */
export function partition(input: PartitionInput): Partition | undefined {
  const { nfa, alphabet, universes } = input
  const most = input.most ?? 60_000
  const codes = [...alphabet].map((character) => character.charCodeAt(0))
  const width = codes.length
  const places = new Int32Array(128).fill(-1)
  for (const [place, code] of codes.entries()) places[code] = place
  const alive = universes.map((each) => reaching(nfa, each))
  const labels = universes.map((each) => each.label)
  const expand = expander(nfa, codes)
  const labelsOf = labelsIn(nfa)
  const subsets: (readonly State[])[] = []
  const from: number[] = []
  const by: number[] = []
  const classIds: number[] = []
  let next = new Int32Array(64 * width)
  /** The last state of a hash, and for each state the one before it. */
  const known = new Map<number, number>()
  const alike: number[] = []
  const classes: TextClass[] = []
  const byLabels = new Map<string, number>()

  const textTo = (index: number): string => {
    let text = ''
    for (let at = index; at > 0; at = from[at] ?? 0) text = (alphabet[by[at] ?? 0] ?? '') + text
    return text
  }
  const add = (subset: readonly State[], before: number, place: number): number => {
    // Without a way to the end of the universe nothing of it counts.
    for (const each of alive) if (!touches(each, subset)) return -1
    const hash = hashOf(subset)
    const last = known.get(hash) ?? -1
    for (let at = last; at >= 0; at = alike[at] ?? -1) {
      if (sameStates(subsets[at] ?? [], subset)) return at
    }
    const index = subsets.length
    subsets.push(subset)
    from.push(before)
    by.push(place)
    alike.push(last)
    known.set(hash, index)
    const own = labelsOf(subset)
    let id = -1
    if (labels.every((label) => own.includes(label))) {
      const name = own.join(',')
      id = byLabels.get(name) ?? -1
      if (id < 0) {
        id = classes.length
        byLabels.set(name, id)
        classes.push({ id, labels: new Set(own), witness: textTo(index) })
      }
    }
    classIds.push(id)
    return index
  }

  add(ascending([...new Set(input.starts)]), -1, 0)
  for (let index = 0; index < subsets.length; index++) {
    if (subsets.length > most) return undefined
    const row = index * width
    if (row + width > next.length) next = grown(next)
    next.fill(-1, row, row + width)
    const steps = expand(subsets[index] as readonly State[])
    for (let step = 0; step < steps.length; step++) {
      const { targets, places } = steps[step] as Step
      const target = add(targets, index, places[0] ?? 0)
      if (target < 0) continue
      for (let at = 0; at < places.length; at++) next[row + (places[at] as number)] = target
    }
  }
  const built: Built = { size: subsets.length, next, width, classIds }
  const steps = stepsToClasses(built, classes.length)
  return {
    classes,
    classOf(text) {
      let at = built.size === 0 ? -1 : 0
      for (let i = 0; i < text.length && at >= 0; i++) {
        const place = places[text.charCodeAt(i)] ?? -1
        at = place < 0 ? -1 : (next[at * width + place] ?? -1)
      }
      return classes[at < 0 ? -1 : (classIds[at] ?? -1)]
    },
    sample: (of, random, length) => sampleOf(built, alphabet, steps(of.id), of.id, random, length),
  }
}

function grown(list: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(list.length * 2)
  longer.set(list)
  return longer
}

function touches(marked: Uint8Array, subset: readonly State[]): boolean {
  for (let at = 0; at < subset.length; at++) if (marked[subset[at] as State] === 1) return true
  return false
}

/** FNV-1a over the numbers. */
function hashOf(subset: readonly State[]): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < subset.length; at++) hash = Math.imul(hash ^ (subset[at] as State), 0x01000193)
  return hash
}

function sameStates(one: readonly State[], other: readonly State[]): boolean {
  if (one.length !== other.length) return false
  for (let at = 0; at < other.length; at++) if (one[at] !== other[at]) return false
  return true
}

/** The labels of a set of states, ascending. */
function labelsIn(nfa: Nfa): (subset: readonly State[]) => Label[] {
  const marks: number[] = []
  let stamp = 0
  return (subset) => {
    stamp++
    const labels: Label[] = []
    for (let at = 0; at < subset.length; at++) {
      const own = nfa.labels[subset[at] as State] as readonly Label[]
      for (let i = 0; i < own.length; i++) {
        const label = own[i] as Label
        if (marks[label] === stamp) continue
        marks[label] = stamp
        labels.push(label)
      }
    }
    return ascending(labels)
  }
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
function stepsToClasses({ size, next, width, classIds }: Built, count: number): (id: number) => Int32Array {
  const known: (Int32Array | undefined)[] = new Array(count).fill(undefined)
  let before: number[][] | undefined
  return (id) => {
    let steps = known[id]
    if (steps !== undefined) return steps
    if (before === undefined) {
      before = Array.from({ length: size }, () => [])
      for (let index = 0; index < size; index++) {
        for (const to of new Set(next.subarray(index * width, (index + 1) * width))) {
          if (to >= 0) before[to]?.push(index)
        }
      }
    }
    steps = new Int32Array(size).fill(-1)
    let layer = classIds.flatMap((each, index) => (each === id ? [index] : []))
    for (const index of layer) steps[index] = 0
    for (let depth = 1; layer.length > 0; depth++) {
      const following: number[] = []
      for (const index of layer) {
        for (const earlier of before[index] ?? []) {
          if (steps[earlier] !== -1) continue
          steps[earlier] = depth
          following.push(earlier)
        }
      }
      layer = following
    }
    known[id] = steps
    return steps
  }
}

function sampleOf(
  { next, width, classIds }: Built,
  alphabet: string,
  steps: Int32Array,
  id: number,
  random: () => number,
  length: number,
): string {
  let text = ''
  let at = 0
  for (;;) {
    const wander = text.length < length
    if (classIds[at] === id && !wander) return text
    const choices: number[] = []
    for (let place = 0; place < width; place++) {
      const to = next[at * width + place] ?? -1
      if (to < 0 || steps[to] === -1) continue
      if (wander || (steps[to] ?? 0) < (steps[at] ?? 0)) choices.push(place)
    }
    if (choices.length === 0) return text
    const place = choices[Math.floor(random() * choices.length)] as number
    text += alphabet[place]
    at = next[at * width + place] ?? 0
  }
}
