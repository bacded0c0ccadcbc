/**
 * What a door does with the requests of a cell, asked of the engine itself. Callers whom no rule the
 * cell can meet tells apart are asked about once; which they are is found with the rules' own tests.
 */
import type { Mesh } from '../mesh/index.ts'
import {
  type Attributes,
  Attributes as AttributesOf,
  type Check,
  type CheckAnswer,
  type Context,
  chosenRoute,
  type DoorRequest,
  decideFromInside,
  decidePath,
  type ForwardDecision,
  findRoute,
  type HeaderList,
  identityHeaders,
  type NormalizedRequest,
  type PathDecision,
  type Probe,
  type Rule,
  reachOf,
  throughApplications,
  type Verdict,
} from '../policy/index.ts'
import { type Axes, exemptText } from './axes.ts'
import { type Caller, headersOf, isInside } from './caller.ts'
import type { Cell } from './cell.ts'
import type { Spot } from './entrance.ts'
import { headerOf, type Stage } from './stage.ts'
import type { View } from './view.ts'

export interface Outcome {
  readonly verdict: Verdict
  readonly reason: string
  /** Istio's cluster name of the last Service it was sent to. */
  readonly upstream?: string
  /** Host of that Service. */
  readonly service?: string
  /** `namespace/name` of the workload it reached. */
  readonly workload?: string
  /** The identity headers the workload gets. */
  readonly identity: Readonly<Record<string, string>>
  /** Every header the workload gets. */
  readonly headers: HeaderList
  /** What the last proxy was sent; only where nobody knows whether it passed. */
  readonly sent?: HeaderList
  /** As the workload sees it. */
  readonly path?: string
  readonly status?: number
  /** Proxies that looked at it. */
  readonly hops: number
  /** `namespace/name` of the InferenceService it reached. */
  readonly model?: string
  /** What the application behind the workload makes of this very request, where it has a check of its own. */
  readonly application?: { readonly verdict: Verdict; readonly reason: string }
}

export interface Group {
  /** Places in the list of callers. */
  readonly callers: readonly number[]
  readonly outcome: Outcome
}

/** More checks than any mesh has proxies. */
const mostChecks = 32

export class Judge {
  readonly view: View
  readonly callers: readonly Caller[]
  readonly now: number
  readonly #requests = new Map<string, (NormalizedRequest | undefined)[]>()
  readonly #probes = new Map<string, (Probe | undefined)[]>()
  readonly #bits = new Map<Rule, Map<string, Uint8Array>>()
  readonly #decided = new Map<string, Outcome>()
  readonly #met = new Map<string, number>()
  readonly #metIds = new WeakMap<Axes, number>()

  constructor(view: View, callers: readonly Caller[], now: number) {
    this.view = view
    this.callers = callers
    this.now = now
  }

  /** The request of that cell from that caller; undefined = the caller never sends such a one. */
  request(cell: Cell, spot: Spot | undefined, caller: Caller): DoorRequest | undefined {
    const headers = headersOf(caller, cell.variation)
    if (headers === undefined || isInside(caller) !== (cell.entrance.service !== undefined)) return undefined
    const { method, query, address, sni } = cell.variation
    const { entrance } = cell
    const name = sni ?? cell.host.replace(/:\d*$/, '')
    return {
      method,
      scheme: entrance.scheme,
      host: cell.host,
      path: query === '' ? cell.path : `${cell.path}?${query}`,
      headers,
      port: spot?.stage?.port ?? entrance.port,
      sourceIp: address ?? '127.0.0.1',
      ...(entrance.scheme === 'https' && { alpn: ['http/1.1'], ...(name !== '' && { sni: name }) }),
    }
  }

