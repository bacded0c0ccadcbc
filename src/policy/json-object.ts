/**
 * JSON as protobuf reads it into a Struct, which is what Envoy sees of a token: stricter than
 * JSON.parse about names that come twice, lone surrogates, numbers that overflow and depth; laxer
 * about single quotes, bare names, raw control characters and a comma at the end. `null` is the empty
 * object. (Seen on Envoy 1.40, value by value.)
 */
export type JsonObject = { readonly [name: string]: unknown }

/** undefined when it is no object, or not JSON to protobuf. */
export function readJsonObject(text: string): JsonObject | undefined {
  try {
    const value = new Reader(text).whole()
    if (value === null) return {}
    return typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : undefined
  } catch (error) {
    if (error === malformed) return undefined
    throw error
  }
}

/** Thrown inside this file only. */
const malformed = new Error('malformed JSON')
const deepest = 100

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

class Reader {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): unknown {
    const value = this.#value()
    this.#space()
    if (this.#at !== this.#text.length) throw malformed
    return value
  }

  #space(): void {
    while (' \t\n\r'.includes(this.#text[this.#at] ?? 'x')) this.#at++
  }

  #next(): string {
    this.#space()
    return this.#text[this.#at] ?? ''
  }

  #value(): unknown {
    const first = this.#next()
    if (first === '{') return this.#nested(() => this.#object())
    if (first === '[') return this.#nested(() => this.#array())
    if (first === '"' || first === "'") return this.#string(first)
    const literal = this.#take(/(?:true|false|null)(?![A-Za-z0-9_])/y)
    if (literal !== undefined) return literal === 'null' ? null : literal === 'true'
    const number = Number(
      this.#take(/-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_.])/y),
    )
    if (!Number.isFinite(number)) throw malformed
    return number
  }

  /** What the pattern takes here, and moves past it. */
  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > deepest) throw malformed
    this.#at++
    const value = read()
    this.#depth--
    return value
  }

  #object(): JsonObject {
    const entries = new Map<string, unknown>()
    while (this.#next() !== '}') {
      const name = this.#name()
      if (this.#next() !== ':' || entries.has(name)) throw malformed
      this.#at++
      entries.set(name, this.#value())
      if (!this.#comma('}')) break
    }
    this.#at++
    // Not assigned one by one: `__proto__` is a name like any other.
    return Object.fromEntries(entries)
  }

  #array(): readonly unknown[] {
    const values: unknown[] = []
    while (this.#next() !== ']') {
      values.push(this.#value())
      if (!this.#comma(']')) break
    }
    this.#at++
    return values
  }

  /** true = a comma was read, which the end may follow; false = the end is next. */
  #comma(end: string): boolean {
    const next = this.#next()
    if (next === end) return false
    if (next !== ',') throw malformed
    this.#at++
    return true
  }

  #name(): string {
    const first = this.#next()
    if (first === '"' || first === "'") return this.#string(first)
    const bare = this.#take(/[A-Za-z_][A-Za-z0-9_]*/y)
    if (bare === undefined || bare === 'true' || bare === 'false' || bare === 'null') throw malformed
    return bare
  }

  #string(quote: string): string {
    let value = ''
    for (this.#at++; ; this.#at++) {
      const char = this.#text[this.#at]
      if (char === undefined) throw malformed
      if (char === quote) break
      value += char === '\\' ? this.#escape() : char
    }
    this.#at++
    if (!value.isWellFormed()) throw malformed
    return value
  }

  #escape(): string {
    const char = this.#text[++this.#at] ?? ''
    if (char !== 'u') {
      const plain = Object.hasOwn(escapes, char) ? escapes[char] : undefined
      if (plain === undefined) throw malformed
      return plain
    }
    const digits = this.#text.slice(this.#at + 1, this.#at + 5)
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw malformed
    this.#at += 4
    return String.fromCharCode(Number.parseInt(digits, 16))
  }
}
