import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { sharedPath } from '../../../tools/shared.ts'
import { irisModel } from './model.ts'
import { createModelServer } from './model-server.ts'
import { answerRest } from './rest.ts'

/**
 * What KServe 0.21.0's own model server answered, with the models of e2e/python/iris_server.py in
 * it. e2e/kserve.real.test.ts puts questions of this kind to the real server again.
 */
interface Recorded {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Bytes as Latin-1. */
  readonly body: string | null
  readonly status: number
  readonly responseHeaders: Readonly<Record<string, string>>
  readonly responseBody: string
}

const both = () =>
  createModelServer(
    [irisModel('sklearn-iris'), irisModel('sklearn-irisv2')],
    () => '00000000-0000-4000-8000-000000000000',
  )

const withoutIds = (text: string) => text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UUID')

async function ask(row: Pick<Recorded, 'method' | 'path' | 'headers' | 'body'>): Promise<Response> {
  const body = row.body === null ? undefined : Buffer.from(row.body, 'latin1')
  const headers = new Headers(row.headers)
  headers.set('host', 'kserve.test')
  // A Request gives a body a content type of its own only where it is text.
  return answerRest(
    both(),
    new Request(`http://kserve.test${row.path}`, { method: row.method, headers, body }),
  )
}

const recorded = readFileSync(new URL('golden/kserve-0.21.0.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded)

for (const [index, row] of recorded.entries()) {
  const type = row.headers['content-type']
  const label = `${row.method} ${row.path}${type === undefined ? '' : ` ${type}`} ${JSON.stringify(row.body ?? '').slice(0, 60)}`
  test(`as KServe answers, ${index + 1}: ${label}`, async () => {
    const response = await ask(row)
    const text = Buffer.from(await response.arrayBuffer()).toString(
      row.responseHeaders['inference-header-content-length'] ? 'latin1' : 'utf8',
    )
    assert.equal(response.status, row.status)
    if (row.method !== 'HEAD') assert.equal(withoutIds(text), withoutIds(row.responseBody))
    assert.deepEqual(Object.fromEntries(response.headers), row.responseHeaders)
  })
}

const shared = sharedPath('fixtures/kfp-client/kserve-0.21.0.server-responses.json')
if (!shared) {
  test('the shared recording of a KServe server (left out: no shared folder beside the checkout)', {
    skip: true,
  })
} else {
  const { exchanges } = JSON.parse(readFileSync(shared, 'utf8')) as {
    exchanges: readonly {
      request: { method: string; path: string; body: unknown }
      response: { status: number; headers: Record<string, string>; body: unknown }
    }[]
  }
  for (const [index, { request, response }] of exchanges.entries()) {
    test(`the shared recording, ${index + 1}: ${request.method} ${request.path}`, async () => {
      const text = typeof request.body === 'string' ? request.body : JSON.stringify(request.body)
      const answered = await ask({
        method: request.method,
        path: request.path,
        headers: request.body === null ? {} : { 'content-type': 'application/json' },
        body: request.body === null ? null : Buffer.from(text).toString('latin1'),
      })
      assert.equal(answered.status, response.status)
      if (request.path === '/metrics') {
        assert.equal(answered.headers.get('content-type'), response.headers['content-type'])
        return
      }
      const body = await answered.text()
      assert.deepEqual(JSON.parse(withoutIds(body)), JSON.parse(withoutIds(JSON.stringify(response.body))))
      // The recording quotes numbers as they were sent, `6.0`; this replay sends `6`.
      if (!body.includes('"input"')) assert.deepEqual(Object.fromEntries(answered.headers), response.headers)
    })
  }
}
