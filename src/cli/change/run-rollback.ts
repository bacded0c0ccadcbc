import { findPlan } from '../../compose/change/plan-store.ts'
import { rollBack } from '../../compose/change/roll-back.ts'
import { exitCode, type Io } from '../io.ts'
import { confirm } from './confirm.ts'
import { type PlaceWords, withPlace } from './with-place.ts'

export interface RollbackWords extends PlaceWords {
  readonly yes?: true
  readonly force?: true
  readonly output: 'text' | 'json'
}

/** @throws Fault for whatever stands in the way */
export async function runRollback(io: Io, what: string, options: RollbackWords): Promise<number> {
  const plan = findPlan(io.env, what)
  const { name } = plan.metadata
  return withPlace(io, plan, options, async (place) => {
    await confirm(io, `undo plan ${name} at ${place.server}?`, options.yes === true)
    const { outcome, steps, notes } = await rollBack(plan, place, { force: options.force === true })
    for (const note of notes) io.err(`note: ${note}`)
    if (options.output === 'json') {
      io.out(
        JSON.stringify({
          plan: name,
          outcome,
          steps: steps.map(({ object, op, state }) => ({ object, op, state })),
        }),
      )
    } else io.out(`${name}: ${outcome === 'nothing' ? 'nothing of it is applied' : 'rolled back'}`)
    return exitCode.ok
  })
}
