/**
 * What a door does with the requests of a cell, asked of the engine itself. Callers whom no rule the
 * cell can meet tells apart are asked about once; which they are is found with the rules' own tests.
 */
import {
  Attributes,
  type DoorRequest,
  type NormalizedRequest,
  type PathDecision,
  reachOf,
} from '../policy/index.ts'
import type { Axes } from './axes.ts'
import {
  addBit,
  addBits,
  type Bits,
  bitsOf,
  both,
  firstBit,
  hasBit,
  membersOf,
  noBits,
  without,
} from './bits.ts'
import type { Caller } from './caller.ts'
import type { Cell } from './cell.ts'
import { Engine } from './engine.ts'
import type { Spot } from './entrance.ts'
import { type CallerClass, Gate, looksAtLine, takesLine } from './gate.ts'
import { modelOf, type Outcome, outcomeOf, outside, unknownOutcome } from './outcome.ts'
import { requestOf, Senders, situationOf } from './sending.ts'
import { type Stage, virtualHosts } from './stage.ts'
import { Takes } from './takes.ts'
import type { Variation } from './variation.ts'
import type { View } from './view.ts'

export interface Group {
  /** Places in the list of callers. */
  readonly callers: Bits
  readonly outcome: Outcome
}

export class Judge {
  readonly view: View
  readonly callers: readonly Caller[]
  readonly #engine: Engine
  readonly #gate: Gate
  readonly #senders: Senders
  readonly #takes: Takes
  /** By what is met, then by who asks in which situation. */
  readonly #decided = new Map<string, Map<number, Outcome>>()
  readonly #ended = new Map<string, Outcome>()
  readonly #situations = new Map<string, number>()
  readonly #situationIds = new WeakMap<Variation, Map<string, number>>()
  readonly #decidedBy = new WeakMap<Axes, Map<number, Outcome>>()
  #last: { readonly cell: Cell; readonly caller: number; readonly path: PathDecision } | undefined

  constructor(view: View, callers: readonly Caller[], now: number) {
    this.view = view
    this.callers = callers
    this.#engine = new Engine(view, now)
    this.#gate = new Gate(this.#engine, callers)
    this.#senders = new Senders(callers)
    this.#takes = new Takes(callers.length)
  }

  /** Who sends requests of that cell at all. Not to be changed. */
  senders(cell: Cell): Bits {
    return this.#senders.of(cell)
  }

  /**
   * What the engine says; undefined = the caller never sends such a request. Asked once for all
   * cells that meet the same at every proxy.
   */
  decide(cell: Cell, at: number, caller: number): Outcome | undefined {
    const decided = this.#decidedAt(cell, at)
    const key = this.#situationId(cell) * this.callers.length + caller
    const known = decided.get(key)
    if (known !== undefined) return known
    const spot = cell.spots[at]
    const path = this.#ask(cell, spot, caller)
    if (path === undefined) return undefined
    const outcome = path === 'outside' ? outside : this.#outcome(cell, path)
    if (path !== 'outside') decided.set(key, outcome)
    return outcome
  }

  /** The same for this very request, with what the application behind the workload makes of it. */
  decideWhole(cell: Cell, at: number, caller: number): Outcome | undefined {
    const last = this.#last
    const path =
      last?.cell === cell && last.caller === caller ? last.path : this.#ask(cell, cell.spots[at], caller)
    if (path === undefined) return undefined
    if (path === 'outside') return outside
    const outcome = this.#outcome(cell, path)
    if (outcome.verdict !== 'allow') return outcome
    const whole = this.#engine.behind(path, this.callers[caller] as Caller)
    if (whole === path) return outcome
    const { verdict, reason } = whole
    return { ...outcome, application: { verdict, reason } }
  }

