import { randomBytes } from 'node:crypto'
import { setTimeout as later } from 'node:timers/promises'
import { Fault } from '../../base/index.ts'
import { createKeyLock } from './key-lock.ts'
import type { RedisConnection } from './redis-connection.ts'
import { holdScript, unlockScript } from './redis-scripts.ts'

/** A replica that dies holding a lock keeps the others waiting no longer than this. */
const HELD_MS = 10_000
const LONGEST_WAIT = 15_000

/**
 * One task of a key at a time over all replicas: in this process by a queue, between processes by a
 * key that is there only while somebody holds it. Held for ten seconds and prolonged while the task
 * runs; whoever finds it gone when he is done was overtaken, which a Redis that lost its memory can
 * cause, so what a task does must bear being done twice.
 *
 * @throws Fault ERR_SESSIONS_UNREACHABLE when Redis cannot be asked, or somebody holds it too long
 */
export function createRedisLock(
  redis: RedisConnection,
  keyOf: (key: string) => string,
  where: string,
): <T>(key: string, task: () => Promise<T>) => Promise<T> {
  const local = createKeyLock()
  return (key, task) =>
    local(key, async () => {
      const name = keyOf(key)
      const token = randomBytes(16).toString('base64url')
      const until = performance.now() + LONGEST_WAIT
      while ((await redis.ask(name, ['SET', name, token, 'NX', 'PX', String(HELD_MS)])) !== 'OK') {
        if (performance.now() > until)
          throw new Fault('ERR_SESSIONS_UNREACHABLE', { where, reason: 'another replica holds the lock' })
        await later(10 + Math.random() * 20)
      }
      const prolong = setInterval(() => {
        redis.script(holdScript, name, [token, HELD_MS]).catch(() => {})
      }, HELD_MS / 3)
      try {
        return await task()
      } finally {
        clearInterval(prolong)
        // It runs out by itself where this does not arrive.
        await redis.script(unlockScript, name, [token]).catch(() => {})
      }
    })
}
