/**
 * A plan: what would be changed, who gains and who loses by it, and how to undo it. It is a document a
 * person reviews in a pull request and `kfdoor apply` executes; everything in it is data.
 */
import type { Principal } from '../policy/index.ts'
import type { AccessDiff } from '../regions/index.ts'

/** A Kubernetes object as YAML or the API server gives it. */
export type KubeObject = Readonly<Record<string, unknown>>

export interface ObjectName {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
}

/** Whether a change alone lets less through, more, or neither: closing changes are applied first. */
export type Effect = 'closes' | 'neutral' | 'opens'

interface ChangeBase {
  readonly object: ObjectName
  readonly effect: Effect
  /** One sentence for the reviewer: what this object is for. */
  readonly why: string
}

/** One object, one write. The list of a plan is in the order of application. */
export type Change =
  | (ChangeBase & { readonly op: 'create'; readonly after: KubeObject })
  | (ChangeBase & {
      readonly op: 'update'
      /** As it was read, without `managedFields` and `status`. */
      readonly before: KubeObject
      readonly after: KubeObject
      /** Of a live object; a cluster that has another one now means: plan again. */
      readonly resourceVersion?: string
    })
  | (ChangeBase & { readonly op: 'delete'; readonly before: KubeObject; readonly resourceVersion?: string })

/** What a plan was made from: files are edited in place, a cluster is written to. */
export type PlanSource =
  | { readonly kind: 'files'; readonly paths: readonly string[] }
  | { readonly kind: 'cluster'; readonly context: string; readonly server: string }
  | { readonly kind: 'snapshot' | 'profile'; readonly name: string }

export interface FindingLine {
  readonly code: string
  readonly severity: string
  readonly object: string
  readonly message: string
}

export interface Plan {
  readonly apiVersion: 'kfdoor/v1alpha1'
  readonly kind: 'Plan'
  readonly metadata: {
    /** `expose-iris-3f9a2c`: the intent, its subject, and the first digits of a hash of the changes. */
    readonly name: string
    /** RFC 3339, UTC. */
    readonly createdAt: string
  }
  readonly spec: {
    /** The command that made it, one word each; no secret ever stands in it. */
    readonly command: readonly string[]
    readonly source: PlanSource
    readonly changes: readonly Change[]
    readonly access: AccessDiff
    readonly findings: { readonly new: readonly FindingLine[]; readonly gone: readonly FindingLine[] }
    /** Sentences a reviewer must have read: a restart of istiod, a moment without sign-in, an unknown. */
    readonly risks: readonly string[]
    /** What the caller's side needs: a projected token, an environment, the URL; text and YAML to paste. */
    readonly callers: readonly { readonly title: string; readonly text: string }[]
  }
}

/**
 * What an intent answers: the changes it wants, or why it will not have them. Intents are pure: they see
 * the objects and the mesh of the door, and never write.
 */
export interface Intended {
  readonly changes: readonly Change[]
  readonly risks: readonly string[]
  readonly callers: readonly { readonly title: string; readonly text: string }[]
  /** Whom the plan is about, beside everybody found in the YAML: `sa:ci/deploy,aud=models`. */
  readonly principals?: readonly Principal[]
  /** Where the intent has compared the doors before and after already, for all these changes. */
  readonly access?: AccessDiff
}
