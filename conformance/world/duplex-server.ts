import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { HeaderList } from '../../src/policy/index.ts'
import { type Message, messageReader } from './http1.ts'

/** A request however it came; for HTTP/2 names are as on the wire and pseudo headers are taken out. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly host: string
  readonly scheme?: string
  readonly headers: HeaderList
  readonly body: string
  readonly bytes: Buffer
}

/** `drop` = the connection is closed without an answer. */
export interface Reply {
  readonly status: number
  readonly headers: HeaderList
  readonly body: string | Buffer
  readonly trailers?: HeaderList
  readonly delayMs?: number
  readonly drop?: boolean
}

export interface RunningServer {
  readonly port: number
  close(): Promise<void>
}

type Answer = (request: Received) => Reply

const preface = Buffer.from('PRI * HTTP/2.0')

/** One port that takes HTTP/1.1 and h2c with prior knowledge, as sidecars and gRPC providers are called. */
export async function startDuplexServer(answer: Answer): Promise<RunningServer> {
  const sockets = new Set<Socket>()
  const http2 = createHttp2Server()
  http2.on('stream', (stream: ServerHttp2Stream, pseudo, _flags, raw) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', () => {})
    stream.on('end', () => {
      const bytes = Buffer.concat(chunks)
      const headers = pairsOf(raw as unknown as readonly string[])
      const request: Received = {
        method: String(pseudo[':method']),
        path: String(pseudo[':path']),
        host: String(pseudo[':authority'] ?? pseudo.host ?? ''),
        scheme: String(pseudo[':scheme']),
        headers: headers.filter(([name]) => !name.startsWith(':') && name !== 'host'),
        body: bytes.toString('latin1'),
        bytes,
      }
      const reply = answer(request)
      setTimeout(() => sendHttp2(stream, reply), reply.delayMs ?? 0)
    })
  })
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    socket.setNoDelay(true)
    void serve(socket, answer, () => http2.emit('connection', socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

async function serve(socket: Socket, answer: Answer, asHttp2: () => void): Promise<void> {
  const reader = messageReader(socket)
  const begin = await reader.peek(preface.length)
  // A TLS hello that was passed through: a workload here speaks plain text.
  if (begin[0] === 0x16) {
    socket.destroy()
    return
  }
  if (begin.equals(preface)) {
    reader.release()
    asHttp2()
    return
  }
  for (;;) {
    const message = await reader.next()
    if (message === undefined) {
      socket.end()
      return
    }
    const request = receivedOf(message)
    const reply = answer(request)
    if (reply.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, reply.delayMs))
    if (socket.destroyed) return
    if (reply.drop) {
      socket.destroy()
      return
    }
    socket.write(replyText(reply, request.method === 'HEAD'), 'latin1')
    const closing = request.headers.some(
      ([name, value]) => /^connection$/i.test(name) && /\bclose\b/i.test(value),
    )
    if (closing) {
      socket.end()
      return
    }
  }
}

function receivedOf({ start, headers, body }: Message): Received {
  const [method = '', ...rest] = start.split(' ')
  return {
    method,
    path: rest.slice(0, -1).join(' '),
    host: headers.find(([name]) => /^host$/i.test(name))?.[1] ?? '',
    headers: headers.filter(([name]) => !/^host$/i.test(name)),
    body,
    bytes: Buffer.from(body, 'latin1'),
  }
}

function replyText({ status, headers, body }: Reply, head: boolean): string {
  const bodyless = status === 204 || status === 304 || status < 200
  const text = typeof body === 'string' ? body : body.toString('latin1')
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const length = bodyless ? '' : `content-length: ${Buffer.byteLength(text, 'latin1')}\r\n`
  return `HTTP/1.1 ${status} .\r\n${lines}${length}\r\n${head || bodyless ? '' : text}`
}

function sendHttp2(stream: ServerHttp2Stream, reply: Reply): void {
  if (stream.destroyed) return
  if (reply.drop) {
    stream.close(2)
    return
  }
  const fields: Record<string, string | number | string[]> = { ':status': reply.status }
  for (const [name, value] of reply.headers) {
    const known = fields[name]
    fields[name] = known === undefined ? value : [...[known].flat().map(String), value]
  }
  const { trailers } = reply
  stream.respond(fields, { waitForTrailers: trailers !== undefined })
  if (trailers !== undefined) {
    stream.on('wantTrailers', () => stream.sendTrailers(Object.fromEntries(trailers)))
  }
  stream.end(reply.body)
}

function pairsOf(flat: readonly string[]): HeaderList {
  const pairs: [string, string][] = []
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.push([flat[at] as string, flat[at + 1] as string])
  return pairs
}
