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
  /** Whether an upload's refusal carries its reason, or only says that it failed. */
  readonly uploadReasons: boolean
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
    uploadReasons: false,
    reviewSelectors: true,
    v2beta1: true,
  },
  '2.3.0': {
    gateway: 1,
    details: 'google.rpc.Status',
    missingIdentity: 'unauthenticated',
    wording: 'v2',
    namesStore: false,
    uploadReasons: true,
    reviewSelectors: false,
    v2beta1: true,
  },
  '2.0.5': {
    gateway: 1,
    details: 'google.rpc.Status',
    missingIdentity: 'unauthenticated',
    wording: 'v2',
    namesStore: false,
    uploadReasons: true,
    reviewSelectors: false,
    v2beta1: true,
  },
  '2.0.0-alpha.5': {
    gateway: 1,
    details: 'api.Error',
    missingIdentity: 'internal',
    wording: 'v1',
    namesStore: false,
    uploadReasons: true,
    reviewSelectors: false,
    v2beta1: false,
  },
}
