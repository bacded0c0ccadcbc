import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attributesOf } from './builders.test.ts'
import { formatHeader } from './header-format.ts'

const attributes = attributesOf({ path: '/a?b', headers: [['x-a', 'one']], remoteIp: '10.0.0.1' })

const rows: readonly (readonly [format: string, want: string, why: string])[] = [
  ['plain', 'plain', 'text stays'],
  ['%REQ(:path)%', '/a?b', 'a pseudo header'],
  ['%REQ(X-A)%', 'one', 'a header, whatever its case'],
  ['%REQ(x-b?x-a)%', 'one', 'the alternative where the first is missing'],
  ['%REQ(x-a):2%', 'on', 'cut to a length'],
  ['a-%REQ(x-b)%-c', 'a--c', 'nothing where there is nothing'],
  ['100%%', '100%', 'two are one'],
  ['%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%', '10.0.0.1', 'the client'],
]

for (const [format, want, why] of rows) {
  test(`${format}: ${why}`, () => {
    assert.equal(formatHeader(format, attributes), want)
  })
}
