import { Fault } from '../../base/index.ts'
import type { KubeObject, Written } from '../../kube/index.ts'
import { type Plan, textOf } from '../../planner/index.ts'
import { type ChangePlace, checkPermits } from './apply-plan.ts'
import { rebornBy } from './births.ts'
import { checkUndoRights } from './check-rights.ts'
import { markOf, metadataOf } from './compare.ts'
import { type Journal, type JournalPlace, keepJournal, readJournal, type Step } from './journal.ts'
import { journalOf } from './journal-of-plan.ts'
import { editedSince, isTakenBack, isUndone, look, settleOpenSteps, uidOf, versionOf } from './observe.ts'
import { checkServer } from './open-place.ts'
import { withPlanLock } from './plan-lock.ts'

export interface RollBackOptions {
  /** Puts the former state over what somebody did since. */
  readonly force?: boolean
}

export interface RolledBack {
  /** `nothing` = there was nothing to undo. */
  readonly outcome: 'rolled-back' | 'nothing'
  readonly steps: readonly Step[]
  readonly notes: readonly string[]
}

type LockedPlace = ChangePlace & JournalPlace

/**
 * Undoes what is applied of a plan, last write first, so that what it opened is closed before what it
 * closed is opened. Objects get back the very spec and metadata they had, and the managers of their fields.
 * What somebody changed since is shown and left alone. Where the plan was applied from another machine, what it
 * did is read from the cluster's marks, and the former objects from the plan.
 *
 * @throws Fault ERR_PLAN_EDITED, ERR_PLAN_RIGHTS, ERR_PLAN_BUSY, ERR_PLAN_ELSEWHERE, ERR_PLAN_NOT_PERMITTED with nothing undone;
 * ERR_PLAN_STOPPED, ERR_PLAN_CUT with some of it undone
 */
export async function rollBack(
  plan: Plan,
  place: ChangePlace,
  options: RollBackOptions = {},
): Promise<RolledBack> {
  checkServer(plan, place.server)
  await checkPermits(plan, place)
  return withPlanLock(place.env, plan, (folder) => undoLocked(plan, { ...place, folder }, options))
}

async function undoLocked(
  plan: Plan,
  place: LockedPlace,
  { force = false }: RollBackOptions,
): Promise<RolledBack> {
  const known = readJournal(plan, place.folder)
  const journal = known ?? (await journalOf(plan, place))
  if (journal === undefined || journal.state === 'rolled-back') {
    return { outcome: 'nothing', steps: journal?.steps ?? [], notes: [] }
  }
  const interrupted = journal.steps.filter(({ state }) => state === 'undoing')
  await settleOpenSteps(journal, place.objects)
  for (const step of interrupted) if (step.state === 'undone') await giveBackFields(journal.plan, step, place)
  const written = journal.steps.filter(({ state }) => state === 'written').reverse()
  await checkUndoRights(place.objects, journal.plan, written)
  const todo: Step[] = []
  const lives = new Map<Step, KubeObject | undefined>()
  const edited: string[] = []
  const reborn = rebornBy(place.env)
  for (const step of written) {
    const live = await look(place.objects, step.object, place.server)
    // Undone is what is wanted, whoever did it; a mark that is left is taken off.
    const done = isTakenBack(step, live)
    if (done && (live === undefined || markOf(live) !== journal.plan)) {
      step.state = 'undone'
      continue
    }
    todo.push(step)
    lives.set(step, live)
    const words = done ? undefined : editedSince(step, live, journal.plan, reborn)
    if (words !== undefined) edited.push(words)
  }
  if (edited.length > 0 && !force) {
    throw new Fault('ERR_PLAN_EDITED', { plan: journal.plan, objects: edited, during: 'rollback' })
  }
  journal.state = 'rolling-back'
  keepJournal(journal, place)
  for (const step of todo) {
    await undoStep(journal, step, lives.get(step), place)
    place.say(`${undoneWords[step.op]} ${textOf(step.object)}`)
  }
  journal.state = 'rolled-back'
  keepJournal(journal, place)
  return {
    outcome: todo.length === 0 ? 'nothing' : 'rolled-back',
    steps: journal.steps,
    notes: edited.map((words) => `given up: ${words}`),
  }
}

