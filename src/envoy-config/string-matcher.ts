import type { StringMatch } from '../mesh/index.ts'
import type { Json } from './json.ts'

/** `envoy.type.matcher.v3.StringMatcher`. */
export const exact = (text: string, ignoreCase = false): Json => ({
  exact: text,
  ...(ignoreCase && { ignoreCase }),
})
export const prefix = (text: string, ignoreCase = false): Json => ({
  prefix: text,
  ...(ignoreCase && { ignoreCase }),
})
export const suffix = (text: string, ignoreCase = false): Json => ({
  suffix: text,
  ...(ignoreCase && { ignoreCase }),
})
export const regex = (text: string): Json => ({ safeRegex: { regex: text } })

/** Go's regexp.QuoteMeta. */
export function quoteMeta(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}

/** A value of an AuthorizationPolicy: Istio's authz/matcher/string.go, StringMatcherWithPrefix. */
export function policyString(value: string, before = ''): Json {
  // `*` first: Envoy refuses an empty prefix or suffix.
  if (value === '*') return regex('.+')
  if (value.startsWith('*')) {
    const text = value.slice(1)
    return before === '' ? suffix(text) : regex(`${before}.*${quoteMeta(text)}`)
  }
  if (value.endsWith('*')) return prefix(before + value.slice(0, -1))
  return exact(before + value)
}

/** A header test of an AuthorizationPolicy: authz/matcher/header.go. Hosts ignore case. */
export function policyHeader(name: string, value: string, ignoreCase = false): Json {
  if (value === '*') return { name, presentMatch: true }
  if (value.startsWith('*')) return { name, stringMatch: suffix(value.slice(1), ignoreCase) }
  if (value.endsWith('*')) return { name, stringMatch: prefix(value.slice(0, -1), ignoreCase) }
  return { name, stringMatch: exact(value, ignoreCase) }
}

/** A VirtualService's: networking/util/util.go, ConvertToEnvoyMatch; undefined = `{}`. */
export function routeString({ kind, text }: StringMatch): Json | undefined {
  switch (kind) {
    case 'exact':
      return exact(text)
    case 'prefix':
      return prefix(text)
    case 'regex':
      return regex(text)
    case 'none':
      return undefined
  }
}
