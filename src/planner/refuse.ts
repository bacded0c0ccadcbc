import { Fault } from '../base/index.ts'

/** @throws Fault ERR_INTENT_REFUSED */
export function refuse(intent: string, reasons: readonly string[], next?: string): never {
  throw new Fault('ERR_INTENT_REFUSED', { intent, reasons, ...(next !== undefined && { next }) })
}

/** What was typed cannot be meant. @throws Fault ERR_USAGE */
export function wrong(message: string, next: string): never {
  throw new Fault('ERR_USAGE', { message, next })
}

/** Names that are nearly the one asked for, the nearest first. */
export function nearNames(asked: string, names: Iterable<string>): readonly string[] {
  const plain = asked.slice(asked.indexOf('/') + 1)
  return [...new Set(names)]
    .map((name) => ({ name, far: distance(plain, name.slice(name.indexOf('/') + 1)) }))
    .filter(({ name, far }) => far <= Math.max(2, plain.length / 3) || name.includes(plain))
    .sort((a, b) => a.far - b.far || (a.name < b.name ? -1 : 1))
    .slice(0, 5)
    .map(({ name }) => name)
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
