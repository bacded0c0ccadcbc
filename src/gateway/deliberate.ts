import type {
  AskDecision,
  CheckAnswer,
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
export async function deliberate(
  door: DoorPort,
  sent: DoorRequest,
  options: {
    readonly listener: ListenerSpec
    readonly invariant: boolean
    readonly identity: ReadonlySet<string>
    readonly now: () => number
    /** Aborted when the client goes away. */
    readonly abort: () => AbortController
    /** The request's body, for providers that want to see it. */
    readonly body?: RequestBody | undefined
    /** Lets a client that waits send its body. */
    readonly proceed?: () => void
  },
): Promise<Outcome> {
  const { listener, body } = options
  const answers: CheckAnswer[] = []
  const random = Math.random()
  let request = sent
  let lax = options.invariant ? laxReading(request) : undefined
  for (;;) {
    const verifying = door.verify(request, answers, listener)
    const verified = typeof verifying === 'function' ? verifying : await verifying
    const context = { answers, now: Math.floor(options.now() / 1000), verified, random }
    const decision = door.decide(request, context, listener)
    if (lax) {
      const other = door.decide(lax, context, listener)
      if (!sameDecision(decision, other, options.identity)) return { refusal: ambiguous }
    }
    if (decision.kind !== 'ask') return { decision }
    if (answers.length === MOST_CHECKS) return { refusal: tooManyChecks }
    const { wantsBody } = decision.check
    if (wantsBody && body && request.body === undefined) {
      options.proceed?.()
      if (!(await body.hold(wantsBody.maxBytes))) return { refusal: bodyCutOff }
      request = { ...request, body: body.bytes }
      lax &&= { ...lax, body: body.bytes }
      continue
    }
    const carried =
      decision.check.body === undefined ? undefined : body?.bytes.subarray(0, wantsBody?.maxBytes)
    answers.push(await ask(door, decision, options.abort(), carried))
  }
}

/** A provider that is too late has not answered. */
async function ask(
  door: DoorPort,
  { check }: AskDecision,
  abort: AbortController,
  body: Buffer | undefined,
): Promise<CheckAnswer> {
  let late = false
  const giveUp = () => {
    late = true
    abort.abort()
  }
  const timer = check.timeoutMs > 0 ? setTimeout(giveUp, check.timeoutMs) : undefined
  try {
    return await door.ask(check, abort.signal, body)
  } catch {
    return late ? { ...noAnswer, failure: 'timeout' } : noAnswer
  } finally {
    clearTimeout(timer)
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
