import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIssuerKeys } from './issuer-keys.ts'

function setUp() {
  let now = 1_800_000_000_000
  const world = { fetches: 0, kids: ['one'], down: false }
  const keysFor = createIssuerKeys(
    async () => {
      world.fetches++
      if (world.down) throw new Error('down')
      return { keys: world.kids.map((kid) => ({ kty: 'RSA', kid })) }
    },
    () => now,
  )
  return { world, keysFor, pass: (ms: number) => (now += ms) }
}

test('a hundred tokens at once cause one fetch', async () => {
  const { world, keysFor } = setUp()
  await Promise.all(Array.from({ length: 100 }, () => keysFor('one')))
  assert.equal(world.fetches, 1)
})

test('a new key is found, and made-up ones cause one fetch in 30 s', async () => {
  const { world, keysFor, pass } = setUp()
  await keysFor('one')
  world.kids = ['one', 'two']
  pass(30_000)
  assert.equal((await keysFor('two')).keys.length, 2)
  for (let n = 0; n < 50; n++) await keysFor(`made-up-${n}`)
  assert.equal(world.fetches, 2)
})

test('a key that was taken out is gone after ten minutes', async () => {
  const { world, keysFor, pass } = setUp()
  await keysFor('one')
  world.kids = ['two']
  pass(600_001)
  assert.deepEqual(
    (await keysFor('one')).keys.map(({ kid }) => kid),
    ['two'],
  )
})

test('known keys outlive an outage for a day, unknown ones do not', async () => {
  const { world, keysFor, pass } = setUp()
  await keysFor('one')
  world.down = true
  pass(3_600_000)
  assert.equal((await keysFor('one')).keys.length, 1)
  pass(30_000)
  await assert.rejects(keysFor('two'))
  pass(86_400_000)
  await assert.rejects(keysFor('one'))
  await assert.rejects(keysFor('one'))
})

test('without an answer from the start there is no key', async () => {
  const { world, keysFor } = setUp()
  world.down = true
  await assert.rejects(keysFor('one'))
  world.down = false
  assert.equal((await keysFor('one')).keys.length, 1)
})
