/**
 * The proxies a request may meet one behind the other, and the patterns by which they tell hosts and
 * paths apart, all as patterns of the request that came to the door.
 */
import {
  type Entry,
  type Field,
  findHost,
  type ProxyIdentity,
  type ProxyInsight,
  type Route,
  type RouteTable,
  type Rule,
  sidecarOf,
  type Target,
  type VirtualHost,
} from '../policy/index.ts'
import type { Pattern, PatternSet } from './pattern-set.ts'
import { addExemptions } from './sign-in.ts'
import { type Through, throughRoute, unchanged } from './through.ts'
import { hostWritten, type View } from './view.ts'

export interface Stage {
  readonly insight: ProxyInsight
  /** Of a gateway. */
  readonly table?: RouteTable
  /** Where a chain that speaks no HTTP sends everything. */
  readonly bytesTo?: Target
  readonly port: number
  readonly through: Through
  /** Host as an earlier route wrote it; undefined = the request's own. */
  readonly host?: string
}

export const mostStages = 6

/** The stage behind a route; undefined = no proxy stands there that could decide anything. */
export function stageBehind(view: View, stage: Stage, route: Route): Stage | undefined {
  const next = view.behindRoute(route)
  if (next === undefined || next.kind === 'end' || next.kind === 'unknown') return undefined
  const through = throughRoute(route, stage.through, stage.insight.paths)
  const host = hostWritten(route) ?? stage.host
  return stageOf(view, next, through, host)
}

export function stageOf(
  view: View,
  next: Extract<ReturnType<View['behind']>, { readonly kind: 'gateway' | 'sidecar' }>,
  through: Through = unchanged,
  host?: string,
): Stage {
  const common = { through, ...(host !== undefined && { host }) }
  if (next.kind === 'gateway') {
    const { proxy, port } = next
    const chain = view.door.chain(proxy, { port, scheme: 'http' })
    if (chain?.target !== undefined) return { ...common, ...bytesStage(view, proxy, port, chain.target) }
    const table = chain?.table?.()
    return { ...common, insight: view.insight(proxy), port, ...(table && { table }) }
  }
  const { port } = next.backend
  const proxy = sidecarOf(next.backend.workload)
  const bytes = arrivals.some((arrival) => view.door.inbound(proxy, { port, ...arrival })?.carries === 'tcp')
  return { ...common, insight: bytes ? view.connections(proxy) : view.insight(proxy), port }
}

/** Connections as gateways and sidecars make them, and as whoever has no sidecar does. */
const arrivals = [
  { encrypted: true, alpn: ['istio-http/1.1', 'istio'] },
  { encrypted: false, alpn: [] },
] as const

/** A chain that hands bytes on, as a stage. */
export function bytesStage(view: View, proxy: ProxyIdentity, port: number, bytesTo: Target): Stage {
  return { insight: view.connections(proxy), port, through: unchanged, bytesTo }
}

/** The stage behind a chain that hands bytes on; undefined = no proxy stands there. */
export function stageBehindBytes(view: View, { bytesTo, through, host }: Stage): Stage | undefined {
  if (bytesTo?.known !== true) return undefined
  const next = view.behind(bytesTo.host, bytesTo.port)
  return next.kind === 'gateway' || next.kind === 'sidecar' ? stageOf(view, next, through, host) : undefined
}

export function rulesOf(insight: ProxyInsight): readonly Rule[] {
  return [...insight.custom, ...insight.deny, ...insight.allow]
}

/** The header a `when` field looks at, in lower case. */
export function headerOf(field: Field): string | undefined {
  return /^when request\.headers\[(.*)\](?: notValues)?$/.exec(field.name)?.[1]?.toLowerCase()
}

/** What a pattern of all of `:path` asks of the path, the query left out. */
export const pathPart = (value: string) => value.replace(/\?.*/, '')

const texts = (field: Field) => field.values.map((value) => value.value)

