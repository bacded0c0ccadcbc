import { flatten } from './flatten.ts'
import type { Confidence, Problem, Signal } from './problem.ts'
import { problems } from './problems/index.ts'
import { looksSecret, type TokenFacts, tokensIn } from './tokens.ts'

/** A known problem that a text shows. */
export interface Match {
  readonly problem: Problem
  readonly confidence: Confidence
  /** What the text says about it: `issuer`, `user`, `path`, … Never a credential. */
  readonly facts: Readonly<Record<string, string>>
}

export interface Recognised {
  /** Best first; empty when nothing is known. */
  readonly matches: readonly Match[]
  /** Tokens in the text, by what they say about themselves. */
  readonly tokens: readonly TokenFacts[]
}

const rank: { readonly [C in Confidence]: number } = { certain: 3, likely: 2, possible: 1 }

/** More than this is a list nobody reads. */
const most = 5

/**
 * Which known problems a pasted text shows: an error, a log, a page, what curl printed. Reads nothing
 * but the text.
 *
 * @example
 * recognise('Jwt issuer is not configured').matches[0]?.problem.code // 'KFD2201'
 */
export function recognise(pasted: string): Recognised {
  const tokens = tokensIn(pasted)
  // What a token says counts as said: a wrong issuer is often only visible inside of it.
  const claims = tokens.flatMap(({ issuer, audiences }) => [
    issuer ? `"iss":"${issuer}"` : '',
    ...audiences.map((each) => `"aud":"${each}"`),
  ])
  const text = flatten([pasted, ...claims].join('\n'))
  const scored = problems.flatMap((problem) => {
    const best = problem.signals
      .flatMap((signal) => {
        const size = found(signal, text)
        return size === undefined ? [] : [{ signal, size }]
      })
      .sort((a, b) => rank[b.signal.means] - rank[a.signal.means] || b.size - a.size)[0]
    if (!best) return []
    return [{ problem, confidence: best.signal.means, size: best.size, facts: factsOf(problem, text) }]
  })
  scored.sort((a, b) => rank[b.confidence] - rank[a.confidence] || b.size - a.size)
  return {
    matches: scored.slice(0, most).map(({ problem, confidence, facts }) => ({ problem, confidence, facts })),
    tokens,
  }
}

/** How much of the text the signal covers; the more, the more it says. Undefined when it is not there. */
function found(signal: Signal, text: string): number | undefined {
  let size = 0
  for (const part of signal.all) {
    const length =
      typeof part === 'string' ? (text.includes(part) ? part.length : 0) : (part.exec(text)?.[0].length ?? 0)
    if (length === 0) return undefined
    size += length
  }
  const denied = signal.none?.some((part) =>
    typeof part === 'string' ? text.includes(part) : part.test(text),
  )
  return denied ? undefined : size
}

function factsOf(problem: Problem, text: string): Record<string, string> {
  const facts: Record<string, string> = {}
  for (const [name, pattern] of Object.entries(problem.facts ?? {})) {
    const value = pattern.exec(text)?.[1]?.trim()
    // What is pasted may hold escape sequences; a terminal must not be told to do anything.
    if (value && /^[^\p{C}]{1,200}$/u.test(value) && !looksSecret(value)) facts[name] = value
  }
  return facts
}
