import type { Readable } from 'node:stream'
import type { ForwardDecision, HeaderList } from '../policy/index.ts'
import { answerHeaders, finishHead, type Outside } from './answer.ts'
import type { Exchange, FlatHeaders } from './exchange.ts'
import { mostKept, type RequestBody } from './request-body.ts'
import { requestHeaders } from './request-out.ts'
import { RetryPolicy } from './retry.ts'
import { type Failure, failureAnswer, type Receiver, type Sending, type Transport } from './upstream.ts'

/** Bytes a second of a body whose length was declared; a modem had thirty times as many. */
const LEAST_RATE = 100

export interface ForwardOptions {
  readonly id: string
  readonly outside: Outside | undefined
  readonly bodyIdleMs: number
  readonly body: RequestBody | undefined
  readonly mirrors: readonly Mirror[]
}

/** A workload that gets the request too, and whose answer nobody reads. */
export interface Mirror {
  readonly transport: Transport
  readonly host: string
}

/**
 * Carries one decided request to its upstream and the answer back, with the route's timeout and
 * retries. A request whose body has begun to leave is never sent a second time.
 */
export class Forward implements Receiver {
  readonly #exchange: Exchange
  readonly #decision: ForwardDecision
  readonly #transport: Transport
  readonly #options: ForwardOptions
  readonly #begun = performance.now()
  readonly #retry: RetryPolicy
  #body: Readable | Buffer | undefined
  #sending: Sending | undefined
  #attempt = 0
  #headed = false
  #over = false
  #route: NodeJS.Timeout | undefined
  #try: NodeJS.Timeout | undefined
  #idle: NodeJS.Timeout | undefined
  /** Bytes of the body still to come, where the answer says how many; -1 = not said. */
  #left = -1
  #held: FlatHeaders | undefined
  #trailers = false
  #answered = 0

  constructor(exchange: Exchange, decision: ForwardDecision, transport: Transport, options: ForwardOptions) {
    this.#exchange = exchange
    this.#decision = decision
    this.#transport = transport
    this.#options = options
    this.#retry = new RetryPolicy(decision)
  }

