/** Which of the destinations of a route gets this request. */
import type { Context } from './decision.ts'
import { drawn } from './draw.ts'
import type { ForwardAction, Route, WeightedTarget } from './route.ts'

export function chosenTarget(route: Route, { targets }: ForwardAction, { random }: Context) {
  return pick(targets, random && drawn(random, route.fault ? 2 : 0))
}

/** By weight where a random number is given; else the heaviest, the first of equals. */
function pick(targets: readonly WeightedTarget[], random: number | undefined): WeightedTarget | undefined {
  if (targets.length < 2) return targets[0]
  if (random === undefined) {
    return targets.reduce((best, entry) => (entry.weight > best.weight ? entry : best))
  }
  let rest = random * targets.reduce((sum, entry) => sum + entry.weight, 0)
  for (const entry of targets) {
    rest -= entry.weight
    if (rest < 0) return entry
  }
  return targets.at(-1)
}
