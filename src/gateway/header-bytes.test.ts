import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { ForwardDecision } from '../policy/index.ts'
import { aGateway, aWorkload, forwardOf, valueIn } from './gateway.fixture.ts'
import { answerBytes, headerBytes } from './header-bytes.ts'

const rows: readonly (readonly [value: string, bytes: string, answer: string | undefined, why: string])[] = [
  ['plain', 'plain', 'plain', 'ASCII stays'],
  ['\u00e9', '\u00e9', '\u00e9', 'bytes of a client stay'],
  ['\ud55c', '\u00ed\u0095\u009c', '\u00ed\u0095\u009c', 'other text is UTF-8'],
  [
    'a\u010d\u010ab',
    'a\u00c4\u008d\u00c4\u008ab',
    'a\u00c4\u008d\u00c4\u008ab',
    'nothing turns into a line end',
  ],
  ['a\nb', 'a\nb', undefined, 'a line end is nothing an answer can hold'],
  ['a\tb', 'a\tb', 'a\tb', 'a tab is'],
]
for (const [value, bytes, answer, why] of rows) {
  test(`${JSON.stringify(value)}: ${why}`, () => {
    assert.equal(headerBytes(value), bytes)
    assert.equal(answerBytes(value), answer)
  })
}

for (const nodeHttp1 of [false, true]) {
  test(`a claim or a route with other than ASCII adds no header and stops nothing (${nodeHttp1 ? 'Node' : 'own'} HTTP/1)`, async (t) => {
    const app = await aWorkload(() => 'hello')
    const sly = 'x\u010d\u010akubeflow-userid: admin@example.com'
    const changes: Partial<ForwardDecision> = {
      headers: [['x-name', sly]],
      response: { remove: [], set: [['x-set', sly]], add: [['x-lost', 'a\nb']] },
    }
    const gateway = await aGateway(
      {
        decide: (request) => forwardOf(request, changes),
        upstream: () => ({ kind: 'origin', url: app.url }),
      },
      { nodeHttp1 },
    )
    t.after(async () => {
      await gateway.close(0)
      await app.close()
    })
    const socket = connect(gateway.port, '127.0.0.1')
    socket.write('GET /x HTTP/1.1\r\nHost: door.test\r\nConnection: close\r\n\r\n')
    let text = ''
    for await (const part of socket.setEncoding('latin1')) text += part
    assert.deepEqual(valueIn(app.seen[0]?.raw ?? [], 'kubeflow-userid'), [])
    assert.deepEqual(valueIn(app.seen[0]?.raw ?? [], 'x-name'), [headerBytes(sly)])
    assert.match(text, /^x-set: x\u00c4\u008d\u00c4\u008akubeflow-userid: admin@example\.com\r$/m)
    assert.doesNotMatch(text, /^(?:x-lost|kubeflow-userid)/m)
  })
}
