/**
 * What beside host and path tells the requests of one class apart: methods, header and query
 * values, addresses, server names. Only what the rules and routes look at that this host and path
 * can meet; everything else may be anything.
 */
import {
  Attributes,
  findHost,
  matchesPath,
  matchesValue,
  normalizePath,
  parseValuePattern,
  type Route,
  type Rule,
  rewritePath,
  routesFor,
  type Target,
} from '../policy/index.ts'
import { addField, addPattern, addScheme, anyValue, matchPattern } from './axis-fields.ts'
import { nextContent, proxyContent, routeContent, ruleContent } from './contents.ts'
import type { Pattern } from './pattern-set.ts'
import {
  headerOf,
  mayAsk,
  mostStages,
  pathPart,
  routesOf,
  rulesOf,
  type Stage,
  stageBehind,
  stageBehindBytes,
} from './stage.ts'
import { targetOf, type View } from './view.ts'

export type Test = (attributes: Attributes) => boolean

export interface Axes {
  /** By what they say: the same text means the same test. */
  readonly methods: Map<string, Test>
  readonly headers: Map<string, Pattern[]>
  readonly queries: Map<string, Pattern[]>
  /** What is asked of all of `:path`: the part behind the question mark. */
  readonly queryTexts: Pattern[]
  /** Address blocks as written, and what tests addresses: at the first proxy, and at those behind it. */
  readonly blocks: Set<string>
  readonly addresses: Test[]
  readonly addressesOnward: Test[]
  readonly names: Set<string>
  /** Browsers' questions before the real request are told apart. */
  preflight: boolean
  /** A refusal without a body, as HEAD gets it, is no sign-in page: only how it reads differs. */
  heads: boolean
  /** The first proxy believes what the request says of its own scheme. */
  believesScheme: boolean
  /** A route is chosen by what a token says, or by a header a filter may have written. */
  routesByCaller: boolean
  /** What beside host and path decides which route is taken: header names, `:method`, `query`. */
  readonly routedBy: Set<string>
  /** A later proxy looks at what the caller's own headers or tokens became. */
  readonly curious: Set<string>
  /** Whatever the caller is may matter at a later proxy. */
  everythingMatters: boolean
  /** Parts of the way nothing can be said about, by name. */
  readonly unknown: Set<string>
  /** Everything host and path decide at every proxy: where two requests agree in it, no proxy tells them apart. */
  readonly met: string[]
  /** The first proxy's rules among it. */
  readonly rules: string[]
  /** Rules some request of this host and path may meet. */
  readonly alive: Set<Rule>
  /** The first proxy's among them, in its order. */
  readonly gate: { readonly custom: Rule[]; readonly deny: Rule[]; readonly allow: Rule[] }
}

export function newAxes(): Axes {
  return {
    methods: new Map(),
    headers: new Map(),
    queries: new Map(),
    queryTexts: [],
    blocks: new Set(),
    addresses: [],
    addressesOnward: [],
    names: new Set(),
    preflight: false,
    heads: false,
    believesScheme: false,
    routesByCaller: false,
    routedBy: new Set(),
    curious: new Set(),
    everythingMatters: false,
    unknown: new Set(),
    met: [],
    rules: [],
    alive: new Set(),
    gate: { custom: [], deny: [], allow: [] },
  }
}

/** A host and a path as a stage sees them. */
export interface At {
  readonly host: string
  readonly path: string
  readonly scheme: string
}

