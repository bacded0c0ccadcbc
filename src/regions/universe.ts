/**
 * The texts that can occur at all: paths as they are after normalization, authorities, header and
 * query values. A request whose path is written otherwise is, for every filter, the request with the
 * path it is normalized to. Left out, and said so in ADR 0055: the odd path that a second normalization
 * would change again (`/%4%41`, which becomes `/%4A`).
 */
import type { PathRules } from '../policy/index.ts'
import { type CharSet, charSet, charsOf, namedSet } from './char-set.ts'
import type { Label, Nfa, Starts, State } from './nfa.ts'

const lower = 'abcdefghijklmnopqrstuvwxyz'
const upper = lower.toUpperCase()
const digits = '0123456789'

/** What people like to read comes first: a witness takes the first character that will do. */
export const pathAlphabet = `x${lower.replace('x', '')}${digits}/-_.~${upper}:@,;=+!$&'()*[]%"<>\\^\`{|}`
export const hostAlphabet = `x${lower.replace('x', '')}${digits}-._${upper}!$%&'()*+,;=@~:[]`
export const valueAlphabet = `x${lower.replace('x', '')}${digits}-_./:@=+ ${upper}!"#$%&'()*,;<>?[\\]^\`{|}~`

/** The query value's alphabet has nothing that ends it. */
export const queryAlphabet = [...valueAlphabet].filter((each) => !'#& '.includes(each)).join('')

/** Of a query as a whole. */
export const wholeQueryAlphabet = `${queryAlphabet}&`

const hex = `${digits}abcdefABCDEF`
const unreserved = (code: number) => /[-\w~.]/.test(String.fromCharCode(code))
/** Chromium's canonicalizer leaves these as they are; anything else becomes `%XX`. */
const kept = charSet(
  (code) => "!$&'()*+,/:;=@[]%.-_~".includes(String.fromCharCode(code)) || unreserved(code),
)
const printable = charSet((code) => code > 32 && code < 127 && code !== 35 && code !== 63)

/** Paths that normalization leaves as they are, without query. Envoy `path_utility.cc`. */
export function canonicalPath(nfa: Nfa, rules: PathRules, label: Label): Starts {
  const chars = rules.normalize ? kept : printable
  const start = nfa.state()
  const segment = nfa.state(label)
  const inside = nfa.state(label)
  nfa.edge(start, charsOf('/'), segment)
  if (rules.mergeSlashes) {
    // Of nothing but slashes two are left.
    const first = nfa.state()
    nfa.edge(start, charsOf('/'), first)
    nfa.edge(first, charsOf('/'), nfa.state(label))
  } else {
    nfa.edge(segment, charsOf('/'), segment)
  }
  nfa.edge(inside, charsOf('/'), segment)
  const plain = without(chars, '/%.')
  const escapedBy =
    rules.normalize || rules.escapedSlashes !== 'keep' ? escapes(nfa, rules, label) : undefined
  /** What may follow anywhere: plain text, an escape, and (behind the first character) a dot. */
  const follow = (from: State, dots: boolean) => {
    nfa.edge(from, plain, inside)
    if (dots) nfa.edge(from, charsOf('.'), inside)
    nfa.edge(from, charsOf('%'), escapedBy?.percent ?? inside)
  }
  follow(inside, true)
  if (rules.normalize) {
    const dot = nfa.state()
    const twoDots = nfa.state()
    follow(segment, false)
    nfa.edge(segment, charsOf('.'), dot)
    follow(dot, false)
    nfa.edge(dot, charsOf('.'), twoDots)
    follow(twoDots, true)
  } else {
    follow(segment, true)
  }
  escapedBy?.connect(inside, segment, plain)
  return [start]
}

/** `%XY` that stays as written, and a percent sign without two digits behind it. */
function escapes(nfa: Nfa, rules: PathRules, label: Label) {
  const percent = nfa.state(label)
  return {
    percent,
    connect(inside: State, segment: State, plain: CharSet) {
      const notHex = without(plain, hex)
      const broken = (from: State) => {
        nfa.edge(from, notHex, inside)
        nfa.edge(from, charsOf('.'), inside)
        nfa.edge(from, charsOf('/'), segment)
        nfa.edge(from, charsOf('%'), percent)
      }
      broken(percent)
      for (const first of hex) {
        const half = nfa.state(label)
        nfa.edge(percent, charsOf(first), half)
        broken(half)
        const kind = `${first} ${rules.normalize} ${rules.escapedSlashes}`
        const second = namedSet(`stays escaped: ${kind}`, (code) => {
          const digit = String.fromCharCode(code)
          return hex.includes(digit) && staysEscaped(Number.parseInt(first + digit, 16), rules)
        })
        nfa.edge(half, second, inside)
      }
    },
  }
}

function staysEscaped(value: number, rules: PathRules): boolean {
  if (rules.escapedSlashes !== 'keep' && (value === 0x2f || value === 0x5c)) return false
  return !rules.normalize || !(value === 0 || (value < 128 && unreserved(value)))
}

const cut = new WeakMap<CharSet, Map<string, CharSet>>()

function without(set: CharSet, characters: string): CharSet {
  const known = cut.get(set) ?? new Map<string, CharSet>()
  cut.set(set, known)
  const found =
    known.get(characters) ??
    charSet((code) => set[code] === 1 && !characters.includes(String.fromCharCode(code)))
  known.set(characters, found)
  return found
}

/** Whatever Envoy takes as an authority: a name, an address in brackets, colons wherever they stand. */
export function authority(nfa: Nfa, label: Label): Starts {
  const start = nfa.state()
  const name = nfa.state(label)
  const set = charsOf(hostAlphabet)
  nfa.edge(start, set, name)
  nfa.edge(name, set, name)
  return [start]
}

/** No blanks at the ends: they are taken off before anything looks. */
export function headerText(nfa: Nfa, alphabet: string, label: Label, empty: boolean): Starts {
  const start = empty ? nfa.state(label) : nfa.state()
  const inside = nfa.state(label)
  const blank = nfa.state()
  const text = charsOf(alphabet.replace(' ', ''))
  for (const from of [start, inside, blank]) nfa.edge(from, text, inside)
  if (alphabet.includes(' ')) {
    for (const from of [inside, blank]) nfa.edge(from, charsOf(' '), blank)
  }
  return [start]
}
