import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  Scalar,
} from 'yaml'
import type { Problem } from '../base/index.ts'
import { resolvePlain } from './scalar.ts'
import { readSimpleYaml } from './simple-yaml.ts'
import type { MapEntry, MapNode, TreeNode } from './tree.ts'

/** What one document may cost. A mesh is nowhere near; a bomb is stopped here. */
export const limits = {
  characters: 4 * 1024 * 1024,
  depth: 64,
  aliases: 100,
  /** Values after aliases were expanded. */
  values: 1_000_000,
} as const

export interface YamlSource {
  readonly file: string
  readonly text: string
  /** Line of the outer file for a line of `text`; both count from 1. */
  readonly lineOf?: (line: number) => number
  /** `false` = every document by the whole YAML parser; the tests compare. */
  readonly simple?: boolean
}

/**
 * Reads every document of a YAML or JSON text. A document that cannot be read is a problem and the
 * others are still read: they are cut apart at `---` first (a line no YAML scalar can contain), so an
 * unclosed quote ends with its own document. Never throws.
 */
export function parseYaml(source: YamlSource, problems: Problem[]): TreeNode[] {
  const text = source.text.charCodeAt(0) === 0xfeff ? source.text.slice(1) : source.text
  const lineOf = source.lineOf ?? ((line: number) => line)
  const trees: TreeNode[] = []
  for (const piece of cut(text)) {
    const problem = (code: string, message: string, line: number): void => {
      problems.push({ severity: 'error', code, message, at: { file: source.file, line: lineOf(line) } })
    }
    if (piece.text.length > limits.characters) {
      problem('too-large', `the document is larger than ${limits.characters / 1024 / 1024} MiB`, piece.line)
      continue
    }
    const simple = source.simple === false ? undefined : readSimpleYaml(piece.text, piece.line, lineOf)
    if (simple) {
      trees.push(simple)
      continue
    }
    const lines = new Lines(piece.text, piece.line)
    try {
      const document = parseDocument(piece.text, {
        schema: 'failsafe',
        uniqueKeys: false,
        prettyErrors: false,
        logLevel: 'silent',
        stringKeys: false,
      })
      const error = document.errors[0]
      if (error?.code === 'RESOURCE_EXHAUSTION') {
        problem('too-deep', `nested deeper than ${limits.depth} levels`, piece.line)
        continue
      }
      if (error) {
        problem('yaml-syntax', `not valid YAML: ${sentence(error.message)}`, lines.at(error.pos[0]))
        continue
      }
      const tree = new Converter(source.file, lines, lineOf, problems).document(document)
      if (tree) trees.push(tree)
    } catch (error) {
      if (error instanceof Refused) problem(error.code, error.message, error.line)
      // The composer recurses: a stack that runs out is nesting nobody wrote by hand.
      else if (error instanceof RangeError)
        problem('too-deep', `nested deeper than ${limits.depth} levels`, piece.line)
      else problem('yaml-syntax', `not valid YAML: ${sentence(String(error))}`, piece.line)
    }
  }
  return trees
}

interface Piece {
  readonly text: string
  /** The line `text` begins on. */
  readonly line: number
}

/** Cuts at document markers. Directives (`%YAML`) and comments alone are no document. */
function* cut(text: string): Generator<Piece> {
  let start = 0
  let line = 1
  let lineOfStart = 1
  let position = 0
  while (position <= text.length) {
    const end = text.indexOf('\n', position)
    const next = end === -1 ? text.length + 1 : end + 1
    if (isMarker(text, position)) {
      const before = text.slice(start, position)
      if (hasContent(before)) yield { text: before, line: lineOfStart }
      // `--- {a: 1}` and `--- # comment`: what follows on the line belongs to the new document.
      const ends = text.startsWith('...', position)
      start = ends ? Math.min(next, text.length) : position
      lineOfStart = ends ? line + 1 : line
    }
    if (end === -1) break
    position = next
    line++
  }
  const rest = text.slice(start)
  if (hasContent(rest)) yield { text: rest, line: lineOfStart }
}

function isMarker(text: string, position: number): boolean {
  if (!text.startsWith('---', position) && !text.startsWith('...', position)) return false
  const after = text.charCodeAt(position + 3)
  return Number.isNaN(after) || after === 10 || after === 13 || after === 32 || after === 9
}

