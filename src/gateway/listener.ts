import { createServer, type Server as NetServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsSocketServer } from 'node:tls'
import { Fault } from '../base/index.ts'
import { readClientHello } from './client-hello.ts'
import { type Connection, mark, peerOf, plainAddress } from './connection.ts'
import type { Limits, ListenerSpec, TlsServer } from './options.ts'
import { ServerNames } from './server-names.ts'

/** Takes a connection whose protocol is known. */
export interface Protocols {
  http1(socket: Socket): void
  http2(socket: Socket): void
}

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

export async function openListener(
  spec: ListenerSpec,
  limits: Limits,
  protocols: Protocols,
): Promise<OpenListener> {
  const sockets = new Set<Socket>()
  let secure = spec.tls ? secureServer(spec.tls, limits) : undefined

  const server: NetServer = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // A connection may break at any time; whoever uses it sees it close.
    socket.on('error', () => {})
    const common = {
      listener: spec,
      remoteAddress: plainAddress(socket.remoteAddress),
      localAddress: plainAddress(socket.localAddress),
    }
    if (secure) {
      const current = secure
      peek(socket, limits, (bytes) => {
        const hello = readClientHello(bytes)
        if (hello.kind !== 'hello') return hello.kind === 'more' ? undefined : () => socket.destroy()
        const chosen = current.names.find(hello.serverName)
        // Envoy closes where no filter chain fits, without a word.
        if (!chosen) return () => socket.destroy()
        return () => current.take(chosen, socket, { ...common, sni: hello.serverName }, protocols)
      })
      return
    }
    peek(socket, limits, (bytes) => {
      const length = Math.min(bytes.length, preface.length)
      const same = bytes.compare(preface, 0, length, 0, length) === 0
      if (same && length < preface.length) return undefined
      mark(socket, { ...common, scheme: 'http' })
      return () => {
        if (same) return protocols.http2(socket)
        protocols.http1(socket)
        // The HTTP/1 server reads what was put back only from a flowing socket; HTTP/2 and TLS take it themselves.
        socket.resume()
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

/**
 * Reads a connection's first bytes until `judge` knows what to do, puts them back, and does it.
 * Whoever says nothing, or not enough, is cut off after the time limit for headers.
 */
function peek(socket: Socket, limits: Limits, judge: (bytes: Buffer) => (() => void) | undefined): void {
  let seen: Buffer = Buffer.alloc(0)
  const timer = setTimeout(() => socket.destroy(), limits.headerMs)
  const onEnd = () => socket.destroy()
  const onData = (chunk: Buffer) => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    const action = judge(seen)
    if (!action) return
    clearTimeout(timer)
    socket.off('data', onData)
    socket.off('end', onEnd)
    socket.pause()
    socket.unshift(seen)
    action()
  }
  socket.on('data', onData)
  socket.once('end', onEnd)
  socket.once('close', () => clearTimeout(timer))
  socket.resume()
}

interface Secure {
  readonly names: ServerNames<{ readonly server: TlsServer; readonly stack: TlsSocketServer }>
  take(
    chosen: { readonly server: TlsServer; readonly stack: TlsSocketServer },
    socket: Socket,
    common: Omit<Connection, 'scheme'>,
    protocols: Protocols,
  ): void
}

type Pending = Socket & { [pending]?: (secured: TLSSocket) => void }
const pending = Symbol('pending')

/**
 * One TLS stack for each server, chosen before the handshake. So a server asks for client
 * certificates or does not, and a ticket of one server resumes nothing at another.
 */
function secureServer(servers: readonly TlsServer[], limits: Limits): Secure {
  const table = servers.map((server) => ({
    hosts: server.hosts,
    value: { server, stack: tlsStack(server, limits) },
  }))
  const plainNames = new ServerNames(servers.map((server) => ({ hosts: server.hosts, value: server })))
  return {
    names: new ServerNames(table),
    take: ({ server, stack }, socket, common, protocols) => {
      ;(socket as Pending)[pending] = (secured) => {
        mark(secured, {
          ...common,
          scheme: 'https',
          peer: peerOf(secured),
          alpn: secured.alpnProtocol ? [secured.alpnProtocol] : undefined,
          tls: { server, names: plainNames, several: servers.length > 1 },
        })
        secured.on('error', () => {})
        if (secured.alpnProtocol === 'h2') protocols.http2(secured)
        else protocols.http1(secured)
      }
      stack.emit('connection', socket)
    },
  }
}

function tlsStack(server: TlsServer, limits: Limits): TlsSocketServer {
  const { client } = server
  let stack: TlsSocketServer
  try {
    stack = createTlsServer({
      cert: server.certPem,
      key: server.keyPem,
      minVersion: server.minVersion ?? 'TLSv1.2',
      maxVersion: server.maxVersion ?? 'TLSv1.3',
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout: limits.headerMs,
      ...(client && {
        requestCert: true,
        rejectUnauthorized: client.mode === 'MUTUAL',
        ca: client.caPem,
      }),
    })
  } catch (cause) {
    throw new Fault('ERR_TLS_SERVER_UNUSABLE', { hosts: server.hosts, reason: reasonOf(cause) }, { cause })
  }
  stack.on('secureConnection', (secured) => {
    // Optional means that it may be missing, not that it may be anybody's.
    if (client && secured.getPeerX509Certificate() && !secured.authorized) return secured.destroy()
    const raw = (secured as TLSSocket & { _parent?: Pending })._parent
    const take = raw?.[pending]
    if (take) take(secured)
    else secured.destroy()
  })
  stack.on('tlsClientError', (_error, secured) => secured.destroy())
  return stack
}

function reasonOf(cause: unknown): string {
  const { code, message } = cause as { code?: string; message?: string }
  return code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'
    ? 'key and certificate do not belong together'
    : (message ?? String(cause))
}
