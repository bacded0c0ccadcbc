/** What a page asks the engine in its worker, and what it is answered. */

import type { Problem } from '../../base/index.ts'
import type { LintResult } from '../../lint/index.ts'
import type { MeshInput } from '../../mesh/index.ts'
import type { Ask, ToldOrNot } from './ask.ts'
import type { AccessMapped, CertificateTable, Change } from './look.ts'
import type { CheckedToken } from './tokens.ts'

/** A mesh by name: `now` is the one that is shown, `before` the one it is compared with. */
export type MeshName = 'now' | 'before'

export interface Opened {
  readonly problems: readonly Problem[]
  readonly principals: readonly string[]
  /** URLs the routes of the mesh are about, to begin with. */
  readonly addresses: readonly string[]
}

export interface Messages {
  open(name: MeshName, inputs: readonly MeshInput[], istioVersion: string | undefined): Opened
  ask(name: MeshName, asked: Ask, now: number): ToldOrNot
  map(name: MeshName, now: number): AccessMapped
  lint(name: MeshName, now: number, certificates: CertificateTable): LintResult
  change(now: number, certificates: CertificateTable): Change
  /** Objects as YAML, '' for what is not there. */
  yaml(objects: readonly unknown[]): readonly string[]
  token(text: string, url: string, now: number): CheckedToken | undefined
}

export type Message = {
  readonly [K in keyof Messages]: {
    readonly id: number
    readonly do: K
    readonly with: Parameters<Messages[K]>
  }
}[keyof Messages]

export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failed: string }
  /** It is not done: so many classes of requests were looked at. */
  | { readonly id: number; readonly looked: number }
