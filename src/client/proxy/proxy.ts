import { randomBytes } from 'node:crypto'
import { chmodSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { Fault } from '../../base/index.ts'
import { answerJson } from './answer-json.ts'
import { Carrier, type ProxiedDoor } from './carry.ts'
import { byFirstBytes } from './front.ts'
import { carryGrpc } from './grpc/carry-grpc.ts'
import { refuse } from './grpc/words.ts'
import { type GuardOptions, guard } from './guard.ts'
import type { Observe } from './observe.ts'
import { peerIsOurs } from './peer.ts'
import { stacks } from './stacks.ts'
import { carryUpgrade, refuseUpgrade } from './websocket.ts'

export interface ProxyOptions {
  readonly door: ProxiedDoor
  /** A port of loopback (0 = a free one), or the path of a Unix socket only its owner may use. */
  readonly listen:
    | { readonly port: number; readonly address?: '127.0.0.1' | '::1' }
    | { readonly socket: string }
  /** false = no secret in the path; on Linux programs of other users are refused all the same. */
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
  const { http1, http2 } = stacks({
    request: (request, response) => {
      const found = guard(request, allowed)
      if (found.kind === 'pass') return void carrier.carry(request, response, found.path)
      // The rest of a refused body is not read.
      if (request.httpVersionMajor === 1) response.setHeader('connection', 'close')
      return answerJson(response, found)
    },
    call: (head, stream) => {
      const found = guard(head, allowed)
      if (found.kind === 'refuse') return refuse(stream, found)
      const call = { stream, rawHeaders: head.rawHeaders, path: found.path, door }
      return void carryGrpc({ ...call, ...(observe && { observe }) })
    },
    wants: (request) => guard(request, allowed).kind === 'pass',
    upgrade: (request, socket, head) => {
      const found = guard(request, allowed)
      if (found.kind === 'refuse') return refuseUpgrade(socket, found.status, 'Refused')
      carryUpgrade(request, socket, head, found.path, door, prefix, here).catch(() =>
        refuseUpgrade(socket, 401, 'Unauthorized'),
      )
    },
  })
  const take = byFirstBytes(http1, http2)
  const open = new Set<Socket>()
  // Without a secret the socket itself has to say whose it is.
  const asksWho = !onSocket && secret === undefined
  const server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: asksWho }, (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    if (!asksWho) return take(socket)
    socket.on('error', () => {})
    peerIsOurs(socket).then(
      (ours) => {
        if (ours === 'no') return refuseUpgrade(socket, 403, 'Forbidden')
        take(socket)
        return socket.resume()
      },
      () => socket.destroy(),
    )
  })
  const close = async () => {
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      for (const socket of open) socket.destroy()
      http1.close()
    })
    if ('socket' in listen) rmSync(listen.socket, { force: true })
  }
  if (onSocket) {
    await bind(server, { path: listen.socket }, `socket ${listen.socket}`)
    chmodSync(listen.socket, 0o600)
    here = 'http://localhost'
    return {
      url: `unix:${listen.socket}`,
      address: `unix:${listen.socket}`,
      close,
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
  return { url: `${here}${prefix}`, address: here, close }
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
