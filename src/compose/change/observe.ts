import { Fault } from '../../base/index.ts'
import type { KubeObject, KubeObjects } from '../../kube/index.ts'
import { textOf } from '../../planner/index.ts'
import type { Reborn } from './births.ts'
import { differing, essence, markOf, metadataOf, same } from './compare.ts'
import type { Journal, Step } from './journal.ts'

/** The object as it is now; undefined = there is none. @throws Fault ERR_DOOR_UNREACHABLE, ERR_CLUSTER_REFUSED */
export async function look(
  objects: KubeObjects,
  object: Step['object'],
  server: string,
): Promise<KubeObject | undefined> {
  const read = await objects.read(object)
  if (read.kind === 'found') return read.object
  if (read.kind === 'refused') {
    throw new Fault('ERR_CLUSTER_REFUSED', { server, reason: read.reason })
  }
  return undefined
}

/**
 * Finds out what became of writes nobody saw the answer of, by the mark a plan leaves on what it
 * writes. A step that was `writing` is `pending` or `written` afterwards, one that was `undoing` is
 * `written` or `undone`.
 */
export async function settleOpenSteps(journal: Journal, objects: KubeObjects): Promise<void> {
  for (const step of journal.steps) {
    if (step.state !== 'writing' && step.state !== 'undoing') continue
    const live = await look(objects, step.object, journal.server)
    if (step.state === 'writing') {
      const landed = hasLanded(step, live, journal.plan)
      step.state = landed ? 'written' : 'pending'
      // From now on it is this very object.
      if (
        landed &&
        live !== undefined &&
        step.left !== undefined &&
        leftAgainst(step.left, live).length === 0
      )
        step.left = live
    } else step.state = isUndone(step, live, journal.plan) ? 'undone' : 'written'
  }
}

export function hasLanded(step: Step, live: KubeObject | undefined, plan: string): boolean {
  // Its name may have been given to another since.
  if (step.op === 'delete') return live === undefined || isGoing(live) || uidOf(live) !== uidOf(step.former)
  return live !== undefined && markOf(live) === plan
}

export function isUndone(step: Step, live: KubeObject | undefined, plan: string): boolean {
  if (step.op === 'create') return live === undefined || isGoing(live) || markOf(live) !== plan
  if (live === undefined || isGoing(live) || step.former === undefined) return false
  return same(live, step.former) && markOf(live) === markOf(step.former)
}

/**
 * Whether what a written step did is undone already, by another plan or by somebody: marks say nothing then. An object
 * in the place of one the plan made is none of ours, and no undoing.
 */
export function isTakenBack(step: Step, live: KubeObject | undefined): boolean {
  if (step.op === 'create') return live === undefined
  return live !== undefined && !isGoing(live) && step.former !== undefined && same(live, step.former)
}

/** A plan that was applied and taken back as a whole since, not by its own rollback, is as good as rolled back. */
export async function settleTakenBack(journal: Journal, objects: KubeObjects): Promise<void> {
  if (journal.state !== 'applied') return
  for (const step of journal.steps)
    if (!isTakenBack(step, await look(objects, step.object, journal.server))) return
  journal.state = 'rolled-back'
  for (const step of journal.steps) step.state = 'undone'
}

/**
 * How a written step's object differs from what the plan left there: undefined where it does not, else
 * words for a person.
 *
 * @param reborn whether it was a rollback from here that made it anew
 */
export function editedSince(
  step: Step,
  live: KubeObject | undefined,
  plan: string,
  reborn: Reborn,
): string | undefined {
  const name = textOf(step.object)
  if (step.op === 'delete') {
    if (live === undefined || isGoing(live)) return undefined
    return `${name}: it is there again`
  }
  if (live === undefined) return `${name}: it was deleted`
  if (isGoing(live)) return `${name}: it is being deleted`
  const left = step.left
  const [was, is] = [uidOf(left), uidOf(live)]
  if (was !== undefined && was !== is && !reborn(was, is ?? '')) return `${name}: it was made anew`
  if (left === undefined) return undefined
  const paths = leftAgainst(left, live)
  if (paths.length > 0) return `${name}: ${paths.join(', ')}`
  return markOf(live) === plan ? undefined : `${name}: the annotation that names the plan`
}

/**
 * Where `live` is not what was left. Of a write whose answer nobody saw, only the rehearsal is known, and that
 * allocates anew each time what the object does not say itself.
 */
function leftAgainst(left: KubeObject, live: KubeObject): readonly string[] {
  const [was, is] = uidOf(left) === undefined ? [left, live].map(unallocated) : [left, live]
  return differing(essence(was as KubeObject), essence(is as KubeObject))
}

/** Whether two rehearsals made the same of an object. */
export const sameRehearsed = (one: KubeObject, other: KubeObject): boolean =>
  same(unallocated(one), unallocated(other))

/** A Service without addresses and ports of the node, which the API server hands out. */
function unallocated(object: KubeObject): KubeObject {
  if (object.kind !== 'Service' || object.apiVersion !== 'v1') return object
  const { clusterIP, clusterIPs: _, healthCheckNodePort: __, ports, ...spec } = (object.spec ?? {}) as Fields
  const bare = (port: Fields) => {
    const { nodePort: _, ...others } = port
    return others
  }
  return {
    ...object,
    spec: {
      ...spec,
      // `None` is no address: it is what somebody decided.
      ...(clusterIP === 'None' && { clusterIP }),
      ...(Array.isArray(ports) && { ports: ports.map(bare) }),
    },
  }
}

type Fields = Readonly<Record<string, unknown>>

export const uidOf = (object: KubeObject | undefined): string | undefined =>
  object && (metadataOf(object).uid as string | undefined)

export const versionOf = (object: KubeObject | undefined): string | undefined =>
  object && (metadataOf(object).resourceVersion as string | undefined)

/** Its deletion is asked for, and a finalizer holds it. */
const isGoing = (object: KubeObject): boolean => metadataOf(object).deletionTimestamp !== undefined
