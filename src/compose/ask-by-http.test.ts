import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { askByHttp } from './ask-by-http.ts'

const seen: string[] = []
let raw: readonly string[] = []
const server = createServer((request, response) => {
  raw = request.rawHeaders
  seen.push(`${request.headers.host} ${request.url}`)
  response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end('no')
})
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
const { port } = server.address() as AddressInfo
after(() => server.close())

for (const path of ['/a?b=c', '//evil.test/x', '/a/../b', '/a\\b', '/%2e%2e/x', '/x/./y'])
  test(`${path} is asked about as it came, at the authorizer and nowhere else`, async () => {
    const check = {
      provider: 'p',
      service: 's',
      method: 'GET',
      path,
      host: 'door.test',
      headers: [],
      protocol: 'http',
      timeoutMs: 2000,
    } as const
    const answer = await askByHttp(`http://127.0.0.1:${port}/check`, check, new AbortController().signal)
    assert.equal(answer.status, 302)
    assert.equal(seen.pop(), `door.test /check${path}`)
  })

test('what belongs to the line a request came on stays there, and the rest is sent as it came', async () => {
  const check = {
    provider: 'p',
    service: 's',
    method: 'POST',
    path: '/x',
    host: 'door.test',
    headers: [
      ['host', 'door.test'],
      ['cookie', 's=old'],
      ['content-length', '12'],
      ['transfer-encoding', 'chunked'],
      ['connection', 'Upgrade'],
      ['upgrade', 'websocket'],
      ['expect', '100-continue'],
      ['keep-alive', 'timeout=5'],
      ['te', 'trailers'],
      ['x-twice', '1'],
      ['x-twice', '2'],
    ],
    protocol: 'http',
    timeoutMs: 2000,
  } as const
  const answer = await askByHttp(`http://127.0.0.1:${port}`, check, new AbortController().signal)
  assert.deepEqual([answer.status, answer.failure], [302, undefined])
  const sent = raw.map((one, at) => (at % 2 === 0 ? `${one}: ${raw[at + 1]}` : '')).filter(Boolean)
  assert.deepEqual(
    sent.filter((one) => !/^(connection: keep-alive|content-length: 0)$/.test(one)),
    ['host: door.test', 'cookie: s=old', 'x-twice: 1', 'x-twice: 2'],
  )
})
