/**
 * What of an auth service's own settings lets requests through without a sign-in: paths its regular
 * expressions take. It looks at the decoded path, so `%64ex` is `dex` to it.
 */
import type { Question } from '../policy/index.ts'
import { type CharSet, charSet, namedSet, single } from './char-set.ts'
import type { Label, Nfa, Starts } from './nfa.ts'
import type { PatternSet } from './pattern-set.ts'
import type { Through } from './through.ts'

export interface SignIn {
  /** As `explain` is given it. */
  readonly answer: NonNullable<Question['provider']>
  readonly exemptions: readonly Exemption[]
  /** Every setting the answers depend on: the same text means the same answers. */
  readonly content: string
}

export interface Exemption {
  /** RE2, found anywhere in the decoded path. */
  readonly source: string
  readonly method?: string
  matches(path: string): boolean
}

/** `source` found anywhere, as an expression of the whole text. */
function anywhere(source: string): string {
  return `(?s:.*)(?:${source})(?s:.*)`
}

/** Everything the exemptions can tell paths apart by. */
export function addExemptions(patterns: PatternSet, signIn: SignIn, prefixes: readonly string[]): void {
  if (signIn.exemptions.length === 0) return
  // A path that cannot be decoded is looked at as it is.
  patterns.addBuilt('decodable', decodable)
  for (const { source } of signIn.exemptions) {
    const pattern = { kind: 'match', match: { kind: 'regex', text: anywhere(source) } } as const
    for (const prefix of prefixes) {
      patterns.add([pattern], decodedBehind(prefix))
      patterns.add([pattern], behind(prefix))
    }
  }
}

function behind(prefix: string): Through {
  return { name: `behind ${prefix}`, preimage: (nfa, starts) => nfa.run(starts, prefix) }
}

/** Texts that are the pattern's once `prefix` stands before them and escapes are decoded. */
function decodedBehind(prefix: string): Through {
  return {
    name: `decoded behind ${prefix}`,
    preimage: (nfa, starts) => escaped(nfa, nfa.run(starts, prefix)),
  }
}

/** The same patterns over texts in which any character may be written `%XX`. */
function escaped(nfa: Nfa, starts: Starts): Starts {
  const seen = new Set(starts)
  const todo = [...seen]
  for (let state = todo.pop(); state !== undefined; state = todo.pop()) {
    for (const { set, to } of [...(nfa.edges[state] ?? [])]) {
      const every = set.every((member) => member === 1)
      addByte(nfa, state, (value) => (value < 128 ? set[value] === 1 : every), to)
      if (seen.has(to)) continue
      seen.add(to)
      todo.push(to)
    }
  }
  return starts
}

/** What `decodeURIComponent` takes: every percent sign begins a byte of well-formed UTF-8 (RFC 3629). */
function decodable(nfa: Nfa, label: Label): Starts {
  const start = nfa.state(label)
  nfa.edge(
    start,
    charSet((code) => code !== percentSign),
    start,
  )
  const within = (low: number, high: number) => (value: number) => value >= low && value <= high
  const more = within(0x80, 0xbf)
  const [one, two, three] = [nfa.state(), nfa.state(), nfa.state()]
  const bytes: readonly (readonly [from: number, test: (value: number) => boolean, to: number])[] = [
    [start, within(0, 0x7f), start],
    [start, within(0xc2, 0xdf), one],
    [start, (value) => within(0xe1, 0xef)(value) && value !== 0xed, two],
    [start, within(0xf1, 0xf3), three],
    [three, more, two],
    [two, more, one],
    [one, more, start],
  ]
  for (const [from, test, to] of bytes) addByte(nfa, from, test, to)
  const first: readonly (readonly [lead: number, low: number, high: number, to: number])[] = [
    [0xe0, 0xa0, 0xbf, one],
    [0xed, 0x80, 0x9f, one],
    [0xf0, 0x90, 0xbf, two],
    [0xf4, 0x80, 0x8f, two],
  ]
  for (const [lead, low, high, to] of first) {
    const next = nfa.state()
    addByte(nfa, start, (value) => value === lead, next)
    addByte(nfa, next, within(low, high), to)
  }
  return [start]
}

const percentSign = 37

/** `%XX` of each byte that passes the test. */
function addByte(nfa: Nfa, from: number, test: (value: number) => boolean, to: number): void {
  const percent = nfa.state()
  let any = false
  for (let first = 0; first < 16; first++) {
    const seconds = Array.from({ length: 16 }, (_, at) => at).filter((at) => test(first * 16 + at))
    if (seconds.length === 0) continue
    any = true
    const half = nfa.state()
    nfa.edge(percent, digit(first), half)
    nfa.edge(half, digits(seconds), to)
  }
  if (any) nfa.edge(from, single(percentSign), percent)
}

function digits(values: readonly number[]): CharSet {
  const texts = values.map((value) => value.toString(16))
  return namedSet(`hex ${texts.join('')}`, (code) => texts.includes(String.fromCharCode(code).toLowerCase()))
}

function digit(value: number): CharSet {
  return digits([value])
}
