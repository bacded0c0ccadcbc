import type {
  AskDecision,
  CheckAnswer,
  Context,
  Decision,
  DoorRequest,
  ForwardDecision,
  HeaderList,
} from '../policy/index.ts'
import { foldName } from './client-headers.ts'
import type { Refusal } from './exchange.ts'
import { laxReading } from './lax-reading.ts'
import type { DoorPort, ListenerSpec } from './options.ts'
import type { RequestBody } from './request-body.ts'

export type Final = Exclude<Decision, AskDecision>

type Verified = Context['verified']

/** What was decided, or why nothing was. */
export type Outcome = { readonly decision: Final } | { readonly refusal: Refusal }

/** Kubeflow's doors ask once; a chain of this many providers is a mistake somewhere. */
const MOST_CHECKS = 16

/** Sent as the answer of a provider that gave none: the engine knows what a failed check means. */
const noAnswer: CheckAnswer = { status: 0, headers: [], failure: 'reset' }

/**
 * Decides a request, asking providers on the way. Decision invariance: where the request's laxest
 * reading is another one, both are decided side by side, and unless they come to the same verdict,
 * workload and identity, the request is refused. Otherwise a path that the policy reads as exempt
 * and the workload reads as protected would pass.
 */
export function deliberate(
  door: DoorPort,
  sent: DoorRequest,
  options: DeliberateOptions,
): Outcome | Promise<Outcome> {
  return new Deliberation(door, sent, options).run()
}

interface DeliberateOptions {
  readonly listener: ListenerSpec
  readonly invariant: boolean
  readonly identity: ReadonlySet<string>
  readonly now: () => number
  readonly caller: Caller
  /** The request's body, for providers that want to see it. */
  readonly body?: RequestBody | undefined
}

/** Whose request it is. */
export interface Caller {
  /** `asking` wants to be told when the client goes away. */
  wait(asking: { gone(): void }): void
  /** Lets a client that waits send its body. */
  proceed(): void
}

/** Nothing waits for a promise where the door has everything at hand; only then is one made. */
class Deliberation {
  readonly #door: DoorPort
  readonly #options: DeliberateOptions
  readonly #answers: CheckAnswer[] = []
  readonly #random = Math.random()
  #request: DoorRequest
  #lax: DoorRequest | undefined

  constructor(door: DoorPort, sent: DoorRequest, options: DeliberateOptions) {
    this.#door = door
    this.#options = options
    this.#request = sent
    this.#lax = options.invariant ? laxReading(sent) : undefined
  }

  run(): Outcome | Promise<Outcome> {
    for (;;) {
      const verified = this.#door.verify(this.#request, this.#answers, this.#options.listener)
      const outcome = typeof verified === 'function' ? this.#decide(verified) : this.#decideLater(verified)
      if (outcome !== undefined) return outcome
    }
  }

  async #decideLater(verified: Promise<Verified>): Promise<Outcome> {
    return this.#decide(await verified) ?? this.run()
  }

  /** `undefined` = there is more to decide by now. */
  #decide(verified: Verified): Outcome | Promise<Outcome> | undefined {
    const { listener, now, body, caller, identity } = this.#options
    const answers = this.#answers
    const context = { answers, now: Math.floor(now() / 1000), verified, random: this.#random }
    const decision = this.#door.decide(this.#request, context, listener)
    if (this.#lax) {
      const other = this.#door.decide(this.#lax, context, listener)
      if (!sameDecision(decision, other, identity)) return { refusal: ambiguous }
    }
    if (decision.kind !== 'ask') return { decision }
    if (answers.length === MOST_CHECKS) return { refusal: tooManyChecks }
    const { wantsBody } = decision.check
    if (wantsBody && body && this.#request.body === undefined) {
      caller.proceed()
      return this.#holdBody(body, wantsBody.maxBytes)
    }
    const carried =
      decision.check.body === undefined ? undefined : body?.bytes.subarray(0, wantsBody?.maxBytes)
    const asking = new Asking()
    caller.wait(asking)
    const answer = asking.ask(this.#door, decision, carried)
    if (answer instanceof Promise) return this.#answerLater(answer)
    answers.push(answer)
    return undefined
  }

  async #answerLater(answer: Promise<CheckAnswer>): Promise<Outcome> {
    this.#answers.push(await answer)
    return this.run()
  }

  async #holdBody(body: RequestBody, most: number): Promise<Outcome> {
    if (!(await body.hold(most))) return { refusal: bodyCutOff }
    this.#request = { ...this.#request, body: body.bytes }
    this.#lax &&= { ...this.#lax, body: body.bytes }
    return this.run()
  }
}

/** One question to a provider. Its signal is made when somebody reads it. */
class Asking {
  #abort: AbortController | undefined
  #late = false

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    return this.#abort.signal
  }

  gone(): void {
    this.#abort?.abort()
  }

  ask(door: DoorPort, { check }: AskDecision, body: Buffer | undefined): CheckAnswer | Promise<CheckAnswer> {
    try {
      const answer = door.ask(check, this, body)
      return answer instanceof Promise ? this.#within(check.timeoutMs, answer) : answer
    } catch {
      return noAnswer
    }
  }

  /** A provider that is too late has not answered. */
  async #within(timeoutMs: number, answer: Promise<CheckAnswer>): Promise<CheckAnswer> {
    const giveUp = () => {
      this.#late = true
      this.#abort?.abort()
    }
    const timer = timeoutMs > 0 ? setTimeout(giveUp, timeoutMs) : undefined
    try {
      return await answer
    } catch {
      return this.#late ? { ...noAnswer, failure: 'timeout' } : noAnswer
    } finally {
      clearTimeout(timer)
    }
  }
}

function sameDecision(one: Decision, other: Decision, identity: ReadonlySet<string>): boolean {
  if (one.kind === 'forward' && other.kind === 'forward') {
    return (
      one.upstream === other.upstream && one.method === other.method && sameIdentity(one, other, identity)
    )
  }
  if (one.kind === 'reply' && other.kind === 'reply') {
    // A redirect names the path it was asked for; whoever follows it is judged again.
    return one.status === other.status
  }
  if (one.kind === 'ask' && other.kind === 'ask') return one.check.provider === other.check.provider
  return one.kind === other.kind
}

function sameIdentity(one: ForwardDecision, other: ForwardDecision, identity: ReadonlySet<string>): boolean {
  const said = (headers: HeaderList) =>
    headers
      .filter(([name]) => identity.has(foldName(name)))
      .map(([name, value]) => `${foldName(name)}:${value}`)
      .sort()
      .join('\n')
  return said(one.headers) === said(other.headers)
}

const ambiguous: Refusal = {
  status: 400,
  reason: 'ambiguous-request',
  body: 'KFD1501: this request can be read in two ways, and they are not allowed the same\n',
}
const bodyCutOff: Refusal = { status: 408, reason: 'body-cut-off', body: 'request timeout', close: true }
const tooManyChecks: Refusal = { status: 500, reason: 'too-many-checks' }
