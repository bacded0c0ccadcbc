import type { HttpMatch, StringMatch } from '../mesh/index.ts'
import type { Attributes, Claims } from './attributes.ts'
import { parseParams } from './query.ts'
import { matchesExpression } from './regular-expression.ts'
import type { PathMatch, Route, RouteTest } from './route.ts'
import { asksForPresence, compileStringMatch } from './string-match.ts'
import { lowerCase } from './value-pattern.ts'

const everyPath: PathMatch = { kind: 'prefix', text: '/', ignoreCase: false }

/** `TranslateRouteMatch`: what of a match entry is left for the time of the request. */
export function compilePathMatch(match: HttpMatch | undefined, segments: boolean): PathMatch {
  const uri = match?.uri
  if (uri === undefined) return everyPath
  const ignoreCase = match?.ignoreUriCase ?? false
  switch (uri.kind) {
    case 'exact':
      return { kind: 'exact', text: uri.text, ignoreCase }
    case 'regex':
      return { kind: 'regex', text: uri.text, ignoreCase: false }
    case 'prefix':
      if (segments && uri.text !== '/') {
        return { kind: 'segments', text: uri.text.replace(/\/$/, ''), ignoreCase: false }
      }
      return { kind: 'prefix', text: uri.text, ignoreCase }
    case 'none':
      return everyPath
  }
}

export function compileTests(match: HttpMatch | undefined): readonly RouteTest[] {
  if (match === undefined) return []
  const tests: RouteTest[] = []
  for (const [name, value] of Object.entries(match.headers)) {
    tests.push(claimTest('headers', name, value, false) ?? headerTest(`headers[${name}]`, name, value, false))
  }
  for (const [name, value] of Object.entries(match.withoutHeaders)) {
    tests.push(
      claimTest('withoutHeaders', name, value, true) ??
        headerTest(`withoutHeaders[${name}]`, name, value, true),
    )
  }
  if (match.method !== undefined) tests.push(headerTest('method', ':method', match.method, false))
  if (match.authority !== undefined) tests.push(headerTest('authority', ':authority', match.authority, false))
  if (match.scheme !== undefined) tests.push(headerTest('scheme', ':scheme', match.scheme, false))
  for (const [name, value] of Object.entries(match.queryParams)) tests.push(queryTest(name, value))
  return tests
}

/**
 * Any value of a repeated header may match. In `withoutHeaders` a missing header counts as the empty
 * string, unless only presence is asked.
 */
function headerTest(field: string, name: string, match: StringMatch, without: boolean): RouteTest {
  const header = name.toLowerCase()
  const presence = asksForPresence(match)
  const matches = presence ? () => true : compileStringMatch(match)
  return {
    field,
    on: { kind: 'header', name: header, match },
    test(attributes) {
      if (!without) return attributes.someHeader(header, matches)
      let present = false
      const found = attributes.someHeader(header, (value) => {
        present = true
        return matches(value)
      })
      return !(found || (!present && !presence && matches('')))
    },
  }
}

/** As sent: nothing is decoded, and of a repeated parameter the first counts. */
function queryTest(name: string, match: StringMatch): RouteTest {
  const presence = asksForPresence(match)
  const matches = compileStringMatch(match)
  return {
    field: `queryParams[${name}]`,
    on: { kind: 'query', name, match },
    test(attributes) {
      const value = parseParams(attributes.source.path, false).get(name)?.[0]
      return value !== undefined && (presence || matches(value))
    },
  }
}

/** `@request.auth.claims.a.b` and `@request.auth.claims[a][b]`: strings and lists of strings. */
function claimTest(list: string, name: string, match: StringMatch, without: boolean): RouteTest | undefined {
  const path = routingClaim(name)
  if (path === undefined) return undefined
  const matches = compileStringMatch(match)
  return {
    field: `${list}[${name}]`,
    on: { kind: 'claim', name, match },
    test(_, claims) {
      return hasClaim(claims, path, matches) !== without
    },
  }
}

/** `pkg/jwt/routing.go`, ToRoutingClaim; undefined = an ordinary header. */
export function routingClaim(name: string): readonly string[] | undefined {
  const prefix = '@request.auth.claims'
  if (name.slice(0, prefix.length).toLowerCase() !== prefix) return undefined
  const rest = name.slice(prefix.length)
  if (rest.startsWith('.') && rest.length > 1) return rest.slice(1).split('.')
  if (!/^(\[[^[\]]+\])+$/.test(rest)) return undefined
  return rest.slice(1, -1).split('][')
}

function hasClaim(
  claims: Claims | undefined,
  path: readonly string[],
  matches: (value: string) => boolean,
): boolean {
  let value: unknown = claims
  for (const key of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    value = Object.hasOwn(value, key) ? (value as Claims)[key] : undefined
  }
  if (typeof value === 'string') return matches(value)
  return Array.isArray(value) && value.some((entry) => typeof entry === 'string' && matches(entry))
}

export function matchesPath(match: PathMatch, path: string): boolean {
  const { text } = match
  switch (match.kind) {
    case 'exact':
      return match.ignoreCase ? lowerCase(path) === lowerCase(text) : path === text
    case 'prefix':
      return match.ignoreCase ? lowerCase(path).startsWith(lowerCase(text)) : path.startsWith(text)
    case 'segments':
      return path.startsWith(text) && (path.length === text.length || path.charCodeAt(text.length) === 47)
    case 'regex':
      return matchesExpression(text, path)
  }
}

export function matchesRoute(route: Route, attributes: Attributes, claims: Claims | undefined): boolean {
  if (!matchesPath(route.path, attributes.path)) return false
  for (const test of route.tests) if (!test.test(attributes, claims)) return false
  return true
}

/** Takes every request: `IsCatchAllRoute`. */
export function isCatchAll(route: Route): boolean {
  const { path } = route
  return (
    route.tests.length === 0 &&
    ((path.kind === 'prefix' && path.text === '/') || (path.kind === 'regex' && path.text === '.*'))
  )
}
