import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import type { HeaderList } from '../policy/index.ts'
import { isHopHeader } from './answer.ts'
import { named } from './exchange-http2.ts'
import type { Limits, Upstream } from './options.ts'
import { type Failure, failureOf, type Outgoing, type Sending, type Transport } from './upstream.ts'

type Origin = Extract<Upstream, { kind: 'origin' }>

/**
 * HTTP/2 to one origin, by prior knowledge over plain text, over one connection at a time: what
 * gRPC needs, trailers and streams both ways. A connection that is going away takes nothing new.
 */
export function http2Transport(origin: Origin, limits: Limits): Transport {
  let current: ClientHttp2Session | undefined
  const all = new Set<ClientHttp2Session>()
  const open = (): ClientHttp2Session => {
    if (current && !current.closed && !current.destroyed) return current
    const session = connect(origin.url, {
      settings: { enablePush: false, initialWindowSize: 1024 * 1024 },
      maxHeaderListPairs: 256,
      ...(origin.tls && { ca: origin.tls.caPem, servername: origin.tls.serverName }),
    })
    all.add(session)
    current = session
    const forget = () => {
      if (current === session) current = undefined
    }
    const timer = setTimeout(() => session.destroy(timedOut()), limits.connectMs)
    session.once('connect', () => clearTimeout(timer))
    session.on('goaway', forget)
    session.on('error', forget)
    session.on('close', () => {
      clearTimeout(timer)
      forget()
      all.delete(session)
    })
    // An idle connection holds nobody up; streams under way do.
    session.unref()
    return session
  }
  return {
    send: (outgoing) => new Http2Sending(open(), outgoing, new URL(origin.url).protocol.slice(0, -1)),
    close: async () => {
      for (const session of all) session.destroy()
    },
  }
}

const timedOut = () => Object.assign(new Error('connect timeout'), { code: 'ETIMEDOUT' })

class Http2Sending implements Sending {
  readonly #stream: ClientHttp2Stream
  readonly #outgoing: Outgoing
  #over = false
  #trailers: HeaderList = []

  constructor(session: ClientHttp2Session, outgoing: Outgoing, scheme: string) {
    this.#outgoing = outgoing
    const { receiver } = outgoing
    const headers = named(undefined, outgoing.headers) as Record<string, string | string[]>
    headers[constants.HTTP2_HEADER_METHOD] = outgoing.method
    headers[constants.HTTP2_HEADER_SCHEME] = scheme
    headers[constants.HTTP2_HEADER_AUTHORITY] = outgoing.host
    headers[constants.HTTP2_HEADER_PATH] = outgoing.path
    const { body } = outgoing
    const stream = session.request(headers, { endStream: !body, waitForTrailers: body !== undefined })
    this.#stream = stream
    let opened = session.connecting === false
    const connected = () => {
      opened = true
    }
    let failure: Failure | undefined
    const failed = (error: Error) => {
      failure ??= opened ? { kind: 'reset' } : failureOf(error)
    }
    session.once('connect', connected)
    session.once('error', failed)
    // A session outlives its streams; what listened for one must not.
    stream.once('close', () => {
      // Behind the turn in which a failure is told.
      setImmediate(() => {
        session.off('connect', connected)
        session.off('error', failed)
      })
    })
    stream.on('response', (_headers, flags, raw?: string[]) => {
      const list = flat(raw ?? [])
      // An answer that is only headers may hold what gRPC calls trailers; they are in the head already.
      receiver.head(
        status(raw ?? []),
        list,
        (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0 ? 'nothing' : 'trailers',
      )
    })
    stream.on('trailers', (_headers, _flags, raw?: string[]) => {
      const list = flat(raw ?? [])
      const trailers: [string, string][] = []
      for (let at = 0; at < list.length; at += 2) trailers.push([list[at] as string, list[at + 1] as string])
      this.#trailers = trailers
    })
    stream.on('data', (chunk: Buffer) => {
      if (!receiver.data(chunk)) stream.pause()
    })
    stream.on('end', () => {
      // A stream that was reset ends too; `close` knows how.
      setImmediate(() => {
        if (this.#over || stream.rstCode !== constants.NGHTTP2_NO_ERROR) return
        this.#over = true
        receiver.end(this.#trailers)
      })
    })
    stream.on('error', () => {
      // `close` follows.
    })
    stream.on('close', () => {
      setImmediate(() => {
        if (this.#over) return
        this.#over = true
        if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) receiver.fail({ kind: 'refused-stream' })
        else receiver.fail(failure ?? { kind: 'reset' })
      })
    })
    if (body) {
      stream.on('wantTrailers', () => {
        // None at all is an empty frame that ends our half; closing would end the answer too.
        const trailers = (outgoing.trailers?.() ?? []).filter(([name]) => !isHopHeader(name))
        stream.sendTrailers(named(undefined, trailers.flat()) as Record<string, string>)
      })
      if (Buffer.isBuffer(body)) stream.end(body)
      else body.pipe(stream)
    }
  }

  resume(): void {
    this.#stream.resume()
  }

  cancel(): void {
    if (this.#over) return
    this.#over = true
    const { body } = this.#outgoing
    if (body && !Buffer.isBuffer(body)) body.unpipe(this.#stream)
    this.#stream.close(constants.NGHTTP2_CANCEL)
  }
}

function status(raw: readonly string[]): number {
  return raw[0] === ':status' ? Number(raw[1]) : 0
}

function flat(raw: readonly string[]): string[] {
  const list: string[] = []
  for (let at = 0; at < raw.length; at += 2) {
    if (!(raw[at] as string).startsWith(':')) list.push(raw[at] as string, raw[at + 1] as string)
  }
  return list
}
