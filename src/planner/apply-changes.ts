/** A door's texts after changes: what stands somewhere is edited there, what is new gets a file. */
import { Fault } from '../base/index.ts'
import type { MeshInput } from '../mesh/index.ts'
import { appendObject, editObject, objectText, removeObject } from './edit-text.ts'
import type { Change } from './plan.ts'
import { keyOf, readRawObjects, textOf } from './raw-door.ts'
import { isSame } from './same.ts'

/**
 * The texts once the changes are made, one after another. New objects go into `newFile`; where an object
 * is written more than once (a profile's overlays) the one that counts is edited, and all of them removed.
 *
 * @throws Fault ERR_OBJECT_CHANGED when an object is not what the plan was made for
 */
export function applyChanges(
  inputs: readonly MeshInput[],
  changes: readonly Change[],
  newFile: string,
): readonly MeshInput[] {
  return changes.reduce((texts, change) => applyOne(texts, change, newFile), inputs)
}

function applyOne(inputs: readonly MeshInput[], change: Change, newFile: string): readonly MeshInput[] {
  const wanted = keyOf(change.object)
  const places = inputs.flatMap((input, index) =>
    input.text.includes(change.object.name)
      ? readRawObjects(input).flatMap((raw) => (keyOf(raw.name) === wanted ? [{ index, raw }] : []))
      : [],
  )
  const last = places.at(-1)
  const stale = (reason: string): never => {
    throw new Fault('ERR_OBJECT_CHANGED', { object: textOf(change.object), reason })
  }
  const edited = (texts: readonly MeshInput[], index: number, edit: (text: string) => string) =>
    texts.map((input, at) => (at === index ? { ...input, text: inPlace(input, edit) } : input))
  switch (change.op) {
    case 'create': {
      if (last !== undefined) return stale('it is there already')
      const index = inputs.findIndex(({ file }) => file === newFile)
      if (index < 0) return [...inputs, { file: newFile, text: objectText(change.after) }]
      return edited(inputs, index, (text) => appendObject(text, change.after))
    }
    case 'update': {
      if (last === undefined) return stale('it is not there any more')
      if (!isSame(bare(last.raw.object), bare(change.before))) return stale('it says something else now')
      return edited(inputs, last.index, (text) => editObject(text, last.raw, change.after))
    }
    case 'delete': {
      if (last === undefined) return stale('it is not there any more')
      if (!isSame(bare(last.raw.object), bare(change.before))) return stale('it says something else now')
      // From the last place to the first, so that the earlier ones stay where they are.
      return places.reduceRight<readonly MeshInput[]>(
        (texts, { index, raw }) => edited(texts, index, (text) => removeObject(text, raw)),
        inputs,
      )
    }
  }
}

/** @throws Fault ERR_FILE_UNWRITABLE where the text is such that the object cannot be edited in it */
function inPlace({ file, text }: MeshInput, edit: (text: string) => string): string {
  try {
    return edit(text)
  } catch (cause) {
    const reason = `${(cause as Error).message}; write it there by hand, as \`-o yaml\` prints it`
    throw new Fault('ERR_FILE_UNWRITABLE', { path: file, reason }, { cause })
  }
}

/** Without what the API server adds and nobody writes. */
export function bare(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { status: _, metadata, ...rest } = object
  if (typeof metadata !== 'object' || metadata === null) return rest
  const {
    managedFields: _m,
    resourceVersion: _v,
    uid: _u,
    generation: _g,
    creationTimestamp: _c,
    selfLink: _s,
    ...own
  } = metadata as Record<string, unknown>
  return { ...rest, metadata: own }
}
