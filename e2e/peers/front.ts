import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'

/** `/dex` at the issuer, everything else at a service that can be changed under it. */
export async function startFront(issuer: number, first: number) {
  let service = first
  const server = createServer((request, response) => {
    const port = request.url?.startsWith('/dex') ? issuer : service
    const { method, url: path, headers } = request
    const onward = httpRequest({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    change: (port: number) => {
      service = port
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
