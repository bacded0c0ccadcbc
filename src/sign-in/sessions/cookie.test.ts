import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { isFault } from '../../base/index.ts'
import { sessionsSuite } from '../testing/sessions-suite.ts'
import { createCookieSessions } from './cookie.ts'

const START = 1_800_000_000_000
const user = { subject: 'sub', email: 'user@example.com', groups: ['g'], userId: 'user@example.com' }
const at = (now: () => number, ...secrets: Uint8Array[]) =>
  createCookieSessions({ kind: 'cookie', secrets }, now)

sessionsSuite('sealed in a cookie', (clock) => ({
  sessions: at(clock, randomBytes(32)),
  close: async () => {},
}))

test('another replica with the same secret opens it, one with another does not', async () => {
  const secret = randomBytes(32)
  const now = () => START
  const { id } = await at(now, secret).start({ user, idToken: 'canary-token' }, 1000)
  assert.equal((await at(now, secret).find(id))?.idToken, 'canary-token')
  assert.equal(await at(now, randomBytes(32)).find(id), undefined)
  for (const canary of ['canary-token', 'user@example.com', 'sub'])
    assert.ok(!Buffer.from(id, 'base64url').includes(canary))
})

test('it ends at its expiry, to the millisecond', async () => {
  let now = START
  const sessions = at(() => now, randomBytes(32))
  const { id } = await sessions.start({ user }, 1000)
  now = START + 999
  assert.ok(await sessions.find(id))
  now = START + 1000
  assert.equal(await sessions.find(id), undefined)
})

test('a rotated secret: the new one seals, the old one still opens, until it is taken away', async () => {
  const [old, fresh] = [randomBytes(32), randomBytes(32)]
  const now = () => START
  const { id } = await at(now, old).start({ user }, 1000)
  const rotated = at(now, fresh, old)
  assert.ok(await rotated.find(id))
  const later = (await rotated.start({ user }, 1000)).id
  assert.ok(await at(now, fresh).find(later))
  assert.equal(await at(now, fresh).find(id), undefined)
})

test('every altered byte, and every other spelling of the same bytes, is nobody', async () => {
  const sessions = at(() => START, randomBytes(32))
  const { id } = await sessions.start({ user }, 1000)
  const bytes = Buffer.from(id, 'base64url')
  for (let index = 0; index < bytes.length; index++) {
    const changed = Buffer.from(bytes)
    changed[index] = (changed[index] ?? 0) ^ 1
    assert.equal(await sessions.find(changed.toString('base64url')), undefined)
  }
  for (const spelling of [`${id}=`, ` ${id}`, id.slice(0, -1), '', 'x', 'A'.repeat(1_000_000)])
    assert.equal(await sessions.find(spelling), undefined)
})

test('signed out, it is refused here, also as a copy; a user whose sessions end loses the earlier ones', async () => {
  let now = START
  const sessions = at(() => now, randomBytes(32))
  const one = (await sessions.start({ user }, 10_000)).id
  assert.equal(await sessions.end(one), true)
  assert.equal(await sessions.end(one), false)
  assert.equal(await sessions.find(one), undefined)
  const two = (await sessions.start({ user, issuer: 'https://idp.test', sid: 's' }, 10_000)).id
  const other = (await sessions.start({ user: { ...user, userId: 'b', subject: 'b' } }, 10_000)).id
  await sessions.endBy({ issuer: 'https://other.test', sid: 's' })
  assert.ok(await sessions.find(two))
  await sessions.endBy({ issuer: 'https://idp.test', sid: 's' })
  assert.equal(await sessions.find(two), undefined)
  const three = (await sessions.start({ user }, 10_000)).id
  await sessions.endAllOf(user.userId)
  assert.equal(await sessions.find(three), undefined)
  assert.ok(await sessions.find(other))
  now++
  assert.ok(await sessions.find((await sessions.start({ user }, 10_000)).id))
})

test('one that no browser could carry is a fault, and so is a secret that is too short', async () => {
  const sessions = at(() => START, randomBytes(32))
  await assert.rejects(
    sessions.start({ user, idToken: 'x'.repeat(30_000) }, 1000),
    (error: unknown) => isFault(error) && error.code === 'ERR_SESSIONS_UNUSABLE',
  )
  for (const secrets of [[], [randomBytes(16)], Array.from({ length: 5 }, () => randomBytes(32))])
    assert.throws(
      () => at(() => START, ...secrets),
      (error: unknown) => isFault(error),
    )
})
