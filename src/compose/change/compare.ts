import { isDeepStrictEqual } from 'node:util'
import { isNoise, type KubeObject } from '../../kube/index.ts'

type Fields = Readonly<Record<string, unknown>>

/** Written by the API server, whoever sends the object. */
const servers = [
  'managedFields',
  'resourceVersion',
  'uid',
  'generation',
  'creationTimestamp',
  'selfLink',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
]

/**
 * What people decide about an object: everything but status, what the API server keeps for itself, and
 * annotations a reading leaves out. Two objects with the same essence are the same object, whenever read.
 */
export function essence(object: KubeObject): KubeObject {
  const { status: _, metadata = {}, ...rest } = object as Fields & { readonly metadata?: Fields }
  const kept = Object.fromEntries(
    Object.entries(metadata)
      .filter(([name]) => !servers.includes(name))
      .map(([name, value]) => [name, name === 'annotations' ? withoutNoise(value) : value])
      .filter(([, value]) => !isEmpty(value)),
  )
  return { ...rest, metadata: kept }
}

const withoutNoise = (annotations: unknown): unknown =>
  Object.fromEntries(
    Object.entries((annotations ?? {}) as Fields).filter(
      ([name]) => !isNoise(name) && name !== mark && name !== revision,
    ),
  )

/** A Deployment's controller counts its templates there, after every write of one. */
const revision = 'deployment.kubernetes.io/revision'

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === 'object' && value !== null && Object.keys(value).length === 0)

export const same = (one: KubeObject, other: KubeObject): boolean =>
  isDeepStrictEqual(essence(one), essence(other))

/** The annotation by which an object says which plan wrote it last. */
const mark = 'kfdoor.dev/plan'

export const markOf = (object: KubeObject): string | undefined =>
  (metadataOf(object).annotations as Readonly<Record<string, string>> | undefined)?.[mark]

export function metadataOf(object: KubeObject): Fields {
  return (object.metadata ?? {}) as Fields
}

/** Puts the mark on, or takes it off where `plan` is undefined. */
export function marked(object: KubeObject, plan: string | undefined): KubeObject {
  const { annotations, ...metadata } = metadataOf(object)
  const { [mark]: _, ...others } = (annotations ?? {}) as Fields
  const all = plan === undefined ? others : { ...others, [mark]: plan }
  return {
    ...object,
    metadata: { ...metadata, ...(Object.keys(all).length > 0 && { annotations: all }) },
  }
}

/**
 * What turns `before` into `after`, done to `live`, which may hold more than a reading shows
 * (annotations left out, status). A list is one value.
 */
export function carryOver(before: unknown, after: unknown, live: unknown): unknown {
  if (!isFields(before) || !isFields(after)) return after
  const result: Record<string, unknown> = isFields(live) ? { ...live } : {}
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [before[name], after[name]]
    if (isDeepStrictEqual(was, is)) continue
    if (is === undefined) delete result[name]
    else result[name] = carryOver(was, is, result[name])
  }
  return result
}

/** Where two objects differ, as `.spec.rules`; a list is one value. */
export function differing(one: unknown, other: unknown, path = ''): readonly string[] {
  if (isDeepStrictEqual(one, other)) return []
  if (!isFields(one) || !isFields(other)) return [path === '' ? '.' : path]
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
    .sort()
    .flatMap((name) => differing(one[name], other[name], `${path}.${name}`))
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A fingerprint a reading put where a secret stood; never to be written to a cluster. */
export function scrubbedAt(value: unknown, path = ''): string | undefined {
  if (typeof value === 'string') return /\bscrubbed:[0-9a-f]{16}\b/.test(value) ? path : undefined
  if (typeof value !== 'object' || value === null) return undefined
  for (const [name, below] of Object.entries(value)) {
    const found = scrubbedAt(below, Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`)
    if (found !== undefined) return found
  }
  return undefined
}
