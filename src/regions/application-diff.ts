/**
 * What applications that know their users one by one (Pipelines, the web apps, kfam) let in at one door
 * and not at the other, because Roles, RoleBindings, Profiles or their own pods say something else. Regions
 * of paths do not part their calls, so a few calls of each are asked about, in every namespace that is bound.
 */
import type { Mesh } from '../mesh/index.ts'
import { membersOf } from './bits.ts'
import type { Caller } from './caller.ts'
import type { Cell } from './cell.ts'
import type { Judge } from './judge.ts'
import type { Outcome } from './outcome.ts'

export interface ApplicationDifference {
  readonly kind: 'gained' | 'lost'
  readonly cell: Cell
  readonly caller: Caller
  readonly from: Outcome
  readonly to: Outcome
}

/** `NS` stands for a namespace. */
const calls: readonly (readonly [method: string, path: string, query: string])[] = [
  ['GET', '/apis/v2beta1/runs', 'namespace=NS'],
  ['POST', '/apis/v2beta1/pipelines/upload', 'namespace=NS'],
  ['GET', '/api/namespaces/NS/notebooks', ''],
  ['POST', '/api/namespaces/NS/notebooks', ''],
  ['GET', '/api/namespaces/NS/pvcs', ''],
  ['DELETE', '/v1/profiles/NS', ''],
]

/** Whether what applications ask about, or they themselves, differ at all. */
export function asksOtherwise(before: Mesh, after: Mesh): boolean {
  const text = ({ roles, roleBindings, profiles, workloads }: Mesh) =>
    JSON.stringify([roles, roleBindings, profiles, workloads], (key, each) =>
      key === 'at' ? undefined : each,
    )
  return text(before) !== text(after)
}

export class ApplicationDiff {
  readonly #judges: readonly [Judge, Judge]
  /** By way in and workload: the shortest path that leads there. */
  readonly #ways = new Map<string, Cell>()

  constructor(judges: readonly [Judge, Judge]) {
    this.#judges = judges
  }

  consider(cell: Cell): void {
    if (!cell.plain || cell.entrance.service !== undefined) return
    const [before] = this.#judges
    for (const index of membersOf(before.senders(cell))) {
      const caller = before.callers[index] as Caller
      if (caller.principal.kind !== 'user' || caller.principal.forged) continue
      const outcome = before.decide(cell, 0, index)
      if (outcome?.verdict !== 'allow' || outcome.workload === undefined) continue
      const key = `${cell.entrance.id} ${outcome.workload}`
      const known = this.#ways.get(key)
      if (known === undefined || known.path.length > cell.path.length) this.#ways.set(key, cell)
      return
    }
  }

  /** The first of each caller, workload and kind. */
  *differences(): Generator<ApplicationDifference> {
    const [before, after] = this.#judges
    const namespaces = new Set(
      this.#judges.flatMap(({ view: { mesh } }) => [
        ...mesh.profiles.map(({ name }) => name),
        ...mesh.roleBindings.map(({ namespace }) => namespace).filter((name) => name !== ''),
      ]),
    )
    const seen = new Set<string>()
    for (const way of this.#ways.values()) {
      for (const cell of callsOf(way, namespaces)) {
        for (const index of membersOf(before.senders(cell))) {
          const caller = before.callers[index] as Caller
          if (caller.principal.forged) continue
          const from = before.decideWhole(cell, 0, index)
          const to = after.decideWhole(cell, 1, index)
          const [was, is] = [from?.application?.verdict, to?.application?.verdict]
          if (from === undefined || to === undefined || was === is) continue
          if (was === undefined || is === undefined || was === 'unknown' || is === 'unknown') continue
          const kind = is === 'allow' ? 'gained' : was === 'allow' ? 'lost' : undefined
          if (kind === undefined || seen.has(`${kind} ${caller.name} ${from.workload}`)) continue
          seen.add(`${kind} ${caller.name} ${from.workload}`)
          yield { kind, cell, caller, from: wholly(from), to: wholly(to) }
        }
      }
    }
  }
}

function* callsOf(way: Cell, namespaces: ReadonlySet<string>): Generator<Cell> {
  for (const namespace of namespaces) {
    for (const [method, path, query] of calls) {
      const variation = { ...way.variation, method, query: query.replace('NS', namespace) }
      yield { ...way, path: `${way.path.replace(/\/$/, '')}${path.replace('NS', namespace)}`, variation }
    }
  }
}

/** With the application's word as the last one. */
function wholly(outcome: Outcome): Outcome {
  const { verdict, reason } = outcome.application ?? outcome
  return { ...outcome, verdict, reason }
}
