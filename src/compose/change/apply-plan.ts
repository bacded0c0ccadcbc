import { Fault } from '../../base/index.ts'
import type { KubeObjects, Written } from '../../kube/index.ts'
import { type Change, type Plan, textOf } from '../../planner/index.ts'
import { rebornBy } from './births.ts'
import { same } from './compare.ts'
import { beginJournal, type Journal, keepJournal, readJournal, type Step } from './journal.ts'
import { journalOf } from './journal-of-plan.ts'
import { editedSince, hasLanded, look, settleOpenSteps, settleTakenBack, uidOf } from './observe.ts'
import { checkServer } from './open-place.ts'
import { withPlanLock } from './plan-lock.ts'
import { noteIntent, type Prepared, preflight, prepare, write } from './preflight.ts'

/** Where a plan is carried out. */
export interface ChangePlace {
  /** For the state folder, `XDG_STATE_HOME`. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly objects: KubeObjects
  /** Address of the API server. */
  readonly server: string
  now(): Date
  /** One line of progress for a person. */
  say(line: string): void
  /**
   * Where plans are carried out on behalf of somebody: why they may not make this change. Asked about
   * every change before the first one is made.
   */
  permit?(change: Change): Promise<string | undefined>
}

export interface ApplyOptions {
  /** Goes on where an interruption left off. */
  readonly resume?: boolean
  /** Takes fields from managers that may put them back. */
  readonly forceConflicts?: boolean
  /** Rights to undo are wanted before anything is done. */
  readonly undoable?: boolean
  /** Everything but the writes: only compared, or judged by the API server as well. */
  readonly rehearse?: 'client' | 'server'
}

export interface Applied {
  /** `rehearsed` = nothing was written; `already` = it was applied before. */
  readonly outcome: 'applied' | 'already' | 'rehearsed'
  readonly steps: readonly Step[]
  readonly notes: readonly string[]
}

/**
 * Carries a plan out: checks everything first, then one write after another in the plan's order, each
 * with the precondition that nobody was faster, each in the journal before it is sent and after it is
 * answered.
 *
 * @throws Fault ERR_PLAN_STALE, ERR_PLAN_RIGHTS, ERR_PLAN_CONFLICT, ERR_PLAN_REJECTED, ERR_PLAN_STATE,
 * ERR_PLAN_BUSY, ERR_PLAN_NOT_PERMITTED, ERR_PLAN_ELSEWHERE with nothing written; ERR_PLAN_STOPPED,
 * ERR_PLAN_CUT, ERR_PLAN_EDITED with some of it written
 */
export async function applyPlan(
  plan: Plan,
  place: ChangePlace,
  options: ApplyOptions = {},
): Promise<Applied> {
  checkServer(plan, place.server)
  await checkPermits(plan, place)
  if (options.rehearse !== undefined) {
    // A refusal names commands that take the plan by its name.
    const { notes } = await check(plan, plan.spec.changes, place, options, false).catch(async (error) => {
      await withPlanLock(place.env, plan, async () => {}).catch(() => {})
      throw error
    })
    return { outcome: 'rehearsed', steps: beginJournal(plan, place.server, at(place, '')).steps, notes }
  }
  return withPlanLock(place.env, plan, (folder) => applyLocked(plan, at(place, folder), options))
}

type LockedPlace = ChangePlace & { readonly folder: string }

const at = (place: ChangePlace, folder: string): LockedPlace => ({ ...place, folder })

async function applyLocked(plan: Plan, place: LockedPlace, options: ApplyOptions): Promise<Applied> {
  // Going on where another machine was interrupted: what it did is read from the cluster.
  const known =
    readJournal(plan, place.folder) ?? (options.resume === true ? await journalOf(plan, place) : undefined)
  // Another plan, or somebody, may have taken it back since.
  if (known !== undefined) await settleTakenBack(known, place.objects)
  const journal =
    known === undefined || isOver(known) ? beginJournal(plan, place.server, place, known) : known
  if (known !== undefined && !isOver(known)) {
    checkGoesOn(known, options)
    await settleOpenSteps(journal, place.objects)
    await checkWritten(journal, place)
    if (known.state === 'applied') return { outcome: 'already', steps: known.steps, notes: [] }
  }
  const todo = plan.spec.changes.flatMap((change, index) => {
    const step = journal.steps[index] as Step
    return step.state === 'written' ? [] : [{ change, step }]
  })
  const begun = todo.length < plan.spec.changes.length
  const { prepared, answers, notes } = await check(
    plan,
    todo.map(({ change }) => change),
    place,
    options,
    begun,
  )
  keepJournal(journal, place)
  for (const [index, { step }] of todo.entries()) {
    await takeStep(journal, step, prepared[index] as Prepared, answers[index], place)
    place.say(`${doneWords[step.op]} ${textOf(step.object)}`)
  }
  journal.state = 'applied'
  keepJournal(journal, place)
  return { outcome: 'applied', steps: journal.steps, notes }
}

