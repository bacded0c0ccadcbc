import { type AccessMesh, accessReview } from '../../policy/index.ts'
import type { AccessAnswer, AccessQuestion } from './options.ts'

export type { AccessMesh }

/** SubjectAccessReviews as Pipelines asks them, answered from YAML: see `accessReview`. */
export function createAccessReview(mesh: AccessMesh): (question: AccessQuestion) => AccessAnswer {
  const review = accessReview(mesh)
  return (question) => {
    const { allowed, reason } = review({ group: 'pipelines.kubeflow.org', ...question })
    return { allowed, reason }
  }
}
