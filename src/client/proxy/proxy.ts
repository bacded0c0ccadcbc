import { randomBytes } from 'node:crypto'
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Fault } from '../../base/index.ts'
import { answerJson } from './answer-json.ts'
import { Carrier, type ProxiedDoor } from './carry.ts'
import { type GuardOptions, guard } from './guard.ts'
import type { Observe } from './observe.ts'
import { carryUpgrade, refuseUpgrade } from './websocket.ts'

export interface ProxyOptions {
  readonly door: ProxiedDoor
  /** A port of loopback (0 = a free one), or the path of a Unix socket only its owner may use. */
  readonly listen:
    | { readonly port: number; readonly address?: '127.0.0.1' | '::1' }
    | { readonly socket: string }
  /** false = no secret in the path: every program of every user of this machine may use the door. */
  readonly secret?: boolean
  readonly observe?: Observe
}

export interface RunningProxy {
  /** `http://127.0.0.1:PORT/SECRET`, without a slash at the end; `unix:PATH` for a socket. */
  readonly url: string
  /** The proxy's own address without the secret, for logs. */
  readonly address: string
  close(): Promise<void>
}

/**
 * A local reverse proxy that makes one door look open to the programs of the one who started it. Loopback
 * or a Unix socket only; Host, Origin and Fetch Metadata are checked, CONNECT and other hosts refused.
 *
 * @throws Fault ERR_PORT_BUSY, ERR_CANNOT_LISTEN
 */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const { door, listen, observe } = options
  const onSocket = 'socket' in listen
  const secret = onSocket || options.secret === false ? undefined : randomBytes(24).toString('base64url')
  const prefix = secret === undefined ? '' : `/${secret}`
  let here = ''
  let allowed: GuardOptions = { hosts: new Set() }
  const carrier = new Carrier({ door, prefix, here: () => here, ...(observe && { observe }) })
  const server = createServer({
    keepAliveTimeout: 75_000,
    requestTimeout: 0,
    maxHeaderSize: 64 * 1024,
    noDelay: true,
    // Only a WebSocket is one: Java offers h2c with every request, and is answered in HTTP/1.1.
    shouldUpgradeCallback: ({ headers, method }: IncomingMessage) =>
      headers.upgrade?.toLowerCase() === 'websocket' && method === 'GET',
  })
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    const found = guard(request, allowed)
    if (found.kind === 'refuse') {
      // The rest of a refused body is not read.
      response.setHeader('connection', 'close')
      answerJson(response, found)
      return
    }
    void carrier.carry(request, response, found.path)
  }
  server.on('request', serve)
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (guard(request, allowed).kind === 'pass') response.writeContinue()
    serve(request, response)
  })
  server.on('connect', (_request: IncomingMessage, socket: Duplex) =>
    refuseUpgrade(socket, 405, 'Method Not Allowed'),
  )
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const found = guard(request, allowed)
    if (found.kind === 'refuse') return refuseUpgrade(socket, found.status, 'Refused')
    carryUpgrade(request, socket, head, found.path, door, prefix, here).catch(() =>
      refuseUpgrade(socket, 401, 'Unauthorized'),
    )
  })
  server.on('clientError', (_error, socket: Socket) => {
    if (socket.writable) refuseUpgrade(socket, 400, 'Bad Request')
    else socket.destroy()
  })
  if (onSocket) {
    await bind(server, { path: listen.socket }, `socket ${listen.socket}`)
    chmodSync(listen.socket, 0o600)
    here = 'http://localhost'
    return {
      url: `unix:${listen.socket}`,
      address: `unix:${listen.socket}`,
      close: () => close(server, listen.socket),
    }
  }
  const { port, address = '127.0.0.1' } = listen
  await bind(server, { port, host: address }, address)
  const bound = (server.address() as AddressInfo).port
  const literal = address === '::1' ? '[::1]' : address
  here = `http://${literal}:${bound}`
  allowed = {
    hosts: new Set([`${literal}:${bound}`, `127.0.0.1:${bound}`, `localhost:${bound}`, `[::1]:${bound}`]),
    ...(secret !== undefined && { secret }),
  }
  return { url: `${here}${prefix}`, address: here, close: () => close(server) }
}

function bind(
  server: Server,
  where: { path: string } | { port: number; host: string },
  name: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const port = 'port' in where ? where.port : 0
      reject(
        error.code === 'EADDRINUSE' && 'port' in where
          ? new Fault('ERR_PORT_BUSY', { address: name, port, flag: '--port' }, { cause: error })
          : new Fault(
              'ERR_CANNOT_LISTEN',
              { address: name, port, reason: error.code ?? error.message },
              { cause: error },
            ),
      )
    })
    // The file of a socket must never be open to others, not even for a moment.
    const mask = 'path' in where ? process.umask(0o177) : undefined
    server.listen(where, () => {
      if (mask !== undefined) process.umask(mask)
      resolve()
    })
  })
}

async function close(server: Server, socket?: string): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
  if (socket !== undefined) rmSync(socket, { force: true })
}
