import { rollBackFiles } from '../../compose/change/apply-files.ts'
import { findPlan } from '../../compose/change/plan-store.ts'
import { rollBack } from '../../compose/change/roll-back.ts'
import { inverseOf, type Plan } from '../../planner/index.ts'
import { exitCode, type Io } from '../io.ts'
import { confirm } from './confirm.ts'
import { refuseBeyond } from './refuse-beyond.ts'
import { checkVerifyWords, type VerifyWords } from './verify-words.ts'
import { type PlaceWords, withPlace } from './with-place.ts'

export interface RollbackWords extends PlaceWords, VerifyWords {
  readonly allowKind?: readonly string[]
  readonly yes?: true
  readonly force?: true
  readonly output: 'text' | 'json'
}

/** @throws Fault for whatever stands in the way */
export async function runRollback(io: Io, what: string, options: RollbackWords): Promise<number> {
  const plan = findPlan(io.env, what)
  const { name } = plan.metadata
  refuseBeyond(plan, options.allowKind)
  checkVerifyWords(io, options)
  await confirm(io, `undo plan ${name}?`, options.yes === true, `see \`kfdoor plan status ${what}\``)
  const undone = await undoPlan(io, plan, options)
  if (options.verify !== undefined && undone.outcome === 'rolled-back') {
    const { askDoor } = await import('./look-ahead.ts')
    const asking = { verify: options.verify, autoRollback: false, done: `${name} is undone` }
    await askDoor(io, inverseOf(plan), { ...options, ...asking })
  }
  if (options.output === 'json') io.out(JSON.stringify({ plan: name, ...undone }))
  else io.out(`${name}: ${undone.outcome === 'nothing' ? 'nothing of it is applied' : 'rolled back'}`)
  return exitCode.ok
}

/** Files or a cluster, with progress and notes on stderr. @throws Fault */
export async function undoPlan(
  io: Io,
  plan: Plan,
  options: PlaceWords & { readonly force?: boolean },
): Promise<{ readonly outcome: 'rolled-back' | 'nothing' }> {
  const force = options.force === true
  if (plan.spec.source.kind === 'files') {
    const place = { env: io.env, now: () => new Date(), say: (line: string) => io.err(line) }
    return rollBackFiles(plan, place, { force })
  }
  return withPlace(io, plan, options, async (place) => {
    io.err(`cluster: ${place.server}`)
    const { outcome, steps, notes } = await rollBack(plan, place, { force })
    for (const note of notes) io.err(`note: ${note}`)
    return { outcome, steps: steps.map(({ object, op, state }) => ({ object, op, state })) }
  })
}
