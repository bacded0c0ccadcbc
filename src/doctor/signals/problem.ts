/** A text in both languages the product speaks. */
export interface Said {
  readonly en: string
  readonly ko: string
}

/**
 * How a problem shows itself in a pasted text: every part is in it, in any order. Parts are compared
 * without regard to case, blanks, and JSON, HTML or URL escapes; a RegExp sees that same flat text.
 */
export interface Signal {
  readonly all: readonly (string | RegExp)[]
  /** None of these may be there. */
  readonly none?: readonly (string | RegExp)[]
  /**
   * How sure the problem is once the signal is there: `certain` = nothing else says this,
   * `likely` = it usually means this, `possible` = it may.
   */
  readonly means: Confidence
}

export type Confidence = 'certain' | 'likely' | 'possible'

/** A problem people meet at Kubeflow's door, with what is behind it and what helps. */
export interface Problem {
  /** Permanent; a retired one keeps its number. */
  readonly code: `KFD2${number}`
  readonly title: Said
  readonly cause: Said
  readonly fix: Said
  /** To type or to put into YAML, the same in every language. */
  readonly commands?: readonly string[]
  /** `owner/repository#number`, or a page. */
  readonly readOn: readonly string[]
  readonly signals: readonly Signal[]
  /** Facts worth showing: their name, and a RegExp whose first group is the value. */
  readonly facts?: Readonly<Record<string, RegExp>>
}

export const certain = (...all: readonly (string | RegExp)[]): Signal => ({ all, means: 'certain' })
export const likely = (...all: readonly (string | RegExp)[]): Signal => ({ all, means: 'likely' })
export const possible = (...all: readonly (string | RegExp)[]): Signal => ({ all, means: 'possible' })
