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
    if (queries.honoursOldFilterNames()) return
    for (const filter of mesh.envoyFilters) {
      for (const { at, match, applyTo, patch } of filter.configPatches) {
        const old = namesIn(match).find((name) => oldName.test(name))
        if (old !== undefined) {
          yield {
            message: `${nameOf(filter)} looks for filter \`${old}\`, which this Istio has not: the patch is not applied`,
            evidence: [{ at, text: old }],
          }
          continue
        }
        const perRoute = /ExtAuthzPerRoute/.test(JSON.stringify(patch.value ?? ''))
        if (!perRoute || applyTo === 'HTTP_FILTER') continue
        const key = Object.keys(perFilterConfig(patch.value)).find((name) => oldName.test(name))
        if (key === undefined) continue
        yield {
          message: `${nameOf(filter)} switches off \`${key}\`, and no filter of the chain has that name: nothing is switched off`,
          evidence: [{ at, text: key }],
        }
      }
    }
  },
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
