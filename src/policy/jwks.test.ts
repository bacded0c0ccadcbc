import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJwks } from './jwks.ts'

const rsa = { kty: 'RSA', n: 'AQAB', e: 'AQAB' }
const ec = { kty: 'EC', x: 'AQ', y: 'AQ' }

const rows: readonly (readonly [key: unknown, usable: boolean, why: string])[] = [
  [rsa, true, 'RSA of any algorithm'],
  [{ ...rsa, alg: 'PS256' }, true, 'RSA with padding PSS'],
  [{ ...rsa, alg: 'ES256' }, false, 'RSA with an algorithm of curves'],
  [{ kty: 'RSA', n: 'AQAB' }, false, 'RSA without exponent'],
  [{ ...rsa, n: '+' }, false, 'RSA with a modulus in the other alphabet'],
  [ec, true, 'EC without a curve is P-256'],
  [{ ...ec, crv: 'P-384', alg: 'ES384' }, true, 'EC whose curve fits its algorithm'],
  [{ ...ec, crv: 'P-384', alg: 'ES256' }, false, 'EC whose curve does not'],
  [{ ...ec, crv: 'secp256k1' }, false, 'EC on a curve Envoy does not know'],
  [{ kty: 'oct', k: 'AQ', alg: 'HS256' }, true, 'a shared secret'],
  [{ kty: 'oct', k: 'AQ', alg: 'A128KW' }, false, 'a shared secret for something else'],
  [{ kty: 'OKP', crv: 'Ed25519', x: 'AQ' }, true, 'Ed25519'],
  [{ kty: 'OKP', crv: 'X25519', x: 'AQ' }, false, 'a key that cannot sign'],
  [{ n: 'AQAB', e: 'AQAB' }, false, 'no type'],
  ['key', false, 'no object'],
]

for (const [key, usable, why] of rows) {
  test(`${usable ? 'uses' : 'leaves out'} ${why}`, () => {
    assert.equal(readJwks(JSON.stringify({ keys: [key] }))?.length, usable ? 1 : 0)
  })
}

test('what is no JWKS at all is told apart from one without usable keys', () => {
  assert.equal(readJwks('{'), undefined)
  assert.equal(readJwks('{}'), undefined)
  assert.equal(readJwks('null'), undefined)
  assert.deepEqual(readJwks('{"keys":[]}'), [])
})
