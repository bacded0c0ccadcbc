/**
 * The first gateway a request meets, over all callers at once: which callers its rules cannot tell
 * apart. The rules' own compiled tests say so, each asked once per caller and not once per cell.
 */
import {
  type Attributes,
  Attributes as AttributesOf,
  type CheckAnswer,
  type Context,
  chosenRoute,
  findRoute,
  isDryRun,
  type NormalizedRequest,
  type Probe,
  type Rule,
} from '../policy/index.ts'
import { type Axes, exemptText } from './axes.ts'
import { addBit, addBits, type Bits, both, firstBit, isEmpty, membersOf, noBits, without } from './bits.ts'
import type { Caller } from './caller.ts'
import type { Cell } from './cell.ts'
import { type Engine, mostChecks } from './engine.ts'
import type { Spot } from './entrance.ts'
import { requestOf, situationOf } from './sending.ts'
import { headerOf, type Stage } from './stage.ts'
import { Takes } from './takes.ts'

/** Callers that meet the same verdict, for the same reason. */
export interface CallerClass {
  readonly callers: Bits
  /** Without a question mark it means the same in another door that has the same routes and proxies. */
  readonly key: string
  /** The same for every route: nothing behind the first proxy has a say, nor does the path. */
  readonly ended?: string
  /** A filter of the first proxy ends their requests: no way through. */
  readonly refused?: true
}

/** What the filters before DENY and ALLOW make of callers, as far as anybody has asked. */
interface Probed {
  readonly done: Bits
  readonly through: Bits
  readonly attributes: Attributes[]
  /** By how it ended for them. */
  readonly ends: Map<string, Bits>
  readonly contents: Map<string, string[]>
}

export class Gate {
  readonly #engine: Engine
  readonly #callers: readonly Caller[]
  readonly #takes: Takes
  readonly #before = new Map<string, NormalizedRequest[]>()
  readonly #probed = new Map<string, Probed>()
  readonly #lines = new WeakMap<Rule, boolean>()
  readonly #routed = new WeakMap<Axes, boolean>()

  constructor(engine: Engine, callers: readonly Caller[]) {
    this.#engine = engine
    this.#callers = callers
    this.#takes = new Takes(callers.length)
  }

