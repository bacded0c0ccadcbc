import { type Clock, isFault } from '../../base/index.ts'
import { createKeptRows } from './kept-rows.ts'
import { connectRedis } from './redis-connection.ts'
import { createRedisLock } from './redis-lock.ts'
import { type RedisOptions, redisName } from './redis-options.ts'
import { endScript, noteScript, touchScript } from './redis-scripts.ts'
import type { SessionStore, StoredSession } from './store.ts'

/** Redis keeps a row a little longer than it lives, for clocks that differ; who reads it decides. */
const KEPT_LONGER_MS = 60_000
const ROWS_KEPT = 10_000

export interface RedisSessions extends SessionStore {
  /** Asks once. @throws Fault ERR_SESSIONS_UNREACHABLE */
  ping(): Promise<void>
}

/**
 * Sessions in Redis or Valkey, shared by all replicas: signed in on one, known on the others, ended
 * everywhere. Every look-up asks Redis, unless `cacheMs` lets one count for a moment; what another
 * replica ends is told to this one, so the moment is the most that a lost message can cost.
 *
 * While Redis does not answer, nobody is let in by a session, unless `graceMs` lets those go on that
 * this process has seen there. It comes back by itself.
 *
 * What Redis confirmed is as safe as Redis keeps it: `appendonly yes` with `appendfsync always`
 * loses nothing in a crash, `everysec` a second of it. Rows are sealed, as in every store.
 *
 * @example
 * const sessions = redisSessions(readRedisOptions({ url: 'redis://127.0.0.1:6379' }), Date.now)
 */
export function redisSessions(options: RedisOptions, clock: Clock): RedisSessions {
  const { prefix, cacheMs, graceMs } = options
  const redis = connectRedis(options)
  const sessionKey = (key: string) => `${prefix}session:${key}`
  const nameKey = (name: string) => `${prefix}name:${name}`
  const aliveKey = `${prefix}alive`
  const ended = `${prefix}ended`
  const kept = createKeptRows(ROWS_KEPT)
  // What was heard may be incomplete: nothing is believed unread until it is read again.
  let cacheFrom = cacheMs > 0 ? Number.POSITIVE_INFINITY : 0
  if (cacheMs > 0)
    void redis
      .hear(
        ended,
        (key) => kept.forget(key),
        () => {
          cacheFrom = performance.now()
        },
      )
      .then(
        () => {
          cacheFrom = performance.now()
        },
        () => {},
      )

  const names = ({ subject, aliases = [] }: StoredSession) => [subject, ...aliases]
  const keepFor = (expiresAt: number) => Math.max(1, Math.ceil(expiresAt - clock() + KEPT_LONGER_MS))
  const note = (name: string, key: string, expiresAt: number) =>
    redis.script(noteScript, name, [clock(), expiresAt, keepFor(expiresAt), key])
  const noteAll = (own: readonly string[], key: string, expiresAt: number) =>
    Promise.all([...own.map(nameKey), aliveKey].map((name) => note(name, key, expiresAt)))
  /** Others may have it at hand still. */
  const tellEnded = async (key: string) => {
    kept.forget(key)
    if (cacheMs > 0) await redis.ask(ended, ['PUBLISH', ended, key])
  }
  const alive = (row: StoredSession | undefined) => (row && row.expiresAt > clock() ? row : undefined)

  const read = async (key: string): Promise<{ row: StoredSession; names: string[] } | undefined> => {
    const text = await redis.ask(sessionKey(key), ['GET', sessionKey(key)])
    return typeof text === 'string' ? parseRow(key, text) : undefined
  }
  const end = async (key: string, name: string): Promise<boolean> => {
    kept.forget(key)
    const was = (await redis.script(endScript, sessionKey(key), [clock(), name])) === 1
    if (was) await Promise.all([tellEnded(key), redis.ask(aliveKey, ['ZREM', aliveKey, key])])
    return was
  }

  const confirmed = (key: string, text: unknown): StoredSession | undefined => {
    const found = typeof text === 'string' ? parseRow(key, text) : undefined
    if (!found) kept.forget(key)
    else if (cacheMs > 0 || graceMs > 0) kept.keep(found.row)
    return alive(found?.row)
  }
  const unconfirmed = (key: string, error: unknown): StoredSession | undefined => {
    // Only for a Redis that cannot be asked, and only for whom it confirmed a moment ago.
    const row = isFault(error) && graceMs > 0 ? kept.within(graceMs, key) : undefined
    if (row) return alive(row)
    throw error
  }

  return {
    get(key) {
      const sure = Math.min(cacheMs, performance.now() - cacheFrom)
      const known = sure > 0 ? kept.within(sure, key) : undefined
      if (known) return alive(known)
      const name = sessionKey(key)
      return redis.ask(name, ['GET', name]).then(
        (text) => confirmed(key, text),
        (error) => unconfirmed(key, error),
      )
    },
    async put(session) {
      const { key, createdAt, expiresAt, sealed } = session
      // First the names, so that no session is ever there that could not be ended by them.
      await noteAll(names(session), key, expiresAt)
      const text = `${createdAt}|${expiresAt}|${names(session).join(',')}|${sealed}`
      await redis.ask(sessionKey(key), ['SET', sessionKey(key), text, 'PX', String(keepFor(expiresAt))])
      await tellEnded(key)
    },
    async touch(key, expiresAt, sealed) {
      const found = await read(key)
      if (!found || !alive(found.row)) return false
      await noteAll(found.names, key, expiresAt)
      const args = [clock(), expiresAt, keepFor(expiresAt), sealed === undefined ? 0 : 1, sealed ?? '']
      const moved = (await redis.script(touchScript, sessionKey(key), args)) === 1
      await tellEnded(key)
      return moved
    },
    delete: (key) => end(key, ''),
    async deleteBySubject(subject) {
      const name = nameKey(subject)
      const keys = await redis.ask(name, ['ZRANGEBYSCORE', name, `(${clock()}`, '+inf'])
      const told = await Promise.all((keys as string[]).map((key) => end(key, subject)))
      return told.filter(Boolean).length
    },
    withLock: createRedisLock(redis, (key) => `${prefix}lock:${key}`, redisName(options)),
    async count() {
      return Number(await redis.ask(aliveKey, ['ZCOUNT', aliveKey, `(${clock()}`, '+inf']))
    },
    async ping() {
      await redis.ask(aliveKey, ['EXISTS', aliveKey])
    },
    async close() {
      kept.clear()
      await redis.close()
    },
  }
}

function parseRow(key: string, text: string): { row: StoredSession; names: string[] } | undefined {
  const first = text.indexOf('|')
  const second = text.indexOf('|', first + 1)
  const third = text.indexOf('|', second + 1)
  if (first < 0 || second < 0 || third < 0) return undefined
  const created = text.slice(0, first)
  const expires = text.slice(first + 1, second)
  if (!/^\d+$/.test(created) || !/^\d+$/.test(expires)) return undefined
  const [subject = '', ...aliases] = text.slice(second + 1, third).split(',')
  const row: StoredSession = {
    key,
    subject,
    ...(aliases.length > 0 && { aliases }),
    createdAt: Number(created),
    expiresAt: Number(expires),
    sealed: text.slice(third + 1),
  }
  return { row, names: [subject, ...aliases] }
}
