import type { ClientHttp2Stream, ServerHttp2Stream } from 'node:http2'

/** So much of a call is held until the door has taken it, and sent again after a sign-in under way. */
const HELD = 1024 * 1024

/** Where a client's messages go. */
export interface Target {
  readonly upstream: ClientHttp2Stream
  /** Whether the door takes the call; asked before more is sent than could be sent again. */
  readonly isOpen: () => Promise<boolean>
  readonly failed: (error: Error) => void
}

/** A client's messages, held until the door has taken the call. */
export class Upload {
  readonly #stream: ServerHttp2Stream
  #held: Buffer[] | undefined = []
  #size = 0
  #ended = false
  #asking = false
  #target: Target | undefined

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream
    stream.on('data', (chunk: Buffer) => this.#take(chunk))
    stream.on('end', () => {
      this.#ended = true
      this.#target?.upstream.end()
    })
    stream.pause()
  }

  /** All that was sent so far is still here. */
  get whole(): boolean {
    return this.#held !== undefined
  }

  attach(target: Target): void {
    const { upstream } = target
    this.#target = target
    for (const chunk of this.#held ?? []) upstream.write(chunk)
    upstream.on('drain', () => {
      if (this.#target === target) this.#resume()
    })
    if (this.#ended) upstream.end()
    else this.#resume()
  }

  detach(): void {
    this.#target = undefined
    this.#stream.pause()
  }

  /** The door has taken the call: nothing needs to be held. */
  taken(): void {
    this.#held = undefined
    this.#resume()
  }

  #resume(): void {
    if (!this.#ended && !this.#asking) this.#stream.resume()
  }

  #take(chunk: Buffer): void {
    const target = this.#target
    if (this.#held !== undefined) {
      this.#held.push(chunk)
      this.#size += chunk.length
    }
    const full = target !== undefined && !target.upstream.destroyed && !target.upstream.write(chunk)
    if (full) this.#stream.pause()
    if (target && this.#held !== undefined && this.#size > HELD && !this.#asking) void this.#askFirst(target)
  }

  async #askFirst(target: Target): Promise<void> {
    this.#asking = true
    this.#stream.pause()
    try {
      const open = await target.isOpen()
      this.#asking = false
      if (open) this.taken()
    } catch (error) {
      this.#asking = false
      target.failed(error as Error)
    }
  }
}
