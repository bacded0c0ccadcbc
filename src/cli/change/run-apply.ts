import { applyPlan } from '../../compose/change/apply-plan.ts'
import { findPlan } from '../../compose/change/plan-store.ts'
import type { Io } from '../io.ts'
import { exitCode } from '../io.ts'
import { confirm } from './confirm.ts'
import { summaryText } from './render.ts'
import { type PlaceWords, withPlace } from './with-place.ts'

export interface ApplyWords extends PlaceWords {
  readonly continue?: true
  readonly yes?: true
  readonly dryRun?: 'client' | 'server'
  readonly forceConflicts?: true
  readonly timeout: string
  readonly output: 'text' | 'json'
}

/** @throws Fault for whatever stands in the way */
export async function runApply(io: Io, what: string, options: ApplyWords): Promise<number> {
  const plan = findPlan(io.env, what)
  return withPlace(io, plan, options, async (place) => {
    io.err(`${summaryText(plan)}\ncluster: ${place.server}`)
    if (options.dryRun === undefined) await confirm(io, 'apply this plan?', options.yes === true)
    const applied = await applyPlan(plan, place, {
      resume: options.continue === true,
      forceConflicts: options.forceConflicts === true,
      ...(options.dryRun !== undefined && { rehearse: options.dryRun }),
    })
    for (const note of applied.notes) io.err(`note: ${note}`)
    const { outcome, steps } = applied
    const { name } = plan.metadata
    if (options.output === 'json') {
      io.out(
        JSON.stringify({
          plan: name,
          outcome,
          steps: steps.map(({ object, op, state }) => ({ object, op, state })),
        }),
      )
    } else io.out(`${name}: ${words[outcome]}`)
    return exitCode.ok
  })
}

const words = {
  applied: 'applied',
  already: 'is applied already; nothing was written',
  rehearsed: 'would be applied; nothing was written',
} as const
