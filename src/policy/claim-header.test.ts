import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimHeaderText } from './claim-header.ts'

const payload = {
  email: 'a@b',
  empty: '',
  none: null,
  age: 42,
  ratio: 1.5,
  minus: -3,
  huge: 2 ** 70,
  yes: true,
  no: false,
  groups: ['a', '<b>'],
  numbers: [1, 2.5, 1e21, -0],
  org: { name: 'x', deep: { k: 'v' } },
  'dotted.key': 'unreachable',
  'http://ns/claim': 'reached',
}
const base64 = (text: string) => Buffer.from(text).toString('base64')

const rows: readonly (readonly [claim: string, want: string, why: string])[] = [
  ['email', 'a@b', 'text as it is'],
  ['empty', '', 'empty text is no header'],
  ['none', '', 'null is none'],
  ['missing', '', 'nor is a missing claim'],
  ['age', '42', 'a whole number'],
  ['ratio', '1.500000', 'a fraction with six decimals'],
  ['minus', '-3.000000', 'below zero with six decimals too'],
  ['huge', `${2n ** 70n}.000000`, 'beyond 64 bits written out'],
  ['yes', 'true', 'a boolean'],
  ['no', 'false', 'also the other'],
  ['groups', base64('["a","\\u003cb\\u003e"]'), 'a list as base64 of JSON, angle brackets escaped'],
  ['numbers', base64('[1,2.5,1e+21,-0]'), 'numbers as they read'],
  ['org', base64('{"name":"x","deep":{"k":"v"}}'), 'an object as well'],
  ['org.deep.k', 'v', 'a dot goes one level down'],
  ['org.name.x', '', 'not into a string'],
  ['dotted.key', '', 'so a dotted name cannot be reached'],
  ['http://ns/claim', 'reached', 'other signs belong to the name'],
  ['toString', '', 'only claims of its own'],
]

for (const [claim, want, why] of rows) {
  test(`${claim}: ${why}`, () => {
    assert.equal(claimHeaderText(payload, claim), want)
  })
}
