import type { At } from '../base/index.ts'

/** Something of the mesh that the configuration does not carry. */
export interface Problem {
  /** `error` = a request may be decided otherwise than the mesh says; `note` = it cannot. */
  readonly severity: 'error' | 'note'
  readonly message: string
  readonly at?: At
}
