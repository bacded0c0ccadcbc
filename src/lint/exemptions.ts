/** Paths a gateway's sign-in leaves out, and what comes of it. */
import type { At } from '../base/index.ts'
import type { AuthorizationPolicy } from '../mesh/index.ts'
import type { NamedProxy, Queries } from './queries.ts'
import { operationsOf, sourcesOf } from './walk.ts'
import { takesAllOf } from './witness.ts'

interface Place {
  readonly policy: AuthorizationPolicy
  readonly at: At
}

interface Opened {
  readonly host: string
  readonly path: string
  readonly service?: string
  /** Only with some Authorization header, whatever it holds. */
  readonly header: boolean
}

export interface Exemption {
  readonly pattern: string
  /** Where it stands in a CUSTOM policy, and in a DENY policy that asks for a token. */
  readonly custom?: Place
  readonly deny?: Place
  readonly customs: readonly AuthorizationPolicy[]
  readonly denies: readonly AuthorizationPolicy[]
  /** Anonymous requests through it that reach workloads, one for each of these. */
  readonly opens: readonly Opened[]
}

/** One entry per exempted pattern of the policies that ask for sign-in at this gateway. */
export function exemptions(queries: Queries, gateway: NamedProxy): readonly Exemption[] {
  const customs = queries.policiesOn(gateway.proxy, 'CUSTOM')
  const denies = queries.policiesOn(gateway.proxy, 'DENY').filter(asksForToken)
  if (customs.length + denies.length === 0) return []
  const found = new Map<string, { custom?: Place; deny?: Place }>()
  const collect = (policies: readonly AuthorizationPolicy[], kind: 'custom' | 'deny') => {
    for (const policy of policies) {
      for (const { operation } of operationsOf(policy)) {
        for (const { value, at } of operation.notPaths ?? []) {
          const entry = found.get(value) ?? {}
          entry[kind] ??= { policy, at }
          found.set(value, entry)
        }
      }
    }
  }
  collect(customs, 'custom')
  collect(denies, 'deny')
  // `/a/*` in one policy is left out of the other too where that one leaves out `/*`.
  const wider = (kind: 'custom' | 'deny', pattern: string) =>
    [...found].find(([other, places]) => places[kind] && takesAllOf(other, pattern))?.[1][kind]
  return [...found].map(([pattern, places]) => {
    const opens = openedBy(queries, gateway, pattern)
    const custom = places.custom ?? wider('custom', pattern)
    const deny = places.deny ?? wider('deny', pattern)
    return {
      pattern,
      ...(custom && { custom }),
      ...(deny && { deny }),
      customs,
      denies,
      opens,
    }
  })
}

function asksForToken(policy: AuthorizationPolicy): boolean {
  return [...sourcesOf(policy)].some(({ source }) =>
    source.notRequestPrincipals?.some(({ value }) => value === '*'),
  )
}

/** The smallest path a pattern takes. */
function sampleOf(pattern: string): string {
  if (pattern === '*') return '/'
  if (pattern.startsWith('*')) return `/x${pattern.slice(1)}`
  const path = pattern.replaceAll('{**}', 'x').replaceAll('{*}', 'x')
  return path.endsWith('*') ? `${path.slice(0, -1)}x` : path
}

function openedBy(queries: Queries, gateway: NamedProxy, pattern: string): readonly Opened[] {
  const paths = new Map<string, Set<string>>()
  for (const { host, path } of queries.offers(gateway)) {
    const own = paths.get(host) ?? new Set()
    paths.set(host, own)
    // What a route takes below the pattern says more than a made-up path.
    if (takesAllOf(pattern, path)) own.add(path)
  }
  const opened = new Map<string | undefined, Opened>()
  for (const [host, routed] of paths) {
    for (const path of [...routed, sampleOf(pattern)]) {
      for (const header of [false, true]) {
        const headers = header ? ([['authorization', 'Basic eDp4']] as const) : []
        const { verdict, service } = queries.anonymous(gateway, { host, path, headers })
        if (verdict !== 'allow') continue
        if (!opened.has(service))
          opened.set(service, { host, path, header, ...(service !== undefined && { service }) })
        break
      }
    }
  }
  return [...opened.values()]
}
