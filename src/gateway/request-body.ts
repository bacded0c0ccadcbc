import { PassThrough, type Readable } from 'node:stream'

/** More than this is not kept to be sent again; Envoy's own buffer has as much. Bytes. */
export const mostKept = 1024 * 1024

/**
 * A request's body, of which a part may have to be looked at before the whole is sent on: an external
 * authorizer wants its beginning, a retry or a mirror all of it.
 */
export class RequestBody {
  readonly #stream: Readable
  readonly #idleMs: number
  #held: Buffer[] = []
  #bytes = 0
  #whole = false

  /** @param idleMs how long nothing may come while it is read */
  constructor(stream: Readable, idleMs: number) {
    this.#stream = stream
    this.#idleMs = idleMs
  }

  /** Everything was read; `bytes` is all there is. */
  get whole(): boolean {
    return this.#whole
  }

  get bytes(): Buffer {
    if (this.#held.length > 1) this.#held = [Buffer.concat(this.#held)]
    return this.#held[0] ?? Buffer.alloc(0)
  }

  /** Reads on until there are more than `most` bytes, or all. False = it stopped half-way. */
  hold(most: number): Promise<boolean> {
    const stream = this.#stream
    if (this.#whole || this.#bytes > most) return Promise.resolve(true)
    return new Promise((resolve) => {
      const done = (sound: boolean) => {
        clearTimeout(timer)
        stream.pause()
        stream.off('data', onData).off('end', onEnd).off('close', onClose)
        resolve(sound)
      }
      const timer = setTimeout(() => done(false), this.#idleMs)
      const onData = (chunk: Buffer) => {
        timer.refresh()
        this.#held.push(chunk)
        this.#bytes += chunk.length
        if (this.#bytes > most) done(true)
      }
      const onEnd = () => {
        this.#whole = true
        done(true)
      }
      const onClose = () => done(false)
      stream.on('data', onData).once('end', onEnd).once('close', onClose)
      stream.resume()
    })
  }

  /** What is sent on: all of it, what was held first. */
  send(): Readable | Buffer {
    if (this.#whole) return this.bytes
    const stream = this.#stream
    if (this.#bytes === 0) return stream
    const joined = new PassThrough()
    joined.write(this.bytes)
    stream.pipe(joined)
    stream.once('close', () => {
      // Cut off before its end: the upstream must not take it for whole.
      if (!stream.readableEnded) joined.destroy(new Error('the request was cut off'))
    })
    return joined
  }
}
