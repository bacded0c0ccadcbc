/** A place in a file the user wrote. Lines count from 1. */
export interface At {
  readonly file: string
  readonly line: number
}

/** A value and where it was written. */
export interface Located<T> {
  readonly value: T
  readonly at: At
}

/** Something wrong with the input that did not stop the reading. */
export interface Problem {
  /** `error`: the object cannot be used as written; `warning`: it can, but says something odd. */
  readonly severity: 'error' | 'warning'
  /** Stable, for example `yaml-syntax`, `unknown-field`, `missing-hosts`. */
  readonly code: string
  readonly message: string
  readonly at: At
}

/** `mesh.yaml:12: VirtualService apps/vs has no hosts` */
export function renderProblem(problem: Problem): string {
  return `${problem.at.file}:${problem.at.line}: ${problem.message}`
}