export function collectAxes(view: View, stage: Stage, at: At, axes: Axes, depth = 0): void {
  const { insight } = stage
  const here = { ...at, host: stage.host ?? at.host }
  const attributes = plainAttributes(here, stage.port)
  if (depth === 0) axes.believesScheme = insight.trustedHops > 0
  axes.met.push(`${view.numberOf(insight, () => proxyContent(view.mesh, insight, view.world))}:${stage.port}`)
  const { custom, deny, allow } = axes.gate
  const byPath = view.rulesByPath(insight)
  for (const number of byPath.meeting(here.path)) {
    const rule = byPath.rules[number] as Rule
    const held = heldEntries(rule, attributes)
    if (held === '') continue
    axes.alive.add(rule)
    if (depth === 0) {
      const behind = number - insight.custom.length
      const phase = behind < 0 ? custom : behind < insight.deny.length ? deny : allow
      phase.push(rule)
    }
    // What the first proxy's rules come to is seen caller by caller, too.
    const list = depth === 0 ? axes.rules : axes.met
    list.push(view.compares ? `${view.numberOf(rule, () => ruleContent(rule))}${held}` : `${number}${held}`)
    for (const entry of [...rule.to, ...rule.from]) {
      for (const field of entry.fields) addField(field, axes, depth)
    }
  }
  for (const { headers, params, cookies } of insight.tokens) {
    axes.preflight = true
    for (const { name, prefix } of headers) {
      addPattern(axes.headers, name, prefix === '' ? anyValue : { kind: 'contains', text: prefix })
      if (depth > 0) axes.curious.add(name)
    }
    for (const name of params) addPattern(axes.queries, name, anyValue)
    for (const name of cookies) addPattern(axes.headers, 'cookie', { kind: 'contains', text: `${name}=` })
    if (depth > 0 && (params.length > 0 || cookies.length > 0)) axes.curious.add('cookie')
  }
  if (mayAsk(stage)) {
    axes.heads = true
    for (const method of view.signInMethods) {
      axes.methods.set(`= ${method}`, (attributes) => attributes.source.method === method)
    }
  }
  if (depth === 0 && view.signIn !== undefined) axes.met.push(exemptText(view, here.path))
  if (insight.patched && view.mesh.envoyFilters.length > 0) axes.everythingMatters = true
  if (depth > 0 && insight.custom.length > 0) axes.everythingMatters = true
  if (stage.bytesTo !== undefined) addBytes(view, stage, here, axes, depth)
  if (stage.table !== undefined) {
    const vhost = findHost(stage.table, here.host)
    axes.met.push(vhost?.domain ?? 'no host')
    if (vhost?.toHttps !== undefined) addScheme(axes, depth)
  }
  for (const route of routesFor(routesOf(stage, here.host, at.scheme), here.path)) {
    if (!matchesPath(route.path, here.path)) continue
    axes.met.push(`r${view.numberOf(route, () => routeContent(route))}`)
    addRoute(view, stage, route, here, axes, depth)
    if (depth === 0) {
      // The host is one of the cell's own, and decides the same for all of them.
      for (const { on } of route.tests) {
        const name = on.kind === 'header' ? on.name : on.kind
        if (name !== ':authority') axes.routedBy.add(name)
      }
    }
    if (route.tests.length === 0) break
  }
}

/** Behind a chain that speaks no HTTP the callers are looked at one by one. */
function addBytes(view: View, stage: Stage, here: At, axes: Axes, depth: number): void {
  const { cluster, known, host, port } = stage.bytesTo as Target
  axes.everythingMatters = true
  axes.met.push(`${known ? 'to' : 'missing'} ${cluster}`)
  if (!known) return
  const next = view.behind(host, port)
  if (view.compares) axes.met.push(`b${view.numberOf(next, () => nextContent(view.mesh, next, host))}`)
  const behind = stageBehindBytes(view, stage)
  if (behind === undefined || depth + 1 >= mostStages) return
  collectAxes(view, behind, { ...here, scheme: 'http' }, axes, depth + 1)
}

function addRoute(view: View, stage: Stage, route: Route, here: At, axes: Axes, depth: number): void {
  for (const { field, on, test } of route.tests) {
    if (on.kind === 'header' && on.name === ':authority') {
      axes.met.push(test(plainAttributes(here, stage.port), undefined) ? 'y' : 'n')
    }
    if (on.kind === 'claim') {
      if (depth > 0) axes.everythingMatters = true
      else axes.routesByCaller = true
    } else if (on.kind === 'query') addPattern(axes.queries, on.name, matchPattern(on.match))
    else if (on.name === ':method') {
      const text = JSON.stringify(['route', field, on.match.kind, on.match.text])
      axes.methods.set(text, (attributes) => test(attributes, undefined))
    } else if (on.name === ':scheme') addScheme(axes, depth)
    else if (!on.name.startsWith(':')) {
      addPattern(axes.headers, on.name, matchPattern(on.match))
      if (depth > 0) axes.curious.add(on.name)
      // A header the filters wrote may choose another route after a token was accepted.
      else if (view.isWritten(on.name)) axes.routesByCaller = true
    }
  }
  if (route.cors !== undefined) {
    axes.preflight = true
    for (const match of route.cors.originMatches) addPattern(axes.headers, 'origin', matchPattern(match))
  }
  for (const changes of [route.request, ...targetsOf(route)]) {
    for (const [name, format] of [...changes.set, ...changes.add]) {
      if (format.includes('%REQ(')) axes.everythingMatters = true
      if (axes.headers.has(name) && format.includes('%REQ('))
        axes.unknown.add(`header \`${name}\` from a format`)
    }
  }
  if (view.compares) {
    const target = targetOf(route)
    const next = target && view.behind(target.host, target.port)
    if (next) axes.met.push(`b${view.numberOf(next, () => nextContent(view.mesh, next, target.host))}`)
  }
  if (depth + 1 >= mostStages) return
  const behind = stageBehind(view, stage, route)
  if (behind === undefined || route.action.kind !== 'forward') return
  const { rewrite } = route.action
  const path = rewritePath(route.path, rewrite, here.path)
  const host = behind.host ?? here.host
  if (rewrite?.kind === 'regex' || behind.through.unknown !== undefined) {
    const name = `${route.object.namespace}/${route.object.name} ${route.rule}`
    const followed = rewrite?.kind === 'regex' ? /^\/[^%]*$/.test(rewrite.to) : false
    if (!followed || pathMatters(view, behind, host)) {
      axes.unknown.add(`${behind.through.unknown ?? 'uriRegexRewrite'} of ${name}`)
    }
  } else if (path !== here.path) {
    const read = normalizePath(path, behind.insight.paths)
    if ((read.kind !== 'path' || read.path !== path) && pathMatters(view, behind, host)) {
      axes.unknown.add(
        `a rewritten path that is normalized again (${route.object.namespace}/${route.object.name})`,
      )
    }
  }
  collectAxes(view, behind, { host, path, scheme: 'http' }, axes, depth + 1)
}

