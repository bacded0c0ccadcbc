/**
 * What becomes of a run here: nothing executes it. It stays PENDING, and its history says why; an
 * outcome that was asked for on the command line is entered as one, and says that it is simulated.
 */

import type { PipelinesOptions } from './options.ts'
import { compact, timestamp } from './wire/encode.ts'

export type State = 'PENDING' | 'SUCCEEDED' | 'FAILED' | 'CANCELING' | 'CANCELED'

export interface Entry {
  /** Seconds since the epoch. */
  readonly at: number
  readonly state: State
  /** Shown as the entry's `error.message`; the run itself has no error. */
  readonly note: string
}

export const notes = {
  recorded: 'kfdoor records this run and does not execute it: it stays PENDING',
  simulated: (outcome: string) => `simulated by kfdoor (--run-outcome ${outcome}): nothing was executed`,
  terminated: 'kfdoor had nothing to stop: the run was recorded and never executed',
  retried: 'kfdoor records the retry and does not execute it',
}

/** The v1 API's words for a state (model.RuntimeState.ToV1). */
export const conditions: { readonly [S in State]: string } = {
  PENDING: 'Pending',
  SUCCEEDED: 'Succeeded',
  FAILED: 'Failed',
  CANCELING: 'Terminating',
  CANCELED: 'Failed',
}

/** The history of a run that begins at `now`. */
export function begin(outcome: PipelinesOptions['runOutcome'], now: number, note: string): readonly Entry[] {
  const pending: Entry = { at: now, state: 'PENDING', note }
  if (outcome === 'pending') return [pending]
  const state = outcome === 'succeeded' ? 'SUCCEEDED' : 'FAILED'
  return [pending, { at: now, state, note: notes.simulated(outcome) }]
}

export const historyToApi = (entries: readonly Entry[]) =>
  entries.map(({ at, state, note }) => ({
    update_time: timestamp(at),
    state,
    error: compact({ message: note }),
  }))

/**
 * A v1 client sees no history, but shows the `message` of the Workflow's status: the note goes there.
 */
export function workflowStatus(
  workflow: Readonly<Record<string, unknown>>,
  entry: Entry,
  name: string,
): string {
  const { metadata } = workflow as { metadata?: object }
  const finished = entry.state === 'PENDING' ? {} : { finishedAt: timestamp(entry.at) }
  const status = {
    phase: conditions[entry.state],
    message: entry.note,
    startedAt: timestamp(entry.at),
    ...finished,
  }
  return JSON.stringify({ ...workflow, metadata: { ...metadata, name }, status })
}
