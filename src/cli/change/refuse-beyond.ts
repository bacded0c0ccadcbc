import { Fault } from '../../base/index.ts'
import { beyondRemit, type Plan } from '../../planner/index.ts'

/** A plan from somewhere may write only what kfdoor's commands write. @throws Fault ERR_PLAN_REJECTED */
export function refuseBeyond(plan: Plan, allowed: readonly string[] = []): void {
  const objects = beyondRemit(plan, allowed)
  if (objects.length > 0) throw new Fault('ERR_PLAN_REJECTED', { plan: plan.metadata.name, objects })
}