function targetsOf(route: Route): readonly Route['request'][] {
  return route.action.kind === 'forward' ? route.action.targets.map(({ request }) => request) : []
}

/** Whether anything from this stage on looks at the path. */
function pathMatters(view: View, stage: Stage, host: string, depth = 0): boolean {
  const looks = rulesOf(stage.insight).some((rule) =>
    [...rule.from, ...rule.to].some((entry) =>
      entry.fields.some(
        (field) => field.name === 'paths' || field.name === 'notPaths' || headerOf(field) === ':path',
      ),
    ),
  )
  if (looks || depth >= mostStages) return true
  const beyond = stageBehindBytes(view, stage)
  if (beyond !== undefined && pathMatters(view, beyond, stage.host ?? host, depth + 1)) return true
  for (const route of routesOf(stage, stage.host ?? host, 'http')) {
    const every = route.path.kind === 'prefix' && route.path.text === '/'
    if (!every && !(route.path.kind === 'regex' && route.path.text === '.*')) return true
    const behind = stageBehind(view, stage, route)
    if (behind !== undefined && pathMatters(view, behind, stage.host ?? host, depth + 1)) return true
  }
  return false
}

function plainAttributes(at: At, port: number): Attributes {
  return new Attributes({
    method: 'GET',
    host: at.host,
    path: at.path,
    scheme: at.scheme,
    headers: [],
    port,
    destinationIp: '127.0.0.1',
    sourceIp: '127.0.0.1',
    remoteIp: '127.0.0.1',
    sni: '',
    principals: [],
  })
}

const decided = /^(paths|notPaths|hosts|notHosts|ports|notPorts|when destination\.port( notValues)?)$/
/** Which entries host, path and port leave a chance; empty = the rule has none. */
function heldEntries(rule: Rule, attributes: Attributes): string {
  let held = ''
  for (const [index, entry] of rule.to.entries()) {
    if (entry.fields.every((field) => !decided.test(field.name) || field.test(attributes)))
      held += `.${index}`
  }
  if (held === '') return ''
  for (const entry of rule.from) {
    for (const field of entry.fields) {
      const header = headerOf(field)
      if (header === undefined || !(header.startsWith(':') || header === 'host')) continue
      held += field.test(attributes) ? 'y' : 'n'
      // What a query behind the path would make of it.
      if (header === ':path') {
        for (const { value } of field.values) held += matchesPathPart(value, attributes.path) ? 'y' : 'n'
      }
    }
  }
  return held
}

/** The path's own part of such a value. */
function matchesPathPart(value: string, path: string): boolean {
  return matchesValue(parseValuePattern(pathPart(value)), path)
}

const exempted = new WeakMap<View, Map<string, string>>()

/** Which exemptions of the auth service's own a path has. */
export function exemptText(view: View, path: string): string {
  const { signIn } = view
  if (signIn === undefined) return ''
  const known = exempted.get(view) ?? new Map<string, string>()
  exempted.set(view, known)
  let text = known.get(path)
  if (text === undefined) {
    const decoded = decode(path)
    const prefixes = view.checkPrefixes
    text = signIn.exemptions
      .flatMap((each) => prefixes.map((prefix) => (each.matches(prefix + decoded) ? 'e' : '-')))
      .join('')
    known.set(path, text)
  }
  return text
}

/** As the auth services do: a path that cannot be decoded stays as it is. */
function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
