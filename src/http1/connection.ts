import type { Socket } from 'node:net'
import type { Face, Http1FaceOptions } from './face.ts'
import { RequestBody } from './request-body.ts'
import { readRequestHead } from './request-head.ts'
import { type Carrier, ServedRequest } from './served-request.ts'

/** Pieces a head may come in; whoever needs more is served by the other server. */
const MOST_PIECES = 16
/** Bytes of further requests that are kept while one is answered; then the socket is not read. */
const MOST_KEPT = 64 * 1024
/** How long what is still on its way is taken in after the last answer. Milliseconds. */
const LINGER = 500
const nothing = Buffer.alloc(0)

/**
 * One connection: requests one after another, each answered before the next is looked at. At a request
 * it does not take it gives the socket away, with that request's bytes, and is done.
 */
export class Connection implements Carrier {
  readonly socket: Socket
  readonly #face: Face
  readonly #options: Http1FaceOptions
  /** Bytes that belong to nobody yet. */
  #kept: Buffer = nothing
  #pieces = 0
  #current: ServedRequest | undefined
  #body: RequestBody | undefined
  /** Ticks of the face at which waiting is over; 0 = nothing is waited for. */
  deadline: number
  /** Whether the wait is for a request's head, and not only for its first byte. */
  #within: boolean
  readonly left = (error?: Error | null) => {
    if (!error) this.#answered()
  }
  readonly #onData = (chunk: Buffer) => this.#take(chunk)
  readonly #onEnd = () => {
    if (this.#body || (!this.#current && this.#kept.length > 0)) this.#refuse('cut-off')
  }
  readonly #onClose = () => {
    this.#leave()
    const current = this.#current
    const body = this.#body
    this.#current = undefined
    this.#body = undefined
    // Cut off before its end: nobody may take it for whole.
    body?.destroy()
    current?.closed(false)
  }

  constructor(socket: Socket, face: Face, options: Http1FaceOptions) {
    this.socket = socket
    this.#face = face
    this.#options = options
    // The first request has to come as soon as one that has begun.
    this.deadline = face.ticksUntil(options.headMs)
    this.#within = true
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('close', this.#onClose)
  }

  date(): string {
    return this.#face.date()
  }

  bodyComplete(request: ServedRequest): boolean {
    return this.#current !== request || this.#body === undefined
  }

  /** Between two requests, with nothing of the next. */
  get idle(): boolean {
    return this.#current === undefined && this.#body === undefined && this.#kept.length === 0
  }

  /** What was waited for has not come. */
  expire(): void {
    if (this.#within) this.#refuse('late')
    else this.socket.destroy()
  }

  #take(chunk: Buffer): void {
    let bytes = chunk
    if (this.#body) {
      bytes = this.#body.accept(chunk)
      // An answer that did not wait for it has left already.
      if (!this.#current) this.#rest()
      if (!this.#body.whole) return
      this.#body = undefined
    }
    if (bytes.length === 0) return
    if (this.#kept.length > 0) bytes = Buffer.concat([this.#kept, bytes])
    if (this.#current) {
      this.#kept = bytes
      if (bytes.length > MOST_KEPT) this.socket.pause()
    } else this.#read(bytes)
  }

  #read(bytes: Buffer): void {
    const head = readRequestHead(bytes, this.#options)
    if (head === 'other' || (head === 'more' && this.#pieces === MOST_PIECES)) {
      this.#handOver(bytes)
      return
    }
    if (head === 'more') {
      this.#kept = bytes
      if (this.#pieces++ === 0 && !this.#within) {
        this.#within = true
        this.deadline = this.#face.ticksUntil(this.#options.headMs)
      }
      return
    }
    this.#pieces = 0
    this.deadline = 0
    let rest = head.size === bytes.length ? nothing : bytes.subarray(head.size)
    let body: RequestBody | undefined
    if (head.length > 0) {
      body = new RequestBody(this.socket, head.length)
      rest = body.accept(rest)
      if (!body.whole) this.#body = body
    }
    this.#kept = rest
    const request = new ServedRequest(this, head, body)
    this.#current = request
    this.#options.serve(request)
  }

  /** The current answer has left. */
  #answered(): void {
    const request = this.#current
    if (!request) return
    this.#current = undefined
    if (request.last) this.#close()
    request.closed(true)
    if (request.last || this.socket.destroyed) return
    // Whoever answers without reading the whole body does not want the rest.
    this.#body?.resume()
    this.#rest()
    const kept = this.#kept
    if (this.#body || kept.length === 0) return
    this.#kept = nothing
    this.socket.resume()
    this.#read(kept)
  }

  /** Ends the connection behind the last answer. */
  #close(): void {
    const { socket } = this
    if (!this.#body) {
      socket.destroySoon()
      return
    }
    // A connection that is closed with bytes unread is reset, and the answer lost with it.
    this.#deafen()
    socket.end()
    setTimeout(() => socket.destroy(), LINGER).unref()
  }

  #rest(): void {
    this.#within = false
    this.deadline = this.#face.ticksUntil(this.#options.keepAliveMs)
  }

  #handOver(bytes: Buffer): void {
    const { socket } = this
    this.#leave()
    socket.pause()
    socket.unshift(bytes)
    this.#options.other(socket)
    // What was put back is only read from a flowing socket.
    socket.resume()
  }

  #refuse(why: 'late' | 'cut-off'): void {
    this.#deafen()
    this.#options.refuse(this.socket, why)
  }

  /** From here on whatever comes is read and dropped. */
  #deafen(): void {
    this.#face.forget(this)
    this.socket.off('data', this.#onData).off('end', this.#onEnd)
    this.socket.resume()
  }

  #leave(): void {
    this.#face.forget(this)
    this.socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
  }
}
