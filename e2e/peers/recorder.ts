/** A walk in front of a door that writes down what was said, in the form of `src/client/testing/replay.ts`. */
import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Exchange } from '../../src/client/testing/replay.ts'

const perHop =
  /^(connection|keep-alive|transfer-encoding|content-length|date|x-request-id|x-envoy-upstream-service-time)$/

export async function startRecorder(door: string) {
  const exchanges: Exchange[] = []
  let note = ''
  const { port, hostname } = new URL(door)
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const sent = Buffer.concat(parts)
    const { method = 'GET', url: path = '/', headers } = request
    const onward = httpRequest({ hostname, port, method, path, headers }, async (answer) => {
      const body: Buffer[] = []
      for await (const part of answer) body.push(part as Buffer)
      const text = Buffer.concat(body)
      const raw: [string, string][] = []
      for (let i = 0; i < answer.rawHeaders.length; i += 2)
        raw.push([String(answer.rawHeaders[i]).toLowerCase(), String(answer.rawHeaders[i + 1])])
      const said = raw.filter(([name]) => !perHop.test(name))
      exchanges.push({
        note: method === 'POST' && path.includes('/auth') ? 'submit credentials' : note,
        request: {
          method,
          url: new URL(path, 'http://door').href,
          headers: {
            ...(headers.cookie !== undefined && { Cookie: headers.cookie }),
            ...(headers.authorization !== undefined && { Authorization: headers.authorization }),
          },
          body: sent.length > 0 ? sent.toString('utf8') : null,
        },
        response: { status: answer.statusCode ?? 0, headers: said, body: text.toString('utf8') },
      })
      response.writeHead(answer.statusCode ?? 502, said.flat()).end(text)
    })
    onward.on('error', () => response.destroy())
    onward.end(sent)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
    exchanges,
    now: (said: string) => {
      note = said
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
