import type { Readable } from 'node:stream'
import type { HeaderList } from '../policy/index.ts'
import type { Connection } from './connection.ts'

/** Names and values in turn, as node's raw headers; names in lower case where they are ours. */
export type FlatHeaders = string[]

/**
 * One request and its answer, whichever protocol carries it. Nothing here knows about policy or
 * upstreams; it only keeps HTTP/1.1 and HTTP/2 apart.
 */
export interface Exchange {
  readonly connection: Connection
  readonly protocol: 'HTTP/1.1' | 'HTTP/2'
  readonly method: string
  /** As sent. */
  readonly target: string
  /** `:authority` or Host, as sent; empty when there was none. */
  readonly host: string
  /** Without Host and pseudo-headers. */
  readonly headers: HeaderList
  /** What the protocol alone finds wrong with the request. */
  readonly fault?: Refusal
  /** The body's stream; undefined = there is none. */
  readonly body: Readable | undefined
  /** Trailers of the request, once the body has ended. HTTP/2 only. */
  readonly requestTrailers: () => HeaderList
  /** Whether the client is gone, or the answer was cut off. */
  readonly gone: boolean
  /** Told once when the client goes away before the answer has ended. */
  onGone: { gone(): void } | undefined
  /** Told once when the answer has left, or never will. */
  onDone: { done(): void } | undefined
  /** The status that was sent; 0 = none yet. */
  readonly status: number

  /** Tells a client that waits with its body to send it (RFC 9110 §10.1.1). */
  continue(): void
  /** A whole answer at once. */
  reply(status: number, headers: FlatHeaders, body: string | Buffer): void
  /** An answer that is only a head: to HEAD, 304, or gRPC's "trailers only". */
  bare(status: number, headers: FlatHeaders): void
  /** The head of an answer; `write` and `end` follow. With `trailers` the end brings some. */
  start(status: number, headers: FlatHeaders, trailers: boolean): void
  /** False = wait for `onDrain`. */
  write(chunk: Buffer): boolean
  onDrain(call: () => void): void
  end(chunk?: Buffer, trailers?: HeaderList): void
  /** Cuts the answer off so that the client can tell. */
  abort(): void
}

/** An answer the gateway gives by itself. */
export interface Refusal {
  readonly status: number
  /** Stable, for the log. */
  readonly reason: string
  readonly body?: string
  readonly headers?: FlatHeaders
  /** Nothing more is read from this connection. */
  readonly close?: boolean
}