  /**
   * What the engine says; undefined = the caller never sends such a request. Asked once for all
   * cells that meet the same at every proxy.
   */
  decide(cell: Cell, at: number, caller: number): Outcome | undefined {
    const key = `${caller} ${cell.variation.method} ${situationOf(cell)} ${this.#metId(cell, at)}`
    const known = this.#decided.get(key)
    if (known !== undefined) return known
    const who = this.callers[caller] as Caller
    const spot = cell.spots[at]
    const request = this.request(cell, spot, who)
    if (request === undefined) return undefined
    if (spot === undefined) return outside
    const outcome = this.#outcome(cell, this.#ask(cell, spot, who, request))
    this.#decided.set(key, outcome)
    return outcome
  }

  /** The same for this very request, with what the application behind the workload makes of it. */
  decideWhole(cell: Cell, at: number, caller: number): Outcome | undefined {
    const who = this.callers[caller] as Caller
    const spot = cell.spots[at]
    const request = this.request(cell, spot, who)
    if (request === undefined) return undefined
    if (spot === undefined) return outside
    const path = this.#ask(cell, spot, who, request)
    const outcome = this.#outcome(cell, path)
    if (outcome.verdict !== 'allow') return outcome
    const whole = throughApplications(this.view.door, path, { ...this.#context(who), answers: [] })
    if (whole === path) return outcome
    const { verdict, reason } = whole
    return { ...outcome, application: { verdict, reason } }
  }

  #outcome(cell: Cell, path: PathDecision): Outcome {
    const outcome = { ...outcomeOf(path), ...modelOf(this.view.mesh, path) }
    // Behind a part of the way that nobody can follow, this request's fate is not its region's.
    if (cell.beyond === undefined || outcome.hops < 2) return outcome
    return { ...unknownOutcome(cell.beyond), hops: outcome.hops }
  }

  #metId(cell: Cell, at: number): number {
    const axes = cell.axes[at] as Axes
    let id = this.#metIds.get(axes)
    if (id === undefined) {
      const text = `${axes.met.join()} ${axes.rules.join()} ${cell.beyond ?? ''} ${cell.entrance.service === undefined ? '' : cell.host}`
      id = this.#met.get(text) ?? this.#met.size
      this.#met.set(text, id)
      this.#metIds.set(axes, id)
    }
    return id
  }

  #ask(cell: Cell, spot: Spot, caller: Caller, request: DoorRequest): PathDecision {
    const answers: CheckAnswer[] = []
    const { service } = cell.entrance
    const { principal } = caller
    for (;;) {
      const context: Context = { ...this.#context(caller), answers }
      const mesh = principal.kind === 'mesh' ? { caller: principal } : {}
      const decided =
        service === undefined
          ? decidePath(this.view.door, request, context, spot.proxy)
          : decideFromInside(this.view.door, request, context, {
              host: service.host,
              port: cell.entrance.port,
              ...mesh,
            })
      const { decision } = decided
      if (decision.kind !== 'ask' || answers.length >= mostChecks) return decided
      answers.push(this.#answer(caller, decision.check))
    }
  }

  #answer(caller: Caller, check: Check): CheckAnswer {
    const usual = caller.acting.answer(check)
    return this.view.signIn?.answer(check, usual, true) ?? usual
  }