  #ask(cell: Cell, spot: Spot | undefined, index: number): PathDecision | 'outside' | undefined {
    const caller = this.callers[index] as Caller
    const request = requestOf(cell, spot, caller)
    if (request === undefined) return undefined
    const path = this.#engine.ask(cell, spot, caller, request)
    if (path === undefined) return 'outside'
    this.#last = { cell, caller: index, path }
    return path
  }

  #outcome(cell: Cell, path: PathDecision): Outcome {
    const outcome = { ...outcomeOf(path), ...modelOf(this.view.mesh, path) }
    // Behind a part of the way that nobody can follow, this request's fate is not its region's.
    if (cell.beyond === undefined || outcome.hops < 2) return outcome
    return { ...unknownOutcome(cell.beyond), hops: outcome.hops }
  }

  #decidedAt(cell: Cell, at: number): Map<number, Outcome> {
    const axes = cell.axes[at] as Axes
    let decided = this.#decidedBy.get(axes)
    if (decided === undefined) {
      const text = `${axes.met.join()} ${axes.rules.join()} ${cell.beyond ?? ''} ${cell.entrance.service === undefined ? '' : cell.host}`
      decided = this.#decided.get(text) ?? new Map()
      this.#decided.set(text, decided)
      this.#decidedBy.set(axes, decided)
    }
    return decided
  }

  #situationId(cell: Cell): number {
    const { variation, entrance } = cell
    const known = this.#situationIds.get(variation) ?? new Map<string, number>()
    this.#situationIds.set(variation, known)
    let id = known.get(entrance.id)
    if (id === undefined) {
      const text = `${variation.method} ${situationOf(cell)}`
      id = this.#situations.get(text) ?? this.#situations.size
      this.#situations.set(text, id)
      known.set(entrance.id, id)
    }
    return id
  }

  /**
   * Every caller that can send requests of this cell, with what becomes of them. `passing` leaves out
   * those whom the first proxy's rules refuse.
   */
  groups(cell: Cell, at: number, among?: Bits, passing = false): Group[] {
    const senders = this.senders(cell)
    const classes = this.classes(cell, at, among === undefined ? senders : both(senders, among))
    return classes.flatMap((same): Group[] => {
      if (passing && same.refused) return []
      return [{ callers: same.callers, outcome: this.decideClass(cell, at, same) as Outcome }]
    })
  }

  /** The same for all callers of a class; asked once for all routes where a filter ends their requests. */
  decideClass(cell: Cell, at: number, { callers, ended }: CallerClass, one?: number): Outcome | undefined {
    const caller = one ?? firstBit(callers)
    if (ended === undefined) return this.decide(cell, at, caller)
    const key = `ended ${cell.variation.method} ${ended}`
    const known = this.#ended.get(key)
    if (known !== undefined) return known
    const outcome = this.decide(cell, at, caller)
    if (outcome !== undefined) this.#ended.set(key, outcome)
    return outcome
  }

  /** The same with what applications make of it, each of which knows its users one by one. */
  groupsWhole(cell: Cell, at: number, among: Bits, passing = false): Group[] {
    return this.groups(cell, at, among, passing).flatMap(({ callers, outcome }): Group[] => {
      if (outcome.verdict !== 'allow' || outcome.workload === undefined) return [{ callers, outcome }]
      const one = firstBit(callers)
      const first = this.decideWhole(cell, at, one) as Outcome
      if (first.application === undefined) return [{ callers, outcome: first }]
      return membersOf(callers).map((index) => ({
        callers: bitsOf(this.callers.length, [index]),
        outcome: index === one ? first : (this.decideWhole(cell, at, index) as Outcome),
      }))
    })
  }

  /** Callers of one class meet the same verdict, for the same reason. */
  classes(cell: Cell, at: number, able: Bits): readonly CallerClass[] {
    const spot = cell.spots[at]
    const axes = cell.axes[at] as Axes
    if (spot === undefined) {
      // Where a Service is there and nothing is known behind it, it hangs on the caller's own sidecar how far he comes.
      return this.#byKey(able, (index) => (cell.entrance.service === undefined ? '?' : `?${index}`))
    }
    if (cell.entrance.service !== undefined) return this.#insideClasses(cell, spot, axes, able)
    return this.#gate.classes(cell, spot, axes, able) ?? this.#byKey(able, (index) => `?${index}`)
  }

  /** Callers inside the mesh send the same but for what they forge; a sidecar also sees who they are. */
  #insideClasses(cell: Cell, spot: Spot | undefined, axes: Axes, able: Bits): readonly CallerClass[] {
    // Whom a Sidecar lets call this Service, no rule of the Service tells.
    const { service } = cell.entrance
    const { mesh } = this.view
    if (service === undefined || mesh.sidecars.length === 0)
      return this.#listedClasses(cell, spot, axes, able)
    const parted = membersOf(able).filter((index) => {
      const { principal } = this.callers[index] as Caller
      return principal.kind === 'mesh' && reachOf(mesh, principal, service.host).kind !== 'listed'
    })
    const apart = bitsOf(this.callers.length, parted)
    // Such a call is cut off, or leaves the pod without the name of its sender.
    const keyOf = (index: number) => {
      const { principal } = this.callers[index] as Caller
      const reach = principal.kind === 'mesh' ? reachOf(mesh, principal, service.host).kind : ''
      return `?${reach} ${this.#kindOf(index)}`
    }
    return [...this.#listedClasses(cell, spot, axes, without(able, apart)), ...this.#byKey(apart, keyOf)]
  }

  #kindOf(index: number): string {
    const { kind, forged } = (this.callers[index] as Caller).principal
    return `${forged ? 'f' : ''}${kind}`
  }

  #listedClasses(cell: Cell, spot: Spot | undefined, axes: Axes, able: Bits): readonly CallerClass[] {
    const { stage } = spot ?? {}
    const kinds = (index: number) => this.#kindOf(index)
    if (spot?.leaving !== undefined) {
      // A gateway is not told who called it; which VirtualServices a pod knows, its namespace says.
      // With Sidecars it is the pod itself.
      const named =
        this.view.mesh.sidecars.length > 0 || spot.leaving.some((each) => this.#leadsToSidecar(each))
      return this.#byKey(able, (index) => {
        const { principal } = this.callers[index] as Caller
        const namespace = principal.kind === 'mesh' ? principal.namespace : ''
        return named ? `?${index}` : `?${kinds(index)} ${namespace}`
      })
    }
    if (stage === undefined || stage.table !== undefined) {
      return this.#byKey(able, (index) => `?${kinds(index).slice(0, 1)}`)
    }
    if (axes.everythingMatters) return this.#byKey(able, (index) => `?${index}`)
    const { insight } = stage
    const rules = [...insight.custom, ...insight.deny, ...insight.allow]
    const lines = rules.some(looksAtLine) ? ` ${cell.host} ${cell.path} ${cell.variation.method}` : ''
    const situation = `${situationOf(cell)} inside${lines}`
    const read = new Map<number, Attributes>()
    const attributes = (index: number) => {
      const known = read.get(index) ?? new Attributes(this.#insideRequest(cell, spot as Spot, index))
      read.set(index, known)
      return known
    }
    const taken = rules.map((rule) => this.#takes.of(rule, situation, able, attributes))
    const classes = this.#byKey(
      able,
      (index) => `?${kinds(index)}${taken.map((bits) => (hasBit(bits, index) ? 1 : 0)).join('')}`,
    )
    // Nothing before ALLOW could let them in, nor make somebody else of them.
    const sure = insight.allow.length > 0 && insight.custom.length === 0 && insight.tokens.length === 0
    const first = firstBit(able)
    if (!sure || first === -1 || lines !== '') return classes
    const line = attributes(first)
    const allowed = noBits(this.callers.length)
    for (const [at, rule] of rules.entries()) {
      const meets = at >= rules.length - insight.allow.length && takesLine(rule, line)
      if (meets) addBits(allowed, taken[at] as Bits)
    }
    return classes.map((each) =>
      hasBit(allowed, firstBit(each.callers)) ? each : { ...each, refused: true as const },
    )
  }

  #leadsToSidecar({ table }: Stage): boolean {
    return (
      table === undefined ||
      virtualHosts(table).some(({ routes }) =>
        routes.some((route) => this.view.behindRoute(route)?.kind === 'sidecar'),
      )
    )
  }

  /** As the sidecar reads it, with the name in the caller's certificate. */
  #insideRequest(cell: Cell, spot: Spot, index: number): NormalizedRequest {
    const caller = this.callers[index] as Caller
    const request = requestOf(cell, spot, caller) as DoorRequest
    const { principal } = caller
    const { trustDomain } = this.view.mesh.meshConfig
    const uris =
      principal.kind === 'mesh'
        ? [`spiffe://${trustDomain}/ns/${principal.namespace}/sa/${principal.name}`]
        : []
    const peer = { uris, dnsNames: [], subject: '', trusted: true }
    return spot.stage?.insight.read({ ...request, ...(uris.length > 0 && { peer }) }) as NormalizedRequest
  }

  #byKey(able: Bits, keyOf: (index: number) => string): readonly CallerClass[] {
    const classes = new Map<string, CallerClass>()
    for (const index of membersOf(able)) {
      const key = keyOf(index)
      const same = classes.get(key) ?? { key, callers: noBits(this.callers.length) }
      classes.set(key, same)
      addBit(same.callers, index)
    }
    return [...classes.values()]
  }
}
