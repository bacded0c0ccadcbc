import { connect, type Socket } from 'node:net'
import type { Limits, Upstream } from './options.ts'

/**
 * Joins a connection to its upstream, byte for byte, both ways, until both have ended. Where the
 * upstream cannot be reached the client's connection is closed.
 */
export function joinBytes(socket: Socket, upstream: Upstream | undefined, limits: Limits): void {
  if (upstream?.kind !== 'origin') {
    socket.destroy()
    return
  }
  const { hostname, port, protocol } = new URL(upstream.url)
  const other = connect({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
    noDelay: true,
    allowHalfOpen: true,
  })
  const timer = setTimeout(() => other.destroy(), limits.connectMs)
  other.once('connect', () => clearTimeout(timer))
  other.on('error', () => socket.destroy())
  other.on('close', () => {
    clearTimeout(timer)
    socket.destroySoon()
  })
  socket.on('close', () => other.destroySoon())
  socket.pipe(other)
  other.pipe(socket)
}
