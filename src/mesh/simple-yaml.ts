import { resolvePlain } from './scalar.ts'
import type { MapEntry, MapNode, ScalarNode, SeqNode, TreeNode } from './tree.ts'

/**
 * The YAML people write, read in one pass over its lines: block mappings and lists, scalars on one
 * line, flow collections on one line, literal blocks. Ten times as fast as a whole YAML parser, and it
 * never guesses: at anything else (anchors, tags, folded or continued text, tabs, a key written
 * twice, anything wrong) it answers `undefined`, and the document is read by the real one. On what it
 * does read, both give the same tree; simple-yaml.test.ts holds them side by side.
 */
export function readSimpleYaml(
  text: string,
  firstLine: number,
  lineOf: (line: number) => number,
): TreeNode | undefined {
  if (odd.test(text)) return undefined
  try {
    return new SimpleReader(text, firstLine, lineOf).document()
  } catch (error) {
    if (error === notSimple) return undefined
    throw error
  }
}

/** Tabs, control characters, directives, and spaces that are only spaces to JavaScript. */
const odd =
  /[^\n -~\u00a1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff\u3001-\ud7ff\ue000-\ufefe\uff00-\ufffd]|^%/m

const notSimple: unique symbol = Symbol('not simple')
const deepest = 48

interface Line {
  readonly indent: number
  /** Without the indentation. */
  readonly text: string
  /** Place among all lines. */
  readonly at: number
}

