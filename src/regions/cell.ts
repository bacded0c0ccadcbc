/**
 * All requests, parted into cells a door cannot tell the members of apart: one way in, one class of
 * hosts, one of paths, one of everything else. Built entrance by entrance and host by host, with
 * only the patterns that host can meet; never as one global table.
 */
import { matchesPathValue, type PathRules } from '../policy/index.ts'
import { type Axes, collectAxes, newAxes } from './axes.ts'
import { nextContent } from './contents.ts'
import type { Entrance, Spot } from './entrance.ts'
import type { Label, Nfa, Starts } from './nfa.ts'
import type { Partition, TextClass } from './partition.ts'
import { type Parted, type Pattern, PatternSet } from './pattern-set.ts'
import { helloName } from './sending.ts'
import { collectHosts, collectPaths, redirects, routesOf, type Stage } from './stage.ts'
import { authority, canonicalPath, hostAlphabet, pathAlphabet } from './universe.ts'
import { fits, type Variation, variationsOf } from './variation.ts'
import type { View } from './view.ts'
import { type WayIn, waysIn } from './ways-in.ts'

export interface Cell {
  readonly entrance: Entrance
  readonly host: string
  readonly path: string
  readonly variation: Variation
  /** Whether it is the plainest request of its host and path. */
  readonly plain: boolean
  /** Why nothing can be said about it; the engine is not asked then. */
  readonly unknown?: string
  /** Why nothing can be said about it from the second proxy on; what the first one refuses is certain. */
  readonly beyond?: string
  /** It stands for paths no route takes. */
  readonly unrouted?: true
  readonly hosts?: { readonly parted: Parted; readonly of: TextClass }
  readonly paths?: { readonly parted: Parted; readonly of: TextClass }
  /** Beside `views`: where each of them meets it, and by what it tells requests apart. */
  readonly spots: readonly (Spot | undefined)[]
  readonly axes: readonly Axes[]
}

/** What a question looks at beside the doors' own patterns. */
export interface Asked {
  readonly hosts: readonly string[]
  readonly paths: readonly string[]
  readonly methods: readonly string[]
  readonly headers: readonly (readonly [name: string, values: readonly string[]])[]
}

const nothingAsked: Asked = { hosts: [], paths: [], methods: [], headers: [] }

export interface CellOptions {
  readonly asked?: Asked
  /** Which ways in; default all. */
  readonly entrances?: (entrance: Entrance) => boolean
  /** Every class of hosts and paths, also where no proxy tells it from an earlier one. */
  readonly unfolded?: boolean
  /** Only what routes take is of interest, so that routes may be looked at one by one. */
  readonly routed?: boolean
  /** Told of every class of paths, folded or not. */
  readonly every?: (axes: readonly Axes[]) => void
  /** One host or path only, as a question about one request has it. */
  readonly only?: { readonly host: string; readonly path: string }
}

export function* cellsOf(views: readonly View[], options: CellOptions = {}): Generator<Cell> {
  const asked = options.asked ?? nothingAsked
  const partitions = new Map<string, Parted>()
  for (const wayIn of waysIn(views)) {
    if (options.entrances?.(wayIn.entrance) === false) continue
    const { only, unfolded = false, routed = false, every } = options
    const met = new Set<string>()
    const way = {
      ...wayIn,
      views,
      asked,
      partitions,
      unfolded,
      routed,
      met,
      ...(only && { only }),
      ...(every && { every }),
    }
    yield* cellsBehind(way)
  }
}

interface Way extends WayIn {
  readonly views: readonly View[]
  readonly asked: Asked
  readonly partitions: Map<string, Parted>
  readonly unfolded: boolean
  readonly routed: boolean
  readonly every?: (axes: readonly Axes[]) => void
  /** What the cells so far have met. */
  readonly met: Set<string>
  readonly only?: { readonly host: string; readonly path: string }
}

function* cellsBehind(way: Way): Generator<Cell> {
  const { entrance, spots } = way
  const axes = way.views.map(newAxes)
  const service = entrance.service?.host
  if (service !== undefined) {
    const host = entrance.port === 80 ? service : `${service}:${entrance.port}`
    yield* cellsOfHost(way, host, undefined)
    return
  }
  const patterns = new PatternSet()
  each(way, (view, spot) => spot.stage && collectHosts(view, spot.stage, patterns))
  for (const text of way.asked.hosts) patterns.add([valuePattern(text, true)])
  const parted = part(way, `${patterns.signature()}\nhosts`, () => patterns.part(authority, hostAlphabet))
  const { partition } = parted
  if (partition === undefined || parted.untranslated.length > 0) {
    const why = partition === undefined ? 'too many hosts to tell apart' : unread(parted.untranslated)
    yield { entrance, host: 'x', path: '/', variation: plainest, plain: true, unknown: why, spots, axes }
    if (partition === undefined) return
  }
  const classes = way.only === undefined ? partition.classes : [partition.classOf(way.only.host)]
  for (const found of classes) {
    if (found !== undefined) {
      yield* cellsOfHost(way, way.only?.host ?? readable(partition, found), { parted, of: found })
    }
  }
}

