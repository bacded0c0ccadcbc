import type { ForwardDecision } from '../policy/index.ts'
import type { FlatHeaders } from './exchange.ts'
import type { Failure } from './upstream.ts'

/** Without a route's own policy Istio tries twice more (`route/retry.go`, defaultRetryPolicy). */
const defaultRetries = { attempts: 2, on: 'connect-failure,refused-stream,unavailable,cancelled' }

/** RFC 9110 §9.2.2. */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** Codes of `grpc-status` by the words of `retryOn`. */
const grpcCodes: Readonly<Record<string, string>> = {
  cancelled: '1',
  'deadline-exceeded': '4',
  'resource-exhausted': '8',
  internal: '13',
  unavailable: '14',
}

const answers = /5xx|gateway-error|reset|retriable-4xx|\d{3}/

/** Whether a request is sent once more; agrees with Envoy's `source/common/router/retry_state_impl.cc`. */
export class RetryPolicy {
  readonly #attempts: number
  readonly #on: ReadonlySet<string>
  readonly #method: string
  /** Whether an answer can be a reason, so that a body has to be kept; a call's own status alone is none. */
  readonly byAnswer: boolean

  constructor({ retries = defaultRetries, method }: Pick<ForwardDecision, 'retries' | 'method'>) {
    this.#attempts = retries.attempts
    this.#method = method
    this.#on = conditions(retries.on)
    this.byAnswer = retries.attempts > 0 && answers.test(retries.on)
  }

  /** @param attempt how many there were */
  afterFailure(failure: Failure, attempt: number): boolean {
    if (attempt > this.#attempts) return false
    const on = this.#on
    switch (failure.kind) {
      case 'connect':
      case 'connect-timeout':
        return on.has('connect-failure') || on.has('gateway-error') || on.has('5xx') || on.has('reset')
      case 'refused-stream':
        return on.has('refused-stream') || on.has('gateway-error') || on.has('5xx') || on.has('reset')
      case 'reset':
        if (on.has('reset') || on.has('5xx') || on.has('gateway-error')) return true
        // A kept-alive connection may end under a request; Envoy notices before it sends, Node after.
        return attempt === 1 && idempotent.has(this.#method)
      case 'protocol':
        return on.has('reset') || on.has('5xx') || on.has('gateway-error')
    }
  }

  /** One attempt took too long (`perTryTimeout`). */
  afterLateTry(attempt: number): boolean {
    const on = this.#on
    return attempt <= this.#attempts && (on.has('reset') || on.has('5xx') || on.has('gateway-error'))
  }

  afterAnswer(status: number, headers: FlatHeaders, attempt: number): boolean {
    if (attempt > this.#attempts) return false
    const on = this.#on
    if (status >= 500 && status < 600 && on.has('5xx')) return true
    if (status >= 502 && status <= 504 && on.has('gateway-error')) return true
    if (status === 409 && on.has('retriable-4xx')) return true
    if (on.has(String(status))) return true
    const grpc = headers.indexOf('grpc-status')
    if (grpc === -1 || grpc % 2 === 1) return false
    for (const name in grpcCodes) if (on.has(name) && headers[grpc + 1] === grpcCodes[name]) return true
    return false
  }
}

const known = new Map<string, ReadonlySet<string>>()

/** `retryOn` as a set; meshes have a handful of them. */
function conditions(text: string): ReadonlySet<string> {
  let set = known.get(text)
  if (!set) {
    set = new Set(text.split(',').map((each) => each.trim()))
    if (known.size < 256) known.set(text, set)
  }
  return set
}
