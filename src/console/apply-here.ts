import { Fault } from '../base/index.ts'
import type { Io } from '../cli/io.ts'
import type { Plan } from '../planner/index.ts'

/** Carries a plan out as `kfdoor apply` does. @throws Fault for whatever stands in the way */
export function applyHere(
  io: Io,
  { context, kubeconfig }: { readonly context?: string; readonly kubeconfig?: string },
): (plan: Plan) => Promise<unknown> {
  return async (plan) => {
    const { kind } = plan.spec.source
    if (kind !== 'cluster' && kind !== 'files') {
      throw new Fault('ERR_USAGE', { message: `a ${kind} is not written to` })
    }
    const { carryOutPlan } = await import('../cli/change/run-apply.ts')
    return carryOutPlan(io, plan, {
      ...(context !== undefined && { context }),
      ...(kubeconfig !== undefined && { kubeconfig }),
    })
  }
}