/** Shorter is a colon with nothing behind it, but nobody writes that. */
function readable(partition: Partition, { id, witness }: TextClass): string {
  const usual = `${witness}80`
  return witness.endsWith(':') && partition.classOf(usual)?.id === id ? usual : witness
}

const plainest: Variation = { method: 'GET', methods: ['GET'], headers: [], query: '', size: 0 }

function* cellsOfHost(way: Way, host: string, hosts: Cell['hosts']): Generator<Cell> {
  const { entrance, spots, views } = way
  const common = { entrance, host, spots, ...(hosts && { hosts }) }
  let collected: PatternSet | undefined
  const patternsOf = () => {
    collected ??= pathPatterns(way, host)
    return collected
  }
  const rules = pathRulesOf(spots)
  const key = () => `${patternsOf().signature()}\n${JSON.stringify(rules)}`
  const universe = (nfa: Nfa, label: Label) => canonicalPath(nfa, rules, label)
  const redirected = spots.some((spot) =>
    spot === undefined ? false : stagesOf(spot).some((stage) => redirects(stage, host)),
  )
  const apart = way.routed && !redirected && rulesAndRoutes(way, host) > mostAtOnce
  const whole = apart
    ? undefined
    : part(way, key(), () => patternsOf().part(universe, pathAlphabet, mostStates))
  const classes = whole?.partition
    ? classesOf(whole, way.only?.path)
    : byRoute(way, host, patternsOf, universe)
  if (whole !== undefined && whole.partition === undefined) {
    const unknown = `too many paths to tell apart where no route of ${host} is`
    const axes = views.map(newAxes)
    yield { ...common, path: '/', variation: plainest, plain: true, unknown, unrouted: true, axes }
  }
  for (const { path, untranslated, paths, unknown: given } of classes) {
    const axes = views.map(newAxes)
    each(way, (view, spot, at) => {
      const { scheme, service } = entrance
      const { next } = spot
      if (next !== undefined && service !== undefined) {
        axes[at]?.met.push(`n${view.numberOf(next, () => nextContent(view.mesh, next, service.host))}`)
      }
      for (const stage of stagesOf(spot)) {
        collectAxes(view, stage, { host, path, scheme }, axes[at] as Axes)
      }
    })
    way.every?.(axes)
    if (!way.unfolded && isKnown(way, host, path, axes)) continue
    const unknown = given ?? (untranslated.length > 0 ? unread(untranslated) : undefined)
    const beyond = unknownOf(axes)
    const { variations, whole: every } = variationsOf(way, host, axes)
    const one = way.routed && axes.every((each) => each.routedBy.size === 0)
    for (const [index, variation] of variations.entries()) {
      // One route, whatever is sent: two headers together show nothing that one does not.
      if (one && index > 0 && variation.size > 1) break
      yield {
        ...common,
        path,
        variation,
        plain: index === 0,
        ...(unknown !== undefined && { unknown }),
        ...(beyond !== undefined && { beyond }),
        ...(paths && { paths }),
        axes,
      }
    }
    if (!every) {
      const why = 'too many combinations of headers'
      yield { ...common, path, variation: plainest, plain: false, unknown: why, axes }
    }
  }
}

/** Every path pattern a request to this host may meet. */
function pathPatterns(way: Way, host: string): PatternSet {
  const patterns = new PatternSet()
  const { scheme } = way.entrance
  each(way, (view, spot) => {
    for (const stage of stagesOf(spot)) collectPaths(view, stage, { host, scheme }, patterns)
  })
  for (const text of way.asked.paths) patterns.add([{ kind: 'path', text }])
  return patterns
}

/** About as many patterns the first proxy has for that host. */
function rulesAndRoutes(way: Way, host: string): number {
  let count = 0
  each(way, (view, spot) => {
    for (const stage of stagesOf(spot)) {
      count += view.rulesByPath(stage.insight).rules.length
      count += routesOf(stage, host, way.entrance.scheme).length
    }
  })
  return count
}

/** More are not built at once: then each route's paths are parted by themselves. */
const mostStates = 12_000
/** Patterns that are tried together where routes may be looked at one by one. */
const mostAtOnce = 400

interface PathClass {
  readonly path: string
  readonly untranslated: readonly string[]
  readonly paths?: Cell['paths']
  readonly unknown?: string
}

