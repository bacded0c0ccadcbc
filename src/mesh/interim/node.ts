import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml'
import type { At, Located, Problem } from '../../base/index.ts'

/** Where nodes come from: turns offsets into lines and collects what was odd about them. */
export interface Origin {
  readonly file: string
  readonly lines: LineCounter
  /** Added to every line: a block string's first line in the outer file, less one. */
  readonly lineOffset: number
  /** Set where every node stands on one line of the outer file (a quoted string). */
  readonly onlyLine?: number
  readonly problems: Problem[]
  readonly document: Document
  /** Nodes that may still be looked at: a few aliases can stand for billions. */
  budget: number
  /** `AuthorizationPolicy apps/p`, for messages. */
  subject: string
}

/** How deep values may nest, and how large one string may be: more is an attack, not a mesh. */
const deepest = 64

/**
 * A YAML value that remembers its place. Accessors answer `undefined` for what was not written and
 * note a problem for what has the wrong type, so readers never have to throw.
 */
export class Value {
  readonly #node: Node | null | undefined
  readonly #origin: Origin
  readonly #depth: number
  readonly #fallback: At
  /** `spec.rules[0].to`, for messages. */
  readonly path: string

  constructor(node: Node | null | undefined, origin: Origin, path: string, depth = 0, fallback?: At) {
    this.#node = resolve(node, origin, depth)
    this.#origin = origin
    origin.budget--
    this.#depth = depth
    this.#fallback = fallback ?? { file: origin.file, line: 1 + origin.lineOffset }
    this.path = path
  }

  get at(): At {
    const offset = this.#node?.range?.[0]
    if (this.#origin.onlyLine !== undefined) return { file: this.#origin.file, line: this.#origin.onlyLine }
    if (offset === undefined) return this.#fallback
    return {
      file: this.#origin.file,
      line: this.#origin.lines.linePos(offset).line + this.#origin.lineOffset,
    }
  }

  /** Written, and not null. */
  get present(): boolean {
    return (
      this.#node !== null && this.#node !== undefined && !(isScalar(this.#node) && this.#node.value === null)
    )
  }

  get isMap(): boolean {
    return isMap(this.#node)
  }

  problem(code: string, message: string, severity: Problem['severity'] = 'error'): void {
    this.#origin.problems.push({
      severity,
      code,
      message: `${this.#origin.subject}: ${message}`,
      at: this.at,
    })
  }

