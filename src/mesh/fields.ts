import { type At, type Located, type Problem, parseGoDuration } from '../base/index.ts'
import {
  describe,
  type MapEntry,
  type MapNode,
  plain,
  put,
  type ScalarNode,
  shorten,
  type TreeNode,
} from './tree.ts'

/** What a reader writes to while it reads one object. */
export interface Scope {
  readonly file: string
  readonly problems: Problem[]
  /** `VirtualService apps/vs`: how every sentence about this object begins. */
  readonly subject: string
}

/**
 * One mapping being read. Every field asked for is known; `done()` reports the rest, so nothing that
 * was written is dropped silently. Accepts a field's proto name (`jwks_uri`) beside its JSON name
 * (`jwksUri`), strings for integers and numbers for enums, as istiod's jsonpb does. A value of the
 * wrong type is a problem, and the field then counts as not written unless its meaning is plain.
 */
export class Fields {
  readonly scope: Scope
  readonly node: MapNode
  readonly #path: () => string
  readonly #known = new Set<string>()

  constructor(scope: Scope, node: MapNode, path: () => string) {
    this.scope = scope
    this.node = node
    this.#path = path
  }

  get at(): At {
    return { file: this.scope.file, line: this.node.line }
  }

  /** `spec.rules[0].to[1]` */
  get path(): string {
    return this.#path()
  }

  /** The field as written. Not written, and written as null, are both undefined. */
  entry(name: string): MapEntry | undefined {
    const proto = protoName(name)
    let found = this.node.entries.get(name)
    if (found) this.#known.add(name)
    if (proto !== name && this.node.entries.has(proto)) {
      // Both may be written; the JSON name counts, as in jsonpb.
      this.#known.add(proto)
      found ??= this.node.entries.get(proto)
    }
    if (!found) return undefined
    return found.value.kind === 'scalar' && found.value.value === null ? undefined : found
  }

  has(name: string): boolean {
    return this.entry(name) !== undefined
  }

  /** Where a field was written, or this mapping. */
  atField(name: string): At {
    const entry = this.entry(name)
    return entry ? { file: this.scope.file, line: entry.line } : this.at
  }

  text(name: string): Located<string> | undefined {
    const entry = this.entry(name)
    return entry && this.#text(entry.value, () => this.#join(name))
  }

  string(name: string): string | undefined {
    return this.text(name)?.value
  }

  /** A list of strings; undefined = not written. */
  texts(name: string): readonly Located<string>[] | undefined {
    const entry = this.entry(name)
    if (!entry) return undefined
    const path = () => this.#join(name)
    if (entry.value.kind !== 'seq') {
      this.#wrong(entry.value, path(), 'a list of strings')
      return undefined
    }
    const texts: Located<string>[] = []
    entry.value.items.forEach((item, index) => {
      const text = this.#text(item, () => `${path()}[${index}]`)
      if (text) texts.push(text)
    })
    return texts
  }

  strings(name: string): readonly string[] | undefined {
    return this.texts(name)?.map((text) => text.value)
  }

  bool(name: string): boolean | undefined {
    const entry = this.entry(name)
    if (!entry) return undefined
    if (entry.value.kind === 'scalar' && typeof entry.value.value === 'boolean') return entry.value.value
    this.#wrong(entry.value, this.#join(name), 'true or false')
    return undefined
  }

  /** An integer, written as a number or as a string of digits. */
  int(name: string): number | undefined {
    const number = this.number(name)
    if (number === undefined || Number.isInteger(number)) return number
    this.#wrong((this.entry(name) as MapEntry).value, this.#join(name), 'a whole number')
    return undefined
  }

  number(name: string): number | undefined {
    const entry = this.entry(name)
    if (!entry) return undefined
    const value = entry.value.kind === 'scalar' ? entry.value.value : undefined
    if (typeof value === 'number') return value
    if (typeof value === 'string' && /^[-+]?[0-9]+(\.[0-9]+)?$/.test(value)) return Number(value)
    this.#wrong(entry.value, this.#join(name), 'a number')
    return undefined
  }

  /** A Kubernetes IntOrString. */
  intOrString(name: string): number | string | undefined {
    const value = this.entry(name)?.value
    if (!value) return undefined
    if (value.kind !== 'scalar') {
      this.#wrong(value, this.#join(name), 'a number or a name')
      return undefined
    }
    if (typeof value.value === 'number') return value.value
    return /^[0-9]+$/.test(value.text) ? Number(value.text) : value.text
  }

  /** A proto enum: its name, or its number. An unknown one is an error and kept as written. */
  enumeration(name: string, names: readonly string[]): Located<string> | undefined {
    const entry = this.entry(name)
    if (!entry) return undefined
    if (entry.value.kind !== 'scalar') {
      this.#wrong(entry.value, this.#join(name), `one of ${names.join(', ')}`)
      return undefined
    }
    const at = { file: this.scope.file, line: entry.value.line }
    const { value, text } = entry.value
    const found = typeof value === 'number' ? names[value] : names.includes(text) ? text : undefined
    if (found !== undefined && found !== '') return { value: found, at }
    this.error(
      'unknown-value',
      `\`${this.#join(name)}\` is \`${shorten(text)}\`; it can be ${listed(names)}`,
      at,
    )
    return { value: text, at }
  }

