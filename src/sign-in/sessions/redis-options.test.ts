import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isFault } from '../../base/index.ts'
import { type RedisTexts, readRedisOptions, redisName } from './redis-options.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-redis-options-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const passwordFile = join(folder, 'password')
writeFileSync(passwordFile, 'canary-file\n')

test('one server: host, port, database and password of the URL', () => {
  const options = readRedisOptions({ url: 'redis://door:canary%2F@redis.test:6380/3' })
  assert.equal(options.mode, 'single')
  assert.deepEqual(options.nodes, [{ host: 'redis.test', port: 6380 }])
  assert.equal(options.database, 3)
  assert.equal(options.username, 'door')
  assert.equal(options.password?.(), 'canary/')
  assert.equal(options.tls, undefined)
  assert.ok(!redisName(options).includes('canary'))
})

test('a password file is read at each connection, without its last line end', () => {
  const options = readRedisOptions({ url: 'redis.test', password: 'other', passwordFile })
  assert.equal(options.password?.(), 'canary-file')
  writeFileSync(passwordFile, 'rotated')
  assert.equal(options.password?.(), 'rotated')
})

const modes: readonly (readonly [texts: RedisTexts, mode: string, name: string])[] = [
  [{ url: 'rediss://[::1]' }, 'single', '::1:6379'],
  [{ url: 'redis://a:1, redis://b:2' }, 'cluster', 'a:1,b:2'],
  [{ url: 'redis://a', mode: 'cluster' }, 'cluster', 'a:6379'],
  [{ url: 'redis://a:26379,redis://b:26379', master: 'door' }, 'sentinel', 'door@a:26379,b:26379'],
]
for (const [texts, mode, name] of modes)
  test(`${texts.url} is a ${mode}`, () => {
    const options = readRedisOptions(texts)
    assert.equal(options.mode, mode)
    assert.equal(redisName(options), name)
    assert.equal(options.tls !== undefined, texts.url.startsWith('rediss:'))
  })

const faults: readonly (readonly [texts: RedisTexts, says: RegExp])[] = [
  [{ url: '' }, /no Redis is named/],
  [{ url: 'http://canary:canary@redis.test' }, /a Redis URL is not one/],
  [{ url: 'redis://canary:canary@' }, /a Redis URL is not one/],
  [{ url: 'redis://redis.test/one' }, /database of a Redis URL is not a number/],
  [{ url: 'redis://a,rediss://b' }, /some of the Redis URLs/],
  [{ url: 'redis://a/0?ssl=false' }, /after its database/],
  [{ url: 'redis://a', mode: 'sentinel' }, /asked for a name/],
  [{ url: 'redis://a,redis://b', mode: 'single' }, /of a cluster or of sentinels/],
  [{ url: 'redis://a/2', mode: 'cluster' }, /no database but 0/],
  [{ url: 'redis://a', caFile: '/x' }, /plain `redis:`/],
  [{ url: 'rediss://a', caFile: '/nowhere/ca.pem' }, /ca\.pem/],
  [{ url: 'redis://a', passwordFile: '/nowhere/pw' }, /\/nowhere\/pw/],
  [{ url: 'redis://a', cacheMs: 60_000 }, /cache of the Redis sessions is 60000 ms/],
  [{ url: 'redis://a', graceMs: Number.NaN }, /grace/],
  [{ url: 'redis://a', timeoutMs: 0 }, /timeout/],
]
for (const [texts, says] of faults)
  test(`${JSON.stringify(texts).replaceAll('canary', '…')} is refused`, () => {
    assert.throws(
      () => readRedisOptions(texts),
      (error: Error) => isFault(error) && says.test(error.message) && !error.message.includes('canary'),
    )
  })
