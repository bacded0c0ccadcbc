import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Clock } from '../../base/index.ts'
import { createSessions } from '../sessions/sessions.ts'
import type { SessionStore, StoredSession } from '../sessions/store.ts'
import { sessionsSuite } from './sessions-suite.ts'

const START = 1_800_000_000_000
let made = 0
const text = (content: string) => Buffer.from(content).toString('base64url')

function aSession(parts: Partial<StoredSession> = {}): StoredSession {
  const key = createHash('sha256').update(`session ${++made}`).digest('base64url')
  return {
    key,
    subject: 'subject',
    createdAt: START,
    expiresAt: START + 1000,
    sealed: text('sealed'),
    ...parts,
  }
}

/**
 * What every session store has to hold, and the sessions in it. `open` makes an empty store that reads the time from
 * `clock`; a store that keeps time elsewhere (Redis) has to be told it.
 */
export function sessionStoreSuite(
  name: string,
  open: (clock: Clock) => SessionStore | Promise<SessionStore>,
): void {
  const withStore =
    (work: (store: SessionStore, pass: (ms: number) => void) => Promise<void>) => async () => {
      let now = START
      const store = await open(() => now)
      try {
        await work(store, (ms) => {
          now += ms
        })
      } finally {
        await store.close()
      }
    }

  sessionsSuite(name, async (clock) => {
    const store = await open(clock)
    return { sessions: createSessions(store, clock), close: () => store.close() }
  })

  describe(`session store: ${name}`, () => {
    it(
      'gives back what was put, and nothing else',
      withStore(async (store) => {
        const session = aSession()
        await store.put(session)
        assert.deepEqual({ ...(await store.get(session.key)) }, session)
        assert.equal(await store.get(aSession().key), undefined)
      }),
    )
    it(
      'replaces a session of the same key',
      withStore(async (store) => {
        const session = aSession({ subject: 'first' })
        await store.put(session)
        await store.put({ ...session, subject: 'second', sealed: text('other') })
        assert.equal((await store.get(session.key))?.sealed, text('other'))
        assert.equal(await store.deleteBySubject('first'), 0)
        assert.equal(await store.count(), 1)
      }),
    )
    it(
      'forgets a session at its expiry, to the millisecond',
      withStore(async (store, pass) => {
        const session = aSession()
        await store.put(session)
        pass(999)
        assert.ok(await store.get(session.key))
        pass(1)
        assert.equal(await store.get(session.key), undefined)
        assert.equal(await store.delete(session.key), false)
        assert.equal(await store.deleteBySubject(session.subject), 0)
        assert.equal(await store.count(), 0)
      }),
    )
    it(
      'touch moves the expiry and never brings a session back',
      withStore(async (store, pass) => {
        const [kept, ended] = [aSession(), aSession()]
        await store.put(kept)
        await store.put(ended)
        assert.equal(await store.touch(kept.key, START + 5000), true)
        await store.delete(ended.key)
        assert.equal(await store.touch(ended.key, START + 5000), false)
        pass(2000)
        assert.equal((await store.get(kept.key))?.expiresAt, START + 5000)
        assert.equal(await store.get(ended.key), undefined)
        pass(3000)
        assert.equal(await store.touch(kept.key, START + 50_000), false)
      }),
    )
    it(
      'one of many that end a session at once is told so',
      withStore(async (store) => {
        const session = aSession()
        await store.put(session)
        const told = await Promise.all(Array.from({ length: 20 }, () => store.delete(session.key)))
        assert.equal(told.filter(Boolean).length, 1)
        assert.equal(await store.get(session.key), undefined)
      }),
    )
    it(
      'ends all sessions of one subject and no other',
      withStore(async (store) => {
        const mine = Array.from({ length: 5 }, () => aSession({ subject: 'mine' }))
        const yours = aSession({ subject: 'yours' })
        for (const session of [...mine, yours]) await store.put(session)
        assert.equal(await store.deleteBySubject('mine'), 5)
        for (const { key } of mine) assert.equal(await store.get(key), undefined)
        assert.ok(await store.get(yours.key))
      }),
    )
    it(
      'ends a session by each of its further names too',
      withStore(async (store, pass) => {
        const [one, two] = [aSession({ aliases: ['a', 'b'] }), aSession({ subject: 'a', aliases: ['c'] })]
        await store.put(one)
        await store.put(two)
        // Moved on, it is still found by its names when the first expiry has passed.
        assert.equal(await store.touch(one.key, START + 60_000), true)
        assert.equal(await store.touch(two.key, START + 60_000), true)
        pass(2000)
        assert.equal(await store.deleteBySubject('c'), 1)
        assert.equal(await store.get(two.key), undefined)
        assert.ok(await store.get(one.key))
        await store.put({ ...one, aliases: ['d'], expiresAt: START + 60_000 })
        assert.equal(await store.deleteBySubject('b'), 0)
        assert.equal(await store.deleteBySubject('d'), 1)
        assert.equal(await store.count(), 0)
      }),
    )
    it(
      'touch replaces what a session holds, and only of one that is there',
      withStore(async (store) => {
        const [kept, ended] = [aSession(), aSession()]
        await store.put(kept)
        await store.put(ended)
        await store.delete(ended.key)
        assert.equal(await store.touch(kept.key, START + 5000, text('renewed')), true)
        assert.equal(await store.touch(ended.key, START + 5000, text('renewed')), false)
        const found = await store.get(kept.key)
        assert.deepEqual([found?.sealed, found?.expiresAt], [text('renewed'), START + 5000])
        assert.equal(await store.touch(kept.key, START + 6000), true)
        assert.equal((await store.get(kept.key))?.sealed, text('renewed'))
        assert.equal(await store.get(ended.key), undefined)
      }),
    )
    it(
      'a touch that races an end does not win',
      withStore(async (store) => {
        for (let round = 0; round < 50; round++) {
          const session = aSession()
          await store.put(session)
          await Promise.all([store.delete(session.key), store.touch(session.key, START + 9000)])
          assert.equal(await store.get(session.key), undefined)
        }
      }),
    )
    it(
      'runs one locked task of a key at a time, and others beside it',
      withStore(async (store) => {
        let inside = 0
        let most = 0
        const order: number[] = []
        const task = (n: number) => async () => {
          most = Math.max(most, ++inside)
          await new Promise((done) => setImmediate(done))
          order.push(n)
          inside--
          if (n === 3) throw new Error('one that fails')
          return n
        }
        const results = await Promise.allSettled(
          [0, 1, 2, 3, 4, 5].map((n) => store.withLock('key', task(n))),
        )
        assert.equal(most, 1)
        assert.equal(order.length, 6)
        assert.equal(results.filter(({ status }) => status === 'rejected').length, 1)
        let both = 0
        const meet = async () => {
          both++
          while (both < 2) await new Promise((done) => setImmediate(done))
        }
        await Promise.all([store.withLock('a', meet), store.withLock('b', meet)])
      }),
    )
    it(
      'keeps a thousand sessions put at once',
      withStore(async (store) => {
        const many = Array.from({ length: 1000 }, () => aSession())
        await Promise.all(many.map((session) => store.put(session)))
        assert.equal(await store.count(), 1000)
        for (const { key } of many) assert.ok(await store.get(key))
      }),
    )
    it(
      'sees neither the id of a session nor what is in it',
      withStore(async (store) => {
        const put: StoredSession[] = []
        const spy = {
          ...store,
          put(one: StoredSession) {
            put.push(one)
            return store.put(one)
          },
        }
        const sessions = createSessions(spy, () => START)
        const user = { subject: 'sub', email: 'user@example.com', groups: ['g'], userId: 'user@example.com' }
        const { id } = await sessions.start({ user, idToken: 'canary-token' }, 1000)
        assert.match(id, /^[\w-]{43}$/)
        const seen = JSON.stringify(put)
        for (const secret of [id, 'canary-token', 'user@example.com'])
          assert.ok(!seen.includes(secret), secret)
        assert.equal((await sessions.find(id))?.idToken, 'canary-token')
        assert.equal(await sessions.endAllOf('user@example.com'), 1)
        assert.equal(await sessions.find(id), undefined)
      }),
    )
  })
}
