/** The API server of one Kubeflow line; what differs between them is in the table below and nowhere else. */
export type Release = '2.16.0' | '2.3.0' | '2.0.5' | '2.0.0-alpha.5'

export interface Traits {
  /**
   * grpc-gateway 2 answers `{code, message, details}`; version 1 adds `error` with the same text.
   */
  readonly gateway: 1 | 2
  /** The type of the one entry of `details`. */
  readonly details: 'google.rpc.Status' | 'api.Error'
  /**
   * Before 2.0 the missing identity left the server as an ordinary Go error, and every one of those
   * is an "Internal error" with its stack: 500, code 13. Since then it is 401, code 16.
   */
  readonly missingIdentity: 'internal' | 'unauthenticated'
  /** Which checks run before a request is authorized, and their words. */
  readonly wording: 'v1' | 'v2'
  /** `pipeline_store` in healthz. */
  readonly namesStore: boolean
  /**
   * How a refused upload is told. `quiet`: only that it failed (the reason is in `error_details` here,
   * where the server has its own stack); `old`: 2.0.0-alpha's sentences; `long`: with the step and the reason.
   */
  readonly uploads: 'quiet' | 'long' | 'old'
  /** Whether an upload under a taken name is a 409; it was a 500. */
  readonly uploadConflict: boolean
  /** The Kubernetes library prints the two selectors of a review since 0.31. */
  readonly reviewSelectors: boolean
  /** Whether the server itself had the v2beta1 API. */
  readonly v2beta1: boolean
}

export const traits: { readonly [R in Release]: Traits } = {
  '2.16.0': {
    gateway: 2,
    details: 'google.rpc.Status',
    missingIdentity: 'unauthenticated',
    wording: 'v2',
    namesStore: true,
    uploads: 'quiet',
    uploadConflict: true,
    reviewSelectors: true,
    v2beta1: true,
  },
  '2.3.0': {
    gateway: 1,
    details: 'google.rpc.Status',
    missingIdentity: 'unauthenticated',
    wording: 'v2',
    namesStore: false,
    uploads: 'long',
    uploadConflict: true,
    reviewSelectors: false,
    v2beta1: true,
  },
  '2.0.5': {
    gateway: 1,
    details: 'google.rpc.Status',
    missingIdentity: 'unauthenticated',
    wording: 'v2',
    namesStore: false,
    uploads: 'long',
    uploadConflict: false,
    reviewSelectors: false,
    v2beta1: true,
  },
  '2.0.0-alpha.5': {
    gateway: 1,
    details: 'api.Error',
    missingIdentity: 'internal',
    wording: 'v1',
    namesStore: false,
    uploads: 'old',
    uploadConflict: false,
    reviewSelectors: false,
    v2beta1: false,
  },
}