const doneWords = { create: 'created', update: 'updated', delete: 'deleted' } as const

/** A rolled-back plan may be applied once more, where the cluster is as it was. */
const isOver = ({ state }: Journal): boolean => state === 'rolled-back'

/** @throws Fault ERR_PLAN_STATE where it is not to be gone on with */
function checkGoesOn({ plan, state, steps }: Journal, { resume = false }: ApplyOptions): void {
  if (state === 'rolling-back') {
    throw new Fault('ERR_PLAN_STATE', {
      plan,
      state: 'is being rolled back, and not yet to its end',
      next: `finish with \`kfdoor rollback ${plan}\``,
    })
  }
  if (state === 'applying' && !resume && steps.some((step) => step.state !== 'pending')) {
    throw new Fault('ERR_PLAN_STATE', {
      plan,
      state: 'was begun and interrupted',
      next: `go on with \`kfdoor apply ${plan} --continue\`, or undo it with \`kfdoor rollback ${plan}\``,
    })
  }
}

/** What was written has to stand before more is built on it, or it is called applied: it is what closes. */
async function checkWritten(journal: Journal, { objects, server, env }: LockedPlace): Promise<void> {
  const reborn = rebornBy(env)
  const edited: string[] = []
  for (const step of journal.steps) {
    if (step.state !== 'written') continue
    const words = editedSince(step, await look(objects, step.object, server), journal.plan, reborn)
    if (words !== undefined) edited.push(words)
  }
  if (edited.length > 0) {
    throw new Fault('ERR_PLAN_EDITED', { plan: journal.plan, objects: edited, during: 'apply' })
  }
}

function check(
  plan: Plan,
  changes: readonly Change[],
  place: ChangePlace,
  { forceConflicts = false, undoable = false, rehearse }: ApplyOptions,
  begun: boolean,
) {
  return preflight(place.objects, {
    plan,
    changes,
    server: place.server,
    forceConflicts,
    undoable,
    begun,
    ask: rehearse !== 'client',
  })
}

/** One write, in the journal before it goes out and after it is answered. */
async function takeStep(
  journal: Journal,
  step: Step,
  prepared: Prepared,
  answer: Step['left'],
  place: LockedPlace,
): Promise<void> {
  noteIntent(step, prepared, answer, journal.plan)
  keepJournal(journal, place)
  const written = await writeUnlessEdited(journal, step, prepared, place)
  const object = textOf(step.object)
  const { plan } = journal
  switch (written.kind) {
    case 'done':
      if (written.object !== undefined) step.left = written.object
      step.state = 'written'
      keepJournal(journal, place)
      return
    case 'moved':
      step.state = 'pending'
      keepJournal(journal, place)
      throw new Fault('ERR_PLAN_STALE', {
        plan,
        objects: [`${object}: ${written.reason}`],
        begun: journal.steps.some(({ state }) => state === 'written'),
      })
    case 'refused':
      step.state = 'pending'
      keepJournal(journal, place)
      throw new Fault('ERR_PLAN_STOPPED', { plan, object, reason: written.reason, during: 'apply' })
    case 'unknown': {
      const cut = new Fault('ERR_PLAN_CUT', { plan, object, reason: written.reason, during: 'apply' })
      const live = await look(place.objects, step.object, place.server).catch(() => {
        throw cut
      })
      // The request may still be under way: without its mark nothing is known, and `writing` stays.
      if (!hasLanded(step, live, plan)) throw cut
      if (live !== undefined) step.left = live
      step.state = 'written'
      keepJournal(journal, place)
    }
  }
}

/** Controllers write statuses all the time: a version that moved for nothing else is tried again. */
async function writeUnlessEdited(
  journal: Journal,
  step: Step,
  prepared: Prepared,
  { objects, server }: LockedPlace,
): Promise<Written> {
  let [now, written] = [prepared, await write(objects, prepared)]
  for (let tries = 0; tries < 3 && written.kind === 'moved' && now.former !== undefined; tries++) {
    const live = await look(objects, step.object, server)
    if (live === undefined || uidOf(live) !== uidOf(now.former) || !same(live, now.former)) break
    now = { ...prepare(prepared.change, live, journal.plan), byApply: prepared.byApply === true }
    written = await write(objects, now)
  }
  return written
}

export async function checkPermits(plan: Plan, { permit }: ChangePlace): Promise<void> {
  if (permit === undefined) return
  const answers = await Promise.all(
    plan.spec.changes.map(async (change) => {
      const reason = await permit(change)
      return reason === undefined ? [] : [`${textOf(change.object)}: ${reason}`]
    }),
  )
  const reasons = answers.flat()
  if (reasons.length > 0) throw new Fault('ERR_PLAN_NOT_PERMITTED', { plan: plan.metadata.name, reasons })
}
