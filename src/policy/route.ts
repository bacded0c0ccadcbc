import type { At } from '../base/index.ts'
import type { HeaderOperations, HttpMatch, HttpRoute, StringMatch } from '../mesh/index.ts'
import type { Attributes, Claims } from './attributes.ts'
import type { BoundService, ObjectRef } from './bound-route.ts'
import type { Matches } from './string-match.ts'

/** Where a route looks at the path. The query never counts. */
export type PathMatch =
  | {
      readonly kind: 'exact' | 'prefix' | 'regex'
      readonly text: string
      readonly ignoreCase: boolean
    }
  /** Gateway API: the path itself or anything below it. */
  | { readonly kind: 'segments'; readonly text: string; readonly ignoreCase: false }

/** What a route asks besides the path. */
export interface RouteTest {
  /** As written, for people: `headers[x-a]`. */
  readonly field: string
  /** What is looked at; a claim is named by its whole key. Names of headers are in lower case. */
  readonly on: {
    readonly kind: 'header' | 'query' | 'claim'
    readonly name: string
    readonly match: StringMatch
  }
  test(attributes: Attributes, claims: Claims | undefined): boolean
}

/** One of Envoy's routes: a match entry of a VirtualService and what is done with its requests. */
export interface Route {
  readonly object: ObjectRef
  /** `http[2].match[1]`. */
  readonly rule: string
  /** The entry's `name`, and the match's behind a dot. */
  readonly name?: string
  readonly at: At
  readonly path: PathMatch
  readonly tests: readonly RouteTest[]
  readonly action: RouteAction
  readonly fault?: Fault
  readonly cors?: Cors
  /** Route level; the destination's are in the action. */
  readonly request: HeaderChanges
  readonly response: HeaderChanges
  /** What it was compiled from, for whoever writes it down in another form. */
  readonly written: WrittenRoute
}

/** One `http` entry and one of its match entries; no match = every request. */
export interface WrittenRoute {
  readonly service: BoundService
  readonly http: HttpRoute
  readonly match?: HttpMatch
}

/** Removes first, then sets, then adds; values may hold Envoy's format commands. */
export interface HeaderChanges {
  readonly remove: readonly string[]
  readonly set: readonly (readonly [string, string])[]
  readonly add: readonly (readonly [string, string])[]
}

export interface Target {
  /** `outbound|80||svc.ns.svc.cluster.local`. */
  readonly cluster: string
  readonly host: string
  readonly port: number
  readonly subset: string
  /** Whether the registry has it: without it the proxy answers 503. */
  readonly known: boolean
}

export interface WeightedTarget {
  readonly target: Target
  readonly weight: number
  readonly request: HeaderChanges
  readonly response: HeaderChanges
  /** Host literal of this destination only. */
  readonly host?: string
}

export interface ForwardAction {
  readonly kind: 'forward'
  readonly targets: readonly WeightedTarget[]
  /** Several destinations: their header operations come before the route's. */
  readonly weighted: boolean
  readonly rewrite?:
    | { readonly kind: 'prefix'; readonly to: string }
    | { readonly kind: 'regex'; readonly match: string; readonly to: string }
    /** Gateway API's prefix rewrite to `/`. */
    | { readonly kind: 'strip-segments' }
  readonly host?: string
  readonly timeoutMs?: number
  readonly retries?: { readonly attempts: number; readonly on: string; readonly perTryTimeoutMs?: number }
  readonly mirrors: readonly { readonly target: Target; readonly percent: number }[]
  /** Answered where the cluster is not there: 503, with Gateway API 500. */
  readonly missing: number
}

export interface RedirectAction {
  readonly kind: 'redirect'
  readonly status: number
  readonly scheme?: string
  readonly host?: string
  /** 0 = none. */
  readonly port: number
  readonly path?: string
  readonly prefix?: string
}

export type RouteAction =
  | ForwardAction
  | RedirectAction
  | { readonly kind: 'direct'; readonly status: number; readonly body: string }
  /** A route Envoy cannot act on: 404. */
  | { readonly kind: 'none' }

export interface Fault {
  /** Status and percent. */
  readonly abort?: { readonly status: number; readonly percent: number }
  readonly delay?: { readonly ms: number; readonly percent: number }
}

export interface Cors {
  readonly origins: readonly Matches[]
  /** The same as written. */
  readonly originMatches: readonly StringMatch[]
  readonly allowMethods: string
  readonly allowHeaders: string
  readonly exposeHeaders: string
  readonly maxAge?: string
  readonly allowCredentials: boolean
  readonly forwardUnmatched: boolean
}

const internal = (name: string) => name.startsWith(':') || name.toLowerCase() === 'host'

/** `translateAppendHeaders`: sorted by name as written; Host and pseudo headers are handled elsewhere. */
export function headerChanges(operations: HeaderOperations | undefined): HeaderChanges {
  if (operations === undefined) return noChanges
  return {
    remove: operations.remove.filter((name) => !internal(name)).map((name) => name.toLowerCase()),
    set: sortedPairs(operations.set),
    add: sortedPairs(operations.add),
  }
}

export const noChanges: HeaderChanges = { remove: [], set: [], add: [] }

function sortedPairs(pairs: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(pairs)
    .filter(([name]) => !internal(name))
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => [name.toLowerCase(), value] as const)
}

/** The Host that header operations ask for; `set` wins over `add`. */
export function hostChange(operations: HeaderOperations | undefined): string | undefined {
  if (operations === undefined) return undefined
  return hostIn(operations.set) ?? hostIn(operations.add)
}

function hostIn(pairs: Readonly<Record<string, string>>): string | undefined {
  const found = Object.entries(pairs).filter(([name]) => /^(:authority|host)$/i.test(name))
  return found.at(-1)?.[1]
}
