/** `RouteMatch`: Istio's pilot/pkg/networking/core/route/route.go, TranslateRouteMatch. */
import type { HttpMatch, StringMatch } from '../mesh/index.ts'
import { type Route, routingClaim } from '../policy/index.ts'
import { compact, type Json, some } from './json.ts'
import { claimMatcher } from './rule-values.ts'
import { regex, routeString } from './string-matcher.ts'

export function routeMatch({ path, written: { match } }: Route): Json {
  const { text } = path
  const where =
    path.kind === 'exact'
      ? { path: text }
      : path.kind === 'regex'
        ? regex(text)
        : path.kind === 'segments'
          ? { pathSeparatedPrefix: text }
          : { prefix: text }
  if (match === undefined) return where
  return compact({
    ...where,
    caseSensitive: !match.ignoreUriCase,
    headers: some(headersOf(match)),
    dynamicMetadata: some(claimsOf(match)),
    queryParameters: some(
      Object.entries(match.queryParams).map(([name, value]) => ({ name, ...valueTest(value) })),
    ),
  })
}

/** What asks only for presence: `{}`, and the regex `*`, which is none. */
function asksForPresence({ kind, text }: StringMatch): boolean {
  return kind === 'none' || (kind === 'regex' && text === '*')
}

function valueTest(match: StringMatch): Json {
  return asksForPresence(match) ? { presentMatch: true } : { stringMatch: routeString(match) }
}

function headersOf(match: HttpMatch): readonly Json[] {
  const headers: { readonly name: string; readonly test: Json }[] = []
  for (const [name, value] of Object.entries(match.headers)) {
    if (routingClaim(name) === undefined) headers.push({ name, test: valueTest(value) })
  }
  for (const [name, value] of Object.entries(match.withoutHeaders)) {
    if (routingClaim(name) !== undefined) continue
    const empty = asksForPresence(value) ? {} : { treatMissingHeaderAsEmpty: true }
    headers.push({ name, test: { ...valueTest(value), invertMatch: true, ...empty } })
  }
  headers.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  for (const [name, value] of [
    [':method', match.method],
    [':authority', match.authority],
    [':scheme', match.scheme],
  ] as const) {
    if (value !== undefined) headers.push({ name, test: valueTest(value) })
  }
  return headers.map(({ name, test }) => ({ name, ...test }))
}

function claimsOf(match: HttpMatch): readonly Json[] {
  const tests: Json[] = []
  for (const [list, invert] of [
    [match.headers, false],
    [match.withoutHeaders, true],
  ] as const) {
    for (const [name, value] of Object.entries(list)) {
      const claims = routingClaim(name)
      const stringMatch = routeString(value)
      if (claims === undefined || stringMatch === undefined) continue
      tests.push({ ...claimMatcher(claims, { stringMatch }), ...(invert && { invert }) })
    }
  }
  return tests
}
