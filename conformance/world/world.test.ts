/** The world over real sockets: what goes in is what is recorded, byte for byte. */
import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import { test } from 'node:test'
import { dial, dialOf, requestText } from './client.ts'
import { startWorld } from './world.ts'

const request = {
  method: 'GET',
  scheme: 'http',
  host: 'a.test',
  port: 8080,
  path: '/a/../%2e//b?x=[1]|',
  headers: [
    ['X-Two', '1'],
    ['x-two', '2'],
    ['x-echo-status', '418'],
  ],
  body: 'hello',
} as const

test('a workload sees the target untouched, and answers what it is told', async (context) => {
  const world = startWorld()
  context.after(() => world.close())
  const port = await world.echo('outbound|80||a.ns.svc.cluster.local')
  const connection = await dial(dialOf(request, port, () => undefined))
  assert.ok('ask' in connection)
  const answer = await connection.ask(requestText(request), 'GET')
  assert.deepEqual(answer, {
    status: 418,
    headers: [
      ['content-type', 'text/plain'],
      ['x-upstream-says', 'hello'],
      ['content-length', '40'],
    ],
    body: 'echo outbound|80||a.ns.svc.cluster.local',
  })
  const [seen] = world.take().seen
  assert.deepEqual(seen, {
    service: 'outbound|80||a.ns.svc.cluster.local',
    method: 'GET',
    path: '/a/../%2e//b?x=[1]|',
    host: 'a.test',
    headers: [
      ['connection', 'close'],
      ['content-length', '5'],
      ['x-echo-status', '418'],
      ['x-two', '1'],
      ['x-two', '2'],
    ],
    body: 'hello',
  })
  assert.equal(world.take().seen.length, 0, 'what was taken is gone')
})

test('several requests share one connection; one that is dropped says so', async (context) => {
  const world = startWorld()
  context.after(() => world.close())
  const port = await world.authorizer('outbound|80||authz')
  const connection = await dial({ port })
  assert.ok('ask' in connection)
  const ask = (told: string) =>
    connection.ask(`GET /x HTTP/1.1\r\nHost: a\r\nx-authz: ${told}\r\n\r\n`, 'GET')
  for (const [told, status] of [
    ['allow', 200],
    ['allow204', 204],
    ['redirect', 302],
    ['', 403],
  ] as const) {
    const answer = await ask(told)
    assert.equal('status' in answer && answer.status, status, told)
  }
  assert.deepEqual(await ask('drop'), { error: 'connection closed without response' })
  assert.equal(world.take().checks.length, 5)
})

test('the same port speaks HTTP/2 with prior knowledge', async (context) => {
  const world = startWorld()
  const port = await world.echo('inbound|9000||')
  const session = connect(`http://127.0.0.1:${port}`)
  context.after(async () => {
    session.destroy()
    await world.close()
  })
  const stream = session.request({ ':method': 'POST', ':path': '/x', 'x-a': 'b' })
  stream.end('body')
  const headers = await new Promise<{ ':status'?: number }>((resolve, reject) => {
    stream.on('response', resolve).on('error', reject)
  })
  assert.equal(headers[':status'], 200)
  assert.deepEqual(
    world.take().seen.map(({ method, path, headers, body }) => ({ method, path, headers, body })),
    [{ method: 'POST', path: '/x', headers: [['x-a', 'b']], body: 'body' }],
  )
})

test('a port nobody listens on is told apart from a closed connection', async () => {
  const world = startWorld()
  const port = await world.echo('gone')
  await world.close()
  assert.deepEqual(await dial({ port }), { error: 'connect: refused' })
})
