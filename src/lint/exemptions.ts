/** Paths a gateway's sign-in leaves out, and what comes of it. */
import type { At } from '../base/index.ts'
import type { AuthorizationPolicy, Mesh } from '../mesh/index.ts'
import type { NamedProxy, Queries } from './queries.ts'
import { operationsOf, sourcesOf } from './walk.ts'
import { hostsOf } from './witness.ts'

interface Place {
  readonly policy: AuthorizationPolicy
  readonly at: At
}

export interface Exemption {
  readonly pattern: string
  /** Where it stands in a CUSTOM policy, and in a DENY policy that asks for a token. */
  readonly custom?: Place
  readonly deny?: Place
  readonly customs: readonly AuthorizationPolicy[]
  readonly denies: readonly AuthorizationPolicy[]
  /** An anonymous request through it that reaches a workload. */
  readonly opens?: { readonly path: string; readonly service?: string; readonly header: boolean }
}

/** One entry per exempted pattern of the policies that ask for sign-in at this gateway. */
export function exemptions(mesh: Mesh, queries: Queries, gateway: NamedProxy): readonly Exemption[] {
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
  return [...found].map(([pattern, places]) => {
    const opens = openedBy(mesh, queries, gateway, pattern)
    return { pattern, ...places, customs, denies, ...(opens && { opens }) }
  })
}

function asksForToken(policy: AuthorizationPolicy): boolean {
  return [...sourcesOf(policy)].some(({ source }) =>
    source.notRequestPrincipals?.some(({ value }) => value === '*'),
  )
}

/** The smallest path a pattern takes. */
function samplePath(pattern: string): string {
  if (pattern === '*') return '/'
  if (pattern.startsWith('*')) return `/x${pattern.slice(1)}`
  const path = pattern.replaceAll('{**}', 'x').replaceAll('{*}', 'x')
  return path.endsWith('*') ? `${path.slice(0, -1)}x` : path
}

function openedBy(
  mesh: Mesh,
  queries: Queries,
  gateway: NamedProxy,
  pattern: string,
): Exemption['opens'] | undefined {
  for (const { host, paths } of hostsOf(mesh)) {
    // What a route takes below the pattern says more than a made-up path.
    const routed = paths.filter((path) => covers(pattern, path))
    for (const path of [...routed, samplePath(pattern)]) {
      for (const header of [false, true]) {
        const headers = header ? ([['authorization', 'Basic eDp4']] as const) : []
        const { verdict, service } = queries.anonymous(gateway, { host, path, headers })
        if (verdict === 'allow') return { path, header, ...(service !== undefined && { service }) }
      }
    }
  }
  return undefined
}

function covers(pattern: string, path: string): boolean {
  if (pattern.endsWith('*') && !pattern.startsWith('*')) return path.startsWith(pattern.slice(0, -1))
  if (pattern.startsWith('*')) return path.endsWith(pattern.slice(1))
  return path === pattern
}
