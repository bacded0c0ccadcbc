/** What a claim says of requests, in the patterns of an AuthorizationPolicy. */
import type { HeaderList, Verdict } from '../policy/index.ts'
import { matchesPathValue } from '../policy/index.ts'
import { type Caller, headersOf } from './caller.ts'
import type { Asked, Cell } from './cell.ts'
import type { Outcome } from './outcome.ts'
import { fits } from './variation.ts'

/** Patterns, one of which has to fit; undefined = any. */
export type Patterns = readonly string[] | undefined

export interface Claim {
  readonly name: string
  /** `never` = no such request gets there, `always` = every such request does. */
  readonly kind: 'never' | 'always'
  readonly principal?: Patterns
  readonly notPrincipal?: Patterns
  readonly method?: Patterns
  readonly notMethod?: Patterns
  readonly host?: Patterns
  readonly notHost?: Patterns
  readonly path?: Patterns
  readonly notPath?: Patterns
  /** Headers the request carries, by lower-case name. */
  readonly header?: readonly (readonly [name: string, patterns: readonly string[]])[]
  readonly reaches: Reaches
}

export interface Reaches {
  readonly service?: Patterns
  readonly verdict?: readonly Verdict[]
  /** Headers the workload is handed. */
  readonly header?: readonly (readonly [name: string, patterns: readonly string[]])[]
}

/** What claims look at beside the door's own patterns: regions are parted by it too. */
export function askedBy(claims: readonly Claim[]): Asked {
  const all = (pick: (claim: Claim) => Patterns) => [...new Set(claims.flatMap((claim) => pick(claim) ?? []))]
  return {
    hosts: [...all((claim) => claim.host), ...all((claim) => claim.notHost)],
    paths: [...all((claim) => claim.path), ...all((claim) => claim.notPath)],
    methods: [...all((claim) => claim.method), ...all((claim) => claim.notMethod)],
    headers: claims.flatMap((claim) => claim.header ?? []),
  }
}

const some = (patterns: Patterns, test: (pattern: string) => boolean) =>
  patterns === undefined || patterns.some(test)
const none = (patterns: Patterns, test: (pattern: string) => boolean) => !(patterns ?? []).some(test)

/** A name without `+forged` in the claim means the caller whatever headers it sends. */
export function meansCaller({ principal, notPrincipal }: Claim, name: string): boolean {
  const plain = name.replace(/\+forged$/, '')
  const test = (pattern: string) =>
    fits(pattern, name) || (!pattern.includes('+forged') && fits(pattern, plain))
  return some(principal, test) && none(notPrincipal, test)
}

/** Whether the requests of a cell are among those the claim speaks of, as far as the line goes. */
export function meansCell(claim: Claim, { host, path, variation }: Cell): boolean {
  const lower = host.toLowerCase()
  const hostFits = (pattern: string) => fits(pattern.toLowerCase(), lower)
  const pathFits = (pattern: string) => matchesPathValue(pattern, path)
  const methodFits = (pattern: string) => fits(pattern, variation.method)
  return (
    some(claim.host, hostFits) &&
    none(claim.notHost, hostFits) &&
    some(claim.path, pathFits) &&
    none(claim.notPath, pathFits) &&
    some(claim.method, methodFits) &&
    none(claim.notMethod, methodFits)
  )
}

/** Whether this caller's requests of the cell carry the headers the claim names. */
export function meansHeaders(claim: Claim, cell: Cell, caller: Caller): boolean {
  const headers = headersOf(caller, cell.variation)
  if (headers === undefined) return false
  return (claim.header ?? []).every(([name, patterns]) =>
    headers.some(([own, value]) => own.toLowerCase() === name && patterns.some((each) => fits(each, value))),
  )
}

/**
 * A claim about every request of a caller is about those that are his: a broken token beside them
 * makes another request of it, and so does a browser's question before the real one.
 */
export function isUsual(claim: Claim, { variation }: Cell): boolean {
  const named = new Set((claim.header ?? []).map(([name]) => name))
  const odd = new Set(['authorization', 'cookie', 'origin', 'access-control-request-method'])
  return (
    !variation.headers.some(([name]) => odd.has(name) && !named.has(name)) &&
    !variation.query.startsWith('access_token=') &&
    variation.sni === undefined
  )
}

export function reached({ service, verdict, header }: Reaches, outcome: Outcome): boolean {
  if (verdict !== undefined && !verdict.includes(outcome.verdict)) return false
  if (service !== undefined) {
    if (outcome.verdict !== 'allow') return false
    const names = namesOf(outcome)
    if (!service.some((pattern) => names.some((name) => fits(pattern, name)))) return false
  }
  if (header === undefined)
    return verdict !== undefined || service !== undefined || outcome.verdict === 'allow'
  return carries(outcome.headers, header)
}

/** Nobody knows whether it passed the last proxy, but it is not what the claim speaks of. */
export function surelyNot({ kind, reaches }: Claim, outcome: Outcome): boolean {
  if (kind !== 'never' || outcome.sent === undefined) return false
  if (reaches.header !== undefined && !carries(outcome.sent, reaches.header)) return true
  const names = namesOf(outcome)
  const { service } = reaches
  return (
    service !== undefined &&
    names.length > 0 &&
    !service.some((pattern) => names.some((name) => fits(pattern, name)))
  )
}

function carries(headers: HeaderList, wanted: NonNullable<Reaches['header']>): boolean {
  return wanted.every(([name, patterns]) =>
    headers.some(
      ([own, value]) => own.toLowerCase() === name && patterns.some((pattern) => fits(pattern, value)),
    ),
  )
}

/** By which names a claim may mean what was reached: a Service's, a workload's, `model:NS/NAME`. */
function namesOf({ service, workload, model }: Outcome): readonly string[] {
  const [name = '', namespace = ''] = service?.split('.') ?? []
  return [
    ...(service === undefined ? [] : [service, `${name}.${namespace}`, `${namespace}/${name}`, name]),
    ...(workload === undefined ? [] : [workload]),
    ...(model === undefined ? [] : [`model:${model}`, `model:${model.slice(model.indexOf('/') + 1)}`]),
  ]
}
