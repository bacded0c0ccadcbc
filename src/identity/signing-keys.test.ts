import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { isFault } from '../base/index.ts'
import { createSigningKeys, type KeyStore, sameSecret } from './signing-keys.ts'

const HOUR = 3_600_000

/** A store in memory, and what it holds. */
function aStore(text?: string): KeyStore & { text: string | undefined; saves: number } {
  const store = {
    text,
    saves: 0,
    load: async () => store.text,
    save: async (next: string) => {
      store.saves++
      store.text = next
    },
  }
  return store
}

/** EC keys are made at once; what is tested here does not depend on the kind. */
const options = { algorithm: 'ES256' } as const
const settled = () => new Promise((later) => setTimeout(later, 50))

describe('signing keys', () => {
  test('an RS256 token verifies with the published key, and names it', async () => {
    const keys = await createSigningKeys({ clock: () => 0 })
    const token = await keys.sign({ iss: 'x', sub: 'y' })
    const jws = keys.verify(token)
    assert.deepEqual(jws?.payload, { iss: 'x', sub: 'y' })
    const [jwk] = keys.jwks().keys
    assert.deepEqual(jws?.header, { alg: 'RS256', kid: jwk?.kid })
    assert.match(jwk?.kid ?? '', /^[0-9a-f]{40}$/)
    assert.deepEqual(Object.keys(jwk ?? {}).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use'])
  })

  test('a second start finds the same key, and makes none', async () => {
    const store = aStore()
    const first = await createSigningKeys({ ...options, clock: () => 0, store })
    const token = await first.sign({ sub: 'y' })
    const second = await createSigningKeys({ ...options, clock: () => HOUR, store })
    assert.ok(second.verify(token))
    assert.equal(store.saves, 1)
  })

  test('rotation: the new key signs, the old one verifies until its tokens are dead', async () => {
    let now = 0
    let rotations = 0
    const store = aStore()
    const keys = await createSigningKeys({
      ...options,
      clock: () => now,
      store,
      rotateEvery: 6 * HOUR,
      keepFor: 24 * HOUR,
      onRotate: () => rotations++,
    })
    const old = await keys.sign({ n: 1 })
    now = 6 * HOUR
    await keys.sign({ n: 2 })
    await settled()
    const fresh = await keys.sign({ n: 3 })
    assert.equal(rotations, 2)
    assert.equal(keys.jwks().keys.length, 2)
    assert.ok(keys.verify(old))
    assert.notEqual(keys.verify(fresh)?.header.kid, keys.verify(old)?.header.kid)
    // The retired key has lost its private half, in memory and in the store.
    assert.equal(store.text?.match(/PRIVATE KEY/g)?.length, 2)

    now = 30 * HOUR - 1
    assert.ok(keys.verify(old))
    now = 30 * HOUR
    assert.equal(keys.verify(old), undefined)
    assert.equal(keys.jwks().keys.length, 1)
  })

  test('a store that fails to save does not stop the signing', async () => {
    let now = 0
    const store = aStore()
    const keys = await createSigningKeys({ ...options, clock: () => now, store, rotateEvery: HOUR })
    store.save = () => Promise.reject(new Error('disk full'))
    now = 2 * HOUR
    assert.ok(await keys.sign({}))
    await settled()
    assert.ok(keys.verify(await keys.sign({})))
  })

  test('what cannot be read is a fault that does not quote the file', async () => {
    const store = aStore('{"version":1,"keys":[{"kid":"a","since":0,"pem":"-----BEGIN PRIVATE SECRET"}]}')
    await assert.rejects(createSigningKeys({ ...options, clock: () => 0, store }), (error: unknown) => {
      assert.ok(isFault(error) && error.code === 'ERR_SIGNING_KEY_UNFIT')
      assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /SECRET/)
      return true
    })
  })

  test('a key of one’s own is used and never rotated', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
    let now = 0
    const keys = await createSigningKeys({ ...options, clock: () => now, pem })
    const token = await keys.sign({})
    now = 1000 * HOUR
    await keys.sign({})
    await settled()
    assert.ok(keys.verify(token))
    await assert.rejects(createSigningKeys({ clock: () => 0, algorithm: 'RS256', pem }), /of type ec/)
  })
})

test('secrets are compared as a whole', () => {
  for (const [left, right, same] of [
    ['', '', true],
    ['abc', 'abc', true],
    ['abc', 'abd', false],
    ['abc', 'ab', false],
    ['', 'a', false],
    ['ü', 'u', false],
  ] as const) {
    assert.equal(sameSecret(left, right), same, `${left} ${right}`)
  }
})
