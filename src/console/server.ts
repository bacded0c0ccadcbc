import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Fault } from '../base/index.ts'
import { isRefusal, refuse, send } from './answer.ts'
import { Guard, type Refusal } from './guard.ts'
import { Handlers, views } from './handlers.ts'
import type { ConsoleOptions } from './options.ts'
import { readPageFiles } from './page-files.ts'

export interface RunningConsole {
  /** With the one-time ticket in it. */
  readonly url: string
  readonly port: number
  readonly guard: Guard
  close(): Promise<void>
}

/**
 * Serves the console on loopback.
 *
 * @throws Fault ERR_PORT_BUSY, ERR_CANNOT_LISTEN
 */
export async function startConsole(options: ConsoleOptions): Promise<RunningConsole> {
  const clock = options.clock ?? Date.now
  const guard = new Guard(clock)
  const page = await readPageFiles(options.say)
  const server = createServer({
    maxHeaderSize: 16 * 1024,
    requestTimeout: 30_000,
    headersTimeout: 10_000,
    keepAliveTimeout: 5000,
  })
  server.maxConnections = 128
  await listen(server, options.port)
  const { port } = server.address() as AddressInfo
  guard.listens(port)
  const handlers = new Handlers(options, guard, page, clock)
  server.on('request', (request, response) => {
    handle(guard, handlers, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else if (isRefusal(error)) refuse(request, response, error)
      else {
        options.say(`kfdoor console: ${error instanceof Error ? error.message : String(error)}`)
        refuse(request, response, { status: 500, words: 'this should not happen; the terminal says more' })
      }
    })
  })
  server.on('clientError', (_, socket) => {
    if (socket.writable)
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    else socket.destroy()
  })
  return {
    url: `http://127.0.0.1:${port}/?ticket=${guard.ticket}`,
    port,
    guard,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await handlers.close()
    },
  }
}

/** @throws Refusal */
async function handle(
  guard: Guard,
  handlers: Handlers,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const wrongHost = guard.checkHost(request)
  if (wrongHost) throw wrongHost
  const url = URL.parse(`http://localhost${request.url}`)
  if (!url || !request.url?.startsWith('/')) throw { status: 400, words: 'this is no path' } satisfies Refusal
  const isView = views.has(url.pathname)
  const foreign = guard.checkOrigin(request, isView)
  if (foreign) throw foreign
  const ticket = url.searchParams.get('ticket')
  if (isView && ticket !== null && request.method === 'GET') {
    // Whoever is in already only needs a clean address.
    const redeemed = guard.hasCookie(request) ? undefined : guard.redeem(ticket)
    if (isRefusal(redeemed)) throw redeemed
    url.searchParams.delete('ticket')
    const location = url.pathname + url.search
    const headers = { location, ...(redeemed !== undefined && { 'set-cookie': redeemed }) }
    return send(request, response, { status: 303, type: 'text/plain', body: '', headers })
  }
  if (!guard.hasCookie(request)) {
    const words = 'open the address that `kfdoor console` printed in the terminal'
    throw { status: 403, words } satisfies Refusal
  }
  if (request.method === 'GET' || request.method === 'HEAD') return handlers.read(url, request, response)
  if (request.method !== 'POST') throw { status: 405, words: 'use GET or POST' } satisfies Refusal
  const refused = guard.checkWrite(request) ?? guard.checkRate()
  if (refused) throw refused
  return handlers.write(url.pathname, request, response)
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  return new Promise((done, failed) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const where = { address: '127.0.0.1', port }
      if (error.code === 'EADDRINUSE')
        failed(new Fault('ERR_PORT_BUSY', { ...where, flag: '--port' }, { cause: error }))
      else failed(new Fault('ERR_CANNOT_LISTEN', { ...where, reason: error.message }, { cause: error }))
    })
    server.listen(port, '127.0.0.1', () => done())
  })
}