const undoneWords = { create: 'deleted', update: 'put back', delete: 'created again' } as const
async function undoStep(
  journal: Journal,
  step: Step,
  live: KubeObject | undefined,
  place: LockedPlace,
): Promise<void> {
  step.state = 'undoing'
  keepJournal(journal, place)
  const done = await undo(step, live, place)
  const object = textOf(step.object)
  const { plan } = journal
  switch (done?.kind) {
    case undefined:
      break
    case 'done':
      noteBirth(journal, step, live, done.object, place)
      break
    case 'moved':
      step.state = 'written'
      keepJournal(journal, place)
      throw new Fault('ERR_PLAN_EDITED', { plan, objects: [`${object}: ${done.reason}`], during: 'rollback' })
    case 'refused':
      step.state = 'written'
      keepJournal(journal, place)
      throw new Fault('ERR_PLAN_STOPPED', { plan, object, reason: done.reason, during: 'rollback' })
    case 'unknown': {
      const cut = new Fault('ERR_PLAN_CUT', { plan, object, reason: done.reason, during: 'rollback' })
      const now = await look(place.objects, step.object, place.server).catch(() => {
        throw cut
      })
      if (!isUndone(step, now, plan)) throw cut
      noteBirth(journal, step, live, now, place)
    }
  }
  await giveBackFields(plan, step, place)
  step.state = 'undone'
  keepJournal(journal, place)
}

/** Whoever wrote the object that is there again may go on with it. */
function noteBirth(
  journal: Journal,
  { op, former }: Step,
  live: KubeObject | undefined,
  made: KubeObject | undefined,
  place: LockedPlace,
): void {
  const [was, is] = [uidOf(former), uidOf(made)]
  if (op !== 'delete' || live !== undefined || was === undefined || is === undefined) return
  journal.births = { ...journal.births, [was]: is }
  keepJournal(journal, place)
}

/** undefined = there is nothing left to do. */
async function undo(
  step: Step,
  live: KubeObject | undefined,
  { objects }: LockedPlace,
): Promise<Written | undefined> {
  const { op, object, former } = step
  if (op === 'create') {
    const uid = uidOf(live)
    if (live === undefined || uid === undefined) return undefined
    const resourceVersion = versionOf(live)
    return objects.remove(object, { uid, ...(resourceVersion !== undefined && { resourceVersion }) })
  }
  if (former === undefined) return undefined
  const {
    managedFields: _,
    uid: __,
    creationTimestamp: ___,
    generation: ____,
    ...metadata
  } = metadataOf(former)
  if (live === undefined) {
    const { resourceVersion: _, ...fresh } = metadata
    return objects.create({ ...former, metadata: fresh })
  }
  const { status: _____, ...rest } = former
  return objects.replace({
    ...rest,
    metadata: { ...metadata, resourceVersion: versionOf(live) },
    // Where a kind has no status of its own to be written, it is whoever keeps it that decides.
    ...(live.status !== undefined && { status: live.status }),
  })
}

/**
 * Undoing has made kfdoor the manager of the fields it put back. A write that changes nothing but
 * `managedFields` names those who had them, so that their next apply meets no conflict with us.
 */
async function giveBackFields(plan: string, { op, object, former }: Step, place: LockedPlace): Promise<void> {
  const managers = former && (metadataOf(former).managedFields as readonly Entry[] | undefined)
  if (op === 'create' || managers === undefined) return
  const about = { plan, object: textOf(object), during: 'rollback' } as const
  const cut = (reason: string) => new Fault('ERR_PLAN_CUT', { ...about, reason })
  for (let tries = 0; ; tries++) {
    const live = await look(place.objects, object, place.server).catch((error: Error) => {
      throw cut(error.message)
    })
    if (live === undefined || !isUndone({ op, object, former, state: 'undoing' }, live, plan)) return
    const now = (metadataOf(live).managedFields ?? []) as readonly Entry[]
    // Whoever keeps the status goes on keeping it.
    const managedFields = [
      ...managers.filter(({ subresource }) => subresource === undefined),
      ...now.filter(({ subresource }) => subresource !== undefined),
    ]
    const given = await place.objects.replace({ ...live, metadata: { ...metadataOf(live), managedFields } })
    if (given.kind === 'done') return
    if (given.kind === 'unknown') throw cut(given.reason)
    // A status that was written meanwhile moves the version.
    if (given.kind === 'moved' && tries < 3) continue
    if (given.kind === 'moved' || given.status === tooMany) {
      throw new Fault('ERR_PLAN_STOPPED', { ...about, reason: given.reason })
    }
    // Nobody who asks again is told something else, and all but a name is as it was.
    return place.say(`the fields of ${textOf(object)} stay in the name of kfdoor: ${given.reason}`)
  }
}

/** 429: the API server had no time, and will have. */
const tooMany = 429

interface Entry {
  readonly manager: string
  readonly subresource?: string
}
