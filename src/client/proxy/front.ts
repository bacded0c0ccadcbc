import type { Server } from 'node:http'
import type { Http2Server } from 'node:http2'
import type { Socket } from 'node:net'

/** How a client begins that speaks HTTP/2 with prior knowledge (RFC 9113, 3.4). */
const PREFACE = Buffer.from('PRI ')
/** Who connects and says nothing is let go. */
const SILENT_MS = 60_000

/** Gives each connection to the stack that speaks its protocol, by its first bytes. */
export function byFirstBytes(http1: Server, http2: Http2Server): (socket: Socket) => void {
  return (socket) => {
    let first: Buffer = Buffer.alloc(0)
    const broken = () => socket.destroy()
    const look = (chunk: Buffer) => {
      first = first.length === 0 ? chunk : Buffer.concat([first, chunk])
      const length = Math.min(first.length, PREFACE.length)
      const like = first.subarray(0, length).equals(PREFACE.subarray(0, length))
      // `P` may become POST or PRI.
      if (like && length < PREFACE.length) return undefined
      socket.off('data', look)
      for (const event of ['error', 'timeout', 'end']) socket.off(event, broken)
      socket.setTimeout(0)
      socket.pause()
      socket.unshift(first)
      if (like) return http2.emit('connection', socket)
      http1.emit('connection', socket)
      // The HTTP/1 server reads what was put back only from a flowing socket.
      return socket.resume()
    }
    socket.on('error', broken)
    socket.on('end', broken)
    socket.setTimeout(SILENT_MS, broken)
    socket.on('data', look)
  }
}
