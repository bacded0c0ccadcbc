/**
 * Who else holds what a write would change: server-side apply's own bookkeeping, `managedFields`, read
 * for a write that is to replace an object. Agrees with the conflicts the API server reports for an
 * apply without force (structured-merge-diff); removals, which an apply cannot ask about, count too.
 */
import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from './resources.ts'

export interface Owned {
  readonly manager: string
  /** `.spec.rules`, `.metadata.labels.app`, `.spec.ports[{"port":80}]` */
  readonly fields: readonly string[]
}

interface Entry {
  readonly manager?: string
  readonly subresource?: string
  readonly fieldsV1?: Tree
}
type Tree = { readonly [key: string]: Tree }
type Fields = Readonly<Record<string, unknown>>

/** Fields of other managers that differ between what is there and what is to be. */
export function ownersOf(live: KubeObject, target: KubeObject, self: string): readonly Owned[] {
  const { managedFields = [] } = (live.metadata ?? {}) as { readonly managedFields?: readonly Entry[] }
  const owners = new Map<string, Set<string>>()
  for (const { manager = '', subresource, fieldsV1 } of managedFields) {
    if (manager === self || subresource !== undefined || fieldsV1 === undefined) continue
    for (const field of touched(fieldsV1, live, target, '')) {
      const known = owners.get(manager) ?? new Set()
      owners.set(manager, known.add(field))
    }
  }
  return [...owners].map(([manager, fields]) => ({ manager, fields: [...fields].sort() }))
}

/** Everything one manager holds of an object: what deleting it takes away. */
export function managersOf(live: KubeObject, self: string): readonly string[] {
  const { managedFields = [] } = (live.metadata ?? {}) as { readonly managedFields?: readonly Entry[] }
  const names = managedFields
    .filter(({ manager, subresource }) => manager !== self && subresource === undefined)
    .map(({ manager = '' }) => manager)
  return [...new Set(names)]
}

/** Paths below `path` that this tree owns and that are not the same on both sides. */
function* touched(tree: Tree, was: unknown, is: unknown, path: string): Generator<string> {
  if (isDeepStrictEqual(was, is)) return
  const keys = Object.keys(tree).filter((key) => key !== '.')
  if (keys.length === 0) {
    // A map somebody made, and whose entries are others': an entry more is no change of theirs.
    if (!('.' in tree) || !isFields(was) || !isFields(is)) yield path
    return
  }
  for (const key of keys) {
    const below = tree[key] as Tree
    if (key.startsWith('f:')) {
      const name = key.slice(2)
      yield* touched(below, fieldOf(was, name), fieldOf(is, name), `${path}.${name}`)
    } else if (key.startsWith('k:')) {
      const wanted = JSON.parse(key.slice(2)) as Fields
      yield* touched(below, withKey(was, wanted), withKey(is, wanted), `${path}[${key.slice(2)}]`)
    } else if (key.startsWith('v:')) {
      const value: unknown = JSON.parse(key.slice(2))
      if (holds(was, value) !== holds(is, value)) yield `${path}[=${key.slice(2)}]`
    } else {
      // `i:` and what may come: the whole list is meant.
      yield path
    }
  }
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const fieldOf = (value: unknown, name: string): unknown => (isFields(value) ? value[name] : undefined)

const withKey = (list: unknown, wanted: Fields): unknown =>
  Array.isArray(list)
    ? list.find((each) => Object.entries(wanted).every(([name, value]) => fieldOf(each, name) === value))
    : undefined

const holds = (list: unknown, value: unknown): boolean =>
  Array.isArray(list) && list.some((each) => isDeepStrictEqual(each, value))

/** Programs people type, whose fields nobody puts back by himself. */
const people = /^(kubectl|oc)([-_].*)?$|^(k9s|headlamp|openlens|before-first-apply|kfdoor)$/i

/** Whether the manager is a person's tool; what is not known to be one may put its fields back. */
export const isPerson = (manager: string): boolean => people.test(manager)
