import type { Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { Fault } from '../base/index.ts'
import { type Connection, mark, peerOf } from './connection.ts'
import type { Limits, TlsServer } from './options.ts'
import { ServerNames } from './server-names.ts'

/** What is known of a connection before its TLS. */
export type Common = Omit<Connection, 'scheme'>

/** Does the handshake of one connection; `take` gets it where it succeeded. */
export type TlsStack = (socket: Socket, common: Common, take: (secured: TLSSocket) => void) => void

type Pending = Socket & {
  [pending]?: { readonly common: Common; readonly take: (secured: TLSSocket) => void }
}
const pending = Symbol('pending')
const ourProtocols = ['h2', 'http/1.1']

/** A listener's servers by the names they serve. */
export interface SecureServer {
  readonly names: ServerNames<{ readonly server: TlsServer; readonly stack: TlsStack }>
  readonly plain: ServerNames<TlsServer>
  readonly several: boolean
}

/**
 * One TLS stack for each server, chosen before the handshake. So a server asks for client
 * certificates or does not, and a ticket of one server resumes nothing at another.
 *
 * @throws Fault ERR_TLS_SERVER_UNUSABLE
 */
export function secureServer(servers: readonly TlsServer[], limits: Limits): SecureServer {
  return {
    names: new ServerNames(
      servers.map((server) => ({
        hosts: server.hosts,
        value: { server, stack: tlsStack(server, limits, ourProtocols) },
      })),
    ),
    plain: new ServerNames(servers.map((server) => ({ hosts: server.hosts, value: server }))),
    several: servers.length > 1,
  }
}

/** Stacks of servers as they are first needed; a server that is gone takes its stack with it. */
export class TlsStacks {
  readonly #limits: Limits
  readonly #known = new WeakMap<TlsServer, { ours?: TlsStack; none?: TlsStack }>()

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Where nothing a client offers is ours, none is agreed on, as in Envoy; Node alone would end it. */
  of(server: TlsServer, offered: readonly string[]): TlsStack {
    const known = this.#known.get(server) ?? {}
    this.#known.set(server, known)
    if (offered.length > 0 && !offered.some((name) => ourProtocols.includes(name))) {
      known.none ??= tlsStack(server, this.#limits, undefined)
      return known.none
    }
    known.ours ??= tlsStack(server, this.#limits, ourProtocols)
    return known.ours
  }
}

function tlsStack(server: TlsServer, limits: Limits, protocols: readonly string[] | undefined): TlsStack {
  const { client } = server
  const stack = createStack(server, limits, protocols)
  stack.on('secureConnection', (secured) => {
    const raw = (secured as TLSSocket & { _parent?: Pending })._parent
    const waiting = raw?.[pending]
    if (!waiting) return secured.destroy()
    const shown = client && peerOf(secured)
    // Optional means that it may be missing, not that it may be anybody's.
    if (shown && !shown.trusted && !client?.strangersAsNobody) return secured.destroy()
    const peer = shown?.trusted ? shown : undefined
    if (peer && client?.accepts?.(peer) === false) return secured.destroy()
    const { common, take } = waiting
    mark(secured, {
      ...common,
      scheme: 'https',
      ...(peer && { peer }),
      alpn: common.alpn ?? (secured.alpnProtocol ? [secured.alpnProtocol] : undefined),
    })
    secured.on('error', () => {})
    take(secured)
  })
  stack.on('tlsClientError', (_error, secured) => secured.destroy())
  return (socket, common, take) => {
    ;(socket as Pending)[pending] = { common, take }
    stack.emit('connection', socket)
  }
}

function createStack(server: TlsServer, limits: Limits, protocols: readonly string[] | undefined) {
  const { client } = server
  try {
    return createTlsServer({
      cert: server.certPem,
      key: server.keyPem,
      minVersion: server.minVersion ?? 'TLSv1.2',
      maxVersion: server.maxVersion ?? 'TLSv1.3',
      ...(protocols && { ALPNProtocols: [...protocols] }),
      ...(server.ticketKeys && { ticketKeys: server.ticketKeys }),
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
}

function reasonOf(cause: unknown): string {
  const { code, message } = cause as { code?: string; message?: string }
  return code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'
    ? 'key and certificate do not belong together'
    : (message ?? String(cause))
}
