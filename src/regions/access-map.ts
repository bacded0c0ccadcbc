/** Every route of a door, and what becomes of everybody on it. */
import type { Mesh } from '../mesh/index.ts'
import type { Principal } from '../policy/index.ts'
import { addBits, type Bits, bitsOf, isEmpty } from './bits.ts'
import { callerOf, isInside } from './caller.ts'
import { type Cell, cellsOf } from './cell.ts'
import { findPrincipals } from './find-callers.ts'
import { Judge } from './judge.ts'
import { type MapRow, MapTable } from './map-table.ts'
import { unknownOutcome } from './outcome.ts'
import { RouteNames } from './route-name.ts'
import { View, type ViewOptions } from './view.ts'

export interface MapOptions extends ViewOptions {
  /** Seconds since the epoch. */
  readonly now: number
  /** Instead of those found. */
  readonly principals?: readonly Principal[]
}

/**
 * @example
 * for (const row of accessMap(mesh, { now })) console.log(row.route.id, row.principal, row.verdict)
 */
export function accessMap(mesh: Mesh, options: MapOptions): MapRow[] {
  return foldedMap(mesh, options).rows()
}

/** The same, with rows of one outcome folded: hundreds of thousands of rows need not be made. */
export function foldedMap(mesh: Mesh, options: MapOptions): Pick<MapTable, 'rows' | 'count'> {
  const view = new View(mesh, options)
  const callers = (options.principals ?? findPrincipals(mesh)).map((principal) =>
    callerOf(mesh, principal, options.now),
  )
  const judge = new Judge(view, callers, options.now)
  const some = (test: (index: number) => boolean) =>
    bitsOf(
      callers.length,
      callers.flatMap((_, index) => (test(index) ? [index] : [])),
    )
  const inside = some((index) => isInside(callers[index] as never))
  const outside = some((index) => !isInside(callers[index] as never))
  // Only pods resolve a Service's name, and theirs go to the Service and not to the gateway.
  const people = some(
    (index) => !isInside(callers[index] as never) && callers[index]?.principal.kind !== 'service-account',
  )
  const services = new Set(mesh.services.map(({ namespace, name }) => `${name}.${namespace}`))
  const byHost = new Map<string, Bits>()
  const whoOf = ({ entrance, host }: Cell): Bits => {
    if (entrance.service !== undefined) return inside
    const who = byHost.get(host) ?? (isService(services, host) ? people : outside)
    byHost.set(host, who)
    return who
  }
  const table = new MapTable(callers)
  const names = new RouteNames()
  for (const cell of cellsOf([view], { routed: true })) {
    const [spot] = cell.spots
    if (spot === undefined || cell.unrouted) continue
    const route = names.of(cell, spot)
    if (route === undefined || (cell.variation.size > 1 && table.knows(cell, route))) continue
    const who = whoOf(cell)
    if (cell.unknown !== undefined) {
      table.add(cell, route, who, unknownOutcome(cell.unknown))
      continue
    }
    let asked = who
    let passing = false
    if (cell.variation.size > 0) {
      // A header is only of interest where it opens what is closed without it.
      const { closed, fresh } = table.waiting(cell, route, who)
      passing = isEmpty(fresh)
      asked = closed
      if (!passing) addBits(asked, fresh)
    }
    if (isEmpty(asked)) continue
    for (const { callers: same, outcome } of judge.groupsWhole(cell, 0, asked, passing)) {
      table.add(cell, route, same, outcome)
    }
  }
  return table
}

function isService(services: ReadonlySet<string>, host: string): boolean {
  const [name, namespace, ...rest] = host.replace(/:\d*$/, '').split('.')
  if (!['', 'svc', 'svc.cluster.local'].includes(rest.join('.'))) return false
  return services.has(`${name}.${namespace}`)
}
