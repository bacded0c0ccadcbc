/**
 * RE2 expressions into the arena, from the very program RE2 runs: what is matched here is what the
 * engine matches. The whole text has to match, as everywhere in Envoy.
 */
import { RE2JS } from 're2js'
import { anyChar, type CharSet, charSet, eitherCase, single } from './char-set.ts'
import type { Label, Nfa, Starts, State } from './nfa.ts'

/** `re2js` instruction codes (`Inst` in its source; the same in Go's regexp/syntax). */
const op = {
  alt: 1,
  altMatch: 2,
  capture: 3,
  empty: 4,
  fail: 5,
  match: 6,
  nop: 7,
  rune: 8,
  rune1: 9,
  runeAny: 10,
  runeAnyNotNewline: 11,
} as const
const begins = 1 | 4
const ends = 2 | 8
const foldCase = 1

interface Instruction {
  readonly op: number
  readonly out: number
  readonly arg: number
  readonly runes: Int32Array
}

/** undefined = RE2 does not take it, or it asks for what is not translated (`\b`, look-behind). */
export function expression(nfa: Nfa, source: string, label: Label): Starts | undefined {
  let program: { readonly inst: readonly Instruction[]; readonly start: number }
  try {
    program = (RE2JS.compile(source).re2() as unknown as { readonly prog: typeof program }).prog
  } catch {
    return undefined
  }
  const { inst, start } = program
  const known = Object.values(op) as readonly number[]
  if (inst.some((each) => !known.includes(each.op))) return undefined
  if (inst.some((each) => each.op === op.empty && (each.arg & ~(begins | ends)) !== 0)) return undefined
  const states = new Map<number, State>()
  const pending: [State, number, boolean][] = []
  /** The state behind a rune instruction: at most one each. */
  const behind = (at: number): State => {
    let state = states.get(at)
    if (state === undefined) {
      state = nfa.state()
      states.set(at, state)
      pending.push([state, inst[at]?.out ?? 0, false])
    }
    return state
  }
  const first = nfa.state()
  pending.push([first, start, true])
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [state, from, atStart] = next
    for (const at of closure(inst, from, atStart, false)) {
      const set = runesOf(inst[at] as Instruction)
      if (set !== undefined) nfa.edge(state, set, behind(at))
    }
    if (closure(inst, from, atStart, true).some((at) => inst[at]?.op === op.match)) nfa.mark(state, label)
  }
  return [first]
}

/** Instructions reached without reading: what begins needs the start, what ends needs the end. */
function closure(
  inst: readonly Instruction[],
  from: number,
  atStart: boolean,
  atEnd: boolean,
): readonly number[] {
  const seen = new Set<number>()
  const found: number[] = []
  const todo = [from]
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    const each = inst[at]
    if (each === undefined || seen.has(at)) continue
    seen.add(at)
    switch (each.op) {
      case op.alt:
      case op.altMatch:
        todo.push(each.out, each.arg)
        break
      case op.capture:
      case op.nop:
        todo.push(each.out)
        break
      case op.empty:
        if ((each.arg & begins) !== 0 && !atStart) break
        if ((each.arg & ends) !== 0 && !atEnd) break
        todo.push(each.out)
        break
      default:
        found.push(at)
    }
  }
  return found
}

function runesOf(each: Instruction): CharSet | undefined {
  const { runes } = each
  switch (each.op) {
    case op.runeAny:
      return anyChar
    case op.runeAnyNotNewline:
      return anyChar
    case op.rune1:
      return single(runes[0] ?? asciiEnd)
    case op.rune: {
      if (runes.length === 1) {
        const code = runes[0] ?? asciiEnd
        return (each.arg & foldCase) === 0 ? single(code) : eitherCase(code)
      }
      return charSet((code) => {
        for (let i = 0; i + 1 < runes.length; i += 2) {
          if (code >= (runes[i] ?? 0) && code <= (runes[i + 1] ?? -1)) return true
        }
        return false
      })
    }
    default:
      return undefined
  }
}

const asciiEnd = 128
