/** Doors for the tests of intents: folders of the repository, with YAML of the test on top. */
import assert from 'node:assert/strict'
import { globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isFault } from '../../src/base/index.ts'
import { type MeshInput, parseMesh } from '../../src/mesh/index.ts'
import { applyChanges } from '../../src/planner/apply-changes.ts'
import type { IntentWorld } from '../../src/planner/entrance.ts'
import type { Change, Intended, Plan } from '../../src/planner/plan.ts'
import { planOf } from '../../src/planner/plan-of.ts'
import { readRawDoor } from '../../src/planner/raw-door.ts'
import { assumedKeys } from '../../src/policy/index.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface TestWorld extends IntentWorld {
  /** The door once these are made. */
  after(changes: readonly Change[]): TestWorld
}

export function aWorld(folders: readonly string[], ...texts: readonly string[]): TestWorld {
  const files = folders.flatMap((folder) => {
    const path = join(root, folder)
    return statSync(path).isDirectory()
      ? globSync('**/*.yaml', { cwd: path })
          .sort()
          .map((name) => join(path, name))
      : [path]
  })
  return worldOf([
    ...files.map((file) => ({
      file: file.slice(dirname(root).length + 1),
      text: readFileSync(file, 'utf8'),
    })),
    ...texts.map((text, index) => ({ file: `test-${index}.yaml`, text })),
  ])
}

export function worldOf(inputs: readonly MeshInput[]): TestWorld {
  return {
    door: readRawDoor(inputs),
    mesh: parseMesh(inputs).mesh,
    now: 1_790_000_000,
    view: () => ({ fetched: assumedKeys }),
    after: (changes) => worldOf(applyChanges(inputs, changes, 'new.yaml')),
  }
}

export const planFor = (world: IntentWorld, intended: Intended, command: string): Plan =>
  planOf(world.door, intended, {
    intent: command.replaceAll(' ', '-'),
    subject: 'test',
    command: ['kfdoor', ...command.split(' ')],
    source: { kind: 'files', paths: ['test'] },
    now: world.now,
    view: world.view,
  })

/** The words of a refusal. */
export function refusal(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    assert.ok(isFault(error), String(error))
    return `${error.code}: ${error.message}`
  }
  throw assert.fail('it was not refused')
}
