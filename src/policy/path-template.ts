/**
 * Path templates: `{*}` is exactly one non-empty segment, `{**}` any text, slashes included, also
 * none. Everything else is literal, a trailing slash too.
 *
 * Agrees with Istio's pilot/pkg/security/authz/matcher/template.go, which hands the template to
 * Envoy's `uri_template` matcher; query and fragment are not looked at.
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

/** What every matching path starts with. */
export function literalPrefix(template: PathTemplate): string {
  const first = template.parts[0]
  return typeof first === 'string' ? first : ''
}

export function matchesPathTemplate(template: PathTemplate, path: string): boolean {
  return matchesFrom(template.parts, 0, path, 0)
}

function matchesFrom(parts: readonly Part[], index: number, path: string, offset: number): boolean {
  const part = parts[index]
  if (part === undefined) return offset === path.length
  if (typeof part === 'string') {
    return path.startsWith(part, offset) && matchesFrom(parts, index + 1, path, offset + part.length)
  }
  if (part === oneSegment) {
    const slash = path.indexOf('/', offset)
    const end = slash === -1 ? path.length : slash
    // A literal may follow inside the same segment, so shorter readings are tried as well.
    for (let stop = end; stop > offset; stop--) {
      if (matchesFrom(parts, index + 1, path, stop)) return true
    }
    return false
  }
  // At most one `{**}` per template passes validation, so this does not multiply.
  for (let stop = path.length; stop >= offset; stop--) {
    if (matchesFrom(parts, index + 1, path, stop)) return true
  }
  return false
}
