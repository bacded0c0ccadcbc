import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, YAMLParseError } from 'yaml'
import type { Problem } from '../base/index.ts'

/** A value in a YAML text that knows where it is, and complains where it is wrong. */
export interface Field {
  readonly path: string
  readonly present: boolean
  readonly isMapping: boolean
  /** A member of a mapping; absent when there is none. */
  get(key: string): Field
  text(fallback?: string): string
  flag(fallback?: boolean): boolean
  list(): Field[]
  texts(): string[]
  /** The names of a mapping's members. */
  keys(): string[]
  /** Warns of members that are none of these. */
  only(keys: readonly string[]): void
  complain(severity: 'error' | 'warning', code: string, message: string): void
}

export interface Source {
  /** What the problems name. */
  readonly file: string
  /** Line of `file` on which the text begins; 1 when it is a file of its own. */
  readonly firstLine?: number
  /** Whose file it is: what is not known to them is wrong. Left out: Dex, which ignores it. */
  readonly strictFor?: string
}

/** Reads one YAML (or JSON) document. What does not parse is a problem and reads as empty. */
export function readYaml(
  text: string,
  source: Source,
): { readonly root: Field; readonly problems: Problem[] } {
  const problems: Problem[] = []
  const counter = new LineCounter()
  const document = parse(text, counter)
  const lineAt = (offset: number) => counter.linePos(offset).line + (source.firstLine ?? 1) - 1
  const add = (severity: 'error' | 'warning', code: string, message: string, offset: number) =>
    problems.push({ severity, code, message, at: { file: source.file, line: lineAt(offset) } })
  for (const error of document.errors) {
    add(
      'error',
      'yaml-syntax',
      error.message.split('\n', 1)[0]?.replace(/:$/, '') ?? error.code,
      error.pos[0],
    )
  }

  const field = (node: Node | null | undefined, path: string, offset: number): Field => {
    const value = isAlias(node) ? node.resolve(document) : node
    const at = node?.range?.[0] ?? offset
    const present = value !== null && value !== undefined && !(isScalar(value) && value.value === null)
    const complain: Field['complain'] = (severity, code, message) =>
      add(severity, code, `${path || 'document'} ${message}`, at)
    const scalar = <T>(kind: 'string' | 'boolean', fallback: T): T => {
      if (!present) return fallback
      if (isScalar(value) && typeof value.value === kind) return value.value as T
      const hint = kind === 'string' && isScalar(value) ? ', put it in quotes' : ''
      complain('error', 'wrong-type', `has to be a ${kind}${hint}`)
      return fallback
    }
    const self: Field = {
      path,
      present,
      isMapping: isMap(value),
      complain,
      get(key) {
        if (present && !isMap(value)) return field(undefined, join(path, key), at)
        const pair = isMap(value)
          ? value.items.find((one) => isScalar(one.key) && one.key.value === key)
          : undefined
        const keyOffset = isScalar(pair?.key) ? (pair.key.range?.[0] ?? at) : at
        return field(pair?.value as Node | undefined, join(path, key), keyOffset)
      },
      text: (fallback = '') => scalar('string', fallback),
      flag: (fallback = false) => scalar('boolean', fallback),
      list() {
        if (!present) return []
        if (isSeq(value))
          return value.items.map((item, index) => field(item as Node, `${path}[${index}]`, at))
        complain('error', 'wrong-type', 'has to be a list')
        return []
      },
      texts: () => self.list().map((item) => item.text()),
      keys: () =>
        isMap(value) ? value.items.map(({ key }) => (isScalar(key) ? String(key.value) : '')) : [],
      only(keys) {
        if (!present) return
        if (!isMap(value)) {
          complain('error', 'wrong-type', 'has to be a mapping')
          return
        }
        for (const { key } of value.items) {
          if (!isScalar(key) || keys.includes(String(key.value))) continue
          const name = join(path, String(key.value))
          const knower = source.strictFor ?? 'Dex'
          const severity = source.strictFor === undefined ? 'warning' : 'error'
          add(severity, 'unknown-field', `${name} is not a field ${knower} knows`, key.range?.[0] ?? at)
        }
      },
    }
    return self
  }
  const root = document.errors.length > 0 ? undefined : (document.contents as Node | null)
  return { root: field(root, '', 0), problems }
}

const LARGEST = 4 * 1024 * 1024

function parse(text: string, lineCounter: LineCounter) {
  const options = { lineCounter, merge: true, uniqueKeys: true }
  try {
    if (text.length <= LARGEST) return parseDocument(text, options)
  } catch {
    // Nested so deeply that the parser ran out of stack.
  }
  const document = parseDocument('', options)
  document.errors.push(new YAMLParseError([0, 0], 'IMPOSSIBLE', 'it is too large or nested too deeply'))
  return document
}

const join = (path: string, key: string) => (path === '' ? key : `${path}.${key}`)