/** Every host pattern the way may meet while the request's own Host is still there. */
export function collectHosts(view: View, stage: Stage, patterns: PatternSet, seen = new Set<string>()): void {
  if (stage.host !== undefined || tooDeep(stage, 'hosts', seen)) return
  for (const field of rulesOf(stage.insight).flatMap(fieldsOf)) {
    const values = texts(field)
    if (field.name === 'hosts' || field.name === 'notHosts') {
      addAny(patterns, values, (text) => ({ kind: 'value', text, ignoreCase: true, star: 0 }))
    }
    const header = headerOf(field)
    if (header === 'host' || header === ':authority') {
      addAny(patterns, values, (text) => ({ kind: 'value', text, star: 0 }))
    }
  }
  const beyond = stageBehindBytes(view, stage)
  if (beyond !== undefined) collectHosts(view, beyond, patterns, seen)
  const { table } = stage
  if (table === undefined) return
  for (const vhost of virtualHosts(table)) {
    patterns.add([{ kind: 'domain', text: vhost.domain }])
    for (const route of vhost.routes) {
      for (const { on } of route.tests) {
        if (on.kind === 'header' && on.name === ':authority') {
          const { kind, text } = on.match
          patterns.add([{ kind: 'match', match: { kind, text } }])
        }
      }
      if (hostWritten(route) !== undefined) continue
      const behind = stageBehind(view, { ...stage, through: unchanged }, route)
      if (behind !== undefined) collectHosts(view, { ...behind, through: unchanged }, patterns, seen)
    }
  }
}

/** Every path pattern a request to this host may meet. */
export function collectPaths(
  view: View,
  stage: Stage,
  request: { readonly host: string; readonly scheme: string },
  patterns: PatternSet,
  seen = new Set<string>(),
): void {
  const host = stage.host ?? request.host
  if (tooDeep(stage, host, seen)) return
  const { through } = stage
  const add = (list: readonly Pattern[]) => {
    if (through.unknown !== undefined) return
    patterns.add(list, through)
  }
  // Only the first proxy's authorizer is asked about the path the request came with.
  if (view.signIn !== undefined && through.name === '' && mayAsk(stage)) {
    addExemptions(patterns, view.signIn, view.checkPrefixes)
  }
  if (through.preimage !== undefined) patterns.addCanonical(through, stage.insight.paths)
  for (const field of rulesOf(stage.insight).flatMap(fieldsOf)) {
    if (field.name === 'paths' || field.name === 'notPaths') {
      add(texts(field).map((text) => ({ kind: 'path', text })))
    } else if (headerOf(field) === ':path') {
      // Each by itself: with a query behind it one may take what it leaves without.
      for (const text of texts(field)) add([{ kind: 'value', text: pathPart(text), star: 0 }])
    }
  }
  const beyond = stageBehindBytes(view, stage)
  if (beyond !== undefined) collectPaths(view, beyond, { host, scheme: 'http' }, patterns, seen)
  for (const route of routesOf(stage, host, request.scheme)) {
    add([{ kind: 'route', match: route.path }])
    const behind = stageBehind(view, stage, route)
    if (behind !== undefined) collectPaths(view, behind, { host, scheme: 'http' }, patterns, seen)
  }
}

export function mayAsk({ insight }: Stage): boolean {
  return insight.custom.length > 0 || insight.patched
}

function tooDeep(stage: Stage, host: string, seen: Set<string>): boolean {
  const { proxy } = stage.insight
  const labels = JSON.stringify(proxy.labels)
  const key = `${proxy.kind} ${proxy.namespace} ${labels} ${stage.port} ${host} ${stage.through.name}`
  if (seen.has(key)) return true
  seen.add(key)
  return false
}

/** The routes of a virtual host that count: one that sends everything to https has none. */
export function routesOf(
  stage: Pick<Stage, 'table' | 'insight'>,
  host: string,
  scheme: string,
): readonly Route[] {
  const vhost = stage.table && findHost(stage.table, host)
  if (vhost === undefined) return []
  const redirects = vhost.toHttps !== undefined && scheme === 'http' && stage.insight.trustedHops === 0
  return redirects ? [] : vhost.routes
}

/** Whether a request to that host may be sent to https instead of taking a route. */
export function redirects({ table }: Stage, host: string): boolean {
  return table !== undefined && findHost(table, host)?.toHttps !== undefined
}

export function virtualHosts(table: RouteTable): readonly VirtualHost[] {
  return [
    ...table.hosts.values(),
    ...table.suffixes.map(([, host]) => host),
    ...(table.any ? [table.any] : []),
  ]
}

function fieldsOf(rule: Rule): readonly Field[] {
  return [...rule.from, ...rule.to].flatMap((entry: Entry) => entry.fields)
}

function addAny(patterns: PatternSet, values: readonly string[], pattern: (text: string) => Pattern): void {
  patterns.add(values.map(pattern))
}
