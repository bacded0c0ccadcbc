import { PassThrough, type Readable } from 'node:stream'
import { Pool } from 'undici'
import type { Limits, Upstream } from './options.ts'
import { failureOf, type Outgoing, type Receiver, type Sending, type Transport } from './upstream.ts'

type Origin = Extract<Upstream, { kind: 'origin' }>

/** undici's handler and controller, as far as they are used here. */
interface Controller {
  readonly rawHeaders?: unknown
  abort(reason: Error): void
  pause(): void
  resume(): void
}

const cancelled = new Error('the answer is no longer wanted')

/**
 * HTTP/1.1 to one origin over kept-alive connections. The message is rebuilt from its parts by
 * undici, so what was parsed here is what is sent there. Nothing is followed and nothing inflated.
 */
export function http1Transport(origin: Origin, limits: Limits): Transport {
  const { protocol, host, hostname } = new URL(origin.url)
  const pool = new Pool(`${protocol}//${host}`, {
    connections: 256,
    pipelining: 1,
    allowH2: false,
    // Timeouts belong to routes; Envoy has none of its own.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 30_000,
    keepAliveMaxTimeout: 600_000,
    maxHeaderSize: 64 * 1024,
    connect: {
      timeout: limits.connectMs,
      ...(origin.tls && { ca: origin.tls.caPem, servername: origin.tls.serverName ?? hostname }),
    },
  })
  return {
    send: (outgoing) => {
      const one = new Http1Sending(outgoing)
      const { method, path, exchange } = outgoing
      try {
        pool.dispatch(
          {
            method: method as 'GET',
            path,
            headers: ['host', outgoing.host, ...outgoing.headers],
            body: exchange.body ? bodyOf(exchange.body, exchange.protocol) : null,
            // A stream that failed half-way must not be sent again by undici itself.
            idempotent: false,
          },
          one,
        )
      } catch (error) {
        queueMicrotask(() => one.onResponseError(undefined, error as Error))
      }
      return one
    },
    close: () => pool.destroy(),
  }
}

/**
 * undici destroys a body it has read to the end. A message of HTTP/1 does not mind; a stream of HTTP/2
 * is the answer's way back too, so it lends its bytes only.
 */
function bodyOf(body: Readable, protocol: Outgoing['exchange']['protocol']): Readable {
  if (protocol !== 'HTTP/2') return body
  const lent = new PassThrough()
  body.on('data', (chunk: Buffer) => {
    if (!lent.write(chunk)) body.pause()
  })
  lent.on('drain', () => body.resume())
  body.once('end', () => lent.end())
  body.once('close', () => {
    // Cut off before its end: the upstream must not take it for whole.
    if (!body.readableEnded) lent.destroy(new Error('the request was cut off'))
  })
  return lent
}

class Http1Sending implements Sending {
  readonly #receiver: Receiver
  #controller: Controller | undefined
  #cancelled = false
  #settled = false

  constructor(outgoing: Outgoing) {
    this.#receiver = outgoing.receiver
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    if (this.#cancelled) controller.abort(cancelled)
  }

  onRequestUpgrade(controller: Controller): void {
    controller.abort(new Error('an upgrade nobody asked for'))
  }

  onResponseStart(controller: Controller, status: number): void {
    // 1xx answers belong to the connection between us and the upstream.
    if (status < 200) return
    const raw = controller.rawHeaders as readonly (Buffer | string)[]
    const headers: string[] = []
    for (let at = 0; at < raw.length; at += 2) {
      headers.push(text(raw[at]).toLowerCase(), text(raw[at + 1]))
    }
    this.#receiver.head(status, headers, 'body')
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (!this.#receiver.data(chunk)) controller.pause()
  }

  onResponseEnd(): void {
    this.#settled = true
    this.#receiver.end()
  }

  onResponseError(_controller: Controller | undefined, error: Error): void {
    if (this.#settled || this.#cancelled) return
    this.#settled = true
    this.#receiver.fail(failureOf(error))
  }

  resume(): void {
    this.#controller?.resume()
  }

  cancel(): void {
    if (this.#settled || this.#cancelled) return
    this.#cancelled = true
    this.#controller?.abort(cancelled)
  }
}

/** Header bytes are latin1; decoding them as UTF-8 would lose some (CVE-2026-73552). */
const text = (part: Buffer | string | undefined): string =>
  typeof part === 'string' ? part : (part?.toString('latin1') ?? '')
