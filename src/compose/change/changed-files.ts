/** What a plan comes to in files: every text edited where it stands, and nothing written yet. */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { parseDocument, YAMLSeq } from 'yaml'
import { Fault } from '../../base/index.ts'
import type { MeshInput } from '../../mesh/index.ts'
import { applyChanges, editObject, fileNameOf, type Plan } from '../../planner/index.ts'
import { kustomizationOf, readTexts } from './read-texts.ts'
import { refuseOutside } from './refuse-outside.ts'

export interface ChangedFile {
  /** Absolute, links resolved. */
  readonly path: string
  /** null = there is no file. */
  readonly former: string | null
  /** null = there shall be none. */
  readonly text: string | null
}

/**
 * Reads the plan's files anew, so that one somebody edited meanwhile stops it. What is new goes into
 * `kfdoor-<plan>.yaml` beside them, named in a kustomization that is there.
 *
 * @param within where files may be; undefined = wherever the plan says
 * @throws Fault ERR_OBJECT_CHANGED, ERR_USAGE where one is elsewhere, and those of reading files
 */
export async function changedFiles(plan: Plan, within?: readonly string[]): Promise<readonly ChangedFile[]> {
  const { source, changes } = plan.spec
  if (source.kind !== 'files') {
    throw new Fault('ERR_USAGE', {
      message: 'this plan was made from something that is no file to be written',
      next: 'write its objects with `-o yaml` or `-o kustomize DIR`',
    })
  }
  if (within !== undefined) refuseOutside(plan.metadata.name, source.paths, within)
  const { inputs } = await readTexts(source.paths, async () => '', { env: {} })
  const newFile = newFileOf(source.paths, plan.metadata.name, inputs)
  const before = new Map(inputs.map(({ file, text }) => [file, text]))
  // A file of that name that is none of the door's would be written over.
  if (existsSync(newFile) && !before.has(newFile) && changes.some(({ op }) => op === 'create')) {
    throw new Fault('ERR_WOULD_OVERWRITE', { path: newFile })
  }
  const found = new Map<string, ChangedFile>()
  const add = (file: string, former: string | null, text: string | null) => {
    const path = existsSync(file) ? realpathSync(file) : resolve(file)
    found.set(path, { path, former: found.get(path)?.former ?? former, text })
  }
  for (const { file, text } of applyChanges(inputs, changes, newFile)) {
    const former = before.get(file)
    if (former === text) continue
    const gone = former !== undefined && text === ''
    add(file, former ?? null, gone ? null : text)
    if (former !== undefined && !gone) continue
    const kustomization = kustomizationOf(dirname(file))
    if (kustomization === undefined) continue
    const now = readFileSync(kustomization, 'utf8')
    const known = found.get(realpathSync(kustomization))?.text ?? now
    const named = nameIn(known, basename(file), !gone)
    if (named !== undefined) add(kustomization, now, named)
  }
  // A folder may hold links, and a kustomization may name files of other folders.
  if (within !== undefined) refuseOutside(plan.metadata.name, [...found.keys()], within)
  return [...found.values()]
}

/** Where an earlier plan's file of that name is, or beside the first path. */
function newFileOf(paths: readonly string[], plan: string, inputs: readonly MeshInput[]): string {
  const name = fileNameOf(plan.replace(/^undo-/, ''))
  const there = inputs.find(({ file }) => basename(file) === name)
  if (there !== undefined) return there.file
  const [first = '.'] = paths
  return join(statSync(first).isDirectory() ? first : dirname(first), name)
}

/** The kustomization with a resource more or less, its other lines as they are. */
function nameIn(text: string, resource: string, wanted: boolean): string | undefined {
  const document = parseDocument(text)
  const resources = document.get('resources')
  if (!(resources instanceof YAMLSeq)) {
    if (!wanted) return undefined
    return `${text.endsWith('\n') ? text : `${text}\n`}resources:\n- ${resource}\n`
  }
  const names = resources.toJSON() as readonly unknown[]
  if (names.includes(resource) === wanted) return undefined
  const object = document.toJS() as Record<string, unknown>
  const list = wanted ? [...names, resource] : names.filter((name) => name !== resource)
  return editObject(text, { document: 0 }, { ...object, resources: list })
}
