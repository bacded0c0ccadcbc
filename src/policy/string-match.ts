import type { StringMatch } from '../mesh/index.ts'
import { matchesExpression } from './regular-expression.ts'

/** Envoy's string matcher, as VirtualServices write it. */
export type Matches = (value: string) => boolean

/** A match that asks only for presence: `{}`, and the regex `*`, which is none (`route.go`). */
export function asksForPresence(match: StringMatch): boolean {
  return match.kind === 'none' || (match.kind === 'regex' && match.text === '*')
}

export function compileStringMatch(match: StringMatch): Matches {
  const { kind, text } = match
  switch (kind) {
    case 'exact':
      return (value) => value === text
    case 'prefix':
      return (value) => value.startsWith(text)
    case 'regex':
      return (value) => matchesExpression(text, value)
    case 'none':
      return () => true
  }
}
