/** A request with its route, as the filters see it. */
import type { Attributes } from './attributes.ts'
import type { Context } from './decision.ts'
import { chosenRoute, type Found, type RouteTable } from './route-table.ts'
import type { ChosenRoute, FilterCall, NormalizedRequest } from './seam.ts'
import type { Trail } from './trail.ts'

/** What the filters are handed; the names of the route only where an EnvoyFilter asks for them. */
export class RoutedCall implements FilterCall {
  readonly attributes: Attributes
  readonly context: Context
  readonly trace: boolean
  readonly hop: number
  readonly routed: boolean
  readonly #table: RouteTable
  readonly #found: Found

  constructor(attributes: Attributes, context: Context, trail: Trail, table: RouteTable, found: Found) {
    this.attributes = attributes
    this.context = context
    this.trace = trail.trace
    this.hop = trail.hop
    this.routed = found.kind !== 'none'
    this.#table = table
    this.#found = found
  }

  get request(): NormalizedRequest {
    return this.attributes.source as NormalizedRequest
  }

  get route(): ChosenRoute | undefined {
    return chosenRoute(this.#table, this.#found)
  }
}