  /** Which exemptions of the auth service's own the request would have. */
  #exempt({ path, variation }: Cell): string {
    return this.view.signIn === undefined ? '' : `${variation.method} ${exemptText(this.view, path)}`
  }

  #context(caller: Caller): Omit<Context, 'answers'> {
    return { now: this.now, verified: caller.acting.verified, trace: false }
  }

  /** Every caller that can send requests of this cell, with what becomes of them. */
  groups(cell: Cell, at: number, among?: readonly number[]): Group[] {
    const spot = cell.spots[at]
    const who = among ?? this.callers.map((_, index) => index)
    const able = who.filter((index) => this.request(cell, spot, this.callers[index] as Caller) !== undefined)
    const byKey = new Map<string, number[]>()
    for (const [index, key] of this.keys(cell, at, able)) {
      const list = byKey.get(key)
      if (list === undefined) byKey.set(key, [index])
      else list.push(index)
    }
    return [...byKey.values()].map((callers) => ({
      callers,
      outcome: this.decide(cell, at, callers[0] as number) as Outcome,
    }))
  }

  /** The same with what applications make of it, each of which knows its users one by one. */
  groupsWhole(cell: Cell, at: number, among: readonly number[]): Group[] {
    return this.groups(cell, at, among).flatMap(({ callers, outcome }): Group[] => {
      if (outcome.verdict !== 'allow' || outcome.workload === undefined) return [{ callers, outcome }]
      const first = this.decideWhole(cell, at, callers[0] as number) as Outcome
      if (first.application === undefined) return [{ callers, outcome: first }]
      return callers.map((index, place) => ({
        callers: [index],
        outcome: place === 0 ? first : (this.decideWhole(cell, at, index) as Outcome),
      }))
    })
  }

  /**
   * Callers with one key meet the same verdict, for the same reason. Keys without a question mark mean
   * the same in another door that has the same routes and the same proxies.
   */
  keys(cell: Cell, at: number, able: readonly number[]): ReadonlyMap<number, string> {
    const spot = cell.spots[at]
    const axes = cell.axes[at] as Axes
    const { stage, chain } = spot ?? {}
    if (cell.entrance.service !== undefined) return this.#insideKeys(cell, spot, axes, able)
    if (stage === undefined || chain === undefined || axes.everythingMatters || axes.routesByCaller) {
      return new Map(able.map((index) => [index, spot === undefined ? '?' : `?${index}`]))
    }
    const { insight } = stage
    const first = able[0]
    if (first === undefined) return new Map()
    const sample = this.#request(cell, spot as Spot, first)
    if (sample === undefined) return new Map(able.map((index) => [index, `?${index}`]))
    const attributes = new AttributesOf(sample)
    const meets = (rule: Rule) =>
      rule.to.some((entry) => entry.fields.every((field) => field.test(attributes)))
    const custom = insight.custom.filter(meets)
    const deny = insight.deny.filter(meets)
    const allow = insight.allow.filter(meets)
    if ([...custom, ...deny, ...allow].some(looksAtLine)) {
      return new Map(able.map((index) => [index, `?${index}`]))
    }
    const table = stage.table
    const found = table && findRoute(table, attributes, sample.forwardedProto, undefined)
    const routed = found !== undefined && found.kind !== 'none'
    const keys = new Map<number, string>()
    const situation = situationOf(cell)
    const exempt = custom.length > 0 ? this.#exempt(cell) : ''
    for (const index of able) {
      const asked = custom.some((rule) =>
        this.#takes(rule, `${situation} before`, index, () => this.#before(cell, spot as Spot, index)),
      )
      const name = `${situation} ${asked ? `asked ${exempt}` : 'direct'} ${routed}`
      const probe = this.#probe(cell, spot as Spot, index, name, routed)
      if (probe.attributes === undefined) {
        keys.set(index, `${asked} ${probe.end ?? ''}`)
        continue
      }
      const seen = () => probe.attributes as Attributes
      const denied = deny.some((rule) => this.#takes(rule, name, index, seen))
      const allowed = !denied && allow.some((rule) => this.#takes(rule, name, index, seen))
      const passes = !denied && (allowed || insight.allow.length === 0)
      const onward = passes && axes.curious.size > 0 ? this.#content(probe.attributes, axes.curious) : ''
      keys.set(index, `${asked} ${denied ? 'd' : ''}${allowed ? 'a' : ''} ${onward}`)
    }
    return keys
  }

  /** Callers inside the mesh send the same but for what they forge; a sidecar also sees who they are. */
  #insideKeys(
    cell: Cell,
    spot: Spot | undefined,
    axes: Axes,
    able: readonly number[],
  ): ReadonlyMap<number, string> {
    // Whom a Sidecar lets call this Service, no rule of the Service tells.
    const { service } = cell.entrance
    if (service !== undefined && this.view.mesh.sidecars.length > 0) {
      const parted = new Map<number, string>()
      const alike: number[] = []
      for (const index of able) {
        const { principal } = this.callers[index] as Caller
        const listed =
          principal.kind !== 'mesh' || reachOf(this.view.mesh, principal, service.host).kind === 'listed'
        if (listed) alike.push(index)
        else parted.set(index, `?${index}`)
      }
      if (parted.size > 0) return new Map([...this.#listedKeys(cell, spot, axes, alike), ...parted])
    }
    return this.#listedKeys(cell, spot, axes, able)
  }

  #listedKeys(
    cell: Cell,
    spot: Spot | undefined,
    axes: Axes,
    able: readonly number[],
  ): ReadonlyMap<number, string> {
    const { stage } = spot ?? {}
    const kinds = (index: number) => {
      const { kind, forged } = (this.callers[index] as Caller).principal
      return `${forged ? 'f' : ''}${kind}`
    }
    if (spot?.leaving !== undefined) return new Map(able.map((index) => [index, `?${index}`]))
    if (stage === undefined || stage.table !== undefined) {
      return new Map(able.map((index) => [index, `?${kinds(index).slice(0, 1)}`]))
    }
    if (axes.everythingMatters) return new Map(able.map((index) => [index, `?${index}`]))
    const { insight } = stage
    const rules = [...insight.custom, ...insight.deny, ...insight.allow]
    const lines = rules.some(looksAtLine) ? ` ${cell.host} ${cell.path} ${cell.variation.method}` : ''
    const situation = `${situationOf(cell)} inside${lines}`
    const { trustDomain } = this.view.mesh.meshConfig
    const keys = new Map<number, string>()
    for (const index of able) {
      const caller = this.callers[index] as Caller
      const attributes = () => {
        const request = this.request(cell, spot, caller) as DoorRequest
        const { principal } = caller
        const uris =
          principal.kind === 'mesh'
            ? [`spiffe://${trustDomain}/ns/${principal.namespace}/sa/${principal.name}`]
            : []
        const peer = { uris, dnsNames: [], subject: '', trusted: true }
        const read = insight.read({ ...request, ...(uris.length > 0 && { peer }) })
        return read && new AttributesOf(read)
      }
      let seen: Attributes | undefined
      let key = `?${kinds(index)}`
      for (const rule of rules) {
        const takes = this.#takes(rule, situation, index, () => {
          seen ??= attributes()
          return seen as Attributes
        })
        key += takes ? '1' : '0'
      }
      keys.set(index, key)
    }
    return keys
  }

  #request(cell: Cell, spot: Spot, index: number): NormalizedRequest | undefined {
    const request = this.request(cell, spot, this.callers[index] as Caller)
    return request && spot.stage?.insight.read(request)
  }

  #before(cell: Cell, spot: Spot, index: number): Attributes {
    const key = `${spot.entrance.id} ${situationOf(cell)}`
    const list = listIn(this.#requests, key)
    list[index] ??= this.#request(cell, spot, index)
    return new AttributesOf(list[index] as NormalizedRequest)
  }

  #probe(cell: Cell, spot: Spot, index: number, name: string, routed: boolean): Probe {
    const list = listIn(this.#probes, `${spot.entrance.id} ${name}`)
    const before = list[index]
    if (before !== undefined) return before
    const caller = this.callers[index] as Caller
    const request = this.#request(cell, spot, index) as NormalizedRequest
    const { table, insight } = spot.stage as Stage
    const attributes = new AttributesOf(request)
    const route = table && chosenRoute(table, findRoute(table, attributes, request.forwardedProto, undefined))
    const answers: CheckAnswer[] = []
    for (;;) {
      const context: Context = { ...this.#context(caller), answers }
      const probe = insight.probe({ request, context, routed, ...(route && { route }), trace: false, hop: 0 })
      if (probe.check === undefined || answers.length >= mostChecks) {
        list[index] = probe
        return probe
      }
      answers.push(this.#answer(caller, probe.check))
    }
  }

  /** Whether the rule's `from` side takes the caller; looked at once per situation. */
  #takes(rule: Rule, situation: string, index: number, attributes: () => Attributes): boolean {
    let bySituation = this.#bits.get(rule)
    if (bySituation === undefined) {
      bySituation = new Map()
      this.#bits.set(rule, bySituation)
    }
    let bits = bySituation.get(situation)
    if (bits === undefined) {
      bits = new Uint8Array(this.callers.length)
      bySituation.set(situation, bits)
    }
    if (bits[index] === 0) {
      const seen = attributes()
      const takes = rule.from.some((entry) => entry.fields.every((field) => field.test(seen)))
      bits[index] = takes ? 2 : 1
    }
    return bits[index] === 2
  }

  #content(attributes: Attributes, names: ReadonlySet<string>): string {
    return JSON.stringify(attributes.source.headers.filter(([name]) => names.has(name)))
  }
}

