/** The parts objects share, and what is kept of an object that is not modelled. */
import type { At, Located } from '../../base/index.ts'

/** What every object has. */
export interface Meta {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Milliseconds since the epoch; objects without one count as created together. */
  readonly createdAt?: number
  readonly at: At
}

export type Text = Located<string>
export type Labels = Readonly<Record<string, string>>

export interface TargetRef {
  readonly group: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string
  readonly at: At
}

/** `selector` undefined = not written. `targetRefs` holds `targetRef` too. */
export interface Attachment {
  readonly selector?: Labels
  readonly targetRefs: readonly TargetRef[]
}

/** An object that is known by name only: it is on the map, and what it does is not modelled. */
export interface OtherObject extends Meta {
  readonly raw: unknown
}
