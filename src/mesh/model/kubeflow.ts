/** Kubeflow's and KServe's own objects. */
import type { Meta } from './meta.ts'

/** kubeflow.org Profile: a user's namespace. */
export interface Profile extends Meta {
  readonly kind: 'Profile'
  readonly owner: { readonly kind: string; readonly name: string }
}
export interface InferenceService extends Meta {
  readonly kind: 'InferenceService'
  readonly modelFormat?: string
  readonly protocolVersion?: string
  readonly raw: unknown
}
