import type { Clock } from '../base/index.ts'
import { refuse } from './answer.ts'
import type { Current } from './current.ts'
import { deliberate, type Final, type Outcome } from './deliberate.ts'
import type { Exchange, Refusal } from './exchange.ts'
import type { OpenListeners } from './open-listeners.ts'
import type { Limits } from './options.ts'
import type { RequestBody } from './request-body.ts'
import { bareHost, doorRequest, originForm, strictRefusal } from './strict.ts'
import type { Turn } from './turn.ts'

/**
 * From an exchange to a decision: the request is read strictly, what clients may not say is dropped,
 * and the door is asked. What cannot be read is answered here, and then nothing is decided.
 */
export class Decider {
  readonly #strict: boolean
  readonly #limits: Limits
  readonly #clock: Clock
  readonly #listeners: Pick<OpenListeners, 'outsideOf'>

  constructor(strict: boolean, limits: Limits, clock: Clock, listeners: Pick<OpenListeners, 'outsideOf'>) {
    this.#strict = strict
    this.#limits = limits
    this.#clock = clock
    this.#listeners = listeners
  }

  /** undefined = it was answered. A promise only where a provider has to be waited for. */
  decide(
    turn: Turn,
    current: Current,
    body: RequestBody | undefined,
  ): Final | undefined | Promise<Final | undefined> {
    const { exchange } = turn
    const wrong = exchange.fault ?? (this.#strict ? strictRefusal(exchange, this.#limits) : undefined)
    if (wrong) return stop(turn, wrong)
    let { host, target, headers } = exchange
    if (this.#strict) {
      if (target === '*') return stop(turn, optionsOfServer)
      const origin = originForm(target, host)
      if (origin === undefined) return stop(turn, { status: 400, reason: 'authority-is-not-host' })
      target = origin
      host = this.#withoutOwnPort(exchange, host)
      headers = current.filter(headers)
    }
    const outcome = deliberate(current.door, doorRequest(exchange, host, target, headers), {
      listener: exchange.connection.listener,
      invariant: this.#strict,
      identity: current.identity,
      now: this.#clock,
      caller: turn,
      body,
    })
    return outcome instanceof Promise ? judgedLater(turn, outcome) : judged(turn, outcome)
  }

  /** A door on 8443 stands for one on 443: its port in Host is a matter of this machine only. */
  #withoutOwnPort(exchange: Exchange, host: string): string {
    const bare = bareHost(host)
    if (bare.length === host.length) return host
    const { gateway } = exchange.connection.listener
    const port = Number(host.slice(bare.length + 1))
    const { meshPort } = exchange.connection.listener
    return this.#listeners.outsideOf(gateway)?.ports[meshPort] === port ? host.slice(0, bare.length) : host
  }
}

const optionsOfServer: Refusal = {
  status: 200,
  reason: 'options-of-the-server',
  headers: ['allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'],
}

function stop(turn: Turn, refusal: Refusal): undefined {
  turn.reason = refusal.reason
  refuse(turn.exchange, refusal)
}

function judged(turn: Turn, outcome: Outcome): Final | undefined {
  if ('refusal' in outcome) return stop(turn, outcome.refusal)
  turn.verdict = outcome.decision.verdict
  turn.reason = outcome.decision.reason
  return outcome.decision
}

async function judgedLater(turn: Turn, outcome: Promise<Outcome>): Promise<Final | undefined> {
  return judged(turn, await outcome)
}
