import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aToken, base64Url } from './builders.test.ts'
import { compactToken, readToken } from './token.ts'

const good = { iss: 'i', sub: 's', aud: ['a', 'b'], exp: 10.9, nbf: 5 }
const head = base64Url('{"alg":"RS256"}')

const rows: readonly (readonly [token: string, want: string, why: string])[] = [
  ['a.b', 'token-malformed', 'two parts'],
  ['a.b.c.d', 'token-malformed', 'four parts'],
  ['a.b.', 'token-malformed', 'an empty signature'],
  ['', 'token-malformed', 'nothing'],
  ['!.b.c', 'token-header-not-base64', 'a header with foreign characters'],
  [`${base64Url('x')}.b.c`, 'token-header-not-json', 'a header that is no JSON'],
  [`${base64Url('[]')}.b.c`, 'token-header-not-json', 'a header that is no object'],
  [`${base64Url('{}')}.b.c`, 'token-alg-missing', 'no algorithm'],
  [`${base64Url('{"alg":1}')}.b.c`, 'token-alg-missing', 'an algorithm that is no string'],
  [`${base64Url('{"alg":"none"}')}.b.c`, 'token-alg-unsupported', '`none`'],
  [aToken(good, { alg: 'RS256', kid: 1 }), 'token-kid-not-string', 'a kid that is no string'],
  [aToken(good, { alg: 'RS256', kid: null }), 'token-kid-not-string', 'a kid that is null'],
  [`${head}.!.c`, 'token-payload-not-base64', 'a payload with foreign characters'],
  [`${head}.${base64Url('x')}.c`, 'token-payload-not-json', 'a payload that is no JSON'],
  [`${head}.${base64Url('1')}.c`, 'token-payload-not-json', 'a payload that is no object'],
  [aToken({ ...good, iss: 1 }), 'token-iss-not-string', 'an issuer that is no string'],
  [aToken({ ...good, sub: [] }), 'token-sub-not-string', 'a subject that is no string'],
  [aToken({ ...good, iat: 'x' }), 'token-iat-not-integer', 'iat in words'],
  [aToken({ ...good, nbf: -1 }), 'token-nbf-out-of-range', 'nbf before time began'],
  [aToken({ ...good, exp: 2 ** 64 }), 'token-exp-out-of-range', 'exp past 64 bits'],
  [aToken({ ...good, exp: '9' }), 'token-exp-not-integer', 'exp in quotes'],
  [aToken({ ...good, jti: 1 }), 'token-jti-not-string', 'jti that is no string'],
  [aToken({ ...good, aud: [1] }), 'token-aud-not-string', 'an audience that is no string'],
  [aToken({ ...good, aud: {} }), 'token-aud-not-string', 'audiences that are no list'],
  [aToken(good).replace(/[^.]*$/, '*'), 'token-signature-not-base64', 'a signature with foreign characters'],
]

for (const [token, want, why] of rows) {
  test(`${want}: ${why}`, () => {
    assert.equal(readToken(token), want)
  })
}

test('a good token is read whole; a fraction of a second is cut off', () => {
  const token = readToken(aToken(good))
  assert.ok(typeof token === 'object')
  assert.deepEqual(
    [token.alg, token.kid, token.issuer, token.audiences, token.expires, token.notBefore],
    ['RS256', 'k1', 'i', ['a', 'b'], 10, 5],
  )
  assert.equal(token.signatureLength, 9)
})

test('`aud` may be one string, and times may be missing', () => {
  const token = readToken(aToken({ iss: 'i', aud: 'a' }))
  assert.ok(typeof token === 'object')
  assert.deepEqual([token.audiences, token.expires, token.notBefore], [['a'], 0, 0])
})

test('empty parts do not count: what is verified is the three that are left', () => {
  assert.equal(compactToken('a..b.c'), 'a.b.c')
  assert.equal(compactToken('a.b'), undefined)
})
