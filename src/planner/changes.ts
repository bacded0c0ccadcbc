/** How intents write down what they want: one object, one write. */
import { bare } from './apply-changes.ts'
import { keeperOf } from './keeper.ts'
import type { Change, Effect, KubeObject } from './plan.ts'
import { keyOf, nameOf, type RawObject, textOf } from './raw-door.ts'
import { isSame } from './same.ts'

/** @throws Error where `after` is no object; a bug of the intent */
export function createOf(after: KubeObject, effect: Effect, why: string): Change {
  const object = nameOf(after)
  if (object === undefined) throw new Error('a change creates something that is no object')
  return { op: 'create', object, effect, why, after }
}

/** `edit` is given a copy it may change, without status and what else the API server keeps. */
export function updateOf(
  raw: RawObject,
  edit: (copy: EditableObject) => void,
  effect: Effect,
  why: string,
): Change {
  const before = bare(raw.object)
  const after = JSON.parse(JSON.stringify(before)) as EditableObject
  edit(after)
  return { op: 'update', object: raw.name, effect, why, before, after, ...versionOf(raw) }
}

export function deleteOf(raw: RawObject, effect: Effect, why: string): Change {
  return { op: 'delete', object: raw.name, effect, why, before: bare(raw.object), ...versionOf(raw) }
}

/** An object as an edit sees it. */
// biome-ignore lint/suspicious/noExplicitAny: whatever kind it is, the intent knows its fields.
export type EditableObject = Record<string, any>

function versionOf({ object }: RawObject): { readonly resourceVersion?: string } {
  const { resourceVersion } = (object.metadata ?? {}) as { readonly resourceVersion?: unknown }
  return typeof resourceVersion === 'string' ? { resourceVersion } : {}
}

/** Changes to objects somebody else keeps; an intent that has any is refused. */
export function managedByOthers(
  changes: readonly Change[],
): readonly { readonly object: string; readonly manager: string }[] {
  return changes.flatMap((change) => {
    if (change.op === 'create') return []
    const manager = keeperOf(change.before)
    return manager === undefined ? [] : [{ object: textOf(change.object), manager }]
  })
}

/** Two lists of changes, the second made after the first, as one: each object written once, if at all. */
export function mergeChanges(first: readonly Change[], second: readonly Change[]): readonly Change[] {
  const later = new Map(second.map((change) => [keyOf(change.object), change]))
  const merged = first.flatMap((change): readonly Change[] => {
    const next = later.get(keyOf(change.object))
    if (next === undefined) return [change]
    later.delete(keyOf(change.object))
    const { object, effect, why } = next
    const before = change.op === 'create' ? undefined : change.before
    const after = next.op === 'delete' ? undefined : next.after
    const version = 'resourceVersion' in change ? { resourceVersion: change.resourceVersion } : {}
    if (before === undefined) return after === undefined ? [] : [{ op: 'create', object, effect, why, after }]
    if (after === undefined) return [{ op: 'delete', object, effect, why, before, ...version }]
    return isSame(before, after) ? [] : [{ op: 'update', object, effect, why, before, after, ...version }]
  })
  return [...merged, ...later.values()]
}
