import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { FlatHeaders } from './exchange.ts'
import { ResponseParser, type ResponseSink } from './response-parser.ts'
import { type Failure, failureOf, type Outgoing, type Receiver, type Sending } from './upstream.ts'

/** Idle connections are kept so long. Milliseconds. */
const idleMs = 30_000
/** How long a head waits for its body's first bytes. Milliseconds. */
const bodyMs = 10

/** Who has the connections to one place. */
export interface Owner {
  /** A connection has nothing to do. */
  released(connection: Connection): void
  lost(connection: Connection): void
}

/** One connection to an upstream, and the request it carries. */
export class Connection implements ResponseSink {
  readonly #socket: Socket
  readonly #owner: Owner
  readonly #parser = new ResponseParser()
  readonly #timer: NodeJS.Timeout
  #sending: Http1Sending | undefined
  #connected = false
  #failure: Failure | undefined
  #keptMs = idleMs
  idleUntil = 0

  constructor(socket: Socket, owner: Owner, connectMs: number, ready: 'connect' | 'secureConnect') {
    this.#socket = socket
    this.#owner = owner
    this.#timer = setTimeout(() => {
      this.#failure = { kind: 'connect-timeout' }
      socket.destroy()
    }, connectMs)
    socket.once(ready, () => {
      clearTimeout(this.#timer)
      this.#connected = true
    })
    socket.on('data', (chunk: Buffer) => {
      if (this.#parser.push(chunk)) return
      this.#failure = this.#sending && { kind: 'protocol' }
      socket.destroy()
    })
    // Half-open servers are of no use: the answer is whole, or it is not.
    socket.on('end', () => {
      this.#parser.close()
      socket.destroy()
    })
    socket.on('error', (error) => {
      this.#failure ??= this.#connected ? { kind: 'reset' } : failureOf(error)
    })
    socket.on('close', () => {
      clearTimeout(this.#timer)
      const sending = this.#sending
      this.#sending = undefined
      this.#owner.lost(this)
      sending?.receiver.fail(this.#failure ?? { kind: 'reset' })
    })
  }

  carry(sending: Http1Sending): void {
    this.#sending = sending
    this.#parser.expect(this, sending.outgoing.method === 'HEAD')
    sending.start(this, this.#socket)
  }

  head(status: number, headers: FlatHeaders, bodied: boolean): void {
    for (let at = 0; at < headers.length; at += 2) {
      if (headers[at] === 'keep-alive') this.#keptMs = keepAlive(headers[at + 1] as string)
    }
    this.#sending?.receiver.head(status, headers, bodied ? 'body' : 'nothing')
  }

  data(chunk: Buffer): void {
    if (this.#sending?.receiver.data(chunk) === false) this.#socket.pause()
  }

  end(reusable: boolean): void {
    const sending = this.#sending
    this.#sending = undefined
    const sound = reusable && sending?.sent === true && !this.#socket.destroyed
    if (!sound) this.#socket.destroy()
    sending?.receiver.end()
    if (!sound) return
    this.#socket.resume()
    this.idleUntil = performance.now() + this.#keptMs
    this.#owner.released(this)
  }

  resume(sending: Http1Sending): void {
    if (this.#sending === sending) this.#socket.resume()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Whoever waited for the answer is gone; by now the connection may carry somebody else's. */
  drop(sending: Http1Sending): void {
    if (this.#sending !== sending) return
    this.#sending = undefined
    this.#socket.destroy()
  }
}

/** `timeout=5` of a server's Keep-Alive: a second less, so that it is not the first to close. */
function keepAlive(value: string): number {
  const seconds = Number(/timeout=(\d+)/.exec(value)?.[1] ?? idleMs / 1000)
  return Math.min(idleMs, Math.max(0, seconds * 1000 - 1000))
}

/** Requests without a body are said to have none, but for these (Envoy's requestShouldHaveNoBody). */
const bodiless = new Set(['GET', 'HEAD', 'DELETE', 'CONNECT', 'TRACE'])

/** One request on its way. */
export class Http1Sending implements Sending {
  readonly outgoing: Outgoing
  readonly receiver: Receiver
  /** The whole request has left; only then can its connection carry another. */
  sent = false
  wanted = true
  #connection: Connection | undefined

  constructor(outgoing: Outgoing) {
    this.outgoing = outgoing
    this.receiver = outgoing.receiver
  }

  start(connection: Connection, socket: Socket): void {
    this.#connection = connection
    const { method, path, host, headers, body } = this.outgoing
    let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n`
    let sized = false
    for (let at = 0; at < headers.length; at += 2) {
      const name = headers[at] as string
      if (name === 'content-length') sized = true
      head += `${name}: ${headers[at + 1]}\r\n`
    }
    // Characters beyond a byte would lose their upper half, and might end a line with the lower.
    if (/[\0\n\r ]/.test(path) || /[^\0-\xff]/.test(head)) {
      this.#refuse(connection)
      return
    }
    if (body === undefined) {
      socket.write(`${head}${sized || bodiless.has(method) ? '' : 'content-length: 0\r\n'}\r\n`, 'latin1')
      this.sent = true
    } else if (Buffer.isBuffer(body)) {
      const framing = sized ? '' : `content-length: ${body.length}\r\n`
      socket.cork()
      socket.write(`${head}${framing}\r\n`, 'latin1')
      socket.write(body)
      socket.uncork()
      this.sent = true
    } else {
      this.#stream(body, socket, `${head}${sized ? '' : 'transfer-encoding: chunked\r\n'}\r\n`, !sized)
    }
  }

  /** What would end its line: a route made it, and nobody can send it. */
  #refuse(connection: Connection): void {
    queueMicrotask(() => {
      connection.drop(this)
      this.receiver.fail({ kind: 'protocol' })
    })
  }

  /**
   * The head leaves with the first of the body, or when a moment has passed without any: of a request
   * whose body turns out to be broken at once nobody need hear.
   */
  #stream(body: Readable, socket: Socket, head: string, chunked: boolean): void {
    let waiting: string | undefined = head
    const begin = () => {
      clearTimeout(timer)
      if (waiting !== undefined) socket.write(waiting, 'latin1')
      waiting = undefined
    }
    const timer = setTimeout(begin, bodyMs)
    const onData = (chunk: Buffer) => {
      if (chunk.length === 0) return
      socket.cork()
      begin()
      if (chunked) socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
      let more = socket.write(chunk)
      if (chunked) more = socket.write('\r\n', 'latin1')
      socket.uncork()
      if (!more) body.pause()
    }
    const onDrain = () => body.resume()
    const leave = () => {
      clearTimeout(timer)
      body.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
      socket.off('drain', onDrain).off('close', leave)
    }
    const onEnd = () => {
      begin()
      if (chunked) socket.write('0\r\n\r\n', 'latin1')
      this.sent = true
      leave()
    }
    const onClose = () => {
      leave()
      // Cut off before its end: the upstream must not take it for whole.
      if (!this.sent) socket.destroy()
    }
    if (body.destroyed) {
      onClose()
      return
    }
    body.on('data', onData).once('end', onEnd).once('close', onClose).once('error', onClose)
    socket.on('drain', onDrain).once('close', leave)
  }

  resume(): void {
    this.#connection?.resume(this)
  }

  cancel(): void {
    if (!this.wanted) return
    this.wanted = false
    this.#connection?.drop(this)
  }
}
