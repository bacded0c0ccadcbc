import { join } from 'node:path'
import { isFault } from '../../base/index.ts'
import type { ObjectName, Plan } from '../../planner/index.ts'
import type { ChangePlace } from './apply-plan.ts'
import { type Reborn, rebornBy } from './births.ts'
import { fileState, readFilesJournal } from './files-journal.ts'
import { type Journal, type JournalState, readJournal, type StepState } from './journal.ts'
import { journalOf } from './journal-of-plan.ts'
import { editedSince, hasLanded, isUndone, look, settleTakenBack } from './observe.ts'
import { checkServer } from './open-place.ts'
import { findPlan, planNames, plansFolder } from './plan-store.ts'

export interface StepStatus {
  readonly object: ObjectName
  readonly op: 'create' | 'update' | 'delete'
  /** `writing` and `undoing`: the answer was never seen, and the cluster could not be asked. */
  readonly state: StepState
  /** What somebody changed since, where the cluster could be asked. */
  readonly edited?: string
}

export interface PlanStatus {
  readonly plan: string
  readonly state: 'planned' | JournalState
  readonly server?: string
  readonly createdAt: string
  readonly changedAt?: string
  readonly command: readonly string[]
  readonly steps: readonly StepStatus[]
  /** Why the states are only what the journal says. */
  readonly unseen?: string
}

/**
 * How far a plan is: from the journal, and from the cluster where it answers; where the journal is on another
 * machine, from the marks in the cluster. Writes nothing.
 *
 * @param place undefined = the journal alone
 * @throws Fault ERR_PLAN_ELSEWHERE without a journal at another cluster, ERR_JOURNAL_UNUSABLE, ERR_PLAN_STATE
 */
export async function planStatus(
  plan: Plan,
  env: ChangePlace['env'],
  place?: Pick<ChangePlace, 'objects' | 'server'>,
): Promise<PlanStatus> {
  const { name, createdAt } = plan.metadata
  const folder = join(plansFolder(env), name)
  const about = { plan: name, createdAt, command: plan.spec.command }
  if (plan.spec.source.kind === 'files') return { ...about, ...filesStatus(plan, folder) }
  const kept = readJournal(plan, folder)
  const planned = (): PlanStatus => {
    const steps = plan.spec.changes.map(({ object, op }) => ({ object, op, state: 'pending' as const }))
    return { ...about, state: 'planned', steps }
  }
  let journal = kept
  if (kept === undefined && place !== undefined) {
    checkServer(plan, place.server)
    try {
      journal = await journalOf(plan, { ...place, folder, now: () => new Date(createdAt) })
    } catch (error) {
      if (!isFault(error)) throw error
      return { ...planned(), unseen: error.message }
    }
  }
  if (journal === undefined) return planned()
  const { state, server } = journal
  const known = { ...about, state, server, ...(kept !== undefined && { changedAt: kept.changedAt }) }
  const asWritten = journal.steps.map(({ object, op, state: each }) => ({ object, op, state: each }))
  if (place === undefined) return { ...known, steps: asWritten }
  if (place.server !== server) {
    return { ...known, steps: asWritten, unseen: `this is ${place.server}, and it was applied to ${server}` }
  }
  try {
    await settleTakenBack(journal, place.objects)
    return { ...known, state: journal.state, steps: await seen(journal, place, rebornBy(env)) }
  } catch (error) {
    if (!isFault(error)) throw error
    return { ...known, steps: asWritten, unseen: error.message }
  }
}

/** Of a plan for files: what each is now, read from where it lies. */
function filesStatus(plan: Plan, folder: string): Pick<PlanStatus, 'state' | 'steps' | 'changedAt'> {
  const journal = readFilesJournal(plan, folder)
  if (journal === undefined) {
    return {
      state: 'planned',
      steps: plan.spec.changes.map(({ object, op }) => ({ object, op, state: 'pending' })),
    }
  }
  const steps = journal.files.map((file) => {
    const op = file.former === null ? 'create' : file.text === null ? 'delete' : 'update'
    const object = { apiVersion: '', kind: 'File', name: file.path }
    const now = fileState(file)
    const over = journal.state === 'rolled-back' || journal.state === 'rolling-back'
    if (now === 'edited')
      return { object, op, state: 'written', edited: 'it says something else now' } as const
    return { object, op, state: now === 'written' ? 'written' : over ? 'undone' : 'pending' } as const
  })
  return { state: journal.state, changedAt: journal.changedAt, steps }
}

async function seen(
  journal: Journal,
  { objects, server }: Pick<ChangePlace, 'objects' | 'server'>,
  reborn: Reborn,
): Promise<readonly StepStatus[]> {
  const { plan } = journal
  const steps: StepStatus[] = []
  for (const step of journal.steps) {
    const { object, op } = step
    let { state } = step
    if (state === 'pending' || state === 'undone') {
      steps.push({ object, op, state })
      continue
    }
    const live = await look(objects, object, server)
    if (state === 'writing') state = hasLanded(step, live, plan) ? 'written' : 'pending'
    if (state === 'undoing') state = isUndone(step, live, plan) ? 'undone' : 'written'
    const edited = state === 'written' ? editedSince(step, live, plan, reborn) : undefined
    steps.push({ object, op, state, ...(edited !== undefined && { edited }) })
  }
  return steps
}

/** Every plan that is kept, newest first. What cannot be read is told, not passed over. */
export async function listPlans(
  env: ChangePlace['env'],
): Promise<{ readonly plans: readonly PlanStatus[]; readonly unreadable: readonly string[] }> {
  const plans: PlanStatus[] = []
  const unreadable: string[] = []
  for (const name of planNames(env)) {
    try {
      plans.push(await planStatus(findPlan(env, join(plansFolder(env), name, 'plan.json')), env))
    } catch (error) {
      if (!isFault(error)) throw error
      unreadable.push(error.message)
    }
  }
  return { plans: plans.sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1)), unreadable }
}
