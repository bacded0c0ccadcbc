/** What `kfdoor explain-code` tells beyond the sentence: why it happens, and what helps. */
export interface Meaning {
  /** Whole sentences. */
  readonly meaning: string
  /** What to do, as one would say it after "What to do:"; lower case, no final period. */
  readonly remedy: string
}

/** One kind of failure. `Facts`: plain data, never a secret. */
export interface FaultRow<Facts> extends Meaning {
  /** What people see and search for. A number is forever: a retired one keeps its row. */
  readonly number: `KFD${number}`
  /** One sentence: lower case, no final period, what the user wrote in backticks. */
  readonly sentence: (facts: Facts) => string
}

/** The failures of one kind of work, in the order of their numbers. */
export type FaultRows<Facts> = { readonly [Code in keyof Facts]: FaultRow<Facts[Code]> }

/** Each on a line of its own, below the sentence. */
export const indented = (lines: readonly string[]): string => lines.map((line) => `\n  ${line}`).join('')

/** A door's words as an argument: enough of them to be known by, and no half of a word. */
export const forWhy = (words: string): string => {
  const plain = words.replaceAll("'", ' ')
  return plain.length <= 100 ? plain : plain.slice(0, 101).replace(/\s+\S*$/, '')
}