const plainKey = /^([A-Za-z_$./][\w$@./-]*|[0-9][\w./-]*):(?= |$)/
const quotedKey = /^(?:"([^"\\]*)"|'([^']*)'):(?= |$)/
const doubleQuoted = /^"(?:[^"\\]|\\["\\/nrtbf]|\\u[0-9a-fA-F]{4})*"/
const singleQuoted = /^'(?:[^']|'')*'/
const rest = /^ *(?: #.*)?$/

class SimpleReader {
  readonly #raw: readonly string[]
  readonly #first: number
  readonly #lineOf: (line: number) => number
  /** The line to look at; a list item's first line is looked at again with what follows the dash. */
  #line: Line | undefined
  #depth = 0

  constructor(text: string, first: number, lineOf: (line: number) => number) {
    this.#raw = text.split('\n')
    this.#first = first
    this.#lineOf = lineOf
    this.#advance(-1)
    if (this.#line?.indent === 0 && /^---(?: *| +#.*)$/.test(this.#line.text)) this.#advance(this.#line.at)
  }

  document(): TreeNode | undefined {
    const line = this.#line
    if (!line) throw notSimple
    const tree = this.#block(line.indent)
    if (this.#line) throw notSimple
    return tree
  }

  /** To the next line after `at` that is neither blank nor a comment. */
  #advance(at: number): void {
    for (let next = at + 1; next < this.#raw.length; next++) {
      const raw = this.#raw[next] as string
      let indent = 0
      while (raw.charCodeAt(indent) === 32) indent++
      if (indent === raw.length || raw.charCodeAt(indent) === 35 /* # */) continue
      this.#line = { indent, text: raw.slice(indent), at: next }
      return
    }
    this.#line = undefined
  }

  #number(line: Line): number {
    return this.#lineOf(line.at + this.#first)
  }

  #block(indent: number): TreeNode {
    if (++this.#depth > deepest) throw notSimple
    const line = this.#line as Line
    const tree = isDash(line.text) ? this.#list(indent) : this.#mapping(indent)
    this.#depth--
    return tree
  }

  #mapping(indent: number): MapNode {
    const entries = new Map<string, MapEntry>()
    const begin = this.#number(this.#line as Line)
    while (this.#line && this.#line.indent === indent) {
      const line: Line = this.#line
      const match = plainKey.exec(line.text) ?? quotedKey.exec(line.text)
      if (!match) throw notSimple
      const key = match[1] ?? match[2] ?? ''
      if (entries.has(key)) throw notSimple
      const value = this.#value(line.text.slice(match[0].length), indent, line, true)
      entries.set(key, { key, line: this.#number(line), value })
    }
    if (this.#line && this.#line.indent > indent) throw notSimple
    return { kind: 'map', entries, line: begin }
  }

  #list(indent: number): SeqNode {
    const items: TreeNode[] = []
    const begin = this.#number(this.#line as Line)
    while (this.#line && this.#line.indent === indent && isDash(this.#line.text)) {
      const line: Line = this.#line
      const after = line.text.slice(1)
      const inner = after.trimStart()
      if (isDash(inner) || plainKey.test(inner) || quotedKey.test(inner)) {
        const inside = indent + line.text.length - inner.length
        this.#line = { indent: inside, text: inner, at: line.at }
        items.push(this.#block(inside))
      } else items.push(this.#value(after, indent, line, false))
    }
    if (this.#line && this.#line.indent > indent) throw notSimple
    return { kind: 'seq', items, line: begin }
  }

  /** What follows a key's colon or a dash, and leaves `#line` after it. */
  #value(after: string, indent: number, line: Line, ofKey: boolean): TreeNode {
    const text = after.trim()
    const number = this.#number(line)
    if (text === '' || text.startsWith('#')) {
      this.#advance(line.at)
      const next = this.#line
      if (next && next.indent > indent) return this.#block(next.indent)
      if (next && ofKey && next.indent === indent && isDash(next.text)) return this.#block(indent)
      return scalar(null, '', number)
    }
    if (text.startsWith('|')) return this.#literal(text, indent, line)
    const value = readInline(text, number)
    this.#advance(line.at)
    // Text that goes on below is somebody else's to join.
    if (this.#line && this.#line.indent > indent) throw notSimple
    return value
  }

  #literal(header: string, indent: number, line: Line): ScalarNode {
    const match = /^\|(-?)(?: +#.*)?$/.exec(header)
    if (!match) throw notSimple
    const lines: string[] = []
    let inside = -1
    let at = line.at + 1
    for (; at < this.#raw.length; at++) {
      const raw = this.#raw[at] as string
      let own = 0
      while (raw.charCodeAt(own) === 32) own++
      const blank = own === raw.length
      if (blank && own <= inside) {
        lines.push('')
        continue
      }
      // Blank lines before the text begins may count towards its indentation.
      if (blank && inside === -1) throw notSimple
      if (!blank && own <= indent) break
      if (inside === -1) inside = own
      if (own < inside) throw notSimple
      lines.push(raw.slice(inside))
    }
    if (inside === -1) throw notSimple
    while (lines.at(-1) === '') lines.pop()
    this.#advance(at - 1)
    const text = lines.join('\n') + (match[1] === '-' ? '' : '\n')
    return { kind: 'scalar', value: text, text, line: this.#number(line), literal: true }
  }
}

function isDash(text: string): boolean {
  return text.charCodeAt(0) === 45 /* - */ && (text.length === 1 || text.charCodeAt(1) === 32)
}

function scalar(value: ScalarNode['value'], text: string, line: number): ScalarNode {
  return { kind: 'scalar', value, text, line, literal: false }
}

/** A scalar or a flow collection that is all on one line. */
function readInline(text: string, line: number): TreeNode {
  const first = text.charAt(0)
  if (first === '{' || first === '[') {
    const flow = new FlowReader(text, line)
    const tree = flow.value(0)
    if (!rest.test(text.slice(flow.position))) throw notSimple
    return tree
  }
  if (first === '"' || first === "'") {
    const quoted = readQuoted(text)
    if (!quoted || !rest.test(text.slice(quoted.length))) throw notSimple
    return scalar(quoted.value, quoted.value, line)
  }
  const comment = text.indexOf(' #')
  const plain = comment === -1 ? text : text.slice(0, comment).trimEnd()
  if (!startsPlain(plain) || plain.includes(': ') || plain.endsWith(':')) throw notSimple
  return scalar(resolvePlain(plain), plain, line)
}

function readQuoted(text: string): { readonly value: string; readonly length: number } | undefined {
  const double = doubleQuoted.exec(text)?.[0]
  if (double !== undefined) return { value: JSON.parse(double) as string, length: double.length }
  const single = singleQuoted.exec(text)?.[0]
  if (single === undefined) return undefined
  return { value: single.slice(1, -1).replaceAll("''", "'"), length: single.length }
}

/** Indicators begin something else; `-`, `?` and `:` are text when a letter follows. */
function startsPlain(text: string): boolean {
  return !/^(?:[,[\]{}#&*!|>'"%@`]|[-?:](?: |$))/.test(text) && text !== ''
}

class FlowReader {
  position = 0
  readonly #text: string
  readonly #line: number

  constructor(text: string, line: number) {
    this.#text = text
    this.#line = line
  }

  value(depth: number): TreeNode {
    if (depth > deepest) throw notSimple
    const first = this.#text.charAt(this.position)
    if (first === '{') return this.#mapping(depth)
    if (first === '[') return this.#list(depth)
    if (first === '"' || first === "'") return this.#quoted()
    return this.#plain()
  }

  #quoted(): ScalarNode {
    const quoted = readQuoted(this.#text.slice(this.position))
    if (!quoted) throw notSimple
    this.position += quoted.length
    return scalar(quoted.value, quoted.value, this.#line)
  }

  #plain(): ScalarNode {
    const text = /^[^,[\]{}]*/.exec(this.#text.slice(this.position))?.[0] ?? ''
    const plain = text.trimEnd()
    if (!startsPlain(plain) || /: |:$| #/.test(plain)) throw notSimple
    this.position += text.length
    return scalar(resolvePlain(plain), plain, this.#line)
  }

  #list(depth: number): SeqNode {
    const items: TreeNode[] = []
    this.position++
    this.#spaces()
    if (!this.#take(']')) {
      do {
        this.#spaces()
        items.push(this.value(depth + 1))
        this.#spaces()
      } while (this.#take(','))
      if (!this.#take(']')) throw notSimple
    }
    return { kind: 'seq', items, line: this.#line }
  }

  #mapping(depth: number): MapNode {
    const entries = new Map<string, MapEntry>()
    this.position++
    this.#spaces()
    if (!this.#take('}')) {
      do {
        this.#spaces()
        const ahead = this.#text.slice(this.position)
        const match = plainKey.exec(ahead) ?? quotedKey.exec(ahead)
        if (!match) throw notSimple
        const key = match[1] ?? match[2] ?? ''
        if (entries.has(key)) throw notSimple
        this.position += match[0].length
        this.#spaces()
        const value = this.value(depth + 1)
        entries.set(key, { key, line: this.#line, value })
        this.#spaces()
      } while (this.#take(','))
      if (!this.#take('}')) throw notSimple
    }
    return { kind: 'map', entries, line: this.#line }
  }

  #spaces(): void {
    while (this.#text.charCodeAt(this.position) === 32) this.position++
  }

  #take(character: string): boolean {
    if (this.#text.charAt(this.position) !== character) return false
    this.position++
    return true
  }
}
