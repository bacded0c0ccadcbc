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
  if (plan.spec.source.kind === 'files') {
    await confirm(io, `put back the files plan ${name} changed?`, options.yes === true)
    const { rollBackFiles } = await import('../../compose/change/apply-files.ts')
    const place = { env: io.env, now: () => new Date(), say: (line: string) => io.err(line) }
    const { outcome, files } = await rollBackFiles(plan, place, { force: options.force === true })
    return tell(io, name, outcome === 'nothing', { outcome, files }, options)
  }
  return withPlace(io, plan, options, async (place) => {
    await confirm(io, `undo plan ${name} at ${place.server}?`, options.yes === true)
    const { outcome, steps, notes } = await rollBack(plan, place, { force: options.force === true })
    for (const note of notes) io.err(`note: ${note}`)
    const shown = steps.map(({ object, op, state }) => ({ object, op, state }))
    return tell(io, name, outcome === 'nothing', { outcome, steps: shown }, options)
  })
}

function tell(io: Io, plan: string, nothing: boolean, more: object, { output }: RollbackWords): number {
  if (output === 'json') io.out(JSON.stringify({ plan, ...more }))
  else io.out(`${plan}: ${nothing ? 'nothing of it is applied' : 'rolled back'}`)
  return exitCode.ok
}
