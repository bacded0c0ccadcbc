import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callersAuthority, certificateIn, type SecretTexts, secretTexts, servedPair } from './secret-texts.ts'

const pairs: readonly (readonly [what: string, data: SecretTexts, cert?: string, key?: string])[] = [
  ['the names of `kubectl create secret tls`', { 'tls.crt': 'c', 'tls.key': 'k' }, 'c', 'k'],
  ['the names of Istio', { cert: 'c', key: 'k' }, 'c', 'k'],
  ['both, Istio’s first', { 'tls.crt': 'c', 'tls.key': 'k', cert: 'd', key: 'l' }, 'd', 'l'],
  ['one of which holds nothing', { 'tls.crt': 'c', 'tls.key': 'k', cert: '', key: 'l' }, 'c', 'k'],
  ['halves of the two are no pair', { 'tls.crt': 'c', key: 'l' }],
  ['a certificate alone', { 'tls.crt': 'c', 'tls.key': '' }],
  ['nothing', {}],
]
for (const [what, data, certPem, keyPem] of pairs) {
  test(`served with: ${what}`, () => {
    assert.deepEqual(servedPair(data), certPem === undefined ? undefined : { certPem, keyPem })
  })
}

test('a certificate without its key is shown all the same, and an empty one is none', () => {
  assert.equal(certificateIn({ 'tls.crt': 'c', key: 'l' }), 'c')
  assert.equal(certificateIn({ 'tls.crt': '', cert: 'd' }), 'd')
  assert.equal(certificateIn({ 'tls.crt': '' }), undefined)
})

const authorities: readonly (readonly [
  what: string,
  beside: SecretTexts | undefined,
  own: SecretTexts | undefined,
  pem?: string,
])[] = [
  ['NAME-cacert before the Secret itself', { cacert: 'a' }, { 'ca.crt': 'b' }, 'a'],
  ['the Secret itself where there is no other', undefined, { 'ca.crt': 'b' }, 'b'],
  ['`cacert` before `ca.crt`', undefined, { cacert: 'a', 'ca.crt': 'b' }, 'a'],
  ['an empty one is none', undefined, { cacert: '', 'ca.crt': 'b' }, 'b'],
  ['NAME-cacert that holds nothing decides all the same', { x: 'y' }, { 'ca.crt': 'b' }],
  ['no Secret', undefined, undefined],
]
for (const [what, beside, own, pem] of authorities) {
  test(`callers are signed by: ${what}`, () => assert.equal(callersAuthority(beside, own), pem))
}

test('what an API server writes is read', () => {
  assert.deepEqual(secretTexts({ a: 'aGk=', b: '' }), { a: 'hi', b: '' })
})
