import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'

/** A web handler: what stands behind the door is written against the web's own types. */
export type WebHandler = (request: Request, info?: { readonly remoteAddress?: string }) => Promise<Response>

/**
 * Puts a web handler on a loopback port of its own: the way past the door, which shows what the
 * door protects.
 */
export async function listenPastTheDoor(
  handler: WebHandler,
  address: string,
): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((incoming, outgoing) => {
    answer(handler, incoming, outgoing).catch(() => {
      if (!outgoing.headersSent) outgoing.writeHead(500, { 'content-type': 'text/plain' })
      outgoing.end()
    })
  })
  await new Promise<void>((done, failed) => {
    server.once('error', failed)
    server.listen(0, address, done)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function answer(
  handler: WebHandler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const abort = new AbortController()
  outgoing.on('close', () => abort.abort())
  const headers = new Headers()
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i] as string, incoming.rawHeaders[i + 1] as string)
  }
  const hasBody = incoming.method !== 'GET' && incoming.method !== 'HEAD'
  const request = new Request(
    new URL(incoming.url ?? '/', `http://${incoming.headers.host ?? 'localhost'}`),
    {
      method: incoming.method ?? 'GET',
      headers,
      body: hasBody ? (Readable.toWeb(incoming) as ReadableStream<Uint8Array>) : null,
      signal: abort.signal,
      duplex: 'half',
    } as RequestInit,
  )
  const remoteAddress = incoming.socket.remoteAddress
  const response = await handler(request, remoteAddress === undefined ? {} : { remoteAddress })
  const lines: string[] = []
  for (const [name, value] of response.headers) lines.push(name, value)
  outgoing.writeHead(response.status, lines)
  if (response.body) for await (const part of response.body) outgoing.write(part)
  outgoing.end()
}
