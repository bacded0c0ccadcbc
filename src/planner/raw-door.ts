/**
 * A door as it is written: every object with the text it stands in, so that a change can be made in
 * that very place. `src/mesh` reads the same texts into what they mean.
 */
import { isMap, isSeq, LineCounter } from 'yaml'
import type { At } from '../base/index.ts'
import type { MeshInput } from '../mesh/index.ts'
import type { KubeObject, ObjectName } from './plan.ts'
import { documentsOf } from './yaml-text.ts'

export interface RawObject {
  readonly name: ObjectName
  readonly object: KubeObject
  readonly at: At
  /** Which document of the text, and which item of its List; both from 0. */
  readonly document: number
  readonly item?: number
}

export interface RawDoor {
  readonly inputs: readonly MeshInput[]
  /** Of two objects of one name the later, as the mesh reads them. */
  readonly objects: readonly RawObject[]
}

/** What cannot be read as an object is left out: `parseMesh` says so with its line. */
export function readRawDoor(inputs: readonly MeshInput[]): RawDoor {
  const objects = new Map<string, RawObject>()
  for (const input of inputs) {
    for (const object of readRawObjects(input)) objects.set(keyOf(object.name), object)
  }
  return { inputs, objects: [...objects.values()] }
}

export function readRawObjects({ file, text }: MeshInput): readonly RawObject[] {
  const lines = new LineCounter()
  const documents = documentsOf(text, lines)
  const found: RawObject[] = []
  const add = (object: unknown, offset: number, document: number, item?: number) => {
    const name = nameOf(object)
    if (name === undefined) return
    found.push({
      name,
      object: object as KubeObject,
      at: { file, line: lines.linePos(offset).line },
      document,
      ...(item !== undefined && { item }),
    })
  }
  for (const [document, read] of documents.entries()) {
    if (!isMap(read.contents) || read.errors.length > 0) continue
    const whole: unknown = read.toJS({ maxAliasCount: 100 })
    const items = read.contents.get('items')
    if (String(read.contents.get('kind')).endsWith('List') && isSeq(items)) {
      const objects = (whole as { readonly items: readonly unknown[] }).items
      for (const [item, node] of items.items.entries()) {
        const [start = 0] = (node as { readonly range?: readonly number[] }).range ?? []
        add(objects[item], start, document, item)
      }
    } else add(whole, read.contents.range?.[0] ?? 0, document)
  }
  return found
}

/** apiVersion, kind, namespace and name; undefined = it is no object. */
export function nameOf(object: unknown): ObjectName | undefined {
  const { apiVersion, kind, metadata } = (object ?? {}) as {
    readonly apiVersion?: unknown
    readonly kind?: unknown
    readonly metadata?: { readonly name?: unknown; readonly namespace?: unknown } | null
  }
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return undefined
  if (typeof metadata?.name !== 'string') return undefined
  const { name, namespace } = metadata
  return { apiVersion, kind, ...(typeof namespace === 'string' && { namespace }), name }
}

/** The same object in another version of its API is the same. */
export function keyOf({ apiVersion, kind, namespace, name }: ObjectName): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return `${group}/${kind}/${namespace ?? ''}/${name}`
}

/** `AuthorizationPolicy istio-system/require-jwt` */
export function textOf({ kind, namespace, name }: ObjectName): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}

/** An object by kind and name; the group only where two groups have that kind (`networking.istio.io`). */
export function findRaw(
  door: RawDoor,
  wanted: {
    readonly kind: string
    readonly namespace?: string
    readonly name: string
    readonly group?: string
  },
): RawObject | undefined {
  return door.objects.find(
    ({ name }) =>
      name.kind === wanted.kind &&
      name.name === wanted.name &&
      name.namespace === wanted.namespace &&
      (wanted.group === undefined || name.apiVersion.startsWith(`${wanted.group}/`)),
  )
}
