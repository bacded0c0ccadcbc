/** What a plan did, where the journal of its apply is on another machine: from the plan and the cluster. */
import type { KubeObject } from '../../kube/index.ts'
import type { Change, Plan } from '../../planner/index.ts'
import type { ChangePlace } from './apply-plan.ts'
import { carryOver, essence, marked, markOf, metadataOf } from './compare.ts'
import { beginJournal, type Journal, type JournalPlace, type Step } from './journal.ts'
import { look } from './observe.ts'

/**
 * An object is this plan's work if it bears the plan's mark; one the plan took away bears nothing, so its absence
 * is taken for the plan's doing. undefined = nothing of the plan is there.
 *
 * The former objects are those of the plan: whole but for the managers of their fields.
 *
 * @throws Fault ERR_DOOR_UNREACHABLE, ERR_CLUSTER_REFUSED
 */
export async function journalOf(
  plan: Plan,
  place: Pick<ChangePlace, 'objects' | 'server'> & JournalPlace,
): Promise<Journal | undefined> {
  if (plan.spec.source.kind !== 'cluster') return undefined
  const begun = beginJournal(plan, place.server, place)
  const steps: Step[] = []
  for (const [index, change] of plan.spec.changes.entries()) {
    const live = await look(place.objects, change.object, place.server)
    steps.push({ ...(begun.steps[index] as Step), ...doneTo(change, live, plan.metadata.name) })
  }
  const written = steps.filter(({ state }) => state === 'written').length
  if (written === 0) return undefined
  return { ...begun, state: written === steps.length ? 'applied' : 'applying', steps }
}

function doneTo(change: Change, live: KubeObject | undefined, plan: string): Partial<Step> {
  if (change.op === 'delete') {
    return live === undefined ? { state: 'written', former: unmanaged(change.before) } : {}
  }
  if (live === undefined || markOf(live) !== plan) return {}
  if (change.op === 'create') return { state: 'written', left: over(change.after, live) }
  const [before, after] = [essence(change.before), essence(change.after)]
  const { managedFields: _, ...metadata } = metadataOf(live)
  const bare = { ...live, metadata }
  return {
    state: 'written',
    left: over(carryOver(before, after, bare) as KubeObject, live),
    former: marked(carryOver(after, before, bare) as KubeObject, undefined),
  }
}

function unmanaged(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = metadataOf(object)
  return { ...object, metadata }
}

/** `live` with everything `wanted` says: the same as `live` where only the API server added to it. */
function over<T>(wanted: unknown, live: T): T {
  if (Array.isArray(wanted) && Array.isArray(live) && wanted.length === live.length) {
    return wanted.map((each, at) => over(each, live[at])) as T
  }
  if (!isFields(wanted) || !isFields(live)) return wanted as T
  const names = [...new Set([...Object.keys(live), ...Object.keys(wanted)])]
  return Object.fromEntries(
    names.map((name) => [name, wanted[name] === undefined ? live[name] : over(wanted[name], live[name])]),
  ) as T
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
