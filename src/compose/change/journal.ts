import { join } from 'node:path'
import { Fault } from '../../base/index.ts'
import type { KubeObject } from '../../kube/index.ts'
import type { Change, ObjectName, Plan } from '../../planner/index.ts'
import { fingerprint, readDurable, writeDurably } from './plan-store.ts'

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
  /** Origin of the API server. */
  readonly server: string
  state: JournalState
  /** RFC 3339, UTC. */
  readonly startedAt: string
  changedAt: string
  readonly steps: readonly Step[]
}

export interface JournalPlace {
  readonly folder: string
  now(): Date
}

const pathOf = (folder: string) => join(folder, 'journal.json')

export function beginJournal(plan: Plan, server: string, place: JournalPlace): Journal {
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
  }
}

/** @throws Fault ERR_JOURNAL_UNUSABLE */
export function keepJournal(journal: Journal, { folder, now }: JournalPlace): void {
  journal.changedAt = now().toISOString()
  writeDurably(pathOf(folder), JSON.stringify(journal))
}

/** @throws Fault ERR_JOURNAL_UNUSABLE, ERR_PLAN_STATE where it is of another plan */
export function readJournal(plan: Plan, folder: string): Journal | undefined {
  const path = pathOf(folder)
  const text = readDurable(path)
  if (text === undefined) return undefined
  let journal: Journal
  try {
    journal = JSON.parse(text) as Journal
    if (journal.kind !== 'PlanJournal' || !Array.isArray(journal.steps)) throw new Error('no journal')
  } catch (error) {
    throw new Fault('ERR_JOURNAL_UNUSABLE', { path, reason: 'it is damaged' }, { cause: error })
  }
  if (journal.fingerprint !== fingerprint(plan)) {
    throw new Fault('ERR_PLAN_STATE', {
      plan: plan.metadata.name,
      state: 'was applied with other changes than this file has',
      next: `name it \`kfdoor plan status ${plan.metadata.name}\`, without a file`,
    })
  }
  return journal
}
