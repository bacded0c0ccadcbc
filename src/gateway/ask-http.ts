import type { Check, CheckAnswer, HeaderList } from '../policy/index.ts'
import type { FlatHeaders } from './exchange.ts'
import { headerBytes } from './header-bytes.ts'
import { defaultLimits } from './options.ts'
import { http1Transport } from './transport-http1.ts'
import type { Receiver } from './upstream.ts'

/** An authorizer that answers more than this is broken. Bytes. */
const largestAnswer = 1024 * 1024

export interface HttpAuthorizer {
  ask(check: Check, signal: AbortSignal, body?: Buffer): Promise<CheckAnswer>
  close(): Promise<void>
}

const failed: CheckAnswer = { status: 0, headers: [], failure: 'reset' }

/**
 * Asks an authorizer over HTTP, as Envoy's `envoyExtAuthzHttp` does; no answer is a failure. The check
 * is sent as the engine made it; nothing is followed.
 */
export function httpAuthorizer(url: string): HttpAuthorizer {
  const transport = http1Transport({ kind: 'origin', url }, defaultLimits)
  return {
    ask: (check, signal, body) =>
      new Promise((resolve) => {
        const { method, path, host } = check
        const headers: FlatHeaders = []
        for (const [name, value] of check.headers) headers.push(name, headerBytes(value))
        const answer = new Answer((told) => {
          signal.removeEventListener('abort', giveUp)
          resolve(told)
        })
        const sending = transport.send({ method, path, host, headers, body, receiver: answer })
        const giveUp = () => {
          sending.cancel()
          answer.fail()
        }
        answer.giveUp = giveUp
        if (signal.aborted) giveUp()
        else signal.addEventListener('abort', giveUp, { once: true })
      }),
    close: () => transport.close(),
  }
}

/** Gathers one answer. */
class Answer implements Receiver {
  giveUp: (() => void) | undefined
  readonly #told: (answer: CheckAnswer) => void
  #over = false
  #status = 0
  #headers: HeaderList = []
  #parts: Buffer[] = []
  #size = 0

  constructor(told: (answer: CheckAnswer) => void) {
    this.#told = told
  }

  head(status: number, flat: FlatHeaders): void {
    this.#status = status
    const headers: [string, string][] = []
    for (let at = 0; at < flat.length; at += 2) headers.push([flat[at] as string, flat[at + 1] as string])
    this.#headers = headers
  }

  data(chunk: Buffer): boolean {
    this.#size += chunk.length
    if (this.#size <= largestAnswer) this.#parts.push(chunk)
    else this.giveUp?.()
    return true
  }

  end(): void {
    this.#settle({
      status: this.#status,
      headers: this.#headers,
      body: Buffer.concat(this.#parts).toString(),
    })
  }

  fail(): void {
    this.#settle(failed)
  }

  #settle(answer: CheckAnswer): void {
    if (this.#over) return
    this.#over = true
    this.#told(answer)
  }
}
