import type { Socket } from 'node:net'
import { Readable } from 'node:stream'

/** A body of known length, as it comes from a connection. */
export class RequestBody extends Readable {
  readonly #socket: Socket
  #left: number

  constructor(socket: Socket, length: number) {
    super()
    this.#socket = socket
    this.#left = length
  }

  /** Whether all of it has come, read or not. */
  get whole(): boolean {
    return this.#left === 0
  }

  /** Takes what belongs to it, and answers the rest. */
  accept(chunk: Buffer): Buffer {
    const mine = chunk.length > this.#left ? chunk.subarray(0, this.#left) : chunk
    this.#left -= mine.length
    if (mine.length > 0 && !this.push(mine)) this.#socket.pause()
    if (this.#left === 0) {
      this.push(null)
      // Nothing of it is held back any more; the connection reads on for its own sake.
      this.#socket.resume()
    }
    return chunk.subarray(mine.length)
  }

  override _read(): void {
    if (this.#left > 0) this.#socket.resume()
  }
}
