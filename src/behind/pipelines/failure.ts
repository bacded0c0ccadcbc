/**
 * Refusals as Kubeflow Pipelines words them: what went wrong, with what was being attempted put in
 * front, and the gRPC code that decides the HTTP status (backend/src/common/util/error.go).
 */

/** gRPC status codes this server answers with (google/rpc/code.proto). */
export const code = {
  unknown: 2,
  invalidArgument: 3,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  failedPrecondition: 9,
  aborted: 10,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const
export type Code = (typeof code)[keyof typeof code]

export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: Code
  /** The short text for the caller, kept while `message` grows. */
  readonly external: string
  /** What went wrong, without what was being attempted. */
  readonly text: string
  /** What was being attempted, outermost first. */
  readonly steps: readonly string[]

  constructor(status: Code, text: string, external: string, steps: readonly string[] = []) {
    super([...steps, text].join(': '))
    this.code = status
    this.external = external
    this.text = text
    this.steps = steps
  }

  /** As Go's `Error()`: the steps, then what went wrong. */
  get chain(): string {
    return [...this.steps, this.text].join(': ')
  }

  /** The same refusal, told from one step further out. */
  within(doing: string): Refusal {
    return this.along([doing, ...this.steps])
  }

  /** The same refusal with other steps. */
  along(steps: readonly string[]): Refusal {
    return new Refusal(this.code, this.text, this.external, steps)
  }
}

/**
 * An error without a code in Go, which the server shows as an internal one, in the order in which
 * `%+v` prints it: the cause first. Its stack is left out.
 */
export class PlainRefusal extends Refusal {
  constructor(text: string, steps: readonly string[] = []) {
    super(code.internal, text, text, steps)
    this.message = `Internal error: ${[text, ...steps.toReversed()].join('\n')}`
  }
  override along(steps: readonly string[]): PlainRefusal {
    return new PlainRefusal(this.text, steps)
  }
}

export const invalid = (text: string) =>
  new Refusal(code.invalidArgument, `Invalid input error: ${text}`, text)

/** `InvalidInputError: TEXT: CAUSE`. */
export const invalidBecause = (cause: string, text: string) =>
  new Refusal(code.invalidArgument, `InvalidInputError: ${text}: ${cause}`, text)

export function notFound(kind: string, name: string): Refusal {
  const text = `${kind} ${name} not found`
  return new Refusal(code.notFound, `ResourceNotFoundError: ${text}`, text)
}

export const exists = (text: string) => new Refusal(code.alreadyExists, `Already exist error: ${text}`, text)

/** `Aborted`, which the gateway answers with 409. */
export const badRequest = (cause: string, text: string) =>
  new Refusal(code.aborted, `BadRequestError: ${text}: ${cause}`, text)

export const failedPrecondition = (cause: string, text: string) =>
  new Refusal(code.failedPrecondition, `FailedPreconditionError: ${text}: ${cause}`, text)

export const unauthenticated = (cause: string, text: string) =>
  new Refusal(code.unauthenticated, `Unauthenticated: ${text}: ${cause}`, text)

export const permissionDenied = (cause: string, text: string) =>
  new Refusal(code.permissionDenied, `PermissionDenied: ${text}: ${cause}`, text)

/** Also what Pipelines calls some of the caller's own mistakes; those keep their cause in the text. */
export const internal = (cause: string, text: string) =>
  new Refusal(code.internal, `InternalServerError: ${text}: ${cause}`, 'Internal Server Error')

export const unavailable = (cause: string, text: string) =>
  new Refusal(code.unavailable, `ServiceUnavailable: ${text}: ${cause}`, 'Service unavailable')

/** Runs `work`; a refusal in it is told as having happened while `doing` something. */
export async function within<T>(doing: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof Refusal ? error.within(doing) : error
  }
}

/** `within` for work that does not wait. */
export function withinNow<T>(doing: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof Refusal ? error.within(doing) : error
  }
}

/** Runs `work`; a refusal in it becomes an internal error about `doing`, as Pipelines does in places. */
export async function asInternal<T>(doing: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof Refusal ? internal(error.message, doing) : error
  }
}
