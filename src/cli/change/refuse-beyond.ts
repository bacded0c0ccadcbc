import { Fault } from '../../base/index.ts'
import { beyondRemit, type Plan } from '../../planner/index.ts'

/** A plan from somewhere may write only what kfdoor's commands write. @throws Fault ERR_USAGE */
export function refuseBeyond(plan: Plan, allowed: readonly string[] = []): void {
  const objects = beyondRemit(plan, allowed)
  if (objects.length === 0) return
  throw new Fault('ERR_USAGE', {
    message: `plan ${plan.metadata.name} goes beyond what kfdoor changes:\n  ${objects.join('\n  ')}`,
    next: 'make the plan anew with the command that is meant, or vouch for a kind with `--allow-kind KIND`',
  })
}
