import { Fault } from '../../base/index.ts'
import type { KubeObjects, Right } from '../../kube/index.ts'
import { type Change, type ObjectName, type Plan, textOf } from '../../planner/index.ts'

/** Verbs of RBAC behind each change, and behind its undoing. */
const verbs = {
  create: { write: 'create', undo: 'delete' },
  update: { write: 'update', undo: 'update' },
  delete: { write: 'delete', undo: 'create' },
} as const

/**
 * Asks the API server whether each write is allowed. Rights to undo are wanted only where `undoable`;
 * else their lack is a note.
 *
 * @returns notes
 * @throws Fault ERR_PLAN_RIGHTS, ERR_PLAN_REJECTED where it does not serve a kind
 */
export async function checkRights(
  objects: KubeObjects,
  {
    plan,
    changes,
    undoable,
    begun,
  }: {
    readonly plan: Plan
    readonly changes: readonly Change[]
    readonly undoable: boolean
    /** Some of the plan is applied. */
    readonly begun: boolean
  },
): Promise<string[]> {
  const { name } = plan.metadata
  const unserved: string[] = []
  const [needed, later]: [Right[], Right[]] = [[], []]
  for (const { object, op } of changes) {
    const [get, write, undo] = await rightsOf(objects, object, ['get', verbs[op].write, verbs[op].undo])
    if (get === undefined || write === undefined || undo === undefined) {
      unserved.push(`${textOf(object)}: the API server has no ${object.apiVersion} ${object.kind}`)
      continue
    }
    needed.push(get, write)
    ;(undoable ? needed : later).push(undo)
  }
  if (unserved.length > 0) throw new Fault('ERR_PLAN_REJECTED', { plan: name, objects: unserved, begun })
  const missing = new Set(await objects.missing([...needed, ...later]))
  const lines = (rights: readonly Right[]) => [
    ...new Set(rights.filter((right) => missing.has(right)).map(rightText)),
  ]
  if (lines(needed).length > 0)
    throw new Fault('ERR_PLAN_RIGHTS', { plan: name, missing: lines(needed), begun })
  return lines(later).map((line) => `you could not roll this back yourself; missing: ${line}`)
}

/** @throws Fault ERR_PLAN_RIGHTS */
export async function checkUndoRights(
  objects: KubeObjects,
  plan: string,
  steps: readonly { readonly object: ObjectName; readonly op: Change['op'] }[],
): Promise<void> {
  const rights: Right[] = []
  for (const { object, op } of steps) rights.push(...(await rightsOf(objects, object, [verbs[op].undo])))
  const missing = await objects.missing(rights)
  if (missing.length > 0)
    throw new Fault('ERR_PLAN_RIGHTS', { plan, missing: missing.map(rightText), begun: false })
}

/** None where the API server does not serve the kind. */
async function rightsOf(
  objects: KubeObjects,
  object: ObjectName,
  wanted: readonly string[],
): Promise<readonly Right[]> {
  const resource = await objects.resource(object)
  if (resource === undefined) return []
  const { group, plural, namespaced } = resource
  return wanted.map((verb) => ({
    verb,
    group,
    resource: plural,
    ...(namespaced && { namespace: object.namespace ?? 'default' }),
    // RBAC does not know the name of what is yet to be made.
    ...(verb !== 'create' && { name: object.name }),
  }))
}

/** `update authorizationpolicies.security.istio.io in istio-system (door)` */
function rightText({ verb, group, resource, namespace, name }: Right): string {
  const what = group === '' ? resource : `${resource}.${group}`
  const where = namespace === undefined ? '' : ` in ${namespace}`
  return `${verb} ${what}${where}${name === undefined ? '' : ` (${name})`}`
}
