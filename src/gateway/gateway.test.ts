import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { connect as http2Connect } from 'node:http2'
import { test } from 'node:test'
import { aGateway, aWorkload, valueIn } from './gateway.fixture.ts'

function get(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  options: { method?: string; body?: string } = {},
) {
  return new Promise<{
    status: number
    headers: Record<string, string | string[] | undefined>
    body: string
  }>((resolve, reject) => {
    const request = httpRequest(
      { port, path, method: options.method ?? 'GET', headers: { host: 'door.test', ...headers } },
      async (response) => {
        let body = ''
        for await (const part of response) body += part
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
      },
    )
    request.on('error', reject)
    request.end(options.body)
  })
}

test('a request reaches its workload, and the answer comes back as Envoy sends it', async (t) => {
  const app = await aWorkload(() => 'hello')
  const gateway = await aGateway({ upstream: () => ({ kind: 'origin', url: app.url }) })
  t.after(async () => {
    await gateway.close(0)
    await app.close()
  })
  const answer = await get(gateway.port, '/x?y=1', { Kubeflow_UserID: 'admin@example.com', 'x-note': 'kept' })
  assert.equal(answer.status, 200)
  assert.equal(answer.body, 'hello')
  assert.equal(answer.headers.server, 'istio-envoy')
  assert.match(String(answer.headers['x-envoy-upstream-service-time']), /^\d+$/)
  const [seen] = app.seen
  assert.ok(seen)
  assert.equal(seen.path, '/x?y=1')
  assert.deepEqual(valueIn(seen.raw, 'kubeflow_userid'), [])
  assert.deepEqual(valueIn(seen.raw, 'x-note'), ['kept'])
  assert.deepEqual(valueIn(seen.raw, 'x-forwarded-for'), ['127.0.0.1'])
  assert.deepEqual(valueIn(seen.raw, 'x-forwarded-proto'), ['http'])
  assert.deepEqual(valueIn(seen.raw, 'host'), ['door.test'])
  const posted = await get(gateway.port, '/post', {}, { method: 'POST', body: 'a body' })
  assert.equal(posted.status, 200)
  assert.equal(app.seen[1]?.body, 'a body')
})

test('HTTP/2 by prior knowledge is served on the same plain port', async (t) => {
  const app = await aWorkload(() => 'two')
  const gateway = await aGateway({ upstream: () => ({ kind: 'origin', url: app.url }) })
  t.after(async () => {
    await gateway.close(0)
    await app.close()
  })
  const session = http2Connect(`http://127.0.0.1:${gateway.port}`)
  const stream = session.request({ ':path': '/h2', ':authority': 'door.test' })
  const headers = await new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve))
  let body = ''
  for await (const part of stream.setEncoding('utf8')) body += part
  session.close()
  assert.equal(headers[':status'], 200)
  assert.equal(body, 'two')
  assert.equal(app.seen[0]?.path, '/h2')
})
