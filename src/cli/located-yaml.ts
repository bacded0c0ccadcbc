import { readFileSync } from 'node:fs'
import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml'
import { Fault } from '../base/index.ts'
import type { Io } from './io.ts'

/** One document of ours, every value with its line. */
export class Located {
  readonly file: string
  readonly #lines: LineCounter
  readonly #node: Node | null | undefined

  constructor(file: string, lines: LineCounter, node: Node | null | undefined) {
    this.file = file
    this.#lines = lines
    this.#node = node
  }

  get line(): number {
    const [start = 0] = this.#node?.range ?? []
    return this.#lines.linePos(start).line
  }

  /** @throws Fault ERR_MESH_INVALID with this place */
  wrong(message: string): never {
    throw new Fault('ERR_MESH_INVALID', { problems: [`${this.file}:${this.line}: ${message}`] })
  }

  #at(node: unknown): Located {
    return new Located(this.file, this.#lines, node as Node)
  }

  /** Its fields; a name that is not among `known` is told. */
  fields(what: string, known: readonly string[]): Readonly<Record<string, Located | undefined>> {
    if (!isMap(this.#node)) return this.wrong(`${what} has to be a mapping`)
    const found: Record<string, Located> = {}
    for (const item of (this.#node as YAMLMap).items) {
      const key = isPair(item) && isScalar(item.key) ? String(item.key.value) : ''
      if (!known.includes(key)) {
        this.#at(item.key).wrong(`${what} has no field \`${key}\`; it knows ${known.join(', ')}`)
      }
      if (item.value !== null) found[key] = this.#at(item.value)
    }
    return found
  }

  /** Names and values of a free mapping. */
  entries(what: string): readonly (readonly [name: string, value: Located])[] {
    if (!isMap(this.#node)) return this.wrong(`${what} has to be a mapping`)
    return (this.#node as YAMLMap).items.map((item) => [
      isScalar(item.key) ? String(item.key.value) : '',
      this.#at(item.value),
    ])
  }

  items(what: string): readonly Located[] {
    if (!isSeq(this.#node)) return this.wrong(`${what} has to be a list`)
    return this.#node.items.map((item) => this.#at(item))
  }

  text(what: string): string {
    if (isScalar(this.#node) && ['string', 'number', 'boolean'].includes(typeof this.#node.value)) {
      return String(this.#node.value)
    }
    return this.wrong(`${what} has to be a text`)
  }

  /** One text, or a list of them. */
  texts(what: string): readonly string[] {
    const list = isSeq(this.#node) ? this.items(what).map((item) => item.text(what)) : [this.text(what)]
    return list.length === 0 ? this.wrong(`${what} is an empty list`) : list
  }
}

/** @throws Fault ERR_INPUT_UNREADABLE, ERR_MESH_INVALID with the line */
export async function readLocated(io: Pick<Io, 'readStdin'>, file: string): Promise<Located> {
  const text = file === '-' ? await io.readStdin() : readFile(file)
  const lines = new LineCounter()
  const name = file === '-' ? '<stdin>' : file
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined) {
    const { line } = lines.linePos(error.pos[0])
    const several = error.code === 'MULTIPLE_DOCS'
    const message = several ? 'a second document; write each into a file of its own' : error.message
    throw new Fault('ERR_MESH_INVALID', { problems: [`${name}:${line}: ${message}`] })
  }
  return new Located(name, lines, document.contents)
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const known = { ENOENT: 'there is no such file', EISDIR: 'it is a folder' } as Record<string, string>
    const { code = '' } = error as NodeJS.ErrnoException
    const reason = known[code] ?? (error instanceof Error ? error.message : String(error))
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason }, { cause: error })
  }
}

/** A file of ours says what it is. */
export function kindOf(root: Located, kind: string, list: string): readonly Located[] {
  const {
    apiVersion,
    kind: said,
    [list]: entries,
  } = root.fields('the file', ['apiVersion', 'kind', 'metadata', list])
  const version = apiVersion?.text('apiVersion')
  if (version !== 'kfdoor/v1alpha1') (apiVersion ?? root).wrong('apiVersion has to be `kfdoor/v1alpha1`')
  if (said?.text('kind') !== kind) (said ?? root).wrong(`kind has to be \`${kind}\``)
  if (entries === undefined) return root.wrong(`\`${list}\` is missing`)
  return entries.items(`\`${list}\``)
}