  /** undefined = every caller has to be looked at by himself. */
  classes(cell: Cell, spot: Spot, axes: Axes, able: Bits): readonly CallerClass[] | undefined {
    const { stage, chain } = spot
    if (stage === undefined || chain === undefined) return undefined
    if (axes.everythingMatters || axes.routesByCaller) return undefined
    const first = firstBit(able)
    if (first === -1) return []
    const sample = this.#read(cell, spot, first)
    if (sample === undefined) return undefined
    const line = new AttributesOf(sample)
    const meets = (rule: Rule) => takesLine(rule, line)
    const custom = axes.gate.custom.filter(meets)
    const deny = axes.gate.deny.filter(meets)
    const allow = axes.gate.allow.filter(meets)
    if ([custom, deny, allow].some((list) => list.some((rule) => this.#looksAtLine(rule)))) return undefined
    const found: CallerClass[] = []
    const situation = situationOf(cell)
    const routed = this.#isRouted(cell, stage, axes, line, sample.forwardedProto)
    for (const [way, callers] of this.#ways(cell, spot, situation, custom, able)) {
      if (isEmpty(callers)) continue
      const asked = way === 'direct' ? way : `${way} ${this.#exempt(cell)}`
      const name = `${situation} ${asked} ${routed}`
      const probed = this.#probe(cell, spot, callers, name, routed)
      for (const [end, all] of probed.ends) {
        const same = both(all, callers)
        if (isEmpty(same)) continue
        const key = `${way} ${end}`
        // What an authorizer answers may hang on the path: which status, and whether it reads as a sign-in.
        const refused = end.startsWith('reply ')
        const alike = way === 'direct' && refused
        found.push({
          callers: same,
          key,
          ...(alike && { ended: `${name} ${key}` }),
          ...(refused && { refused }),
        })
      }
      const through = both(probed.through, callers)
      if (isEmpty(through)) continue
      const seen = (index: number) => probed.attributes[index] as Attributes
      const taken = (rules: readonly Rule[], among: Bits) => {
        const bits = noBits(this.#callers.length)
        for (const rule of rules) addBits(bits, this.#takes.of(rule, name, among, seen))
        return bits
      }
      const denied = taken(deny, through)
      const left = without(through, denied)
      const allowed = isEmpty(left) ? left : taken(allow, left)
      const others = without(left, allowed)
      const refused = (bits: Bits, key: string) => {
        if (!isEmpty(bits)) found.push({ callers: bits, key, ended: `${name} ${key}`, refused: true })
      }
      refused(denied, `${way} d `)
      const open = stage.insight.allow.length === 0
      if (!open) refused(others, `${way}  `)
      for (const [passing, mark] of [[allowed, 'a'], ...(open ? [[others, ''] as const] : [])] as const) {
        for (const [content, same] of this.#byContent(passing, probed, axes)) {
          found.push({ callers: same, key: `${way} ${mark} ${content}` })
        }
      }
    }
    return found
  }

  /** Whether the authorizer is asked about them, or a rule of a dry run takes them, which denies. */
  #ways(
    cell: Cell,
    spot: Spot,
    situation: string,
    custom: readonly Rule[],
    able: Bits,
  ): readonly (readonly [way: string, callers: Bits])[] {
    if (custom.length === 0) return [['direct', able]]
    const [asked, dry] = [noBits(this.#callers.length), noBits(this.#callers.length)]
    const before = (index: number) => this.#readBefore(cell, spot, situation, index)
    for (const rule of custom) {
      const bits = this.#takes.of(rule, `${situation} before`, able, before)
      addBits(isDryRun(rule.policy) ? dry : asked, bits)
    }
    return [
      ['direct', without(without(able, asked), dry)],
      ['asked', without(asked, dry)],
      ['dry', without(dry, asked)],
      ['asked dry', both(asked, dry)],
    ]
  }

  /** Which exemptions of the auth service's own the request would have. */
  #exempt({ path, variation }: Cell): string {
    const { view } = this.#engine
    return view.signIn === undefined ? '' : `${variation.method} ${exemptText(view, path)}`
  }

  #isRouted(cell: Cell, stage: Stage, axes: Axes, line: Attributes, forwardedProto: string): boolean {
    const { table } = stage
    if (table === undefined) return false
    const varies =
      axes.routedBy.size > 0 || cell.variation.headers.some(([name]) => name === 'x-forwarded-proto')
    const known = varies ? undefined : this.#routed.get(axes)
    if (known !== undefined) return known
    const routed = findRoute(table, line, forwardedProto, undefined).kind !== 'none'
    if (!varies) this.#routed.set(axes, routed)
    return routed
  }

  #looksAtLine(rule: Rule): boolean {
    let looks = this.#lines.get(rule)
    if (looks === undefined) {
      looks = looksAtLine(rule)
      this.#lines.set(rule, looks)
    }
    return looks
  }

  #read(cell: Cell, spot: Spot, index: number): NormalizedRequest | undefined {
    const request = requestOf(cell, spot, this.#callers[index] as Caller)
    return request && spot.stage?.insight.read(request)
  }

  #readBefore(cell: Cell, spot: Spot, situation: string, index: number): Attributes {
    let list = this.#before.get(situation)
    if (list === undefined) {
      list = []
      this.#before.set(situation, list)
    }
    list[index] ??= this.#read(cell, spot, index) as NormalizedRequest
    return new AttributesOf(list[index] as NormalizedRequest)
  }

  /** Of those `among`; what is known of others stays. */
  #probe(cell: Cell, spot: Spot, among: Bits, name: string, routed: boolean): Probed {
    let probed = this.#probed.get(name)
    if (probed === undefined) {
      const size = this.#callers.length
      probed = {
        done: noBits(size),
        through: noBits(size),
        attributes: [],
        ends: new Map(),
        contents: new Map(),
      }
      this.#probed.set(name, probed)
    }
    for (const index of membersOf(without(among, probed.done))) {
      addBit(probed.done, index)
      const { attributes, end = '' } = this.#probeOne(cell, spot, index, routed)
      if (attributes !== undefined) {
        addBit(probed.through, index)
        probed.attributes[index] = attributes
        continue
      }
      const same = probed.ends.get(end) ?? noBits(this.#callers.length)
      probed.ends.set(end, same)
      addBit(same, index)
    }
    return probed
  }

  #probeOne(cell: Cell, spot: Spot, index: number, routed: boolean): Probe {
    const caller = this.#callers[index] as Caller
    const request = this.#read(cell, spot, index) as NormalizedRequest
    const { table, insight } = spot.stage as Stage
    const attributes = new AttributesOf(request)
    const route = table && chosenRoute(table, findRoute(table, attributes, request.forwardedProto, undefined))
    const answers: CheckAnswer[] = []
    for (;;) {
      const context: Context = { ...this.#engine.context(caller), answers }
      const probe = insight.probe({ request, context, routed, ...(route && { route }), trace: false, hop: 0 })
      if (probe.check === undefined || answers.length >= mostChecks) return probe
      answers.push(this.#engine.answer(caller, probe.check))
    }
  }

  /** Parted by the headers a later proxy looks at. */
  #byContent(callers: Bits, { attributes, contents }: Probed, { curious }: Axes): ReadonlyMap<string, Bits> {
    if (isEmpty(callers)) return new Map()
    if (curious.size === 0) return new Map([['', callers]])
    const names = [...curious].sort().join()
    let texts = contents.get(names)
    if (texts === undefined) {
      texts = []
      contents.set(names, texts)
    }
    const found = new Map<string, Bits>()
    for (const index of membersOf(callers)) {
      texts[index] ??= contentOf(attributes[index] as Attributes, curious)
      const text = texts[index] as string
      const same = found.get(text) ?? noBits(this.#callers.length)
      found.set(text, same)
      addBit(same, index)
    }
    return found
  }
}

/** The `to` side. */
export function takesLine(rule: Rule, line: Attributes): boolean {
  return rule.to.some((entry) => entry.fields.every((field) => field.test(line)))
}

/** Rules whose `from` side looks at the request line: what they take is not the caller's doing alone. */
export function looksAtLine(rule: Rule): boolean {
  return rule.from.some((entry) =>
    entry.fields.some((field) => {
      const header = headerOf(field)
      return header !== undefined && (header.startsWith(':') || header === 'host')
    }),
  )
}

function contentOf(attributes: Attributes, names: ReadonlySet<string>): string {
  return JSON.stringify(attributes.source.headers.filter(([name]) => names.has(name)))
}
