import type { Clock } from '../../base/index.ts'
import type { Release } from './release.ts'

/** The part of a Kubernetes TokenReview's status that Pipelines looks at. */
interface TokenReview {
  readonly authenticated: boolean
  readonly username?: string
  readonly audiences?: readonly string[]
  readonly error?: string
}

/** The part of a SubjectAccessReview that Pipelines fills in; group and version are always the same. */
export interface AccessQuestion {
  readonly user: string
  readonly namespace: string
  readonly verb: string
  /** `pipelines`, `experiments`, `runs`, `jobs`. */
  readonly resource: string
  readonly name?: string
}

export interface AccessAnswer {
  readonly allowed: boolean
  readonly reason?: string
}

export interface PipelinesOptions {
  /** A file for SQLite (made with mode 0600), or `:memory:`. */
  readonly store: string
  /** `MULTIUSER` of the release: whether requests have a user and resources a namespace. */
  readonly multiUser: boolean
  /** `kubeflow-userid` in Kubeflow. */
  readonly userIdHeader: string
  /** Cut from the header's value; a value without it is refused. Empty in Kubeflow. */
  readonly userIdPrefix: string
  /** `MULTIUSER_SHARED_READ`: everybody may get and list, identity or not. */
  readonly sharedRead?: boolean
  /** Throws or rejects when the review itself fails. */
  readonly tokenReview: (token: string, audiences: readonly string[]) => TokenReview | Promise<TokenReview>
  /** Throws or rejects when the review itself fails. */
  readonly accessReview: (question: AccessQuestion) => AccessAnswer | Promise<AccessAnswer>
  readonly release: Release
  /** How a recorded run ends. `pending`: never, for nothing here executes it. */
  readonly runOutcome: 'pending' | 'succeeded' | 'failed'
  /**
   * `both` (default): v2beta1 is served on every release, so that one SDK works with every profile.
   * `as-released`: a release that had no v2beta1 answers 404 there.
   */
  readonly apis?: 'both' | 'as-released'
  readonly clock: Clock
  readonly log?: (line: string) => void
}

/** The audience a token must have (`TOKEN_REVIEW_AUDIENCE`). */
export const audience = 'pipelines.kubeflow.org'
