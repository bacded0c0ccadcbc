import type { CertificateFacts } from '../index.ts'

/**
 * YAML laid over the door of `example-parts.ts` that a rule has to speak of, or must not. Modelled on real
 * installations: what stands beside a fault is as telling as the fault.
 */
export interface Row {
  readonly reports: boolean
  readonly why: string
  readonly text: string
  readonly istioVersion?: string
  /** `namespace/name` → what a parser read there. */
  readonly certificates?: Readonly<Record<string, CertificateFacts | string>>
  /** The message has to say this. */
  readonly says?: RegExp
}

/** Rows of a rule, by its code. */
export type Rows = Readonly<Record<string, readonly Row[]>>

type More = Omit<Row, 'reports' | 'why' | 'text'>

/** The rule speaks of it. */
export function reports(why: string, text: string | readonly string[], more: More = {}): Row {
  return { reports: true, why, text: joined(text), ...more }
}

/** The rule has nothing to say. */
export function silent(why: string, text: string | readonly string[], more: More = {}): Row {
  return { reports: false, why, text: joined(text), ...more }
}

function joined(text: string | readonly string[]): string {
  return typeof text === 'string' ? text : text.join('\n---\n')
}
