import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { isSoundHeaderBlock } from './header-block.ts'

const PREFACE = 24
const HEADERS = 1
const CONTINUATION = 9
const END_HEADERS = 0x4
const PADDED = 0x8
const PRIORITY = 0x20
/** SETTINGS_MAX_FRAME_SIZE as we leave it. */
const LARGEST_FRAME = 16_384

/**
 * Follows a client's HTTP/2 frames and looks into its header blocks. Says false once something in
 * them has to end the connection: unlawful fields, frames that are too large, a header block that
 * goes on and on ("CONTINUATION flood", CVE-2024-30255).
 */
export class FrameGuard {
  readonly #mostHeaderBytes: number
  #skip = PREFACE
  #head: Buffer = Buffer.alloc(0)
  #block: Buffer[] = []
  #blockBytes = 0
  /** Of the frame that is being collected; undefined = between frames. */
  #frame:
    | { readonly type: number; readonly flags: number; left: number; readonly parts: Buffer[] }
    | undefined

  constructor(mostHeaderBytes: number) {
    this.#mostHeaderBytes = mostHeaderBytes
  }

  push(chunk: Buffer): boolean {
    let at = 0
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - at)
        this.#skip -= step
        at += step
      } else if (this.#frame) {
        const step = Math.min(this.#frame.left, chunk.length - at)
        this.#frame.parts.push(chunk.subarray(at, at + step))
        this.#frame.left -= step
        at += step
        if (this.#frame.left === 0 && !this.#finish()) return false
      } else {
        const step = Math.min(9 - this.#head.length, chunk.length - at)
        const part = chunk.subarray(at, at + step)
        this.#head = this.#head.length === 0 ? part : Buffer.concat([this.#head, part])
        at += step
        if (this.#head.length === 9 && !this.#begin(this.#head)) return false
      }
    }
    return true
  }

  #begin(head: Buffer): boolean {
    this.#head = Buffer.alloc(0)
    const length = head.readUIntBE(0, 3)
    const type = head[3] ?? 0
    if (length > LARGEST_FRAME) return false
    if (type !== HEADERS && type !== CONTINUATION) {
      this.#skip = length
      return true
    }
    this.#frame = { type, flags: head[4] ?? 0, left: length, parts: [] }
    this.#blockBytes += length
    if (this.#blockBytes > this.#mostHeaderBytes) return false
    return length > 0 || this.#finish()
  }

  #finish(): boolean {
    const { type, flags, parts } = this.#frame ?? { type: 0, flags: 0, parts: [] }
    this.#frame = undefined
    const payload = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
    this.#block.push(type === HEADERS ? withoutPadding(payload, flags) : payload)
    if ((flags & END_HEADERS) === 0) return true
    const block = this.#block.length === 1 ? (this.#block[0] as Buffer) : Buffer.concat(this.#block)
    this.#block = []
    this.#blockBytes = 0
    return isSoundHeaderBlock(block)
  }
}

function withoutPadding(payload: Buffer, flags: number): Buffer {
  const padding = flags & PADDED ? (payload[0] ?? 0) : 0
  const from = (flags & PADDED ? 1 : 0) + (flags & PRIORITY ? 5 : 0)
  return payload.subarray(from, Math.max(from, payload.length - padding))
}

/** The socket as node's http2 gets it: every byte passed the guard first. */
export class GuardedSocket extends Duplex {
  readonly #socket: Socket
  readonly #guard: FrameGuard

  constructor(socket: Socket, mostHeaderBytes: number) {
    super({ allowHalfOpen: true })
    this.#socket = socket
    this.#guard = new FrameGuard(mostHeaderBytes)
    socket.on('data', (chunk: Buffer) => {
      if (!this.#guard.push(chunk)) this.destroy()
      else if (!this.push(chunk)) socket.pause()
    })
    socket.on('end', () => this.push(null))
    socket.on('close', () => this.destroy())
    socket.pause()
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, done)
  }

  override _writev(
    chunks: readonly { chunk: Buffer; encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}
