import type { Verdict } from '../../../policy/index.ts'
import { type TextKey, t } from '../texts/index.ts'

/** A verdict is a word first; its colour only helps to find it. */
export function VerdictWord({ verdict }: { readonly verdict: string }) {
  return <span class={`verdict v-${verdict}`}>{verdictText(verdict)}</span>
}

const known: ReadonlySet<string> = new Set<Verdict>([
  'allow',
  'deny',
  'challenge',
  'redirect',
  'not-found',
  'unavailable',
  'unknown',
])

export const verdictText = (verdict: string): string => (known.has(verdict) ? t(verdict as TextKey) : verdict)

export const verdictWords = (verdict: string): string =>
  known.has(verdict) ? t(`${verdict}Words` as TextKey) : ''

const outcomes: Readonly<Record<string, TextKey>> = {
  matched: 'matched',
  missed: 'missed',
  passed: 'passed',
  rejected: 'rejected',
  skipped: 'skipped',
  'near-miss': 'nearMiss',
  unknown: 'undecided',
}

export const outcomeText = (outcome: string): string => {
  const key = outcomes[outcome]
  return key === undefined ? outcome : t(key)
}

/** A name of anybody's: shown as text, on one line, and not longer than a reader bears. */
export const shortened = (text: string, most = 200): string =>
  (text.length > most ? `${text.slice(0, most - 1)}…` : text).replace(turning, escaped)

/** What turns the direction of a line, so that a name could read as what it is not (Unicode's UAX #9), and what hides. */
const turning = /[\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g

const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
