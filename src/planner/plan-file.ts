/** Plans as files: YAML or JSON, read back only if every part is what it has to be. */
import { Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml'
import { Fault } from '../base/index.ts'
import type { Plan } from './plan.ts'
import { keyOf, nameOf } from './raw-door.ts'

/** For a pull request: long texts as blocks, nothing folded. */
export function planText(plan: Plan, format: 'yaml' | 'json'): string {
  if (format === 'json') return `${JSON.stringify(plan, null, 2)}\n`
  const document = new Document(plan, { aliasDuplicateObjects: false })
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && node.value.includes('\n')) node.type = 'BLOCK_LITERAL'
    },
  })
  return document.toString({ lineWidth: 0 })
}

/**
 * @throws Fault ERR_MESH_INVALID with the line of whatever is wrong
 */
export function parsePlan(file: string, text: string): Plan {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent' })
  const problems: string[] = []
  const at = (node: unknown) => {
    const [start = 0] = (node as Node | null)?.range ?? []
    return `${file}:${lines.linePos(start).line}`
  }
  for (const error of document.errors.slice(0, 5)) {
    problems.push(`${file}:${lines.linePos(error.pos[0]).line}: ${error.message}`)
  }
  if (problems.length === 0) new Checker(document.contents, at, problems).plan()
  if (problems.length > 0) throw new Fault('ERR_MESH_INVALID', { problems })
  return document.toJS({ maxAliasCount: 100 }) as Plan
}

class Checker {
  readonly #root: unknown
  readonly #at: (node: unknown) => string
  readonly #problems: string[]

  constructor(root: unknown, at: (node: unknown) => string, problems: string[]) {
    this.#root = root
    this.#at = at
    this.#problems = problems
  }

  #wrong(node: unknown, message: string): void {
    this.#problems.push(`${this.#at(node)}: ${message}`)
  }

  plan(): void {
    const root = this.#root
    if (!isMap(root)) {
      this.#wrong(root, 'a plan has to be a mapping')
      return
    }
    if (root.get('apiVersion') !== 'kfdoor/v1alpha1' || root.get('kind') !== 'Plan') {
      this.#wrong(root, 'this is no plan: apiVersion has to be `kfdoor/v1alpha1` and kind `Plan`')
      return
    }
    this.#text(root, 'metadata', 'name', /^[a-z0-9][a-z0-9-]{0,80}$/)
    this.#text(root, 'metadata', 'createdAt', /^\d{4}-\d\d-\d\dT/)
    const spec = root.get('spec', true)
    if (!isMap(spec)) {
      this.#wrong(root, 'a plan needs a `spec`')
      return
    }
    this.#texts(spec, 'command')
    this.#texts(spec, 'risks')
    this.#source(spec)
    this.#access(spec)
    this.#findings(spec)
    this.#callers(spec)
    const changes = spec.get('changes', true)
    if (!isSeq(changes)) {
      this.#wrong(spec, '`spec.changes` has to be a list')
      return
    }
    const seen = new Set<string>()
    for (const change of changes.items) this.#change(change, seen)
  }

  #text(root: unknown, parent: string, key: string, pattern: RegExp): void {
    const holder = isMap(root) ? root.get(parent, true) : undefined
    const value = isMap(holder) ? holder.get(key) : undefined
    if (typeof value !== 'string' || !pattern.test(value)) {
      this.#wrong(holder ?? root, `\`${parent}.${key}\` is not what a plan has there`)
    }
  }

  #texts(spec: unknown, key: string): void {
    const list = isMap(spec) ? spec.get(key, true) : undefined
    const good = isSeq(list) && list.items.every((each) => isScalar(each) && typeof each.value === 'string')
    if (!good) this.#wrong(list ?? spec, `\`spec.${key}\` has to be a list of texts`)
  }

  #source(spec: unknown): void {
    const source = isMap(spec) ? spec.get('source', true) : undefined
    const kind = isMap(source) ? source.get('kind') : undefined
    const needs = { files: ['paths'], cluster: ['context', 'server'], snapshot: ['name'], profile: ['name'] }
    const wanted = needs[kind as keyof typeof needs]
    if (!isMap(source) || wanted === undefined || !wanted.every((key) => source.has(key))) {
      this.#wrong(source ?? spec, '`spec.source` has to say files, cluster, snapshot or profile, and which')
      return
    }
    for (const key of wanted) {
      const value = source.get(key, true)
      const good = isSeq(value) ? value.items.length > 0 && value.items.every(isWord) : isWord(value)
      if (!good || isSeq(value) !== (key === 'paths'))
        this.#wrong(value ?? source, `\`spec.source.${key}\` is not what a plan has there`)
    }
  }

  #access(spec: unknown): void {
    const access = isMap(spec) ? spec.get('access', true) : undefined
    for (const list of ['gained', 'lost', 'changed', 'public', 'unreachable', 'deadRules', 'unknown']) {
      if (!isMap(access) || !isSeq(access.get(list, true))) {
        this.#wrong(access ?? spec, `\`spec.access.${list}\` has to be a list`)
      }
    }
  }

  #findings(spec: unknown): void {
    const findings = isMap(spec) ? spec.get('findings', true) : undefined
    for (const list of ['new', 'gone']) {
      if (!isMap(findings) || !isSeq(findings.get(list, true))) {
        this.#wrong(findings ?? spec, `\`spec.findings.${list}\` has to be a list`)
      }
    }
  }

  #callers(spec: unknown): void {
    const callers = isMap(spec) ? spec.get('callers', true) : undefined
    const good =
      isSeq(callers) &&
      callers.items.every(
        (each) =>
          isMap(each) && typeof each.get('title') === 'string' && typeof each.get('text') === 'string',
      )
    if (!good) this.#wrong(callers ?? spec, '`spec.callers` has to be a list of title and text')
  }

  #change(node: unknown, seen: Set<string>): void {
    if (!isMap(node)) {
      this.#wrong(node, 'a change has to be a mapping')
      return
    }
    const change = node.toJSON() as Record<string, unknown>
    const op = change.op
    if (op !== 'create' && op !== 'update' && op !== 'delete') {
      this.#wrong(node, '`op` has to be create, update or delete')
      return
    }
    if (!['closes', 'neutral', 'opens'].includes(String(change.effect))) {
      this.#wrong(node, '`effect` has to be closes, neutral or opens')
    }
    if (typeof change.why !== 'string') this.#wrong(node, '`why` has to be a text')
    const version = change.resourceVersion
    if (version !== undefined && typeof version !== 'string') {
      this.#wrong(node, '`resourceVersion` has to be a text')
    }
    const name = nameOf({
      ...(change.object as object | undefined),
      metadata: change.object as { readonly name?: unknown } | undefined,
    })
    if (name === undefined) {
      this.#wrong(node, '`object` needs apiVersion, kind and name')
      return
    }
    if (seen.has(keyOf(name))) this.#wrong(node, `two changes are about ${name.kind} ${name.name}`)
    seen.add(keyOf(name))
    for (const side of op === 'update' ? ['before', 'after'] : [op === 'create' ? 'after' : 'before']) {
      const said = nameOf(change[side])
      if (said === undefined) this.#wrong(node, `\`${side}\` has to be a whole object`)
      else if (keyOf(said) !== keyOf(name)) {
        this.#wrong(node, `\`${side}\` is another object than the change is about`)
      }
    }
  }
}

const isWord = (node: unknown): boolean => isScalar(node) && typeof node.value === 'string'
