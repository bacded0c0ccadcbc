import type { At } from '../base/index.ts'
import { Attributes, type Claims } from './attributes.ts'
import type { Check, CheckAnswer, Context, HeaderList, Step } from './decision.ts'
import type { Rule } from './rule.ts'
import type { FilterCall, NormalizedRequest } from './seam.ts'

/** What a filter says when the request does not go on by itself. */
export type Stop =
  | { readonly kind: 'ask'; readonly check: Check; readonly reason: string }
  | {
      readonly kind: 'reply'
      readonly status: number
      readonly headers: HeaderList
      readonly body: string
      readonly reason: string
    }
  | { readonly kind: 'drop'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string }

/** One link of a proxy's filter chain. */
export interface HttpFilter {
  /** Envoy's name; EnvoyFilters place theirs by it. */
  readonly name: string
  /** The second name of a pair that runs as one. */
  readonly also?: string
  /** Which of the authorization filters it is: what it does follows from the rules of that action. */
  readonly phase?: 'custom' | 'audit' | 'deny' | 'allow'
  /** Of DENY and ALLOW: what they look at, in Envoy's order. */
  readonly rules?: readonly Rule[]
  run(flow: Flow): Stop | undefined
}

export interface NamedObject {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** One request on its way through the filters, with what they changed so far. */
export class Flow {
  readonly call: FilterCall
  readonly context: Context
  attributes: Attributes
  reroute = false
  reason = 'no-policy-applies'
  // Lists are made when there is something to put in: most requests put in nothing.
  #steps: Step[] | undefined = undefined
  #checks: Check[] | undefined = undefined
  #downstreamAdd: (readonly [string, string])[] | undefined = undefined
  #answered = 0

  constructor(call: FilterCall) {
    this.call = call
    this.context = call.context
    this.attributes = call.attributes ?? new Attributes(call.request)
  }

  get request(): NormalizedRequest {
    return this.attributes.source as NormalizedRequest
  }

  get trace(): boolean {
    return this.call.trace
  }

  get steps(): readonly Step[] {
    return this.#steps ?? none
  }

  get checks(): readonly Check[] {
    return this.#checks ?? none
  }

  /** For the client, beside the workload's own answer. */
  get downstreamAdd(): HeaderList {
    return this.#downstreamAdd ?? none
  }

  addDownstream(name: string, value: string): void {
    this.#downstreamAdd ??= []
    this.#downstreamAdd.push([name, value])
  }

  #check(check: Check): void {
    this.#checks ??= []
    this.#checks.push(check)
  }

  /** Later filters, routing and the workload see the request like this. */
  change(change: {
    readonly headers?: HeaderList
    readonly path?: string
    readonly host?: string
    readonly claims?: Claims
  }): void {
    const { request } = this
    const { headers = request.headers, path = request.path, host = request.host, claims } = change
    if (headers === request.headers && path === request.path && host === request.host) {
      this.attributes.claims = claims ?? this.attributes.claims
      return
    }
    const next = new Attributes({
      ...request,
      headers,
      path,
      host,
    } as NormalizedRequest)
    next.claims = claims ?? this.attributes.claims
    this.attributes = next
  }

  /** The answer to a check; undefined = it has to be asked first. */
  answer(check: Check): CheckAnswer | undefined {
    this.#check(check)
    return this.context.answers[this.#answered++]
  }

  /** The next answer where it is there and nobody wants to know to what: the question is not put together again. */
  answered(): CheckAnswer | undefined {
    if (this.trace) return undefined
    const answer = this.context.answers[this.#answered]
    if (answer === undefined) return undefined
    this.#answered++
    // It still counts as a check, for whoever hands answers on to the next proxy.
    this.#check(untold)
    return answer
  }

  step(
    phase: Step['phase'],
    outcome: Step['outcome'],
    reason: string,
    of?: {
      readonly object?: NamedObject
      readonly rule?: string
      readonly at?: At
      readonly text?: string
    },
  ): void {
    const object = of?.object
    this.#steps ??= []
    this.#steps.push({
      hop: this.call.hop,
      phase,
      ...(object && { object: { kind: object.kind, namespace: object.namespace, name: object.name } }),
      ...(of?.rule !== undefined && { rule: of.rule }),
      ...(of?.at && { at: of.at }),
      outcome,
      reason,
      ...(of?.text !== undefined && { text: of.text }),
    })
  }
}

const none: readonly never[] = []

const untold: Check = {
  provider: '',
  service: '',
  method: '',
  path: '',
  host: '',
  headers: [],
  protocol: 'http',
  timeoutMs: 0,
}

export const denied: Stop & { kind: 'reply' } = {
  kind: 'reply',
  status: 403,
  headers: [['content-type', 'text/plain']],
  body: 'RBAC: access denied',
  reason: 'denied',
}

/** A proxy's own answer: a type only where there is text, as Envoy's prepareLocalReply has it. */
export function localReply(
  status: number,
  body: string,
  reason: string,
  headers: HeaderList = [],
): Stop & { kind: 'reply' } {
  const others = body === '' ? headers.filter(([name]) => name !== 'content-type') : headers
  const typed = body === '' || others.some(([name]) => name === 'content-type')
  const type: HeaderList = typed ? [] : [['content-type', 'text/plain']]
  return { kind: 'reply', status, headers: [...type, ...others], body, reason }
}