function classesOf(parted: Parted, only?: string): readonly PathClass[] {
  const { partition, untranslated } = parted
  if (partition === undefined) return []
  const found = only === undefined ? partition.classes : [partition.classOf(only)]
  return found.flatMap((of) =>
    of === undefined ? [] : [{ path: only ?? of.witness, untranslated, paths: { parted, of } }],
  )
}

/** Route by route, with the patterns that its paths can meet. */
function* byRoute(
  way: Way,
  host: string,
  patternsOf: () => PatternSet,
  universe: (nfa: Nfa, label: Label) => Starts,
): Generator<PathClass> {
  const seen = new Set<string>()
  const canonical = new PatternSet().part(universe, pathAlphabet).partition
  for (const [index, spot] of way.spots.entries()) {
    const view = way.views[index]
    if (spot === undefined || view === undefined) continue
    for (const { path: match } of stagesOf(spot).flatMap((stage) =>
      routesOf(stage, host, way.entrance.scheme),
    )) {
      const key = JSON.stringify(match)
      if (seen.has(key)) continue
      seen.add(key)
      if (match.kind === 'exact' && !match.ignoreCase) {
        // One path is its own class, if it can occur at all.
        if (canonical?.classOf(match.text)) yield { path: match.text, untranslated: [] }
        continue
      }
      const parted = patternsOf().part(universe, pathAlphabet, mostStates, { kind: 'route', match })
      if (parted.partition !== undefined) yield* classesOf(parted)
      else {
        const unknown = `too many paths to tell apart under ${match.kind} ${match.text}`
        yield { path: match.kind === 'regex' ? '/' : match.text, untranslated: [], unknown }
      }
    }
  }
}

/** The caller's own sidecar first, where it has a say. */
function stagesOf({ leaving = [], stage }: Spot): readonly Stage[] {
  return stage === undefined ? leaving : [...leaving, stage]
}

/** Whether an earlier cell met the same at every proxy: then this one is part of its region. */
function isKnown(way: Way, host: string, path: string, axes: readonly Axes[]): boolean {
  if (axes.some((each) => each.names.size > 0)) return false
  const name = helloName(host)
  const own = way.leads?.(name)
  const leads = way.spots.map((spot, index) => {
    if (own !== undefined) return own
    const { chain, proxy, stage } = spot ?? {}
    if (way.entrance.scheme !== 'https' || chain === undefined || proxy === undefined || stage === undefined)
      return ''
    const connection = { port: stage.port, scheme: 'https' as const, sni: name }
    return way.views[index]?.door.chain(proxy, connection) === chain ? 'y' : 'n'
  })
  const asked = [
    ...way.asked.hosts.map((text) => fits(text.toLowerCase(), host.toLowerCase())),
    ...way.asked.paths.map((text) => matchesPathValue(text, path)),
  ]
  const key = JSON.stringify([
    axes.map(({ met, rules, unknown }) => [met, rules, [...unknown]]),
    leads,
    asked,
  ])
  if (way.met.has(key)) return true
  way.met.add(key)
  return false
}

function unknownOf(axes: readonly Axes[]): string | undefined {
  const named = new Set(axes.flatMap((each) => [...each.unknown]))
  return named.size === 0 ? undefined : [...named].join(', ')
}

function unread(untranslated: readonly string[]): string {
  return `the expression \`${untranslated.join('`, `')}\``
}

function part(way: Way, key: string, make: () => Parted): Parted {
  let parted = way.partitions.get(key)
  if (parted === undefined) {
    parted = make()
    way.partitions.set(key, parted)
  }
  return parted
}

function valuePattern(text: string, ignoreCase = false): Pattern {
  return { kind: 'value', text, ignoreCase, star: 0 }
}

/** Doors that normalize differently are asked about the paths both leave alone. */
function pathRulesOf(spots: readonly (Spot | undefined)[]): PathRules {
  const all = spots.flatMap((spot) => (spot?.stage ? [spot.stage.insight.paths] : []))
  const [first] = all
  if (first === undefined) return { normalize: true, mergeSlashes: false, escapedSlashes: 'keep' }
  return {
    normalize: all.some((rules) => rules.normalize),
    mergeSlashes: all.some((rules) => rules.mergeSlashes),
    escapedSlashes: all.find((rules) => rules.escapedSlashes !== 'keep')?.escapedSlashes ?? 'keep',
  }
}

function each(way: Way, visit: (view: View, spot: Spot, index: number) => void): void {
  for (const [index, view] of way.views.entries()) {
    const spot = way.spots[index]
    if (spot !== undefined) visit(view, spot, index)
  }
}