function listIn<T>(map: Map<string, (T | undefined)[]>, key: string): (T | undefined)[] {
  let list = map.get(key)
  if (list === undefined) {
    list = []
    map.set(key, list)
  }
  return list
}

/** What of a cell a caller's identity can depend on. */
function situationOf(cell: Cell): string {
  const { headers, query, address, sni, method } = cell.variation
  const plain = headers.length === 0 && query === '' && address === undefined && sni === undefined
  const preflight = method === 'OPTIONS' ? 'options ' : ''
  const { id } = cell.entrance
  return plain ? `${id} ${preflight}` : `${id} ${preflight}${JSON.stringify([headers, query, address, sni])}`
}

/** Rules whose `from` side looks at the request line: what they take is not the caller's doing alone. */
function looksAtLine(rule: Rule): boolean {
  return rule.from.some((entry) =>
    entry.fields.some((field) => {
      const header = headerOf(field)
      return header !== undefined && (header.startsWith(':') || header === 'host')
    }),
  )
}

function outcomeOf(path: PathDecision): Outcome {
  const { verdict, reason, decision, hops, workload } = path
  const reached = verdict === 'allow' && decision.kind === 'forward'
  const forwards = hops
    .map((hop) => hop.decision)
    .filter((each): each is ForwardDecision => each.kind === 'forward')
  const outer = forwards.filter(({ upstream }) => !upstream.startsWith('inbound|'))
  const last = outer.at(-1) ?? forwards.at(-1)
  const headers = reached ? decision.headers : []
  const status = decision.kind === 'reply' ? { status: decision.status } : {}
  return {
    verdict,
    reason,
    ...(last && { upstream: last.upstream, service: last.destination.host }),
    ...((verdict === 'allow' || verdict === 'unknown') &&
      workload && { workload: `${workload.namespace}/${workload.name}` }),
    identity: Object.fromEntries(headers.filter(([name]) => identityHeaders.includes(name))),
    headers,
    ...(verdict === 'unknown' && { sent: hops.at(-1)?.request.headers ?? [] }),
    ...(reached && { path: decision.path }),
    ...status,
    hops: hops.length,
  }
}

/** What nobody can say anything about. */
export function unknownOutcome(reason: string): Outcome {
  return { verdict: 'unknown', reason, identity: {}, headers: [], hops: 0 }
}

const outside: Outcome = { ...unknownOutcome('no-listener'), verdict: 'unavailable' }

const inferenceService = 'serving.kserve.io/inferenceservice'

/** By the label KServe gives its pods, else by the name of the Service. */
function modelOf(mesh: Mesh, { verdict, workload, hops }: PathDecision): Pick<Outcome, 'model'> {
  if (verdict !== 'allow' && verdict !== 'unknown') return {}
  const named = workload?.podLabels[inferenceService]
  if (workload !== undefined && named !== undefined) return { model: `${workload.namespace}/${named}` }
  for (const { decision } of hops.toReversed()) {
    if (decision.kind !== 'forward') continue
    const [service = '', namespace] = decision.destination.host.split('.')
    const found = mesh.inferenceServices.find(
      ({ name, namespace: own }) =>
        own === namespace && (service === name || service.startsWith(`${name}-predictor`)),
    )
    if (found !== undefined) return { model: `${found.namespace}/${found.name}` }
  }
  return {}
}
