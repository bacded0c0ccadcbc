/**
 * Where a jwtRule looks for tokens, and how a token is taken away again.
 *
 * Agrees with Envoy's jwt_authn extractor.cc: headers in order of name and prefix, then query
 * parameters, then cookies, each in order of name; all values found count.
 */
import type { JwtRule } from '../mesh/index.ts'
import type { HeaderList } from './decision.ts'
import { firstParam, removeParam } from './query.ts'
import { lowerCase } from './value-pattern.ts'

export interface Locations {
  readonly headers: readonly { readonly name: string; readonly prefix: string }[]
  readonly params: readonly string[]
  readonly cookies: readonly string[]
}

export interface FoundToken {
  readonly text: string
  readonly where: 'header' | 'param' | 'cookie'
  readonly name: string
}

export function locationsOf(rule: JwtRule): Locations {
  const none = rule.fromHeaders.length + rule.fromParams.length + rule.fromCookies.length === 0
  const headers = none ? [{ name: 'authorization', prefix: 'Bearer ' }] : rule.fromHeaders
  const params = none ? ['access_token'] : rule.fromParams.map((param) => param.value)
  const byPlace = new Map<string, { readonly name: string; readonly prefix: string }>()
  for (const header of headers) {
    const place = { name: lowerCase(header.name), prefix: header.prefix ?? '' }
    byPlace.set(place.name + place.prefix, place)
  }
  return {
    headers: [...byPlace].sort(byKey).map(([, place]) => place),
    params: [...new Set(params)].sort(byText),
    cookies: [...new Set(rule.fromCookies.map((cookie) => cookie.value))].sort(byText),
  }
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const byKey = (a: readonly [string, unknown], b: readonly [string, unknown]) => byText(a[0], b[0])

export function findTokens(locations: Locations, headers: HeaderList, path: string): readonly FoundToken[] {
  let found: FoundToken[] | undefined
  for (const { name, prefix } of locations.headers) {
    for (const header of headers) {
      if (header[0] !== name) continue
      const text = afterPrefix(header[1], prefix)
      if (text !== undefined) found = withOne(found, { text, where: 'header', name })
    }
  }
  for (const name of locations.params) {
    const text = firstParam(path, name)
    if (text !== undefined) found = withOne(found, { text, where: 'param', name })
  }
  for (const name of locations.cookies) {
    const text = firstCookie(headers, name)
    if (text !== undefined) found = withOne(found, { text, where: 'cookie', name })
  }
  return found ?? noTokens
}

const noTokens: readonly never[] = []

/** Nearly always it stays at one, for which a list that is to grow is much too long. */
function withOne(found: FoundToken[] | undefined, token: FoundToken): FoundToken[] {
  if (found === undefined) return [token]
  found.push(token)
  return found
}

/**
 * The prefix may stand anywhere in the value, in this case only; the token begins at the next
 * character a token can have and goes to the end. Without such a character it is the whole value.
 */
function afterPrefix(value: string, prefix: string): string | undefined {
  if (prefix === '') return value
  const at = value.indexOf(prefix)
  if (at === -1) return undefined
  for (let start = at + prefix.length; start < value.length; start++) {
    if (ofTokens[value.charCodeAt(start)] === 1) return value.slice(start)
  }
  return value
}

const ofTokens = new Uint8Array(128)
for (let code = 0; code < 128; code++) {
  if (/[A-Za-z0-9_.-]/.test(String.fromCharCode(code))) ofTokens[code] = 1
}

/** The first cookie of that name, without quotes around it. */
function firstCookie(headers: HeaderList, name: string): string | undefined {
  for (const [header, value] of headers) {
    if (header !== 'cookie') continue
    for (const part of value.split(';')) {
      const pair = part.trimStart()
      const equals = pair.indexOf('=')
      if (equals === -1 || pair.slice(0, equals) !== name) continue
      const text = pair.slice(equals + 1)
      return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
    }
  }
  return undefined
}

/** Takes a token away: the whole header, or the query parameter; a cookie stays. */
export function withoutToken(
  token: FoundToken,
  headers: HeaderList,
  path: string,
): { readonly headers: HeaderList; readonly path: string } {
  switch (token.where) {
    case 'header':
      return { headers: headers.filter(([name]) => name !== token.name), path }
    case 'param':
      return { headers, path: removeParam(path, token.name) }
    case 'cookie':
      return { headers, path }
  }
}
