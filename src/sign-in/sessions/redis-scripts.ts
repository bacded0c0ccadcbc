import { hash } from 'node:crypto'
import type { RedisScript } from './redis-connection.ts'

/**
 * Each touches one key only, so that they run in a cluster as they do on one server. A session is
 * the text `created|expires|names|sealed`: times in milliseconds, names joined by commas, none of
 * which a base64url value holds. Redis drops it by its own clock; who asks decides by his.
 */
const script = (text: string): RedisScript => ({ text, digest: hash('sha1', text, 'hex') })

/** ARGV: now, a name it must have or ``. Answers 1 when this call ended a session that was alive. */
export const endScript = script(`
local row = redis.call('GET', KEYS[1])
if not row then return 0 end
local expires, names = string.match(row, '^%d+|(%d+)|([^|]*)|')
if ARGV[2] ~= '' and not string.find(',' .. names .. ',', ',' .. ARGV[2] .. ',', 1, true) then return 0 end
redis.call('DEL', KEYS[1])
if tonumber(expires) <= tonumber(ARGV[1]) then return 0 end
return 1
`)

/** ARGV: now, new expiry, milliseconds to keep, whether there is new content, the content. */
export const touchScript = script(`
local row = redis.call('GET', KEYS[1])
if not row then return 0 end
local created, expires, names, sealed = string.match(row, '^(%d+)|(%d+)|([^|]*)|(.*)$')
if tonumber(expires) <= tonumber(ARGV[1]) then return 0 end
if ARGV[4] == '1' then sealed = ARGV[5] end
redis.call('SET', KEYS[1], created .. '|' .. ARGV[2] .. '|' .. names .. '|' .. sealed, 'PX', ARGV[3])
return 1
`)

/**
 * Notes a session under a name. ARGV: now, expiry, milliseconds to keep, key of the session. The
 * note is kept as long as the longest session in it.
 */
export const noteScript = script(`
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[4])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1
`)

/** ARGV: the token that took the lock. */
export const unlockScript = script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`)

/** ARGV: the token, milliseconds. Answers 0 when the lock is another's by now. */
export const holdScript = script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
`)
