import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HeaderList } from './decision.ts'
import { fitReply } from './local-reply.ts'

const denied = {
  status: 403,
  headers: [['content-type', 'text/plain']] as HeaderList,
  body: 'RBAC: access denied',
}
const grpc = (type: string): HeaderList => [['content-type', type]]

test('an ordinary request gets the answer as it is, HEAD without its body', () => {
  assert.deepEqual(fitReply(denied, { method: 'GET', headers: [] }), denied)
  assert.deepEqual(fitReply(denied, { method: 'HEAD', headers: [] }), { ...denied, body: '' })
})

for (const type of ['application/grpc', 'application/grpc+proto', 'application/grpc;x=y']) {
  test(`a call of type ${type} gets 200 with the status in headers`, () => {
    assert.deepEqual(fitReply(denied, { method: 'POST', headers: grpc(type) }), {
      status: 200,
      headers: [
        ['content-type', 'application/grpc'],
        ['grpc-status', '7'],
        ['grpc-message', 'RBAC: access denied'],
      ],
      body: '',
    })
  })
}

test('grpc-web is HTTP to a proxy', () => {
  const reply = fitReply(denied, { method: 'POST', headers: grpc('application/grpc-web') })
  assert.equal(reply.status, 403)
})

const statuses: readonly (readonly [http: number, grpc: string])[] = [
  [400, '13'],
  [401, '16'],
  [404, '12'],
  [429, '14'],
  [503, '14'],
  [302, '2'],
]

for (const [http, status] of statuses) {
  test(`HTTP ${http} is gRPC status ${status}`, () => {
    const reply = fitReply(
      { status: http, headers: [], body: 'a%\n' },
      { method: 'POST', headers: grpc('application/grpc') },
    )
    assert.deepEqual(reply.headers, [
      ['content-type', 'application/grpc'],
      ['grpc-status', status],
      ['grpc-message', 'a%25%0A'],
    ])
  })
}
