import { Fault } from '../../base/index.ts'
import {
  isPerson,
  type KubeObject,
  type KubeObjects,
  managersOf,
  ownersOf,
  type Written,
} from '../../kube/index.ts'
import { type Change, keeperOf, type Plan, textOf } from '../../planner/index.ts'
import { applyFields } from './apply-fields.ts'
import { checkRights } from './check-rights.ts'
import { carryOver, differing, essence, marked, markOf, metadataOf, same, scrubbedAt } from './compare.ts'
import type { Step } from './journal.ts'
import { look, sameRehearsed, versionOf } from './observe.ts'

/** A change about to be made: what stands there, and what will be sent. */
export interface Prepared {
  readonly change: Change
  readonly former: KubeObject | undefined
  /** undefined for a deletion. */
  readonly target: KubeObject | undefined
  /** Server-side apply comes to the same, and takes no field from anybody: found by rehearsing both. */
  readonly byApply?: boolean
}

export interface Preflight {
  readonly prepared: readonly Prepared[]
  /** What the API server would make of each, in the order of `prepared`. */
  readonly answers: readonly (KubeObject | undefined)[]
  /** Sentences for the person who applies. */
  readonly notes: readonly string[]
}

export interface PreflightOptions {
  readonly plan: Plan
  readonly changes: readonly Change[]
  readonly server: string
  readonly forceConflicts: boolean
  /** Rights to undo are wanted too. */
  readonly undoable: boolean
  /** The API server is asked what it would make of each write. */
  readonly ask: boolean
  /** Some of the plan is applied already. */
  readonly begun: boolean
}

/**
 * Everything that can be known before the first write: rights, that the cluster is the one the plan was
 * made from, who else holds the fields, and what the API server makes of each write (`dryRun=All`).
 *
 * @throws Fault ERR_PLAN_RIGHTS, ERR_PLAN_STALE, ERR_PLAN_CONFLICT, ERR_PLAN_REJECTED
 */
export async function preflight(objects: KubeObjects, options: PreflightOptions): Promise<Preflight> {
  const { plan, changes, server, forceConflicts, begun } = options
  const name = plan.metadata.name
  const notes = await checkRights(objects, options)
  const prepared: Prepared[] = []
  const stale: string[] = []
  for (const change of changes) {
    const live = await look(objects, change.object, server)
    const moved = movedSince(change, live, name)
    if (moved === undefined) prepared.push(prepare(change, live, name))
    else stale.push(`${textOf(change.object)}: ${moved}`)
  }
  if (stale.length > 0) throw new Fault('ERR_PLAN_STALE', { plan: name, objects: stale, begun })
  const conflicts = prepared.flatMap(conflictsOf)
  if (conflicts.length > 0 && !forceConflicts) {
    throw new Fault('ERR_PLAN_CONFLICT', { plan: name, conflicts, begun })
  }
  const hidden = prepared.flatMap(({ change, target }) => {
    const at = scrubbedAt(target)
    return at === undefined
      ? []
      : [`${textOf(change.object)}: \`${at}\` is a fingerprint of a reading, not a value`]
  })
  if (hidden.length > 0) throw new Fault('ERR_PLAN_REJECTED', { plan: name, objects: hidden, begun })
  const answers = options.ask ? await rehearse(objects, prepared, options) : prepared.map(() => undefined)
  const ways = await Promise.all(
    prepared.map(async (each, at) => ({ ...each, byApply: await canApply(objects, each, answers[at]) })),
  )
  notes.push(...conflicts.map((conflict) => `taken all the same: ${conflict}`))
  notes.push(
    ...prepared.flatMap(alsoKept),
    ...prepared.flatMap((each, at) => changedByServer(each, answers[at])),
  )
  return { prepared: ways, answers, notes }
}

/** Why the object is not the one the plan speaks of; undefined = it is. */
function movedSince(change: Change, live: KubeObject | undefined, plan: string): string | undefined {
  const elsewhere =
    live !== undefined && markOf(live) === plan
      ? `, by this plan: from another machine, go on with \`kfdoor apply ${plan} --continue\``
      : ''
  if (change.op === 'create') return live === undefined ? undefined : `it is there now${elsewhere}`
  if (live === undefined) return 'it is gone'
  // Deletion was asked for, and what is written now goes with it.
  if (metadataOf(live).deletionTimestamp !== undefined) return 'it is being deleted'
  const { before, resourceVersion } = change
  if (resourceVersion !== undefined && resourceVersion === versionOf(live)) return undefined
  // A status alone moves the version, and decides nothing about a door.
  if (same(before, live)) return undefined
  const hidden = scrubbedAt(before)
  if (hidden !== undefined) {
    return `\`${hidden}\` was read as a fingerprint, so it cannot be told whether it changed`
  }
  return `${differing(essence(before), essence(live)).join(', ')}${elsewhere}`
}

/** What `change` makes of what is there. */
export function prepare(change: Change, live: KubeObject | undefined, plan: string): Prepared {
  if (change.op === 'delete') return { change, former: live, target: undefined }
  if (change.op === 'create') return { change, former: undefined, target: marked(change.after, plan) }
  const carried = carryOver(essence(change.before), essence(change.after), live) as KubeObject
  const { managedFields: _, ...metadata } = metadataOf(carried)
  return { change, former: live, target: marked({ ...carried, metadata }, plan) }
}

