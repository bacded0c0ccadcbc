/**
 * JSON as the two readers in a KServe model server read it: orjson for V1 bodies, Python's own
 * `json` (through FastAPI) for V2 ones. They agree on what is valid, nearly, and never on what to
 * call what is not; both wordings are part of what a client sees.
 */

/** A number keeps how it was written, for a refused request is quoted back as Python would print it. */
export interface JsonNumber {
  readonly kind: 'int' | 'float'
  readonly value: number
  readonly text: string
}
export type JsonObject = ReadonlyMap<string, Json>
export type Json = null | boolean | string | JsonNumber | readonly Json[] | JsonObject

export type Reader = 'orjson' | 'json'

/** Not JSON: what the reader calls it, and where, in characters from 0. */
export class JsonRefused extends Error {
  override readonly name = 'JsonRefused'
  readonly reason: string
  readonly at: number
  /** `line 1 column 2 (char 1)`, as Python appends it. */
  readonly place: string

  constructor(reason: string, text: string, index: number) {
    super(reason)
    const before = text.slice(0, index)
    const lastLine = before.slice(before.lastIndexOf('\n') + 1)
    this.reason = reason
    // Python counts characters, JavaScript counts UTF-16 units.
    this.at = characters(before)
    this.place = `line ${before.split('\n').length} column ${characters(lastLine) + 1} (char ${this.at})`
  }
}

export const isObject = (value: Json | undefined): value is JsonObject => value instanceof Map
export const isNumber = (value: Json | undefined): value is JsonNumber =>
  typeof value === 'object' && value !== null && 'kind' in value

const characters = (text: string): number => [...text].length

/** orjson counts the document itself as one level. */
const deepest = 1024