  /** A duration in milliseconds. */
  duration(name: string): number | undefined {
    const entry = this.entry(name)
    if (!entry) return undefined
    if (entry.value.kind === 'scalar' && typeof entry.value.value === 'string') {
      const duration = parseGoDuration(entry.value.value)
      if (duration !== undefined) return duration
    }
    const message = `\`${this.#join(name)}\` is ${describe(entry.value)}; a duration looks like \`10s\` or \`1m30s\``
    this.error('bad-duration', message, { file: this.scope.file, line: entry.value.line })
    return undefined
  }

  fields(name: string): Fields | undefined {
    const entry = this.entry(name)
    if (!entry) return undefined
    const path = () => this.#join(name)
    if (entry.value.kind === 'map') return new Fields(this.scope, entry.value, path)
    this.#wrong(entry.value, path(), 'a mapping')
    return undefined
  }

  /** A list of mappings; undefined = not written. */
  list(name: string): readonly Fields[] | undefined {
    const entry = this.entry(name)
    if (!entry) return undefined
    const path = () => this.#join(name)
    if (entry.value.kind !== 'seq') {
      this.#wrong(entry.value, path(), 'a list')
      return undefined
    }
    const list: Fields[] = []
    entry.value.items.forEach((item, index) => {
      const own = () => `${path()}[${index}]`
      if (item.kind === 'map') list.push(new Fields(this.scope, item, own))
      else this.#wrong(item, own(), 'a mapping')
    })
    return list
  }

  /** A mapping of names to strings, such as labels; undefined = not written. */
  record(name: string): Readonly<Record<string, string>> | undefined {
    const entry = this.entry(name)
    if (!entry) return undefined
    const path = () => this.#join(name)
    if (entry.value.kind !== 'map') {
      this.#wrong(entry.value, path(), 'a mapping')
      return undefined
    }
    const record: Record<string, string> = {}
    for (const { key, value } of entry.value.entries.values()) {
      if (value.kind === 'scalar' && value.value === null) put(record, key, '')
      else {
        const text = this.#text(value, () => `${path()}.${key}`)
        if (text) put(record, key, text.value)
      }
    }
    return record
  }

  /** A mapping of names to mappings: `[name, fields]` pairs. */
  named(name: string): readonly (readonly [string, Fields])[] | undefined {
    const fields = this.fields(name)
    if (!fields) return undefined
    return [...fields.node.entries.keys()].flatMap((key) => {
      const child = fields.fieldsOrEmpty(key)
      return child ? [[key, child] as const] : []
    })
  }

  /** As `fields`, but a null counts as `{}`: `headers: {x-user:}`. */
  fieldsOrEmpty(name: string): Fields | undefined {
    const found = this.fields(name)
    if (found) return found
    const written = this.node.entries.get(name)
    if (written?.value.kind !== 'scalar' || written.value.value !== null) return undefined
    return new Fields(this.scope, { kind: 'map', entries: new Map(), line: written.line }, () =>
      this.#join(name),
    )
  }

  /** The value without lines. */
  raw(name: string): unknown {
    return plain(this.entry(name)?.value)
  }

  /** Fields that exist in Istio and are of no concern here. */
  known(...names: readonly string[]): this {
    for (const name of names) this.entry(name)
    return this
  }

  /** Reports every field nobody asked for. */
  done(): void {
    if (this.#known.size === this.node.entries.size) return
    for (const entry of this.node.entries.values()) {
      if (this.#known.has(entry.key)) continue
      const where = this.path
      const message =
        where === '' ? `unknown field \`${entry.key}\`` : `unknown field \`${entry.key}\` in \`${where}\``
      this.warn('unknown-field', message, { file: this.scope.file, line: entry.line })
    }
  }

  error(code: string, message: string, at: At = this.at): void {
    this.#problem('error', code, message, at)
  }

  warn(code: string, message: string, at: At = this.at): void {
    this.#problem('warning', code, message, at)
  }

  #problem(severity: Problem['severity'], code: string, message: string, at: At): void {
    this.scope.problems.push({ severity, code, message: `${this.scope.subject}: ${message}`, at })
  }

  #join(name: string): string {
    const path = this.path
    return path === '' ? name : `${path}.${name}`
  }

  #text(node: TreeNode, path: () => string): Located<string> | undefined {
    if (node.kind !== 'scalar' || node.value === null) {
      this.#wrong(node, path(), 'a string')
      return undefined
    }
    // `ports: [80]` is refused by the API server, yet what was meant is plain.
    if (typeof node.value !== 'string') this.#unquoted(node, path())
    return { value: node.text, at: { file: this.scope.file, line: node.line } }
  }

  #unquoted(node: ScalarNode, path: string): void {
    const message = `\`${path}\` is ${describe(node)} and has to be a string; write \`"${shorten(node.text)}"\``
    this.error('wrong-type', message, { file: this.scope.file, line: node.line })
  }

  #wrong(node: TreeNode, path: string, wanted: string): void {
    const message = `\`${path}\` is ${describe(node)} and has to be ${wanted}`
    this.error('wrong-type', message, { file: this.scope.file, line: node.line })
  }
}

const protoNames = new Map<string, string>()

/** `jwksUri` → `jwks_uri` */
function protoName(name: string): string {
  let proto = protoNames.get(name)
  if (proto === undefined) {
    proto = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    protoNames.set(name, proto)
  }
  return proto
}

function listed(names: readonly string[]): string {
  return names
    .filter((name) => name !== '')
    .map((name) => `\`${name}\``)
    .join(', ')
}
