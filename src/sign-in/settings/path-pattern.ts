import { RE2JS } from 're2js'
import type { PathPattern, RoutePattern } from '../provider/oauth2-proxy-settings.ts'

/** Istio's and our limit for a pattern somebody else wrote (ISTIO-2026-006). */
const LONGEST = 1024

/** A Go regular expression, matched anywhere in the path, in linear time. @throws Error naming the fault */
export function pathPattern(source: string): PathPattern {
  if (source.length > LONGEST) throw new Error(`it is longer than ${LONGEST} characters`)
  const pattern = RE2JS.compile(source)
  return { source, matches: (path) => pattern.matcher(path).find() }
}

/** `METHOD=regex`, `METHOD!=regex`, `regex` (oauth2-proxy buildRoutesAllowlist). */
export function routePattern(source: string): RoutePattern {
  const [, method, negation, rest] = /^([A-Za-z]*)(!?)=([\s\S]*)$/.exec(source) ?? []
  if (rest === undefined) return { ...pathPattern(source), negated: false }
  return {
    ...pathPattern(rest),
    ...(method && { method: method.toUpperCase() }),
    negated: negation === '!',
  }
}