  /** A value that was not written, standing where this one does. */
  empty(name: string): Value {
    return new Value(undefined, this.#origin, name, this.#depth, this.at)
  }

  /** The pairs of a map, in order; nothing for anything else. */
  entries(): readonly (readonly [key: string, value: Value])[] {
    if (!this.present) return []
    if (!isMap(this.#node)) {
      this.problem('wrong-type', `\`${this.path}\` should be a map`)
      return []
    }
    if (this.#depth >= deepest) {
      this.problem('too-deep', `\`${this.path}\` nests deeper than ${deepest} levels`)
      return []
    }
    if (this.#exhausted()) return []
    return this.#node.items.flatMap((pair) => {
      const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key)
      if (key === '<<') return this.#merged(pair.value as Node)
      const keyAt = (pair.key as Node | null)?.range?.[0]
      const fallback =
        keyAt === undefined || this.#origin.onlyLine !== undefined
          ? this.at
          : {
              file: this.#origin.file,
              line: this.#origin.lines.linePos(keyAt).line + this.#origin.lineOffset,
            }
      const path = this.path === '' ? key : `${this.path}.${key}`
      return [
        [key, new Value(pair.value as Node | null, this.#origin, path, this.#depth + 1, fallback)] as const,
      ]
    })
  }

  /** `<<: *base`: the keys of another map, as YAML 1.1 and `kubectl` read it. */
  #merged(node: Node): (readonly [key: string, value: Value])[] {
    const value = new Value(node, this.#origin, this.path, this.#depth + 1, this.at)
    return value.isMap ? [...value.entries()] : (value.items() ?? []).flatMap((item) => [...item.entries()])
  }

  #exhausted(): boolean {
    if (this.#origin.budget > 0) return false
    if (this.#origin.budget > Number.NEGATIVE_INFINITY) {
      this.problem('too-large', 'is too large: its aliases stand for more than can be read')
      this.#origin.budget = Number.NEGATIVE_INFINITY
    }
    return true
  }

  /** The items of a list; undefined when it was not written. */
  items(): readonly Value[] | undefined {
    if (!this.present) return undefined
    if (!isSeq(this.#node)) {
      this.problem('wrong-type', `\`${this.path}\` should be a list`)
      return undefined
    }
    if (this.#depth >= deepest) {
      this.problem('too-deep', `\`${this.path}\` nests deeper than ${deepest} levels`)
      return undefined
    }
    if (this.#exhausted()) return undefined
    return this.#node.items.map(
      (item, i) => new Value(item as Node, this.#origin, `${this.path}[${i}]`, this.#depth + 1, this.at),
    )
  }

  /** A string. A number or boolean where a string belongs is a problem, and read as its text. */
  string(): string | undefined {
    if (!this.present) return undefined
    const value = isScalar(this.#node) ? this.#node.value : undefined
    if (typeof value === 'string') return value
    if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
      this.problem(
        'wrong-type',
        `\`${this.path}\` is ${value}, a ${typeof value}; quote it to make it a string`,
      )
      return isScalar(this.#node) && this.#node.source !== undefined ? this.#node.source : String(value)
    }
    this.problem('wrong-type', `\`${this.path}\` should be a string`)
    return undefined
  }

  text(): Located<string> | undefined {
    const value = this.string()
    return value === undefined ? undefined : { value, at: this.at }
  }

  strings(): readonly string[] | undefined {
    return this.items()?.flatMap((item) => item.string() ?? [])
  }

  texts(): readonly Located<string>[] | undefined {
    return this.items()?.flatMap((item) => item.text() ?? [])
  }

  /** A number, or a string that holds one, as protobuf's JSON form allows. */
  number(): number | undefined {
    if (!this.present) return undefined
    const value = isScalar(this.#node) ? this.#node.value : undefined
    if (typeof value === 'number') return value
    if (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)) return Number(value)
    this.problem('wrong-type', `\`${this.path}\` should be a number`)
    return undefined
  }

  boolean(): boolean | undefined {
    if (!this.present) return undefined
    const value = isScalar(this.#node) ? this.#node.value : undefined
    if (typeof value === 'boolean') return value
    this.problem('wrong-type', `\`${this.path}\` should be true or false`)
    return undefined
  }

  numberOrString(): number | string | undefined {
    const value = isScalar(this.#node) ? this.#node.value : undefined
    if (typeof value === 'number' || typeof value === 'string') return value
    if (this.present) this.problem('wrong-type', `\`${this.path}\` should be a number or a string`)
    return undefined
  }

  /** A map of strings; values of other types as their text, as Kubernetes' own clients write them. */
  record(): Record<string, string> {
    const record: Record<string, string> = Object.create(null) as Record<string, string>
    for (const [key, value] of this.entries()) record[key] = value.present ? (value.string() ?? '') : ''
    return record
  }

  /** Plain data, for what is kept as written. Maps have no prototype. */
  raw(): unknown {
    return toPlain(this.#node, this.#origin, this.#depth)
  }

  /** The block or quoted string's own place, so that YAML inside a string keeps its lines. */
  nested(): { readonly text: string; readonly origin: Pick<Origin, 'lineOffset' | 'onlyLine'> } | undefined {
    if (!isScalar(this.#node) || typeof this.#node.value !== 'string') return undefined
    const block = this.#node.type === 'BLOCK_LITERAL'
    const line = this.at.line
    return {
      text: this.#node.value,
      origin: block ? { lineOffset: line } : { lineOffset: 0, onlyLine: line },
    }
  }
}

function toPlain(written: unknown, origin: Origin, depth: number): unknown {
  if (depth > deepest || origin.budget-- <= 0) return undefined
  const node = resolve(written as Node, origin, depth)
  if (isScalar(node)) return node.value
  if (isSeq(node)) return node.items.map((item) => toPlain(item, origin, depth + 1))
  if (isMap(node)) {
    const plain: Record<string, unknown> = Object.create(null) as Record<string, unknown>
    for (const pair of node.items) {
      plain[isScalar(pair.key) ? String(pair.key.value) : String(pair.key)] = toPlain(
        pair.value,
        origin,
        depth + 1,
      )
    }
    return plain
  }
  return undefined
}

/** What an alias stands for. A cycle ends at the depth limit. */
function resolve(node: Node | null | undefined, origin: Origin, depth: number): Node | null | undefined {
  if (!isAlias(node)) return node
  return depth > deepest || origin.budget <= 0 ? undefined : node.resolve(origin.document)
}
