import { substitute } from './regular-expression.ts'
import type { ForwardAction, PathMatch } from './route.ts'
import { lowerCase } from './value-pattern.ts'

/** Whether a path is written anew, be it to the same. */
export function isRewritten(match: PathMatch, rewrite: ForwardAction['rewrite'], path: string): boolean {
  return rewrite !== undefined && (rewrite.kind !== 'prefix' || begins(match, path))
}

/** The path (query included) a workload sees. */
export function rewritePath(match: PathMatch, rewrite: ForwardAction['rewrite'], path: string): string {
  if (rewrite === undefined) return path
  const mark = path.indexOf('?')
  const [bare, query] = mark === -1 ? [path, ''] : [path.slice(0, mark), path.slice(mark)]
  switch (rewrite.kind) {
    case 'prefix':
      return replaceMatched(match, rewrite.to, path)
    case 'regex':
      return substitute(rewrite.match, rewrite.to, bare) + query
    case 'strip-segments': {
      const rest =
        match.kind === 'segments' && bare.startsWith(match.text) ? bare.slice(match.text.length) : bare
      return `/${rest.startsWith('/') ? rest.slice(1) : rest}${query}`
    }
  }
}

/**
 * A prefix gives way alone, exact and regular expressions match the whole path. Slashes are not
 * mended. A path an authorizer changed to something the route would not take stays as it is.
 */
export function replaceMatched(match: PathMatch, to: string, path: string): string {
  const mark = path.indexOf('?')
  const end = mark === -1 ? path.length : mark
  if (!begins(match, path)) return path
  const matched = match.kind === 'regex' ? end : match.text.length
  return to + path.slice(matched)
}

function begins(match: PathMatch, path: string): boolean {
  if (match.kind === 'regex') return true
  return match.ignoreCase ? lowerCase(path).startsWith(lowerCase(match.text)) : path.startsWith(match.text)
}
