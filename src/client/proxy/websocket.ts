import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { ProxiedDoor } from './carry.ts'
import { headersIn, headersOut } from './headers.ts'

/** Answers a handshake that will not be: a status line and nothing else. */
export function refuseUpgrade(socket: Duplex, status: number, text: string): void {
  socket.end(`HTTP/1.1 ${status} ${text}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}

/**
 * Carries a WebSocket: the handshake with the credential added, then bytes both ways. Nothing the client
 * sent behind its handshake leaves before the door’s own 101.
 */
export async function carryUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  path: string,
  door: ProxiedDoor,
  prefix: string,
  here: string,
): Promise<void> {
  socket.on('error', () => socket.destroy())
  for (let attempt = 0; ; attempt++) {
    const pass = await door.session.pass(door.url)
    const dispatcher = await door.agent.dispatcher(door.url)
    const headers = headersOut(request.rawHeaders, pass.headers, door.host)
    try {
      // An agent takes the origin with the request; its types leave that to `request`.
      const asked: Dispatcher.UpgradeOptions & { readonly origin: string } = {
        origin: door.url.origin,
        path: `${door.base}${path}`,
        method: 'GET',
        headers,
        protocol: 'websocket',
      }
      const { socket: far, headers: answer } = (await dispatcher.upgrade(asked)) as Dispatcher.UpgradeData
      const raw: string[] = []
      for (const [name, value] of Object.entries(answer)) {
        for (const each of [value ?? []].flat()) raw.push(name, each)
      }
      const inward = { door: door.url, base: door.base, prefix, here, sessionCookies: new Set<string>() }
      const lines = headersIn(raw, inward)
      let text = 'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n'
      for (let i = 0; i < lines.length; i += 2) text += `${lines[i]}: ${lines[i + 1]}\r\n`
      socket.write(`${text}\r\n`)
      if (head.length > 0) far.write(head)
      far.on('error', () => socket.destroy())
      far.on('close', () => socket.destroy())
      socket.on('close', () => far.destroy())
      socket.pipe(far).pipe(socket)
      return
    } catch (error) {
      const again = attempt === 0 && (await door.session.refused(pass.version).catch(() => false))
      if (again) continue
      const reached = error instanceof Error && /bad upgrade|upgrade/i.test(error.message)
      return refuseUpgrade(socket, reached ? 401 : 502, reached ? 'Unauthorized' : 'Bad Gateway')
    }
  }
}
