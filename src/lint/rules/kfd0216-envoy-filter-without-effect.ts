import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

/** Filter names Envoy no longer has: the patch is dropped, and nobody says so. */
export const envoyFilterWithoutEffect: Rule = {
  code: 'KFD0216',
  severity: 'error',
  title: 'an EnvoyFilter no longer applies',
  why: 'Istio compares filter names literally since 1.19. A patch that names an old one is left out without a word; where it asked for sign-in, the door is open.',
  remedy:
    'Write the current names (`envoy.filters.network.http_connection_manager`, `envoy.filters.http.router`), or move to an extension provider and a CUSTOM policy.',

  *check({ mesh, queries }) {
    const old = queries.honoursOldFilterNames() ? undefined : oldName
    const made = new Set([
      // Of CUSTOM policies.
      'envoy.filters.http.ext_authz',
      ...mesh.envoyFilters.flatMap(({ configPatches }) =>
        configPatches.flatMap(({ patch }) => madeBy(patch.value)),
      ),
    ])
    for (const filter of mesh.envoyFilters) {
      for (const { at, match, applyTo, patch } of filter.configPatches) {
        const names = namesIn(match)
        const gone = names.find((name) => old?.test(name))
        if (gone !== undefined) {
          yield {
            message: `${nameOf(filter)} looks for filter \`${gone}\`, which this Istio has not: the patch is not applied`,
            evidence: [{ at, text: gone }],
          }
          continue
        }
        const [slip, meant] = slipIn(names.filter((name) => !made.has(name))) ?? []
        if (slip !== undefined) {
          yield {
            message: `${nameOf(filter)} looks for filter \`${slip}\`, and Envoy calls it \`${meant}\`: the patch is not applied`,
            evidence: [{ at, text: slip }],
          }
          continue
        }
        if (applyTo === 'HTTP_FILTER') continue
        for (const [key, config] of Object.entries(perFilterConfig(patch.value))) {
          if (!/ExtAuthzPerRoute/.test(JSON.stringify(config)) || made.has(key)) continue
          if (oldName.test(key) && old === undefined) continue
          yield {
            message: `${nameOf(filter)} switches off \`${key}\`, and no filter of the chain has that name: nothing is switched off`,
            evidence: [{ at, text: key }],
          }
        }
      }
    }
  },
}

/** Names that patches look for, as Envoy and Istio write them. */
const known = [
  'envoy.filters.network.http_connection_manager',
  'envoy.filters.network.tcp_proxy',
  'envoy.filters.http.router',
  'envoy.filters.http.ext_authz',
  'envoy.filters.http.jwt_authn',
  'envoy.filters.http.rbac',
  'envoy.filters.http.cors',
  'envoy.filters.http.fault',
]

/** A name that is one of Envoy's but for a letter or two, and that one. */
function slipIn(names: readonly string[]): readonly [string, string] | undefined {
  for (const name of names) {
    if (!name.startsWith('envoy.') || known.includes(name)) continue
    const meant = known.find((each) => distance(each, name) <= 2)
    if (meant !== undefined) return [name, meant]
  }
  return undefined
}

/** Levenshtein's: letters to be put in, left out or changed. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1]
    for (let at = 0; at < other.length; at++) {
      const changed = (row[at] ?? 0) + (letter === other[at] ? 0 : 1)
      next.push(Math.min(changed, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}

/** The name under which a patch puts a filter in. */
function madeBy(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  const { name } = value as Record<string, unknown>
  return typeof name === 'string' ? [name] : []
}

/** Of Envoy before its filters were renamed (Istio `pkg/config/xds/deprecated.go`). */
const oldName =
  /^envoy\.(buffer|cors|csrf|ext_authz|fault|grpc_web|health_check|http_connection_manager|lua|rate_limit|router|tcp_proxy)$/

function namesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'name' && typeof inner === 'string' ? [inner] : namesIn(inner),
  )
}

function perFilterConfig(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return {}
  const found = (value as Record<string, unknown>).typed_per_filter_config
  return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {}
}
