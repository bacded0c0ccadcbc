import { type Document, LineCounter, parseAllDocuments } from 'yaml'
import type { At, Problem } from '../../base/index.ts'
import { fieldsOf } from './fields.ts'
import type { Mesh, Meta } from '../model.ts'
import { type Origin, Value } from './node.ts'
import { Shelf } from './shelf.ts'

/** One file's text, under the name messages use for it. */
export interface MeshInput {
  readonly file: string
  readonly text: string
}

/** One document may be this long: more is not a mesh. Bytes. */
const largestText = 64 * 1024 * 1024
/** Nodes one document may stand for, aliases counted as often as they are used. */
const nodeBudget = 2_000_000

/**
 * Reads any mixture of multi-document YAML, JSON and `List`s. Never throws: what is wrong with the
 * input is in `problems`, each with its line. An object that comes twice replaces the earlier one,
 * as applying the files in this order would.
 *
 * @example
 * const { mesh, problems } = parseMesh([{ file: 'door.yaml', text }])
 */
export function parseMesh(inputs: readonly MeshInput[]): {
  readonly mesh: Mesh
  readonly problems: readonly Problem[]
} {
  const problems: Problem[] = []
  const shelf = new Shelf(problems)
  for (const { file, text } of inputs) {
    if (text.length > largestText) {
      problems.push({
        severity: 'error',
        code: 'too-large',
        message: `is larger than ${largestText / 1024 / 1024} MiB`,
        at: { file, line: 1 },
      })
      continue
    }
    for (const value of documents(file, text, { lineOffset: 0 }, problems))
      readObject(value.value, value.origin, shelf)
  }
  return { mesh: shelf.mesh(), problems }
}

/** The documents of one text; YAML inside a string says where in the outer file it begins. */
export function documents(
  file: string,
  text: string,
  place: Pick<Origin, 'lineOffset' | 'onlyLine'>,
  problems: Problem[],
): readonly { readonly value: Value; readonly origin: Origin }[] {
  const lines = new LineCounter()
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    keepSourceTokens: false,
    prettyErrors: false,
    strict: true,
    uniqueKeys: true,
    // Kubernetes' own reader is YAML 1.1 where `yes` and `on` are concerned only in old versions;
    // today's (sigs.k8s.io/yaml) reads 1.2 scalars.
    version: '1.2',
  })
  if (!Array.isArray(parsed)) return []
  return (parsed as Document[]).flatMap((document) => {
    const origin: Origin = {
      file,
      lines,
      ...place,
      problems,
      document,
      budget: nodeBudget,
      subject: 'document',
    }
    const at = (offset: number): At => ({
      file,
      line: place.onlyLine ?? lines.linePos(offset).line + place.lineOffset,
    })
    for (const error of document.errors) {
      problems.push({
        severity: 'error',
        code: 'yaml-syntax',
        message: `not YAML: ${error.message.split('\n')[0]}`,
        at: at(error.pos[0]),
      })
    }
    if (document.errors.length > 0 || document.contents === null) return []
    return [{ value: new Value(document.contents, origin, ''), origin }]
  })
}

function readObject(value: Value, origin: Origin, shelf: Shelf): void {
  if (!value.isMap) {
    value.problem('not-an-object', 'is not a Kubernetes object')
    return
  }
  const fields = fieldsOf(value)
  const kind = fields.get('kind')?.string()
  const apiVersion = fields.get('apiVersion')?.string()
  if (kind === undefined || apiVersion === undefined) {
    value.problem('not-an-object', 'has no kind and apiVersion, so it is not a Kubernetes object')
    return
  }
  if (kind.endsWith('List') && fields.has('items')) {
    for (const item of fields.get('items')?.items() ?? []) readObject(item, origin, shelf)
    return
  }
  const metadata = fields.get('metadata')
  const metaFields = metadata && fieldsOf(metadata)
  const name = metaFields?.get('name')?.string() ?? metaFields?.get('generateName')?.string()
  const namespace = metaFields?.get('namespace')?.string() ?? 'default'
  origin.subject = `${kind} ${namespace}/${name ?? '?'}`
  if (name === undefined) {
    value.problem('missing-name', 'has no metadata.name')
    return
  }
  const created = metaFields?.get('creationTimestamp')?.string()
  const meta: Meta = {
    apiVersion,
    kind,
    namespace,
    name,
    labels: metaFields?.get('labels')?.record() ?? {},
    annotations: metaFields?.get('annotations')?.record() ?? {},
    createdAt: created === undefined || Number.isNaN(Date.parse(created)) ? undefined : Date.parse(created),
    at: value.at,
  }
  shelf.put(meta, value, metaFields?.get('annotations'))
}
