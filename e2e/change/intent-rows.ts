import { isFault } from '../../src/base/index.ts'
import { parseMesh } from '../../src/mesh/index.ts'
import {
  enableM2m,
  enableTls,
  type Intended,
  type IntentWorld,
  migrateAuthnFilter,
  type RawDoor,
  splitGateway,
} from '../../src/planner/index.ts'
import { assumedKeys } from '../../src/policy/act-as.ts'
import type { Row } from './rows.ts'

/** A command on a door; undefined = the door has not what it is about, which the command says by refusing. */
const of =
  (command: (world: IntentWorld) => Intended) =>
  (door: RawDoor): Intended | undefined => {
    const { mesh } = parseMesh(door.inputs)
    const world = { door, mesh, now: Date.UTC(2026, 0, 1) / 1000, view: () => ({ fetched: assumedKeys }) }
    try {
      const intended = command(world)
      return intended.changes.length === 0 ? undefined : intended
    } catch (error) {
      if (isFault(error) && error.code === 'ERR_INTENT_REFUSED') return undefined
      throw error
    }
  }

/** Commands that change how a door runs, each as a person types it. */
export const intentRows: readonly (Row & { readonly on: readonly string[]; readonly first?: string })[] = [
  {
    name: 'tls enable',
    on: ['26.03', 'v1.9', 'v1.8', 'v1.6'],
    intend: of((world) => enableTls(world, { secret: 'kubeflow-tls' })),
  },
  {
    name: 'm2m enable',
    on: ['26.03', 'v1.9'],
    intend: of((world) => enableM2m(world, {})),
  },
  ...(['hosts', 'paths'] as const).map((way) => ({
    name: `migrate authn-filter --by ${way}`,
    on: ['v1.8', 'v1.6'],
    intend: of((world) =>
      migrateAuthnFilter(world, way, {
        hosts: ['kubeflow.example.com'],
        paths: ['/v1/*'],
        provider: 'authn-by-policy',
      }),
    ),
  })),
  { name: 'split-gateway', on: ['v1.6'], intend: of((world) => splitGateway(world, {})) },
]
