import { isTemplateLiteral } from '../policy/index.ts'

/** Sets of ASCII characters: what a request line and a header may hold. Shared, never changed. */
export type CharSet = Uint8Array

const asciiSize = 128

export function charSet(test: (code: number) => boolean): CharSet {
  const set = new Uint8Array(asciiSize)
  for (let code = 0; code < asciiSize; code++) if (test(code)) set[code] = 1
  return set
}

const spelled = new Map<string, CharSet>()

export function charsOf(text: string): CharSet {
  return namedSet(text, (code) => text.includes(String.fromCharCode(code)))
}

/** One set for one name: what patterns share is built once, and seen to be the same. */
export function namedSet(name: string, test: (code: number) => boolean): CharSet {
  let set = spelled.get(name)
  if (set === undefined) {
    set = charSet(test)
    spelled.set(name, set)
  }
  return set
}

const singles: CharSet[] = []

/** The set of one character; undefined where it is not ASCII, which no request has. */
export function single(code: number): CharSet | undefined {
  if (code >= asciiSize) return undefined
  let set = singles[code]
  if (set === undefined) {
    set = charSet((other) => other === code)
    singles[code] = set
  }
  return set
}

const folded: CharSet[] = []

/** A letter in both cases. */
export function eitherCase(code: number): CharSet | undefined {
  if (code >= asciiSize) return undefined
  let set = folded[code]
  if (set === undefined) {
    const letter = String.fromCharCode(code).toLowerCase()
    set = charSet((other) => String.fromCharCode(other).toLowerCase() === letter)
    folded[code] = set
  }
  return set
}

export const anyChar = charSet(() => true)
/** What `{*}` of a path template takes, and `{**}`: the engine's own list. */
export const segmentChar = charSet((code) => isTemplateLiteral[code] === true)
export const templateChar = charSet((code) => code === 47 || segmentChar[code] === 1)
