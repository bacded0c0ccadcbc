/** A recorded conversation as a server: stateful, so that a client has to find its own way through it. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Exchange {
  readonly note: string
  readonly request: {
    readonly method: string
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: string | null
  }
  readonly response: {
    readonly status: number
    readonly headers: readonly (readonly [string, string])[]
    readonly body: string
  }
}

export interface Replay {
  readonly url: URL
  /** What was asked, in order; `?` in front of what the recording does not know. */
  readonly asked: string[]
  /** Notes of the exchanges that were used. */
  readonly used: Set<string>
  close(): Promise<void>
}

/**
 * Answers a request with the next exchange that was recorded for it, where method, path, query and form
 * are the same, and every cookie and the Authorization of the recording is there. What it cannot
 * answer is 404.
 */
export async function replay(exchanges: readonly Exchange[]): Promise<Replay> {
  const asked: string[] = []
  const used = new Set<string>()
  let position = -1
  const server = createServer(async (request, response) => {
    const body = await read(request)
    const here = new URL(request.url ?? '/', 'http://door')
    const fits = ({ request: then }: Exchange) => {
      const there = new URL(then.url)
      return (
        then.method === request.method &&
        there.pathname === here.pathname &&
        sameValues(there.searchParams, here.searchParams) &&
        (then.body === null || sameValues(new URLSearchParams(then.body), new URLSearchParams(body))) &&
        cookiesOf(then.headers.Cookie).every((one) => cookiesOf(request.headers.cookie).includes(one)) &&
        (then.headers.Authorization === undefined ||
          then.headers.Authorization === request.headers.authorization)
      )
    }
    let index = exchanges.findIndex((one, i) => i > position && fits(one))
    if (index < 0) index = exchanges.findIndex(fits)
    const found = exchanges[index]
    asked.push(`${found ? '' : '?'}${request.method} ${here.pathname}`)
    if (!found) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not recorded')
      return
    }
    position = index
    used.add(found.note)
    const headers = found.response.headers.filter(
      ([name]) => !['content-length', 'transfer-encoding', 'date'].includes(name),
    )
    response.writeHead(found.response.status, headers.flat() as string[]).end(found.response.body)
  })
  server.listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
    asked,
    used,
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

const cookiesOf = (header: string | undefined) => (header ?? '').split('; ').filter((one) => one !== '')

function sameValues(a: URLSearchParams, b: URLSearchParams): boolean {
  const sorted = (values: URLSearchParams) =>
    [...values]
      .map((pair) => pair.join('\n'))
      .sort()
      .join('\n\n')
  return sorted(a) === sorted(b)
}
