/** A plan carried out on files: every text edited where it stands, all of them or none. */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parseDocument, YAMLSeq } from 'yaml'
import { Fault } from '../../base/index.ts'
import type { MeshInput } from '../../mesh/index.ts'
import { applyChanges, editObject, fileNameOf, type Plan } from '../../planner/index.ts'
import { kustomizationOf, readTexts } from './read-texts.ts'

export interface WrittenFile {
  readonly file: string
  readonly did: 'edited' | 'created' | 'removed'
}

/**
 * Reads the plan's files anew, so that one somebody edited meanwhile stops it, and writes those that
 * change. What is new goes into `kfdoor-<plan>.yaml` beside them, named in a kustomization that is there.
 *
 * @throws Fault ERR_OBJECT_CHANGED with nothing written, ERR_FILE_UNWRITABLE, and those of reading files
 */
export async function applyToFiles(plan: Plan): Promise<readonly WrittenFile[]> {
  const { source, changes } = plan.spec
  if (source.kind !== 'files') {
    throw new Fault('ERR_USAGE', {
      message: 'this plan was made from something that is no file to be written',
      next: 'write its objects with `-o yaml` or `-o kustomize DIR`',
    })
  }
  const { inputs } = await readTexts(source.paths, async () => '', { env: {} })
  const newFile = newFileOf(source.paths, plan.metadata.name, inputs)
  const after = applyChanges(inputs, changes, newFile)
  const before = new Map(inputs.map(({ file, text }) => [file, text]))
  const changed = after.filter(({ file, text }) => before.get(file) !== text)
  const done: { readonly file: string; readonly text: string | undefined }[] = []
  const written: WrittenFile[] = []
  const write = (file: string, text: string | undefined) => {
    done.push({ file, text: existsSync(file) ? readFileSync(file, 'utf8') : undefined })
    writeOne(file, text)
  }
  try {
    for (const { file, text } of changed) {
      const known = before.has(file)
      const gone = known && text === ''
      write(file, gone ? undefined : text)
      written.push({ file, did: gone ? 'removed' : known ? 'edited' : 'created' })
      if (known && !gone) continue
      const kustomization = kustomizationOf(dirname(file))
      if (kustomization === undefined) continue
      const named = nameIn(readFileSync(kustomization, 'utf8'), basename(file), !gone)
      if (named === undefined) continue
      write(kustomization, named)
      written.push({ file: kustomization, did: 'edited' })
    }
  } catch (error) {
    // All of it or nothing.
    for (const { file, text } of done.reverse()) writeOne(file, text)
    throw error
  }
  return written
}

function writeOne(file: string, text: string | undefined): void {
  try {
    if (text === undefined) rmSync(file, { force: true })
    else writeFileSync(file, text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Fault('ERR_FILE_UNWRITABLE', { path: file, reason }, { cause: error })
  }
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
