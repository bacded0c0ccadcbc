import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Clock } from '../../base/index.ts'
import type { Sessions, User } from '../sessions/sessions.ts'

const START = 1_800_000_000_000
const LIFETIME = 10_000
const ISSUER = 'https://issuer.test'

const userOf = (name: string): User => ({
  subject: `sub-${name}`,
  email: `${name}@example.com`,
  groups: ['team-a', 'ünïcode'],
  userId: `${name}@example.com`,
})

export interface OpenSessions {
  readonly sessions: Sessions
  close(): Promise<void>
}

/**
 * What sessions have to hold wherever they lie: in a store, or sealed in the browser's cookie. Time
 * passes between a sign-in and what ends it, for a cookie knows its beginning to the millisecond only.
 */
export function sessionsSuite(
  name: string,
  open: (clock: Clock) => OpenSessions | Promise<OpenSessions>,
): void {
  const withSessions =
    (work: (sessions: Sessions, pass: (ms: number) => void) => Promise<void>) => async () => {
      let now = START
      const opened = await open(() => now)
      try {
        await work(opened.sessions, (ms) => {
          now += ms
        })
      } finally {
        await opened.close()
      }
    }
  const named = (who: string, sid: string) => ({ user: userOf(who), issuer: ISSUER, sid })

  describe(`sessions: ${name}`, () => {
    it(
      'finds what was started, and nobody under another id',
      withSessions(async (sessions) => {
        const content = { ...named('a', 's1'), idToken: 'an-id-token', refreshToken: 'a-refresh-token' }
        const { id, session } = await sessions.start(content, LIFETIME)
        assert.deepEqual({ ...(await sessions.find(id)) }, { ...session })
        assert.deepEqual({ ...session }, { ...content, createdAt: START, expiresAt: START + LIFETIME })
        const other = await sessions.start(named('b', 's2'), LIFETIME)
        assert.notEqual(other.id, id)
        const flipped = `${id[0] === 'A' ? 'B' : 'A'}${id.slice(1)}`
        for (const wrong of [
          '',
          'x',
          flipped,
          id.slice(1),
          `${id}A`,
          ` ${id}`,
          'A'.repeat(100_000),
          '\u0000',
        ])
          assert.equal(await sessions.find(wrong), undefined, JSON.stringify(wrong.slice(0, 60)))
      }),
    )
    it(
      'says nothing of who somebody is in the id',
      withSessions(async (sessions) => {
        const { id } = await sessions.start({ user: userOf('canary'), idToken: 'canary-token' }, LIFETIME)
        for (const text of [id, Buffer.from(id, 'base64url').toString('latin1')])
          assert.doesNotMatch(text, /canary/)
      }),
    )
    it(
      'ends at its expiry, to the millisecond',
      withSessions(async (sessions, pass) => {
        const { id } = await sessions.start(named('a', 's1'), LIFETIME)
        pass(LIFETIME - 1)
        assert.ok(await sessions.find(id))
        pass(1)
        assert.equal(await sessions.find(id), undefined)
        assert.equal(await sessions.end(id), false)
      }),
    )
    it(
      'ended once it is gone, and no other with it',
      withSessions(async (sessions, pass) => {
        const [one, two] = [
          await sessions.start(named('a', 's1'), LIFETIME),
          await sessions.start(named('a', 's2'), LIFETIME),
        ]
        pass(1)
        assert.equal(await sessions.end(one.id), true)
        assert.equal(await sessions.end(one.id), false)
        assert.equal(await sessions.find(one.id), undefined)
        assert.ok(await sessions.find(two.id))
        assert.equal(await sessions.end('nobody’s'), false)
      }),
    )
    it(
      'all of a user end together; a later sign-in stands',
      withSessions(async (sessions, pass) => {
        const mine = [
          await sessions.start(named('a', 's1'), LIFETIME),
          await sessions.start(named('a', 's2'), LIFETIME),
        ]
        const yours = await sessions.start(named('b', 's3'), LIFETIME)
        pass(1)
        await sessions.endAllOf('a@example.com')
        for (const { id } of mine) assert.equal(await sessions.find(id), undefined)
        assert.ok(await sessions.find(yours.id))
        pass(1)
        const again = await sessions.start(named('a', 's4'), LIFETIME)
        assert.ok(await sessions.find(again.id))
      }),
    )
    for (const [said, logout] of [
      ['one session of a subject', { issuer: ISSUER, subject: 'sub-a', sid: 's1' }],
      ['one session by its sid', { issuer: ISSUER, sid: 's1' }],
    ] as const)
      it(
        `an issuer ends ${said}, and leaves the others`,
        withSessions(async (sessions, pass) => {
          const [one, two] = [
            await sessions.start(named('a', 's1'), LIFETIME),
            await sessions.start(named('a', 's2'), LIFETIME),
          ]
          pass(1)
          await sessions.endBy(logout)
          assert.equal(await sessions.find(one.id), undefined)
          assert.ok(await sessions.find(two.id))
        }),
      )
    it(
      'an issuer ends all of a subject, and another issuer’s subject of that name stays',
      withSessions(async (sessions, pass) => {
        const [one, two] = [
          await sessions.start(named('a', 's1'), LIFETIME),
          await sessions.start(named('a', 's2'), LIFETIME),
        ]
        const elsewhere = await sessions.start(
          { user: { ...userOf('a'), userId: 'elsewhere:a' }, issuer: 'https://other.test', sid: 's1' },
          LIFETIME,
        )
        pass(1)
        await sessions.endBy({ issuer: ISSUER, subject: 'sub-a' })
        for (const { id } of [one, two]) assert.equal(await sessions.find(id), undefined)
        assert.ok(await sessions.find(elsewhere.id))
      }),
    )
    it(
      'new content is had only where a session can be renewed, and never by one that ended',
      withSessions(async (sessions, pass) => {
        const { id, session } = await sessions.start({ ...named('a', 's1'), idToken: 'first' }, LIFETIME)
        const renewed = await sessions.renew(id, { ...session, idToken: 'second' })
        assert.equal(renewed, sessions.renewable)
        assert.equal((await sessions.find(id))?.idToken, sessions.renewable ? 'second' : 'first')
        assert.equal((await sessions.find(id))?.expiresAt, START + LIFETIME)
        pass(1)
        await sessions.end(id)
        assert.equal(await sessions.renew(id, { ...session, idToken: 'third' }), false)
        assert.equal(await sessions.find(id), undefined)
      }),
    )
    it(
      'one task of a session runs at a time',
      withSessions(async (sessions) => {
        const { id } = await sessions.start(named('a', 's1'), LIFETIME)
        let inside = 0
        let most = 0
        const task = async () => {
          most = Math.max(most, ++inside)
          await new Promise((done) => setImmediate(done))
          inside--
        }
        await Promise.all([1, 2, 3, 4].map(() => sessions.withLock(id, task)))
        assert.equal(most, 1)
      }),
    )
  })
}
