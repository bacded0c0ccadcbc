/** Whether the `fault` of a route happens to this request. */
import type { Context } from './decision.ts'
import { drawn } from './draw.ts'
import type { Route } from './route.ts'

export function applyFault(
  route: Route,
  context: Context,
): { readonly abort?: number; readonly delayMs?: number } {
  const { fault } = route
  if (fault === undefined) return {}
  const happens = (percent: number, draw: 0 | 1) =>
    percent >= 100 || (context.random !== undefined && drawn(context.random, draw) * 100 < percent)
  return {
    ...(fault.abort && happens(fault.abort.percent, 0) && { abort: fault.abort.status }),
    ...(fault.delay && happens(fault.delay.percent, 1) && { delayMs: fault.delay.ms }),
  }
}
