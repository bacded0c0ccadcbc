/**
 * Rules and routes that never decide anything because another one always does: proved by inclusion,
 * so what is named here can be taken away and no request fares otherwise. What is not sure is left out.
 */
import type { At } from '../base/index.ts'
import type { Mesh } from '../mesh/index.ts'
import {
  injectionOf,
  isCatchAll,
  isDryRun,
  type ProxyInsight,
  type Route,
  type RouteTable,
  type Rule,
  sidecarOf,
} from '../policy/index.ts'
import { coversPath, coversRule, looksAtHttp } from './covers.ts'
import { spotsOf } from './entrance.ts'
import { virtualHosts } from './stage.ts'
import { findSurplus, type Stand } from './surplus.ts'
import { View, type ViewOptions } from './view.ts'

/** A rule of a policy, or an `http` entry of a route object. */
export interface Place {
  /** `AuthorizationPolicy NS/NAME`. */
  readonly object: string
  /** `rules[0]`, `http[0].match[1]`. */
  readonly rule: string
  readonly at: At
}

export interface Shadowed extends Place {
  readonly by: Place
  /** Those it takes beside `by`. */
  readonly also?: readonly Place[]
  /**
   * `same`: the other one says as much; `denied`: what it allows, a DENY refuses; `earlier`: a route before it;
   * `together`: several others take or refuse all of it; `value`: it is one path of a list, which changes nothing.
   */
  readonly how: 'same' | 'denied' | 'earlier' | 'together' | 'value'
  readonly value?: string
}

/** More pairs than this in one list are not compared. */
const mostCompared = 2000

export function findShadowed(mesh: Mesh, options: ViewOptions): readonly Shadowed[] {
  const view = new View(mesh, options)
  return [...shadowedRules(view), ...shadowedRoutes(view)]
}

/** What one proxy has made of a thing: nothing, or who shadows it. */
type Found = Map<string, { readonly thing: Place; readonly by: (Shadowed | undefined)[] }>

/** Only what is shadowed wherever it stands decides nothing. */
function everywhere(found: Found): Shadowed[] {
  return [...found.values()].flatMap(({ by }) => {
    const [first] = by
    return first !== undefined && by.every((each) => each !== undefined) ? [first] : []
  })
}

function shadowedRules(view: View): readonly Shadowed[] {
  const { mesh, door } = view
  const workloads = mesh.workloads.filter((workload) => injectionOf(mesh, workload) === 'sidecar')
  const found: Found = new Map()
  const stands = new Map<string, Stand[]>()
  const seen = new Set<string>()
  for (const proxy of [...door.gateways, ...workloads.map(sidecarOf)]) {
    const insight = view.insight(proxy)
    const { custom, deny, allow } = insight
    const same = [...custom, ...deny, ...allow].map(nameOf).join('\n')
    if (seen.has(same)) continue
    seen.add(same)
    const asked = custom.filter(({ policy }) => !isDryRun(policy))
    for (const rules of [asked, deny, allow]) {
      const refusing = rules === allow ? deny : []
      for (const [index, rule] of rules.entries()) {
        const name = nameOf(rule)
        const entry = found.get(name) ?? { thing: placeOf(rule), by: [] }
        found.set(name, entry)
        const many = rules.length > mostCompared
        entry.by.push(many ? undefined : shadowOf(rule, index, rules, refusing, insight))
        stands.set(name, [...(stands.get(name) ?? []), { rule, beside: rules, refusing }])
      }
    }
  }
  const gone = new Set([...found].flatMap(([name, { by }]) => (by.includes(undefined) ? [] : [name])))
  return [...everywhere(found), ...findSurplus(stands, gone, placeOf)]
}

