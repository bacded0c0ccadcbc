import { matchesValue, parseValuePattern } from './value-pattern.ts'

/**
 * Path templates: `{*}` is exactly one non-empty segment, `{**}` any text, slashes included, also
 * none; neither takes brackets or anything else that is no literal of a template. Everything
 * else is literal, a trailing slash too.
 *
 * Agrees with Istio's pilot/pkg/security/authz/matcher/template.go, which hands the template to
 * Envoy's `uri_template` matcher (uri_template_internal.cc, kLiteral); query and fragment are not
 * looked at.
 */
export interface PathTemplate {
  readonly source: string
  /** Literal text and operators in order. */
  readonly parts: readonly (string | typeof oneSegment | typeof anyText)[]
}

const oneSegment = Symbol('{*}')
const anyText = Symbol('{**}')

type Part = PathTemplate['parts'][number]

/** A value with `{*}` or `{**}` anywhere is a template; `*` beside it is then literal to Istio. */
export function isPathTemplate(source: string): boolean {
  return source.includes('{*}') || source.includes('{**}')
}

export function parsePathTemplate(source: string): PathTemplate {
  const parts = source.split(/(\{\*\*?\})/).flatMap((part): Part[] => {
    if (part === '{*}') return [oneSegment]
    if (part === '{**}') return [anyText]
    return part === '' ? [] : [part]
  })
  return { source, parts }
}

/** One value of `paths`: a template, or exact, prefix, suffix, presence. */
export function matchesPathValue(value: string, path: string): boolean {
  if (isPathTemplate(value)) return matchesPathTemplate(parsePathTemplate(value), path)
  return matchesValue(parseValuePattern(value), path)
}

/** What every matching path starts with. */
export function literalPrefix(template: PathTemplate): string {
  const first = template.parts[0]
  return typeof first === 'string' ? first : ''
}

export function matchesPathTemplate(template: PathTemplate, path: string): boolean {
  return matchesFrom(template.parts, 0, path, 0, { failed: undefined })
}

/** How far an operator may run: to the first character it does not take. */
function runEnd(path: string, from: number, slashes: boolean): number {
  let end = from
  while (end < path.length) {
    const code = path.charCodeAt(end)
    if (code === 47 ? !slashes : code > 127 || !isTemplateLiteral[code]) break
    end++
  }
  return end
}

/** By code: RFC 3986's unreserved, `%`, the sub-delimiters (`*` since CVE-2025-46821), `:`, `@` and `=`. */
export const isTemplateLiteral: readonly boolean[] = Array.from({ length: 128 }, (_, code) =>
  /[-\w.~%!*$&'()+,;:@=]/.test(String.fromCharCode(code)),
)

/** Places that were tried in vain, so that an odd template cannot multiply its readings. */
interface Memory {
  failed: Set<number> | undefined
}

function matchesFrom(
  parts: readonly Part[],
  index: number,
  path: string,
  offset: number,
  memory: Memory,
): boolean {
  const part = parts[index]
  if (part === undefined) return offset === path.length
  if (typeof part === 'string') {
    return path.startsWith(part, offset) && matchesFrom(parts, index + 1, path, offset + part.length, memory)
  }
  const next = parts[index + 1]
  const end = runEnd(path, offset, part === anyText)
  const least = part === anyText ? offset : offset + 1
  if (end < least) return false
  // One segment runs to the next slash, or to the end, when that is what follows.
  if (part === oneSegment && (next === undefined || (typeof next === 'string' && next.startsWith('/')))) {
    return matchesFrom(parts, index + 1, path, end, memory)
  }
  const place = index * (path.length + 1) + offset
  if (memory.failed?.has(place)) return false
  for (let stop = end; stop >= least; stop--) {
    if (matchesFrom(parts, index + 1, path, stop, memory)) return true
  }
  memory.failed ??= new Set()
  memory.failed.add(place)
  return false
}
