/** Every route of a door, and what becomes of everybody on it. */
import type { Mesh } from '../mesh/index.ts'
import type { Attributes, Principal, Route, Verdict } from '../policy/index.ts'
import { Attributes as AttributesOf, findRoute } from '../policy/index.ts'
import { type Caller, callerOf, isInside } from './caller.ts'
import { type Cell, cellsOf } from './cell.ts'
import type { Spot } from './entrance.ts'
import { findPrincipals } from './find-callers.ts'
import { Judge, type Outcome, unknownOutcome } from './judge.ts'
import { View, type ViewOptions } from './view.ts'
import { type Witness, witnessOf } from './witness.ts'

export interface MapRow {
  readonly door: string
  readonly principal: string
  readonly route: RouteName
  readonly verdict: Verdict
  readonly reason: string
  readonly witness: Witness
  readonly outcome: Outcome
}

export interface RouteName {
  /** `NS/VIRTUALSERVICE/http[i]`, `NS/GATEWAY/servers[i]`, `NS/SERVICE:PORT`. */
  readonly id: string
  readonly hosts: readonly string[]
  readonly match: string
}

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
  const view = new View(mesh, options)
  const callers = (options.principals ?? findPrincipals(mesh)).map((principal) =>
    callerOf(mesh, principal, options.now),
  )
  const judge = new Judge(view, callers, options.now)
  const inside = callers.flatMap((caller, index) => (isInside(caller) ? [index] : []))
  const outside = callers.flatMap((caller, index) => (isInside(caller) ? [] : [index]))
  // Only pods resolve a Service's name, and theirs go to the Service and not to the gateway.
  const people = outside.filter((index) => callers[index]?.principal.kind !== 'service-account')
  const table = new MapTable(callers)
  for (const cell of cellsOf([view])) {
    const [spot] = cell.spots
    if (spot === undefined) continue
    const who = cell.entrance.service !== undefined ? inside : isService(mesh, cell.host) ? people : outside
    const route = routeName(cell, spot)
    if (route === undefined || (cell.variation.size > 1 && table.knows(cell, route))) continue
    if (cell.unknown !== undefined) {
      for (const index of who) table.add(cell, route, index, unknownOutcome(cell.unknown))
      continue
    }
    // A header is only of interest where it opens what is closed without it.
    const closed = cell.variation.size === 0 ? who : who.filter((index) => !table.isOpen(cell, route, index))
    for (const { callers: same, outcome } of judge.groupsWhole(cell, 0, closed)) {
      for (const index of same) table.add(cell, route, index, outcome)
    }
  }
  return table.rows()
}

function isService(mesh: Mesh, host: string): boolean {
  const [name, namespace, ...rest] = host.replace(/:\d*$/, '').split('.')
  if (!['', 'svc', 'svc.cluster.local'].includes(rest.join('.'))) return false
  return mesh.services.some((one) => one.name === name && one.namespace === namespace)
}

/** Outcomes as they appear: the first request of each kind stays, which is the smallest. */
class MapTable {
  readonly #callers: readonly Caller[]
  readonly #routes = new Map<string, { readonly route: RouteName; readonly rows: Map<string, MapRow>[] }>()

  constructor(callers: readonly Caller[]) {
    this.#callers = callers
  }

  add(cell: Cell, route: RouteName, index: number, outcome: Outcome): void {
    const key = keyOf(cell, route)
    let known = this.#routes.get(key)
    if (known === undefined) {
      known = { route, rows: [] }
      this.#routes.set(key, known)
    }
    known.rows[index] ??= new Map()
    const rows = known.rows[index] as Map<string, MapRow>
    const { upstream = '', application } = outcome
    const { verdict, reason } = application ?? outcome
    const name = `${verdict} ${reason} ${upstream}`
    if (rows.has(name)) return
    // A header that only closes what is open, or changes how it is refused, is no row of its own.
    if (cell.variation.size > 0 && rows.size > 0 && !opens(rows, verdict)) return
    const caller = this.#callers[index] as Caller
    rows.set(name, {
      door: cell.entrance.door,
      principal: caller.name,
      route: known.route,
      verdict,
      reason,
      witness: witnessOf(cell, caller),
      outcome,
    })
  }

  knows(cell: Cell, route: RouteName): boolean {
    return this.#routes.has(keyOf(cell, route))
  }

  isOpen(cell: Cell, route: RouteName, index: number): boolean {
    const rows = this.#routes.get(keyOf(cell, route))?.rows[index]
    return rows !== undefined && [...rows.values()].some((row) => row.verdict === 'allow')
  }

  rows(): MapRow[] {
    return [...this.#routes.values()].flatMap(({ rows }) => rows.flatMap((each) => [...each.values()]))
  }
}

function keyOf(cell: Cell, route: RouteName): string {
  return `${cell.entrance.door} ${route.id} ${route.match} ${route.hosts.join(',')}`
}

function opens(rows: ReadonlyMap<string, MapRow>, verdict: Verdict): boolean {
  return verdict === 'allow' && ![...rows.values()].some((row) => row.verdict === 'allow')
}

/** What the cell's requests are routed by; undefined = nothing routes them. */
function routeName(cell: Cell, spot: Spot): RouteName | undefined {
  const { service } = cell.entrance
  if (service !== undefined) {
    const { namespace, name, host } = service
    return {
      id: `${namespace}/${name}:${cell.entrance.port}`,
      hosts: [host],
      match: `port ${cell.entrance.port}`,
    }
  }
  const { stage } = spot
  if (stage?.table === undefined) return undefined
  const found = findRoute(stage.table, lineOf(cell, stage.port), cell.entrance.scheme, undefined)
  if (found.kind === 'none') return undefined
  if (found.kind === 'to-https') {
    const { gateway, server } = found.by
    const id = `${gateway.namespace}/${gateway.name}/servers[${gateway.servers.indexOf(server)}]`
    return { id, hosts: [found.host.domain], match: 'every path' }
  }
  const { route } = found
  const entry = route.rule.replace(/\.match\[\d+\]$/, '')
  return {
    id: `${route.object.namespace}/${route.object.name}/${entry}`,
    hosts: [found.host.domain],
    match: matchText(route),
  }
}

function lineOf(cell: Cell, port: number): Attributes {
  const { variation, entrance, host, path } = cell
  return new AttributesOf({
    method: variation.method,
    host,
    path: variation.query === '' ? path : `${path}?${variation.query}`,
    scheme: entrance.scheme,
    headers: variation.headers,
    port,
    destinationIp: '127.0.0.1',
    sourceIp: variation.address ?? '127.0.0.1',
    remoteIp: variation.address ?? '127.0.0.1',
    sni: variation.sni ?? host,
    principals: [],
  })
}

/** `prefix /pipeline`, with the conditions beside the path. */
function matchText({ path, tests }: Route): string {
  const own = `${path.kind === 'segments' ? 'prefix' : path.kind} ${path.text}`
  const others = tests.map(({ field, on }) =>
    on.match.kind === 'none' ? field : `${field} ${on.match.kind} ${on.match.text}`,
  )
  return [own, ...others].join(', ')
}
