import { createServer, type Server as NetServer, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { Fault } from '../base/index.ts'
import { readClientHello } from './client-hello.ts'
import { mark, plainAddress } from './connection.ts'
import type { Arrival, Limits, ListenerSpec, Plan, TlsServer } from './options.ts'
import { readProxyHeader } from './proxy-protocol.ts'
import { type Common, secureServer, TlsStacks } from './tls-stack.ts'

/** Takes a connection whose protocol is known. */
export interface Protocols {
  http1(socket: Socket): void
  http2(socket: Socket): void
  /** Not HTTP, or none of ours. */
  bytes(socket: Socket): void
}

/** What the door says of a connection, where it has anything to say. */
export type Planner = (arrival: Arrival) => Plan

export interface OpenListener {
  readonly spec: ListenerSpec
  readonly port: number
  /** Other certificates, for connections from now on. */
  replaceTls(servers: readonly TlsServer[]): void
  /** Connections are taken no more; those that are open go on. */
  stop(): void
  /** Ends every connection now. */
  destroy(): void
}

/** RFC 9113 §3.4; its first bytes are no HTTP/1 method anybody uses. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')
const HANDSHAKE = 22

export async function openListener(
  spec: ListenerSpec,
  limits: Limits,
  protocols: Protocols,
  planner?: Planner,
): Promise<OpenListener> {
  const sockets = new Set<Socket>()
  let secure = spec.tls ? secureServer(spec.tls, limits) : undefined
  const stacks = new TlsStacks(limits)

  /** The listener's own TLS, or none. */
  const byListener = (socket: Socket, common: Common) => {
    if (secure) {
      const current = secure
      peek(socket, limits, (bytes) => {
        const hello = readClientHello(bytes)
        if (hello.kind !== 'hello') return hello.kind === 'more' ? undefined : () => socket.destroy()
        const chosen = current.names.find(hello.serverName)
        // Envoy closes where no filter chain fits, without a word.
        if (!chosen) return () => socket.destroy()
        const { server, stack } = chosen
        const tls = current.several
          ? { server, serverFor: (name: string) => current.plain.find(name) }
          : undefined
        return () =>
          stack(socket, { ...common, sni: hello.serverName, ...(tls && { tls }) }, (secured) =>
            speak(secured, protocols),
          )
      })
      return
    }
    peek(socket, limits, plainHttp(socket, common, protocols))
  }

  /** Whatever the door makes of it. */
  const byDoor = (socket: Socket, common: Common, plan: Planner) => {
    const { port, remoteAddress, localAddress } = common
    const about = { port, remoteAddress, localAddress }
    peek(socket, limits, (bytes, silent) => {
      const hello = bytes[0] === HANDSHAKE ? readClientHello(bytes) : undefined
      if (hello?.kind === 'more') return silent ? () => socket.destroy() : undefined
      if (hello?.kind === 'malformed') return () => socket.destroy()
      const encrypted = hello !== undefined
      const { serverName: sni, alpn = [] } = hello ?? {}
      const chosen = plan({ ...about, encrypted, ...(sni !== undefined && { sni }), alpn })
      const here = { ...common, ...(sni !== undefined && { sni }), alpn }
      switch (chosen.kind) {
        case 'close':
          return () => socket.destroy()
        case 'bytes':
          mark(socket, { ...here, scheme: encrypted ? 'https' : 'http' })
          return () => protocols.bytes(socket)
        case 'tls': {
          const { server } = chosen
          const serverFor = (name: string) => {
            const other = plan({ ...about, encrypted, sni: name, alpn })
            return other.kind === 'tls' ? other.server : undefined
          }
          return () =>
            stacks.of(server, alpn)(socket, { ...here, tls: { server, serverFor } }, (secured) => {
              if (chosen.carries === 'bytes') protocols.bytes(secured)
              else speak(secured, protocols)
            })
        }
        case 'http':
          return silent ? () => socket.destroy() : plainHttp(socket, common, protocols)(bytes)
      }
    })
  }

  const server: NetServer = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // A connection may break at any time; whoever uses it sees it close.
    socket.on('error', () => {})
    const common = {
      listener: spec,
      port: spec.targetPort,
      remoteAddress: plainAddress(socket.remoteAddress),
      localAddress: plainAddress(socket.localAddress),
    }
    const take = (known: Common) => {
      if (planner) byDoor(socket, known, planner)
      else byListener(socket, known)
    }
    if (!spec.proxyProtocol) return take(common)
    peek(socket, limits, (bytes) => {
      const header = readProxyHeader(bytes)
      if (header.kind !== 'header') return header.kind === 'more' ? undefined : () => socket.destroy()
      const { from } = header
      return {
        skip: header.length,
        act: () => take(from ? { ...common, ...from, port: from.localPort } : common),
      }
    })
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new Fault('ERR_PORT_BUSY', {
              address: spec.address,
              port: spec.port,
              flag: spec.flag ?? '--port',
            })
          : new Fault('ERR_CANNOT_LISTEN', {
              address: spec.address,
              port: spec.port,
              reason: error.code ?? error.message,
            }),
      )
    })
    server.listen({ host: spec.address, port: spec.port, backlog: 1024 }, () => resolve())
  })
  // A failed accept (EMFILE) passes; the next one may work.
  server.on('error', () => {})
  const bound = server.address()
  return {
    spec,
    port: typeof bound === 'object' && bound ? bound.port : spec.port,
    replaceTls: (servers) => {
      // Built first: a certificate that cannot be used must not take the old one with it.
      secure = secureServer(servers, limits)
    },
    stop: () => void server.close(),
    destroy: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

type Action = (() => void) | { readonly skip: number; readonly act: () => void }
/** `silent` = nothing more has come for the whole time limit. */
type Judge = (bytes: Buffer, silent: boolean) => Action | undefined

/**
 * Reads a connection's first bytes until `judge` knows what to do, puts them back, and does it.
 * Whoever says nothing, or not enough, is cut off after the time limit for headers.
 */
function peek(socket: Socket, limits: Limits, judge: Judge): void {
  let seen: Buffer = Buffer.alloc(0)
  const settle = (action: Action) => {
    clearTimeout(timer)
    socket.off('data', onData)
    socket.off('end', onEnd)
    socket.pause()
    const { skip, act } = typeof action === 'function' ? { skip: 0, act: action } : action
    if (seen.length > skip) socket.unshift(seen.subarray(skip))
    act()
  }
  const timer = setTimeout(() => settle(judge(seen, true) ?? (() => socket.destroy())), limits.headerMs)
  const onEnd = () => socket.destroy()
  const onData = (chunk: Buffer) => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    const action = judge(seen, false)
    if (action) settle(action)
  }
  socket.on('data', onData)
  socket.once('end', onEnd)
  socket.once('close', () => clearTimeout(timer))
  socket.resume()
}

/** HTTP/1.1, or HTTP/2 by prior knowledge. */
function plainHttp(
  socket: Socket,
  common: Common,
  protocols: Protocols,
): (bytes: Buffer) => Action | undefined {
  return (bytes) => {
    const length = Math.min(bytes.length, preface.length)
    const same = bytes.compare(preface, 0, length, 0, length) === 0
    if (same && length < preface.length) return undefined
    return () => {
      mark(socket, { ...common, scheme: 'http' })
      if (same) return protocols.http2(socket)
      protocols.http1(socket)
      // The HTTP/1 server reads what was put back only from a flowing socket; HTTP/2 and TLS take it themselves.
      socket.resume()
    }
  }
}

function speak(secured: TLSSocket, protocols: Protocols): void {
  if (secured.alpnProtocol === 'h2') protocols.http2(secured)
  else protocols.http1(secured)
}