/** @throws JsonRefused */
export function readJson(text: string, reader: Reader): Json {
  let i = 0
  const strict = reader === 'orjson'
  const refuse = (orjson: string, json: string, at = i): never => {
    throw new JsonRefused(strict ? orjson : json, text, at)
  }
  /** Where orjson reports the end of the text, Python reports what it was looking for. */
  const ended = (json: string, at = i): never =>
    refuse('unexpected end of data', json, strict ? text.length : at)
  const blank = () => {
    while (text[i] === ' ' || text[i] === '\t' || text[i] === '\n' || text[i] === '\r') i++
  }

  const readString = (): string => {
    const start = i++
    let out = ''
    for (;;) {
      const from = i
      while (i < text.length && text[i] !== '"' && text[i] !== '\\' && text.charCodeAt(i) >= 0x20) i++
      out += text.slice(from, i)
      if (i >= text.length) return ended('Unterminated string starting at', start)
      if (text[i] === '"') {
        i++
        return out
      }
      if (text[i] !== '\\') refuse('unexpected control character in string', 'Invalid control character at')
      out += readEscape(start)
    }
  }

  const readEscape = (start: number): string => {
    const at = i++
    const letter = text[i]
    if (letter === undefined) return ended('Unterminated string starting at', start)
    if (letter === 'u') return readUnit(at)
    const plain = escapes[letter]
    if (plain === undefined) return refuse('invalid escaped sequence in string', 'Invalid \\escape', at)
    i++
    return plain
  }

  const hex = (at: number): number | undefined => {
    const digits = text.slice(at, at + 4)
    return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : undefined
  }

  /** `\uXXXX`, and the second half of a pair. Python keeps a half that stands alone, orjson does not. */
  const readUnit = (at: number): string => {
    const first = hex(i + 1)
    if (first === undefined) {
      const cut = /^[0-9a-fA-F]{0,3}$/.test(text.slice(i + 1))
      if (cut) return ended('Invalid \\uXXXX escape', i)
      return refuse('invalid escaped sequence in string', 'Invalid \\uXXXX escape', strict ? at : i)
    }
    i += 5
    if (!strict || first < 0xd800 || first > 0xdfff) return String.fromCharCode(first)
    if (first >= 0xdc00) refuse('invalid high surrogate in string', '', at)
    if (text.slice(i, i + 2) !== '\\u') refuse('no low surrogate in string', '', at)
    const second = hex(i + 2)
    if (second === undefined || second < 0xdc00 || second > 0xdfff) {
      refuse('invalid low surrogate in string', '', at)
    }
    i += 6
    return String.fromCharCode(first, second as number)
  }

  const readNumber = (): JsonNumber => {
    const start = i
    if (!strict) {
      const found = /^-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/.exec(text.slice(i, i + 4096))
      if (!found) return refuse('', 'Expecting value')
      i += found[0].length
      return number(found[0], found[1] !== undefined || found[2] !== undefined)
    }
    let float = false
    const digits = (reason: string) => {
      if (i >= text.length) ended('')
      if (!isDigit(text[i])) refuse(reason, '')
      while (isDigit(text[i])) i++
    }
    if (text[i] === '-') i++
    const whole = i
    digits('no digit after sign')
    if (text[whole] === '0' && i > whole + 1) refuse('number with leading zero is not allowed', '', whole)
    if (text[i] === '.') {
      float = true
      i++
      digits('no digit after decimal point')
    }
    if (text[i] === 'e' || text[i] === 'E') {
      float = true
      i++
      if (text[i] === '+' || text[i] === '-') i++
      digits('no digit after exponent sign')
    }
    const read = number(text.slice(start, i), float)
    if (!Number.isFinite(read.value)) refuse('number is infinity when parsed as double', '', start)
    return read
  }

  const readLiteral = (): Json => {
    for (const [word, value] of literals) {
      if (text.startsWith(word, i)) {
        i += word.length
        return value
      }
      if (strict && text[i] === word[0]) {
        if (word.startsWith(text.slice(i))) return ended('')
        return refuse(`invalid literal, expected '${word}'`, '')
      }
    }
    // Python takes what JavaScript prints for numbers that are none.
    for (const word of strict ? [] : ['NaN', 'Infinity', '-Infinity']) {
      if (text.startsWith(word, i)) {
        i += word.length
        return { kind: 'float', value: Number(word), text: word }
      }
    }
    return refuse('unexpected character, expected a JSON value', 'Expecting value')
  }

  const readValue = (depth: number): Json => {
    if (depth > deepest) refuse('depth limit exceeded', 'maximum recursion depth exceeded')
    const next = text[i]
    if (next === undefined) return ended('Expecting value')
    if (next === '"') return readString()
    if (next === '{') return readObject(depth)
    if (next === '[') return readArray(depth)
    const numeric = strict ? /[-+.\d]/ : /[-\d]/
    if (numeric.test(next) && !(next === '-' && !strict && text[i + 1] === 'I')) return readNumber()
    return readLiteral()
  }

  const readArray = (depth: number): Json => {
    const items: Json[] = []
    i++
    blank()
    if (text[i] === ']') {
      i++
      return items
    }
    for (;;) {
      items.push(readValue(depth + 1))
      blank()
      if (text[i] === ']') {
        i++
        return items
      }
      const comma = separator(']')
      if (text[i] === ']') refuse('trailing comma is not allowed', 'Expecting value', strict ? comma : i)
    }
  }

  const readObject = (depth: number): Json => {
    const members = new Map<string, Json>()
    i++
    blank()
    if (text[i] === '}') {
      i++
      return members
    }
    for (;;) {
      if (i >= text.length) ended(expectedName)
      if (text[i] !== '"') refuse('unexpected character, expected a string key', expectedName)
      const name = readString()
      blank()
      if (i >= text.length) ended("Expecting ':' delimiter")
      if (text[i] !== ':') refuse("unexpected character, expected ':' after key", "Expecting ':' delimiter")
      i++
      blank()
      members.set(name, readValue(depth + 1))
      blank()
      if (text[i] === '}') {
        i++
        return members
      }
      const comma = separator('}')
      if (text[i] === '}') refuse('trailing comma is not allowed', expectedName, strict ? comma : i)
    }
  }

  /** Passes the comma and returns where it was. */
  const separator = (close: string): number => {
    if (i >= text.length) ended("Expecting ',' delimiter")
    if (text[i] !== ',') {
      refuse(`unexpected character, expected ',' or '${close}'`, "Expecting ',' delimiter")
    }
    const comma = i++
    blank()
    return comma
  }

  if (strict && text === '') refuse('Input is a zero-length, empty document', '')
  blank()
  if (strict && i >= text.length) refuse('input data is empty', '', 0)
  const value = readValue(1)
  blank()
  if (i < text.length) refuse('unexpected content after document', 'Extra data')
  return value
}

const expectedName = 'Expecting property name enclosed in double quotes'
const literals: readonly (readonly [word: string, value: Json])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
]
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}
const isDigit = (letter: string | undefined): boolean =>
  letter !== undefined && letter >= '0' && letter <= '9'
const number = (text: string, float: boolean): JsonNumber => ({
  kind: float ? 'float' : 'int',
  value: Number(text),
  text,
})
