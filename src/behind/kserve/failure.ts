/**
 * What goes wrong in a KServe model server, in KServe's words (python/kserve/kserve/errors.py).
 * Each is an ordinary answer to a client, so these are values that REST and gRPC translate, and
 * not faults of kfdoor.
 */
export type FailureKind =
  /** 400, INVALID_ARGUMENT. */
  | 'invalid-input'
  /** 404, NOT_FOUND. */
  | 'model-not-found'
  /** 503, UNAVAILABLE. */
  | 'model-not-ready'
  /** 501, UNIMPLEMENTED. */
  | 'not-implemented'
  /** Any other Python exception, named by its class: 500, INTERNAL. */
  | 'exception'

export class Failure extends Error {
  override readonly name = 'Failure'
  readonly kind: FailureKind

  constructor(kind: FailureKind, message: string) {
    super(message)
    this.kind = kind
  }
}

export const invalidInput = (message: string) => new Failure('invalid-input', message)
export const modelNotFound = (name: string) =>
  new Failure('model-not-found', `Model with name ${name} does not exist.`)
export const modelNotReady = (name: string) =>
  new Failure('model-not-ready', `Model with name ${name} is not ready.`)
export const notImplemented = (message: string) => new Failure('not-implemented', message)
/** `ValueError : …` */
export const exception = (type: string, message: string) => new Failure('exception', `${type} : ${message}`)
