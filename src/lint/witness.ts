/** Requests that a door's routes take, made up from what the routes say. */
import type { Route } from '../policy/index.ts'

/** A host name that `*` and `*.example.com` stand for. */
export function sampleHost(pattern: string): string {
  const name = pattern.includes('/') ? pattern.slice(pattern.indexOf('/') + 1) : pattern
  if (name === '*') return 'kubeflow.example.com'
  return name.startsWith('*.') ? `any${name.slice(1)}` : name
}

/** A path one route takes; undefined = only a regular expression says so. */
export function samplePath({ kind, text }: Route['path']): string | undefined {
  if (kind === 'regex') return undefined
  return text === '' ? '/' : text
}

/** Whether each path that `narrow` takes is one that `wide` takes, as far as the stars at their ends say it. */
export function takesAllOf(wide: string, narrow: string): boolean {
  if (wide === narrow || wide === '*' || wide === '/*') return true
  if (wide.includes('{') || narrow.includes('{')) return false
  const [begins, ends] = [wide.endsWith('*'), wide.startsWith('*')]
  // Of the other one only the text that is there in any case says something.
  if (ends) return !narrow.endsWith('*') && narrow.endsWith(wide.slice(1))
  return begins && !narrow.startsWith('*') && narrow.replace(/\*$/, '').startsWith(wide.slice(0, -1))
}
