import { readWorld, type Surroundings, type World } from '../../src/cli/cases/world.ts'
import { type Case, type CaseOutcome, decideCase } from '../../src/policy/index.ts'

/** Answers recorded cases. */
export interface Contestant {
  readonly name: string
  decide(recorded: Case): CaseOutcome
}

/** Configurations are read and compiled once; `configs` gives their YAML. */
export function engine(configs: (name: string) => string, around: Surroundings): Contestant {
  const worlds = new Map<string, World>()
  return {
    name: 'engine',
    decide(recorded) {
      const known = worlds.get(recorded.config)
      const world = known ?? readWorld(recorded.config, configs(recorded.config), around)
      if (known === undefined) worlds.set(recorded.config, world)
      world.prepare(recorded)
      return decideCase(world, recorded)
    },
  }
}
