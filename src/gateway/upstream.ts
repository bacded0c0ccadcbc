import type { Readable } from 'node:stream'
import type { HeaderList } from '../policy/index.ts'
import type { FlatHeaders } from './exchange.ts'

/** Why no answer came, in Envoy's sorts (`source/common/http/utility.cc`, resetReasonToString). */
export type Failure =
  | { readonly kind: 'connect'; readonly detail: string }
  | { readonly kind: 'connect-timeout' }
  /** The connection ended or was reset; `reused` = it had served another request before. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'protocol' }
  | { readonly kind: 'refused-stream' }

/** What a transport tells while it talks to an upstream; each in this order, `end` or `fail` once. */
export interface Receiver {
  /**
   * Names in lower case, not yet freed of hop-by-hop fields. `then` says what may follow: a body, a
   * body with trailers behind it, or nothing at all.
   */
  head(status: number, headers: FlatHeaders, then: 'body' | 'trailers' | 'nothing'): void
  /** False = pause; the transport is resumed by `resume`. */
  data(chunk: Buffer): boolean
  end(trailers?: HeaderList): void
  fail(failure: Failure): void
}

/** The other direction. */
export interface Sending {
  resume(): void
  /** The answer is no longer wanted. Nothing is told after it. */
  cancel(): void
}

export interface Outgoing {
  /** Whom it is from, for workloads in this process. */
  readonly remoteAddress?: string
  /** Trailers of the request, once its body has ended. */
  readonly trailers?: () => HeaderList
  readonly method: string
  readonly path: string
  readonly host: string
  /** Names in lower case, without Host and without this connection's own fields. */
  readonly headers: FlatHeaders
  /** Bytes can be sent again, a stream cannot. undefined = there is none. */
  readonly body: Readable | Buffer | undefined
  readonly receiver: Receiver
}

/** A way to one place. */
export interface Transport {
  send(outgoing: Outgoing): Sending
  close(): Promise<void>
}

/** What Envoy writes for it (`source/common/router/router.cc`, onUpstreamReset). */
export function failureAnswer(failure: Failure, retried: boolean): { status: number; body: string } {
  const why = (() => {
    switch (failure.kind) {
      case 'connect':
        return `remote connection failure, transport failure reason: delayed connect error: ${failure.detail}`
      case 'connect-timeout':
        return 'connection timeout'
      case 'reset':
        return 'connection termination'
      case 'protocol':
        return 'protocol error'
      case 'refused-stream':
        return 'remote refused stream reset'
    }
  })()
  return {
    status: failure.kind === 'protocol' ? 502 : 503,
    body: `upstream connect error or disconnect/reset before headers. ${
      retried ? 'retried and the latest ' : ''
    }reset reason: ${why}`,
  }
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
  ECONNRESET: 'Connection reset by peer',
}

/** Sorts an error of a socket or of undici. */
export function failureOf(error: unknown): Failure {
  const { code = '', name = '' } = error as { code?: string; name?: string }
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return { kind: 'connect-timeout' }
  if (code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH') {
    return { kind: 'connect', detail: words[code] ?? code }
  }
  if (
    code === 'ENOTFOUND' ||
    code === 'EAI_AGAIN' ||
    code.startsWith('ERR_TLS') ||
    /CERT|UNABLE_TO/.test(code)
  ) {
    return { kind: 'connect', detail: code }
  }
  if (code.startsWith('HPE_') || name === 'HTTPParserError' || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return { kind: 'protocol' }
  }
  return { kind: 'reset' }
}
