import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { Fault, isFault } from '../../base/index.ts'
import type { KubeObject } from '../../kube/index.ts'
import type { Change, ObjectName, Plan } from '../../planner/index.ts'
import { appliedOtherwise, fingerprint, isOver, journals, readDurable, writeDurably } from './plan-store.ts'

/** `writing` and `undoing` are written before the request goes out: what became of it is asked later. */
export type StepState = 'pending' | 'writing' | 'written' | 'undoing' | 'undone'

export interface Step {
  readonly object: ObjectName
  readonly op: Change['op']
  state: StepState
  /** What stood there, whole, with managed fields; undefined = nothing. Read just before. */
  former?: KubeObject
  /** What the API server made of what it was sent; of a dry run until the write is answered. */
  left?: KubeObject
}

export type JournalState = 'applying' | 'applied' | 'rolling-back' | 'rolled-back'

/** What was done of a plan, kept apart from the cluster: 0600, since a former object may be a Secret. */
export interface Journal {
  readonly apiVersion: 'kfdoor/v1alpha1'
  readonly kind: 'PlanJournal'
  readonly plan: string
  readonly fingerprint: string
  /** Address of the API server. */
  readonly server: string
  state: JournalState
  /** RFC 3339, UTC. */
  readonly startedAt: string
  changedAt: string
  readonly steps: readonly Step[]
  /** Of every rollback so far. */
  births?: Births
}

/** The uid of what was deleted → the uid of what a rollback made of it again. */
export type Births = Readonly<Record<string, string>>

export interface JournalPlace {
  readonly folder: string
  now(): Date
}

const pathOf = (folder: string) => join(folder, journals.cluster)

/** @param former the journal of the last time, which was rolled back */
export function beginJournal(plan: Plan, server: string, place: JournalPlace, former?: Journal): Journal {
  const at = place.now().toISOString()
  return {
    apiVersion: 'kfdoor/v1alpha1',
    kind: 'PlanJournal',
    plan: plan.metadata.name,
    fingerprint: fingerprint(plan),
    server,
    state: 'applying',
    startedAt: at,
    changedAt: at,
    steps: plan.spec.changes.map(({ object, op }) => ({ object, op, state: 'pending' as const })),
    ...(former?.births && { births: former.births }),
  }
}

/** @throws Fault ERR_JOURNAL_UNUSABLE */
export function keepJournal(journal: Journal, { folder, now }: JournalPlace): void {
  journal.changedAt = now().toISOString()
  try {
    writeDurably(pathOf(folder), JSON.stringify(journal))
  } catch (error) {
    const begun = journal.steps.some(({ state }) => state !== 'pending' && state !== 'writing')
    if (!begun || !isFault(error) || error.code !== 'ERR_JOURNAL_UNUSABLE') throw error
    const { plan, state } = journal
    const go = state === 'applying' ? `\`kfdoor apply ${plan} --continue\` or ` : ''
    const next = `what was done before stays: mend that, see \`kfdoor plan status ${plan}\`, then ${go}\`kfdoor rollback ${plan}\``
    throw new Fault('ERR_JOURNAL_UNUSABLE', { ...error.facts, next }, { cause: error })
  }
}

/** @throws Fault ERR_JOURNAL_UNUSABLE, ERR_PLAN_STATE where it is of another plan */
export function readJournal(plan: Plan, folder: string): Journal | undefined {
  const path = pathOf(folder)
  const text = readDurable(path)
  if (text === undefined) return undefined
  const { name } = plan.metadata
  const journal = parsed(text)
  const damaged = () =>
    new Fault('ERR_JOURNAL_UNUSABLE', {
      path,
      reason: 'it is damaged',
      next: `move it away, and what the plan wrote is found by its marks in the cluster: \`kfdoor plan status ${name}\`, then \`kfdoor rollback ${name}\``,
    })
  if (journal?.kind !== 'PlanJournal') throw damaged()
  if (journal.apiVersion !== 'kfdoor/v1alpha1') {
    const reason = `it is of another version, \`${journal.apiVersion}\``
    throw new Fault('ERR_JOURNAL_UNUSABLE', { path, reason, next: 'use the kfdoor that wrote it' })
  }
  if (journal.fingerprint !== fingerprint(plan)) {
    if (isOver(text)) return undefined
    throw appliedOtherwise(plan, folder)
  }
  if (!isOf(journal, plan)) throw damaged()
  return journal
}

/** What the journal of a plan says of births; none where there is no journal, or one that is damaged. @throws Fault */
export function readBirths(folder: string): Births {
  const births: unknown = parsed(readDurable(pathOf(folder)) ?? '')?.births
  if (typeof births !== 'object' || births === null) return {}
  return Object.fromEntries(Object.entries(births).filter(([, uid]) => typeof uid === 'string'))
}

function parsed(text: string): Partial<Journal> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

const journalStates: readonly unknown[] = ['applying', 'applied', 'rolling-back', 'rolled-back']
const stepStates: readonly unknown[] = ['pending', 'writing', 'written', 'undoing', 'undone']

/** Whether it has a step for each change: a file that was cut short or patched may be JSON all the same. */
function isOf(journal: Partial<Journal>, { spec: { changes } }: Plan): journal is Journal {
  const { state, server, steps } = journal
  return (
    journalStates.includes(state) &&
    typeof server === 'string' &&
    Array.isArray(steps) &&
    steps.length === changes.length &&
    changes.every(({ op, object }, index) => {
      const step: Partial<Step> | null = steps[index] ?? null
      return step?.op === op && stepStates.includes(step.state) && isDeepStrictEqual(step.object, object)
    })
  )
}
