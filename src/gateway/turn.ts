import { randomUUID } from 'node:crypto'
import type { Clock } from '../base/index.ts'
import type { Caller, Final } from './deliberate.ts'
import type { Exchange } from './exchange.ts'
import type { LogEntry } from './options.ts'

/** What is told when a turn is over. */
interface Ear {
  over(turn: Turn): void
}

/** One request's way through the gateway, and what the log says of it. */
export class Turn implements Caller {
  readonly exchange: Exchange
  /** Also in `x-request-id` towards the upstream. */
  readonly id = randomUUID()
  verdict: Final['verdict'] | 'refused' = 'refused'
  reason = 'internal'
  upstream: string | undefined
  readonly #begun: number
  readonly #ear: Ear

  constructor(exchange: Exchange, begun: number, ear: Ear) {
    this.exchange = exchange
    this.#begun = begun
    this.#ear = ear
  }

  wait(asking: { gone(): void }): void {
    this.exchange.onGone = asking
  }

  proceed(): void {
    this.exchange.continue()
  }

  /** The answer has left, or never will. */
  done(): void {
    this.#ear.over(this)
  }

  entry(clock: Clock): LogEntry {
    const { exchange, upstream } = this
    const mark = exchange.target.indexOf('?')
    const { listener } = exchange.connection
    const entry = {
      id: this.id,
      at: this.#begun,
      gateway: listener.gateway,
      port: listener.meshPort,
      method: exchange.method,
      host: exchange.host,
      path: mark === -1 ? exchange.target : exchange.target.slice(0, mark),
      status: exchange.status,
      verdict: this.verdict,
      reason: this.reason,
      durationMs: clock() - this.#begun,
    }
    return upstream === undefined ? entry : { ...entry, upstream }
  }
}
