/**
 * One automaton without epsilon edges that holds every pattern of an analysis side by side. A
 * pattern is a list of states to begin in; where it accepts, its label stands on the state. Many
 * patterns over one arena are run together by `partition.ts`.
 */
import { anyChar, type CharSet, eitherCase, segmentChar, single, templateChar } from './char-set.ts'

export type State = number
export type Label = number

export interface Edge {
  readonly set: CharSet
  /** The one character of `set`, or -1. */
  readonly code: number
  readonly to: State
}

/** Where a pattern begins, and whether the empty text matches it. */
export type Starts = readonly State[]

export class Nfa {
  readonly edges: Edge[][] = []
  /** Labels a text has that ends here. */
  readonly labels: Label[][] = []
  /** Whether patterns may share states: not where one is turned into another afterwards. */
  sharing = false
  readonly #roots: { beginnings?: State; endings?: State } = {}
  readonly #children = new Map<number, State>()

  state(...labels: readonly Label[]): State {
    this.edges.push([])
    this.labels.push([...labels])
    return this.edges.length - 1
  }

  edge(from: State, set: CharSet | undefined, to: State): void {
    // A character outside ASCII never comes, so neither does what is behind it.
    if (set === undefined) return
    let code = -1
    let size = 0
    for (let at = 0; at < set.length; at++) {
      if (set[at] !== 1) continue
      size++
      code = at
    }
    if (size > 0) this.edges[from]?.push({ set, code: size === 1 ? code : -1, to })
  }

  /** Reads `text` from `from`; the state behind it. */
  chain(from: State, text: string, ignoreCase = false): State {
    let at = from
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      const next = this.state()
      this.edge(at, ignoreCase ? eitherCase(code) : single(code), next)
      at = next
    }
    return at
  }

  mark(state: State, label: Label): void {
    if (!this.labels[state]?.includes(label)) this.labels[state]?.push(label)
  }

  exact(text: string, label: Label, ignoreCase = false): Starts {
    const { start, end } = this.#spelled('beginnings', text, ignoreCase)
    this.mark(end, label)
    return [start]
  }

  prefix(text: string, label: Label, ignoreCase = false): Starts {
    const { start, end } = this.#spelled('beginnings', text, ignoreCase)
    const behind = this.state(label)
    this.mark(end, label)
    this.edge(end, anyChar, behind)
    this.edge(behind, anyChar, behind)
    return [start]
  }

  suffix(text: string, label: Label, ignoreCase = false): Starts {
    const { start, end } = this.#spelled('endings', text, ignoreCase)
    this.mark(end, label)
    return [start]
  }

  /** A chain of its own, or a way through a tree all patterns share. */
  #spelled(
    tree: 'beginnings' | 'endings',
    text: string,
    ignoreCase: boolean,
  ): { readonly start: State; readonly end: State } {
    const shared = this.sharing && !ignoreCase
    const known = shared ? this.#roots[tree] : undefined
    const start = known ?? this.state()
    if (known === undefined && tree === 'endings') this.edge(start, anyChar, start)
    if (!shared) return { start, end: this.chain(start, text, ignoreCase) }
    this.#roots[tree] = start
    let at = start
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      const key = at * 65536 + code
      let next = this.#children.get(key)
      if (next === undefined) {
        next = this.state()
        this.edge(at, single(code), next)
        this.#children.set(key, next)
      }
      at = next
    }
    return { start, end: at }
  }

  contains(text: string, label: Label): Starts {
    const start = this.state()
    this.edge(start, anyChar, start)
    const end = this.chain(start, text)
    this.mark(end, label)
    this.edge(end, anyChar, end)
    return [start]
  }

  /** One character at least, or any text. */
  anything(label: Label, least: 0 | 1): Starts {
    const start = this.state()
    const end = least === 0 ? start : this.state()
    if (least === 1) this.edge(start, anyChar, end)
    this.mark(end, label)
    this.edge(end, anyChar, end)
    return [start]
  }

  /** Literal text and `{*}` (`segment`), `{**}` (`text`), as in a path template. */
  template(parts: readonly (string | { readonly operator: 'segment' | 'text' })[], label: Label): Starts {
    let heads: State[] = [this.state()]
    const starts = heads
    for (const part of parts) {
      if (typeof part === 'string') {
        let join: State | undefined
        for (let i = 0; i < part.length; i++) {
          const next = this.state()
          const set = single(part.charCodeAt(i))
          for (const head of join === undefined ? heads : [join]) this.edge(head, set, next)
          join = next
        }
        if (join !== undefined) heads = [join]
      } else {
        const next = this.state()
        const set = part.operator === 'segment' ? segmentChar : templateChar
        for (const head of heads) this.edge(head, set, next)
        this.edge(next, set, next)
        heads = part.operator === 'segment' ? [next] : [...heads, next]
      }
    }
    for (const head of heads) this.mark(head, label)
    return starts
  }

  /** The states after reading `text`. */
  run(starts: Starts, text: string): Starts {
    let now = new Set(starts)
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      const next = new Set<State>()
      for (const state of now) {
        for (const edge of this.edges[state] ?? []) if (edge.set[code] === 1) next.add(edge.to)
      }
      now = next
    }
    return [...now]
  }

  /** A state that behaves like all of these together. */
  merged(states: Starts): State {
    const [only] = states
    if (states.length === 1 && only !== undefined) return only
    const state = this.state()
    this.join(state, states)
    return state
  }

  /** Gives `state` the edges and labels of the others too. */
  join(state: State, others: Starts): void {
    for (const other of others) {
      this.edges[state]?.push(...(this.edges[other] ?? []))
      for (const label of this.labels[other] ?? []) this.mark(state, label)
    }
  }
}