function shadowOf(
  rule: Rule,
  index: number,
  rules: readonly Rule[],
  refusing: readonly Rule[],
  { paths }: ProxyInsight,
): Shadowed | undefined {
  const place = placeOf(rule)
  const denied = refusing.find((other) => coversRule(other, rule, paths))
  if (denied !== undefined) return { ...place, by: placeOf(denied), how: 'denied' }
  const covering = rules.find((other, at) => {
    if (at === index || other.policy.provider?.value !== rule.policy.provider?.value) return false
    // Where bytes are handed on an ALLOW about HTTP falls out.
    const allows = (rule.policy.action?.value ?? 'ALLOW') === 'ALLOW'
    if (allows && looksAtHttp(other) && !looksAtHttp(rule)) return false
    // Of two that say the same the first one stays.
    return coversRule(other, rule, paths) && (at < index || !coversRule(rule, other, paths))
  })
  return covering && { ...place, by: placeOf(covering), how: 'same' }
}

function nameOf({ policy, index }: Rule): string {
  return `${policy.namespace}/${policy.name} ${index}`
}

function placeOf({ policy, index, at }: Rule): Place {
  return {
    object: `${policy.kind} ${policy.namespace}/${policy.name}`,
    rule: `rules[${index}]`,
    at,
  }
}

function shadowedRoutes(view: View): readonly Shadowed[] {
  const found: Found = new Map()
  const seen = new Set<RouteTable>()
  for (const { stage, leaving = [] } of spotsOf(view).values()) {
    for (const { table, insight } of [...(stage === undefined ? [] : [stage]), ...leaving]) {
      if (table === undefined || seen.has(table)) continue
      seen.add(table)
      for (const { routes } of virtualHosts(table)) addRoutes(found, routes, insight)
    }
  }
  return everywhere(found)
}

function addRoutes(found: Found, routes: readonly Route[], { paths }: ProxyInsight): void {
  if (routes.length > mostCompared) return
  for (const [index, route] of routes.entries()) {
    const place = routePlace(route)
    const name = `${place.object} ${place.rule}`
    const entry = found.get(name) ?? { thing: place, by: [] }
    found.set(name, entry)
    const before = holdsBack(route)
      ? undefined
      : routes
          .slice(0, index)
          .find(
            (other) =>
              standsWherever(other, route) &&
              coversTests(other, route) &&
              coversPath(other.path, route.path, paths),
          )
    entry.by.push(before && { ...place, by: routePlace(before), how: 'earlier' })
  }
}

/** Istio writes none of an object's routes behind one that takes everything: were that one gone, they would come. */
function holdsBack(route: Route): boolean {
  const { service, http, match } = route.written
  const last = service.routes.at(-1)?.route === http && (match === undefined || http.match?.at(-1) === match)
  return !last && isCatchAll(route)
}

/** Tables nobody looked at (of calls that leave the mesh, of gateways nothing leads to) hold both or none. */
function standsWherever({ written: wide }: Route, { written: narrow }: Route): boolean {
  const { gateways, port, sourceLabels = {}, sourceNamespace } = wide.match ?? {}
  const asks = Object.keys(sourceLabels).length > 0 || sourceNamespace !== undefined
  if (gateways !== undefined || port !== undefined || asks) return false
  const [one, other] = [wide.service, narrow.service]
  if (one === other) return true
  const holds = (list: readonly string[], all: readonly string[]) => all.every((each) => list.includes(each))
  const everywhere = one.exportTo === undefined
  return everywhere && holds(one.gateways, other.gateways) && holds(one.hosts, other.hosts)
}

/** Whatever the first one asks besides the path, the second one asks too. */
function coversTests(wide: Route, narrow: Route): boolean {
  const asked = new Set(narrow.tests.map(testText))
  return wide.tests.every((test) => asked.has(testText(test)))
}

function testText({ field, on }: Route['tests'][number]): string {
  const { kind, name, match } = on
  return JSON.stringify([field, kind, name, match.kind, match.text])
}

function routePlace({ object, rule, at }: Route): Place {
  return { object: `${object.kind} ${object.namespace}/${object.name}`, rule, at }
}
