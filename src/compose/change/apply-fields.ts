/** What kfdoor says of an object in a server-side apply, and what it leaves to others by not saying it. */
import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../../kube/index.ts'
import { metadataOf } from './compare.ts'

type Fields = Readonly<Record<string, unknown>>

/** Set by the API server, or for it alone. */
const servers = ['managedFields', 'uid', 'generation', 'creationTimestamp', 'selfLink', 'resourceVersion']

/**
 * Of `target` what differs from `former`, and what kfdoor has applied of it before: an apply drops what the same
 * manager leaves out. A list is one value, as Istio's kinds have it.
 */
export function applyFields(former: KubeObject | undefined, target: KubeObject): KubeObject {
  const { apiVersion, kind, status: _, ...rest } = target
  const metadata = Object.fromEntries(
    Object.entries(metadataOf(target)).filter(([name]) => !servers.includes(name)),
  )
  const { name, namespace, resourceVersion } = metadataOf(former ?? target) as Fields
  const said = picked({ ...rest, metadata }, former, ownTree(former)) as Fields | undefined
  return {
    apiVersion,
    kind,
    ...said,
    metadata: {
      ...(said?.metadata as Fields | undefined),
      name,
      ...(namespace !== undefined && { namespace }),
      ...(former !== undefined && { resourceVersion }),
    },
  }
}

type Tree = { readonly [key: string]: Tree }

/** `fieldsV1` of what kfdoor applied before. */
function ownTree(former: KubeObject | undefined): Tree | undefined {
  const { managedFields = [] } = metadataOf(former ?? {}) as {
    readonly managedFields?: readonly {
      readonly manager?: string
      readonly operation?: string
      readonly fieldsV1?: Tree
    }[]
  }
  return managedFields.find(({ manager, operation }) => manager === 'kfdoor' && operation === 'Apply')
    ?.fieldsV1
}

/** undefined = nothing is said of it. */
function picked(target: unknown, former: unknown, own: Tree | undefined): unknown {
  if (target === undefined) return undefined
  if (!isFields(target)) {
    return own === undefined && isDeepStrictEqual(target, former) ? undefined : target
  }
  // A map somebody made new is said whole, one that is owned itself even where it is empty.
  if (!isFields(former) || (own !== undefined && Object.keys(own).length === 0)) return target
  const said = Object.entries(target).flatMap(([name, value]) => {
    const each = picked(value, former[name], own?.[`f:${name}`])
    return each === undefined ? [] : [[name, each] as const]
  })
  return said.length > 0 || own?.['.'] !== undefined ? Object.fromEntries(said) : undefined
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