/** Programs that may put back what the change takes from them. */
function conflictsOf({ change, former, target }: Prepared): readonly string[] {
  if (former === undefined) return []
  const name = textOf(change.object)
  const keeper = keeperOf(former)
  if (keeper !== undefined) return [`${name} is kept by ${keeper}`]
  if (target === undefined) {
    return managersOf(former, 'kfdoor')
      .filter((manager) => !isPerson(manager))
      .map((manager) => `${name} is written by \`${manager}\``)
  }
  return ownersOf(former, target, 'kfdoor')
    .filter(({ manager }) => !isPerson(manager))
    .map(({ manager, fields }) => `${name}: \`${manager}\` owns ${fields.join(', ')}`)
}

/** A person's file still says what it said: the next `kubectl apply` of it undoes the change. */
function alsoKept({ change, former, target }: Prepared): readonly string[] {
  if (former === undefined || target === undefined) return []
  const held = ownersOf(former, target, 'kfdoor').filter(({ manager }) => isPerson(manager))
  return held.map(
    ({ manager, fields }) =>
      `${textOf(change.object)}: ${fields.join(', ')} came from \`${manager}\`; change that file too, or its next apply puts it back`,
  )
}

async function rehearse(
  objects: KubeObjects,
  prepared: readonly Prepared[],
  { plan: { metadata }, server, begun }: PreflightOptions,
): Promise<readonly (KubeObject | undefined)[]> {
  const { name: plan } = metadata
  const answers: (KubeObject | undefined)[] = []
  const rejected: string[] = []
  const moved: string[] = []
  for (const each of prepared) {
    const answer = await write(objects, each, { dryRun: true })
    const name = textOf(each.change.object)
    answers.push(answer.kind === 'done' ? answer.object : undefined)
    if (answer.kind === 'moved') moved.push(`${name}: ${answer.reason}`)
    if (answer.kind === 'done' || answer.kind === 'moved') continue
    // 500: a webhook that does not answer stands in the way. Nothing of a rehearsal is kept, so nothing is unknown.
    if (answer.kind === 'unknown' && answer.status !== 500) {
      throw new Fault('ERR_DOOR_UNREACHABLE', { url: server, reason: answer.reason })
    }
    // Some admission webhooks cannot be rehearsed; they have their say at the write.
    if (/does not support dry run/.test(answer.reason) || awaitsOwnNamespace(each, prepared)) continue
    rejected.push(`${name}: ${answer.reason}`)
  }
  if (moved.length > 0) throw new Fault('ERR_PLAN_STALE', { plan, objects: moved, begun })
  if (rejected.length > 0) throw new Fault('ERR_PLAN_REJECTED', { plan, objects: rejected, begun })
  return answers
}

/**
 * Whether server-side apply makes of the object what was planned. It does not where a field has to be taken from
 * somebody or taken away, and is not allowed to who lacks the right `patch`.
 */
async function canApply(
  objects: KubeObjects,
  each: Prepared,
  planned: KubeObject | undefined,
): Promise<boolean> {
  if (each.target === undefined || planned === undefined) return false
  const answer = await write(objects, { ...each, byApply: true }, { dryRun: true })
  return answer.kind === 'done' && answer.object !== undefined && sameRehearsed(answer.object, planned)
}

/** In a namespace an earlier change of the plan makes, nothing can be rehearsed. */
function awaitsOwnNamespace({ change }: Prepared, prepared: readonly Prepared[]): boolean {
  return prepared.some(
    ({ change: other }) =>
      other.op === 'create' &&
      other.object.kind === 'Namespace' &&
      other.object.name === change.object.namespace,
  )
}

/** Sends one change, in earnest or as a rehearsal. */
export function write(
  objects: KubeObjects,
  { change, former, target, byApply = false }: Prepared,
  { dryRun = false } = {},
): Promise<Written> {
  if (target === undefined) {
    return objects.remove(
      change.object,
      { uid: String(metadataOf(former ?? {}).uid), resourceVersion: String(versionOf(former)) },
      { dryRun },
    )
  }
  if (byApply) return objects.apply(applyFields(former, target), { dryRun, strict: true })
  return change.op === 'create'
    ? objects.create(target, { dryRun, strict: true })
    : objects.replace(target, { dryRun, strict: true })
}

/** Admission may make something else of an object than was planned, and predicted. */
function changedByServer({ change, target }: Prepared, answer: KubeObject | undefined): readonly string[] {
  if (target === undefined || answer === undefined) return []
  const paths = differing(essence(target), essence(answer))
  return paths.length === 0
    ? []
    : [`${textOf(change.object)}: the API server sets ${paths.join(', ')} by itself`]
}

/** For the journal: what `prepared` is about to do. */
export function noteIntent(
  step: Step,
  { former }: Prepared,
  answer: KubeObject | undefined,
  plan: string,
): void {
  // Its own mark is left of a time before, where somebody put back the rest.
  if (former !== undefined) step.former = markOf(former) === plan ? marked(former, undefined) : former
  // A rehearsal gives what is made a birth of its own.
  if (answer !== undefined) step.left = step.op === 'create' ? unborn(answer) : answer
  step.state = 'writing'
}

function unborn(object: KubeObject): KubeObject {
  const { uid: _, creationTimestamp: __, resourceVersion: ___, ...metadata } = metadataOf(object)
  return { ...object, metadata }
}
