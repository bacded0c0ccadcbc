/** Sessions in a real Redis: the suite all stores pass, on one server, over TLS, in a cluster, under a sentinel; and what an outage does. */
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { startRedis, startRedisCluster, startSentinels, tell } from '../../../e2e/parts/redis.ts'
import { type Clock, isFault } from '../../base/index.ts'
import { createAuthority, doorNames, generateKey, issueLeaf, keyPem } from '../../pki/index.ts'
import { sessionStoreSuite } from '../testing/session-store-suite.ts'
import { redisSessions } from './redis.ts'
import { type RedisTexts, readRedisOptions } from './redis-options.ts'
import { createSessions } from './sessions.ts'

let prefixes = 0
/** A store of its own: its keys begin with a prefix nobody has. */
const open = (texts: RedisTexts, clock = Date.now) =>
  redisSessions(readRedisOptions({ prefix: `t${++prefixes}:`, ...texts }), clock)
const user = { subject: 'sub', email: 'user@example.com', groups: [], userId: 'user@example.com' }
const folder = mkdtempSync(join(tmpdir(), 'kfdoor-redis-test-'))
const file = (name: string, text: string) => {
  const path = join(folder, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

const names = doorNames(['localhost', '127.0.0.1'])
const authority = await createAuthority({ names, clock: Date.now })
const key = await generateKey('ecdsa')
const cert = await issueLeaf(authority, { names, publicKey: createPublicKey(key), clock: Date.now })
const tls = { cert, key: keyPem(key), ca: authority.certPem }
const caFile = file('ca.pem', authority.certPem)
const passwordFile = file('password', 'canary-password\n')

const plain = await startRedis()
const secure = await startRedis({ tls, password: 'canary-password' })
const cluster = await startRedisCluster()
const watched = await startSentinels('canary-password')
after(async () => {
  await Promise.all([plain.close(), secure.close(), cluster.close(), watched.close()])
  rmSync(folder, { recursive: true, force: true })
})
const plainUrl = `redis://127.0.0.1:${plain.port}`

/** A thousand sessions at once may keep a slow machine's Redis busy for longer than anybody should wait for it. */
const patient = (texts: RedisTexts, clock: Clock) => open({ timeoutMs: 10_000, ...texts }, clock)

sessionStoreSuite('Redis', (clock) => patient({ url: plainUrl }, clock))
sessionStoreSuite('Redis with a cache', (clock) => patient({ url: plainUrl, cacheMs: 5000 }, clock))
sessionStoreSuite('Redis over TLS, with a password from a file', (clock) =>
  patient({ url: `rediss://127.0.0.1:${secure.port}`, caFile, passwordFile }, clock),
)
sessionStoreSuite('Redis cluster', (clock) =>
  patient({ url: cluster.nodes.map(({ port }) => `redis://127.0.0.1:${port}`).join(',') }, clock),
)
sessionStoreSuite('Redis under a sentinel', (clock) =>
  patient({ url: `redis://127.0.0.1:${watched.sentinel.port}`, master: 'door', passwordFile }, clock),
)

const unreachable = (error: unknown) => isFault(error) && error.code === 'ERR_SESSIONS_UNREACHABLE'

describe('replicas that share a Redis', () => {
  for (const cacheMs of [0, 5000])
    test(`signed in on one, known on the other, ended everywhere (cache ${cacheMs} ms)`, async () => {
      const prefix = `shared${cacheMs}:`
      const [one, two] = [open({ url: plainUrl, prefix, cacheMs }), open({ url: plainUrl, prefix, cacheMs })]
      const [here, there] = [createSessions(one, Date.now), createSessions(two, Date.now)]
      const { id } = await here.start({ user, issuer: 'https://idp.test', sid: 's1' }, 60_000)
      const other = await here.start({ user: { ...user, subject: 'x', userId: 'x' } }, 60_000)
      for (let n = 0; n < 3; n++) assert.equal((await there.find(id))?.user.userId, user.userId)
      assert.equal(await there.endBy({ issuer: 'https://idp.test', sid: 's1' }), 1)
      const gone = async () => (await here.find(id)) === undefined && (await there.find(id)) === undefined
      // With a cache the news comes over the wire; without, it is true at once.
      if (cacheMs > 0) while (!(await gone())) await new Promise((done) => setImmediate(done))
      assert.ok(await gone())
      assert.ok(await there.find(other.id))
      assert.equal(await one.count(), 1)
      await one.close()
      await two.close()
    })

  test('one lock for all of them', async () => {
    const prefix = 'lock:'
    const stores = [1, 2, 3].map(() => open({ url: plainUrl, prefix }))
    let inside = 0
    let runs = 0
    const task = async () => {
      assert.equal(++inside, 1)
      await new Promise((done) => setTimeout(done, 2))
      runs++
      inside--
    }
    await Promise.all([...stores, ...stores].map((store) => store.withLock('refresh', task)))
    assert.equal(runs, 6)
    await Promise.all(stores.map((store) => store.close()))
  })
})

describe('what is kept', () => {
  test('neither ids nor tokens nor names stand in Redis', async () => {
    const store = open({ url: plainUrl, prefix: 'canary:' })
    const { id } = await createSessions(store, Date.now).start({ user, idToken: 'canary-token' }, 60_000)
    const all = await tell(
      plain.port,
      `EVAL "local t={} for _,k in ipairs(redis.call('KEYS','canary:*')) do table.insert(t,k) if redis.call('TYPE',k).ok=='string' then table.insert(t,redis.call('GET',k)) end end return table.concat(t,' ')" 0`,
    )
    assert.match(all, /canary:session:/)
    for (const secret of [id, 'canary-token', 'user@example.com']) assert.ok(!all.includes(secret), secret)
    await store.close()
  })
})

describe('an outage', () => {
  test('a Redis that is not there refuses at once, with its name and without its password', async () => {
    const store = open({ url: 'redis://:canary-password@127.0.0.1:1' })
    const began = performance.now()
    await assert.rejects(store.ping(), (error: Error) => {
      assert.ok(unreachable(error))
      assert.match(error.message, /127\.0\.0\.1:1/)
      assert.doesNotMatch(error.message, /canary/)
      return true
    })
    assert.ok(performance.now() - began < 3000)
    await store.close()
  })
  test('a wrong password, an unknown CA and a missing one say so', async () => {
    const wrong = open({ url: `rediss://127.0.0.1:${secure.port}`, caFile, password: 'canary-wrong' })
    await assert.rejects(wrong.ping(), /user and password/)
    const untrusted = open({ url: `rediss://127.0.0.1:${secure.port}`, passwordFile })
    await assert.rejects(untrusted.ping(), (error: Error) => {
      assert.match(error.message, /SELF_SIGNED|UNABLE_TO|CERT/)
      return true
    })
    await wrong.close()
    await untrusted.close()
  })

  for (const graceMs of [0, 60_000])
    test(`killed and started again: ${graceMs ? 'those seen go on for the grace, nobody else' : 'everybody is refused'}, and all confirmed are back`, async () => {
      const redis = await startRedis({ persistent: true })
      try {
        const url = `redis://127.0.0.1:${redis.port}`
        const store = open({ url, graceMs, prefix: 'p:' })
        const sessions = createSessions(store, Date.now)
        const ids: string[] = []
        for (let n = 0; n < 50; n++) ids.push((await sessions.start({ user }, 600_000)).id)
        const [seen = '', ended = '', unseen = ''] = ids
        assert.ok(await sessions.find(seen))
        assert.ok(await sessions.find(ended))
        assert.equal(await sessions.end(ended), true)
        await redis.stop('SIGKILL')
        if (graceMs > 0) assert.ok(await sessions.find(seen))
        else await assert.rejects(async () => sessions.find(seen), unreachable)
        for (const id of [ended, unseen, 'x'.repeat(43)])
          await assert.rejects(async () => sessions.find(id), unreachable)
        await assert.rejects(sessions.start({ user }, 1000), unreachable)
        await assert.rejects(sessions.end(seen), unreachable)
        // Whoever wanted to be signed out is not let in by the grace.
        await assert.rejects(async () => sessions.find(seen), unreachable)
        await redis.start()
        const began = performance.now()
        while (
          !(await store.ping().then(
            () => true,
            () => false,
          ))
        )
          await new Promise((done) => setTimeout(done, 20))
        assert.ok(performance.now() - began < 2000, 'it is back within two seconds')
        for (const id of ids) assert.equal((await sessions.find(id)) !== undefined, id !== ended)
        await store.close()
      } finally {
        await redis.close()
      }
    })

  test('a Redis that hangs: each is refused in time, memory stays flat, and it comes back', async () => {
    const redis = await startRedis()
    try {
      const store = open({ url: `redis://127.0.0.1:${redis.port}`, timeoutMs: 200 })
      const sessions = createSessions(store, Date.now)
      const { id } = await sessions.start({ user }, 600_000)
      process.kill(redis.pid(), 'SIGSTOP')
      const began = performance.now()
      let refused = 0
      while (performance.now() - began < 4000) {
        const asked = performance.now()
        const told = await Promise.allSettled(Array.from({ length: 100 }, async () => sessions.find(id)))
        assert.ok(told.every((one) => one.status === 'rejected' && unreachable(one.reason)))
        assert.ok(performance.now() - asked < 1000)
        refused += told.length
        await new Promise((done) => setTimeout(done, 5))
      }
      assert.ok(refused > 1000)
      process.kill(redis.pid(), 'SIGCONT')
      const back = performance.now()
      while ((await Promise.allSettled([sessions.find(id)]))[0]?.status === 'rejected')
        await new Promise((done) => setTimeout(done, 20))
      assert.ok(performance.now() - back < 2000)
      assert.ok(await sessions.find(id))
      await store.close()
    } finally {
      await redis.close()
    }
  })

  test('under a sentinel the replica takes over, and what it had is there', async () => {
    const { master, sentinel, replica } = watched
    const store = open({
      url: `redis://127.0.0.1:${sentinel.port}`,
      master: 'door',
      passwordFile,
      prefix: 'w:',
    })
    const sessions = createSessions(store, Date.now)
    const { id } = await sessions.start({ user }, 600_000)
    while (!(await tell(replica.port, 'AUTH canary-password\r\nEXISTS none')).startsWith('+OK'));
    assert.ok(await sessions.find(id))
    await master.stop('SIGKILL')
    const until = performance.now() + 30_000
    for (;;) {
      const [found] = await Promise.allSettled([sessions.find(id)])
      if (found?.status === 'fulfilled') {
        assert.ok(found.value)
        break
      }
      assert.ok(performance.now() < until, 'the replica has not taken over')
      await new Promise((done) => setTimeout(done, 50))
    }
    await store.close()
  })
})
