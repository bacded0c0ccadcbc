import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readWorld, type Surroundings, type World } from '../../src/cli/cases/world.ts'
import { type Case, type CaseOutcome, decideCase } from '../../src/policy/index.ts'

/** Answers recorded cases; configurations are compiled once. */
export interface Contestant {
  readonly name: string
  decide(recorded: Case): CaseOutcome
}

export function engine(configs: (name: string) => string, around: Surroundings): Contestant {
  const worlds = new Map<string, World>()
  return {
    name: 'engine',
    decide(recorded) {
      let world = worlds.get(recorded.config)
      if (world === undefined) {
        world = readWorld(recorded.config, configs(recorded.config), around)
        worlds.set(recorded.config, world)
      }
      world.prepare(recorded)
      return decideCase(world, recorded)
    },
  }
}

export const fromFolder = (folder: string) => (name: string) => readFileSync(join(folder, name), 'utf8')
