import { Fault } from '../base/index.ts'
import { withPlace } from '../cli/change/with-place.ts'
import type { Io } from '../cli/io.ts'
import type { Plan } from '../planner/index.ts'

/** Carries a plan out as `kfdoor apply` does. @throws Fault for whatever stands in the way */
export function applyHere(
  io: Io,
  place: { readonly context?: string; readonly kubeconfig?: string },
): (plan: Plan) => Promise<unknown> {
  return async (plan) => {
    const { source } = plan.spec
    if (source.kind === 'files') {
      const { applyToFiles } = await import('../compose/change/apply-files.ts')
      return { outcome: 'applied', files: await applyToFiles(plan) }
    }
    if (source.kind !== 'cluster') {
      throw new Fault('ERR_USAGE', { message: `a ${source.kind} is not written to` })
    }
    const { applyPlan } = await import('../compose/change/apply-plan.ts')
    const { outcome, notes } = await withPlace(io, plan, place, (where) => applyPlan(plan, where))
    return { outcome, notes }
  }
}