const content = /^(?!---[ \t]*(?:#.*)?\r?$|[ \t]*(?:#.*)?\r?$|%)./m
function hasContent(text: string): boolean {
  return content.test(text)
}

/** Offsets to lines; the walk goes forward, so the last answer is nearly always the place to look. */
class Lines {
  readonly #starts: number[] = [0]
  readonly #first: number
  #last = 0

  constructor(text: string, first: number) {
    this.#first = first
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1)
  }

  at(offset: number): number {
    const starts = this.#starts
    let index = this.#last
    while (index > 0 && (starts[index] ?? 0) > offset) index--
    while (index + 1 < starts.length && (starts[index + 1] ?? 0) <= offset) index++
    this.#last = index
    return index + this.#first
  }
}

class Refused extends Error {
  readonly code: string
  readonly line: number
  constructor(code: string, message: string, line: number) {
    super(message)
    this.code = code
    this.line = line
  }
}

/** Turns the library's nodes into a tree: own scalar rules, aliases shared, merge keys spread. */
class Converter {
  readonly #file: string
  readonly #lines: Lines
  readonly #lineOf: (line: number) => number
  readonly #problems: Problem[]
  /** `undefined` while the anchored node is still being read: an alias to it would be a cycle. */
  readonly #anchors = new Map<string, { tree: TreeNode; values: number; depth: number } | undefined>()
  #aliases = 0
  #values = 0
  #deepest = 0

  constructor(file: string, lines: Lines, lineOf: (line: number) => number, problems: Problem[]) {
    this.#file = file
    this.#lines = lines
    this.#lineOf = lineOf
    this.#problems = problems
  }

  document(document: Document): TreeNode | undefined {
    return document.contents ? this.#node(document.contents as Node, 0, 0) : undefined
  }

  #node(node: Node | null | undefined, line: number, depth: number): TreeNode {
    if (depth > this.#deepest) this.#deepest = depth
    if (depth > limits.depth) throw new Refused('too-deep', `nested deeper than ${limits.depth} levels`, line)
    if (++this.#values > limits.values) {
      throw new Refused(
        'too-many-values',
        `more than ${limits.values} values after aliases were expanded`,
        line,
      )
    }
    if (!node) return { kind: 'scalar', value: null, text: '', line: this.#lineOf(line), literal: false }
    const own = node.range ? this.#lines.at(node.range[0]) : line
    if (isAlias(node)) return this.#alias(node, own, depth)
    const anchor = (node as { anchor?: string }).anchor
    if (anchor === undefined) return this.#plainNode(node, own, depth)

    this.#anchors.set(anchor, undefined)
    const values = this.#values
    const deepest = this.#deepest
    this.#deepest = depth
    const tree = this.#plainNode(node, own, depth)
    this.#anchors.set(anchor, { tree, values: this.#values - values, depth: this.#deepest - depth })
    this.#deepest = Math.max(deepest, this.#deepest)
    return tree
  }

  #alias(node: Alias, line: number, depth: number): TreeNode {
    if (++this.#aliases > limits.aliases) {
      throw new Refused('too-many-aliases', `more than ${limits.aliases} aliases in one document`, line)
    }
    const target = this.#anchors.get(node.source)
    if (!target) {
      const cyclic = this.#anchors.has(node.source)
      const what = cyclic ? 'contains itself' : 'has no anchor before it'
      throw new Refused(
        cyclic ? 'cyclic-alias' : 'unknown-alias',
        `the alias \`*${node.source}\` ${what}`,
        line,
      )
    }
    this.#values += target.values
    if (this.#values > limits.values) {
      throw new Refused(
        'too-many-values',
        `more than ${limits.values} values after aliases were expanded`,
        line,
      )
    }
    if (depth + target.depth > limits.depth) {
      throw new Refused('too-deep', `nested deeper than ${limits.depth} levels`, line)
    }
    return target.tree
  }

  #plainNode(node: Node, line: number, depth: number): TreeNode {
    if (isScalar(node)) return this.#scalar(node, line)
    if (isSeq(node)) {
      const items = node.items.map((item) => this.#node(item as Node, line, depth + 1))
      return { kind: 'seq', items, line: this.#lineOf(line) }
    }
    if (isMap(node)) return this.#map(node.items as { key: unknown; value: unknown }[], line, depth)
    throw new Refused('yaml-syntax', 'not valid YAML: a value of a kind YAML does not have', line)
  }

  #scalar(node: Scalar, line: number): TreeNode {
    const text = typeof node.value === 'string' ? node.value : String(node.value ?? '')
    const quoted = node.type !== undefined && node.type !== Scalar.PLAIN
    const tagged = node.tag === 'tag:yaml.org,2002:str' || node.tag === '!'
    const value = quoted || tagged ? text : resolvePlain(node.source ?? text)
    return {
      kind: 'scalar',
      value,
      text,
      line: this.#lineOf(line),
      literal: node.type === Scalar.BLOCK_LITERAL,
    }
  }

  #map(pairs: readonly { key: unknown; value: unknown }[], line: number, depth: number): MapNode {
    const entries = new Map<string, MapEntry>()
    const merged: MapNode[] = []
    for (const pair of pairs) {
      const keyNode = this.#node(pair.key as Node, line, depth + 1)
      if (keyNode.kind !== 'scalar') {
        throw new Refused('yaml-syntax', 'a mapping key has to be a plain word', keyNode.line)
      }
      const own = (pair.key as Node | null)?.range ? this.#lines.at((pair.key as Node).range?.[0] ?? 0) : line
      const value = this.#node(pair.value as Node | null, own, depth + 1)
      const isMerge = keyNode.text === '<<' && isScalar(pair.key) && pair.key.type === Scalar.PLAIN
      if (isMerge) {
        merged.push(...this.#sources(value, own))
        continue
      }
      if (entries.has(keyNode.text)) {
        this.#problems.push({
          severity: 'warning',
          code: 'duplicate-key',
          message: `the key \`${keyNode.text}\` is written twice in one mapping; the last one counts`,
          at: { file: this.#file, line: keyNode.line },
        })
      }
      entries.set(keyNode.text, { key: keyNode.text, line: keyNode.line, value })
    }
    // YAML merge type: what is written wins over what is merged, an earlier source over a later one.
    for (const source of merged) {
      for (const entry of source.entries.values()) if (!entries.has(entry.key)) entries.set(entry.key, entry)
    }
    return { kind: 'map', entries, line: this.#lineOf(line) }
  }

  #sources(value: TreeNode, line: number): MapNode[] {
    if (value.kind === 'map') return [value]
    if (value.kind === 'seq' && value.items.every((item) => item.kind === 'map'))
      return value.items as MapNode[]
    throw new Refused('yaml-syntax', 'a merge key `<<` needs a mapping, or a list of mappings', line)
  }
}

/** The library's words, as part of one of our sentences. */
function sentence(message: string): string {
  const first = (message.split('\n', 1)[0] ?? '').replace(/[:.]$/, '')
  return first.charAt(0).toLowerCase() + first.slice(1)
}
