/**
 * A YAML document as the readers see it: plain values with the line each was written on. Aliases
 * and merge keys are already resolved, so one subtree may stand in several places.
 */
export type Scalar = string | number | boolean | null

export interface ScalarNode {
  readonly kind: 'scalar'
  readonly value: Scalar
  /** As written, without quotes: what `010` or `1e3` looked like before it became a number. */
  readonly text: string
  readonly line: number
  /** A literal block (`|`): its text starts on the line after `line`, and lines correspond. */
  readonly literal: boolean
}

export interface MapEntry {
  readonly key: string
  /** The key's own line. */
  readonly line: number
  readonly value: TreeNode
}

export interface MapNode {
  readonly kind: 'map'
  /** A `Map`, so that a key called `__proto__` is a key like any other. */
  readonly entries: ReadonlyMap<string, MapEntry>
  readonly line: number
}

export interface SeqNode {
  readonly kind: 'seq'
  readonly items: readonly TreeNode[]
  readonly line: number
}

export type TreeNode = ScalarNode | MapNode | SeqNode

/** `{ key: value }` that stays harmless for `__proto__`: every key becomes an own property. */
export function put<T>(record: Record<string, T>, key: string, value: T): void {
  if (key === '__proto__') {
    Object.defineProperty(record, key, { value, enumerable: true, writable: true, configurable: true })
  } else {
    record[key] = value
  }
}

/** The value without lines, as `JSON.parse` would give it. */
export function plain(node: TreeNode | undefined): unknown {
  if (node === undefined) return undefined
  switch (node.kind) {
    case 'scalar':
      return node.value
    case 'seq':
      return node.items.map(plain)
    case 'map': {
      const record: Record<string, unknown> = {}
      for (const entry of node.entries.values()) put(record, entry.key, plain(entry.value))
      return record
    }
  }
}

/** What a person calls the value: `a list`, `the number 80`. */
export function describe(node: TreeNode): string {
  if (node.kind === 'map') return 'a mapping'
  if (node.kind === 'seq') return 'a list'
  if (node.value === null) return 'empty'
  if (typeof node.value === 'string') return `the string \`${shorten(node.value)}\``
  return `the ${typeof node.value} \`${shorten(node.text)}\``
}

export function shorten(text: string): string {
  const line = text.split(/[\r\n]/, 1)[0] ?? ''
  return line.length > 60 ? `${line.slice(0, 57)}…` : line
}