  start(): void {
    const { timeoutMs } = this.#decision
    const { body, mirrors } = this.#options
    const exchange = this.#exchange
    exchange.onGone = this
    if (timeoutMs) this.#route = setTimeout(() => this.#late(), timeoutMs)
    exchange.continue()
    if (!body) this.#send()
    else if (!body.whole && (mirrors.length > 0 || this.#retry.byAnswer) && isShort(exchange)) {
      // To be sent more than once it has to be had as a whole.
      void body.hold(mostKept).then((sound) => {
        if (this.#over) return
        if (sound) this.#sendBody(body)
        else this.#answer(408, 'request timeout')
      })
    } else this.#sendBody(body)
  }

  #sendBody(body: RequestBody): void {
    this.#body = body.send()
    if (!Buffer.isBuffer(this.#body)) this.#watchBody(this.#exchange)
    this.#send()
  }

  #send(): void {
    const { retries, method, path, host } = this.#decision
    const exchange = this.#exchange
    const attempt = ++this.#attempt
    if (retries?.perTryTimeoutMs) {
      this.#try = setTimeout(() => this.#lateTry(), retries.perTryTimeoutMs)
    }
    const outgoing = {
      remoteAddress: exchange.connection.remoteAddress,
      trailers: () => exchange.requestTrailers(),
      method,
      path,
      host,
      headers: requestHeaders(exchange, this.#decision, this.#options.id, attempt),
      body: this.#body,
      receiver: new Attempt(this, attempt),
    }
    this.#sending = this.#transport.send(outgoing)
    if (attempt > 1 || (this.#body && !Buffer.isBuffer(this.#body))) return
    for (const mirror of this.#options.mirrors) {
      mirror.transport.send({ ...outgoing, host: mirror.host, receiver: unheard })
    }
  }

  #again(): void {
    clearTimeout(this.#try)
    // Envoy waits up to 25 ms, doubling, with jitter.
    setTimeout(
      () => !this.#over && this.#send(),
      Math.random() * Math.min(250, 25 * 2 ** (this.#attempt - 1)),
    )
  }

  /** Whether what an attempt says still counts. */
  current(attempt: number): boolean {
    return !this.#over && attempt === this.#attempt
  }

  get #resendable(): boolean {
    return !this.#exchange.gone && (this.#body === undefined || Buffer.isBuffer(this.#body))
  }

  #lateTry(): void {
    if (this.#over || this.#headed) return
    const sending = this.#sending
    if (this.#resendable && this.#retry.afterLateTry(this.#attempt)) this.#again()
    else this.#late()
    sending?.cancel()
  }

  head(status: number, headers: FlatHeaders, then: 'body' | 'trailers' | 'nothing'): void {
    if (this.#over) return
    clearTimeout(this.#try)
    if (this.#resendable && this.#retry.afterAnswer(status, headers, this.#attempt)) {
      const sending = this.#sending
      this.#again()
      sending?.cancel()
      return
    }
    this.#headed = true
    this.#answered = status
    const exchange = this.#exchange
    this.#trailers = then === 'trailers' && exchange.protocol === 'HTTP/2'
    for (let at = 0; at < headers.length; at += 2) {
      if (headers[at] === 'content-length') this.#left = Number(headers[at + 1])
    }
    // Kept back until the first byte or the end, so that a short answer leaves in one write.
    this.#held = finishHead(
      exchange,
      this.#options.outside,
      answerHeaders(headers, this.#decision.response, performance.now() - this.#begun),
    )
    if (this.#trailers || (this.#left < 0 && then !== 'nothing')) this.#release()
  }

  #release(): void {
    if (!this.#held) return
    this.#exchange.start(this.#answered, this.#held, this.#trailers)
    this.#held = undefined
  }

  data(chunk: Buffer): boolean {
    if (this.#over) return true
    this.#release()
    if (this.#left === chunk.length && !this.#trailers) {
      this.#finish(chunk)
      return true
    }
    if (this.#left > 0) this.#left -= chunk.length
    if (this.#exchange.write(chunk)) return true
    this.#exchange.onDrain(() => this.#sending?.resume())
    return false
  }

  end(trailers?: HeaderList): void {
    if (this.#over) return
    if (!this.#held) {
      this.#finish(undefined, trailers)
      return
    }
    this.#over = true
    this.#clear()
    this.#exchange.onGone = undefined
    this.#exchange.bare(this.#answered, this.#held)
  }

  #finish(chunk?: Buffer, trailers?: HeaderList): void {
    this.#over = true
    this.#clear()
    this.#exchange.onGone = undefined
    this.#exchange.end(chunk, trailers)
  }

  fail(failure: Failure): void {
    if (this.#over) return
    clearTimeout(this.#try)
    if (this.#headed) {
      // Half an answer must not look like a whole one.
      this.#over = true
      this.#clear()
      if (this.#held) ownAnswer(this.#exchange, 502, failureAnswer(failure, false).body)
      else this.#exchange.abort()
      return
    }
    if (this.#resendable && this.#retry.afterFailure(failure, this.#attempt)) {
      this.#again()
      return
    }
    const { status, body } = failureAnswer(failure, this.#attempt > 1)
    this.#answer(status, body)
  }

  #late(): void {
    if (this.#over) return
    // The answer first: giving up a body takes its connection from the request.
    if (this.#headed && !this.#held) {
      this.#over = true
      this.#clear()
      this.#exchange.abort()
    } else this.#answer(504, 'upstream request timeout')
    this.#sending?.cancel()
  }

  #answer(status: number, body: string): void {
    this.#over = true
    this.#clear()
    this.#exchange.onGone = undefined
    ownAnswer(this.#exchange, status, body)
  }

  /** The client is gone. */
  gone(): void {
    if (this.#over) return
    this.#over = true
    this.#clear()
    this.#sending?.cancel()
  }

  /** An upload that stands still is cut off; one that we hold back ourselves is not. */
  #watchBody(exchange: Exchange): void {
    const { body } = exchange
    if (!body) return
    const { bodyIdleMs } = this.#options
    const expire = () => {
      if (this.#over) return
      if (body.readableLength > 0 || body.isPaused()) {
        this.#idle = setTimeout(expire, bodyIdleMs)
        return
      }
      if (this.#headed && !this.#held) {
        this.#over = true
        this.#clear()
        exchange.abort()
      } else this.#answer(408, 'request timeout')
      this.#sending?.cancel()
    }
    this.#idle = setTimeout(expire, bodyIdleMs)
    // Who says how much will come and sends it byte by byte holds a connection, not a conversation.
    const declared =
      exchange.protocol === 'HTTP/1.1' && exchange.headers.some(([name]) => /^content-length$/i.test(name))
    let since = performance.now()
    let bytes = 0
    const fresh = (chunk: Buffer) => {
      this.#idle?.refresh()
      if (!declared) return
      bytes += chunk.length
      const now = performance.now()
      if (now - since < bodyIdleMs) return
      if (bytes * 1000 < LEAST_RATE * (now - since)) return expire()
      since = now
      bytes = 0
    }
    // `data` would set it flowing before anybody reads; undici and pipes do so when they are ready.
    body.once('resume', () => body.on('data', fresh))
    body.once('end', () => clearTimeout(this.#idle))
  }

  #clear(): void {
    clearTimeout(this.#route)
    clearTimeout(this.#try)
    clearTimeout(this.#idle)
  }
}

/** Known to end before long: a body whose length is said and small, and that is no gRPC call's. */
function isShort(exchange: Exchange): boolean {
  let length: number | undefined
  for (const [name, value] of exchange.headers) {
    const lower = name.toLowerCase()
    if (lower === 'content-type' && value.startsWith('application/grpc')) return false
    if (lower === 'content-length') length = Number(value)
  }
  return length !== undefined && length <= mostKept
}

/** One attempt's ear: once another has begun, or the answer was given, nothing it tells is heard. */
class Attempt implements Receiver {
  readonly #forward: Forward
  readonly #number: number

  constructor(forward: Forward, number: number) {
    this.#forward = forward
    this.#number = number
  }

  head(...told: Parameters<Receiver['head']>): void {
    if (this.#forward.current(this.#number)) this.#forward.head(...told)
  }

  data(chunk: Buffer): boolean {
    return this.#forward.current(this.#number) ? this.#forward.data(chunk) : true
  }

  end(trailers?: HeaderList): void {
    if (this.#forward.current(this.#number)) this.#forward.end(trailers)
  }

  fail(failure: Failure): void {
    if (this.#forward.current(this.#number)) this.#forward.fail(failure)
  }
}

const unheard: Receiver = { head: () => {}, data: () => true, end: () => {}, fail: () => {} }

/** Envoy's codes for its own answers to gRPC callers (`source/common/grpc/status.cc`). */
const grpcStatus: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
}

/** An answer the gateway makes by itself; a gRPC caller gets it as a status of its protocol. */
export function ownAnswer(exchange: Exchange, status: number, body: string): void {
  if (exchange.gone) return
  const type = exchange.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  if (/^application\/grpc(?:[+;]|$)/.test(type)) {
    exchange.reply(
      200,
      [
        'content-type', 'application/grpc', 'grpc-status', String(grpcStatus[status] ?? 2),
        'grpc-message', encodeURIComponent(body).replaceAll('%20', ' '), 'server', 'istio-envoy',
      ], // biome-ignore format: pairs
      '',
    )
    return
  }
  const headers: FlatHeaders = body === '' ? [] : ['content-type', 'text/plain']
  headers.push('server', 'istio-envoy')
  exchange.reply(status, headers, body)
}
