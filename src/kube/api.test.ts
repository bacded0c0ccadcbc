/** What an API server's connections do, and what a caller of it is told. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { isFault } from '../base/index.ts'
import { openKubeApi } from './api.ts'

type Meets = (request: IncomingMessage, response: ServerResponse) => void
const answered: Meets = (_, response) => response.end('{"kind":"Status"}')
const reset: Meets = ({ socket }) => socket.resetAndDestroy()
const broken: Meets = (_, response) => {
  response.writeHead(200, { 'content-length': '100' })
  response.write('{"kind":', () => response.destroy())
}

const rows: readonly (readonly [
  what: string,
  method: string,
  meets: readonly Meets[],
  want: readonly (200 | 'ERR_DOOR_UNREACHABLE')[],
])[] = [
  ['a kept connection that ends: a reader asks again', 'GET', [answered, reset, answered], [200, 200]],
  ['and once more only on a new one', 'GET', [answered, reset, reset], [200, 'ERR_DOOR_UNREACHABLE']],
  ['a write is not said twice', 'POST', [answered, reset], [200, 'ERR_DOOR_UNREACHABLE']],
  ['a new connection that ends is an answer', 'GET', [reset], ['ERR_DOOR_UNREACHABLE']],
  ['so is half a body', 'GET', [broken], ['ERR_DOOR_UNREACHABLE']],
]

for (const [what, method, meets, want] of rows) {
  test(what, async () => {
    let seen = 0
    const server = createServer((request, response) =>
      (meets[seen++] ?? assert.fail('one too many'))(request, response),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const api = openKubeApi({ server: new URL(`http://127.0.0.1:${port}`), insecure: false })
    try {
      for (const end of want) {
        const got = await api.call('/api', { method }).then(
          ({ status }) => status,
          (error: unknown) => (isFault(error) ? error.code : assert.fail(error as Error)),
        )
        assert.equal(got, end)
      }
      assert.equal(seen, meets.length)
    } finally {
      api.close()
      server.close()
    }
  })
}
