import { isFault } from '../../base/index.ts'
import type { Field } from '../../issuer/index.ts'
import { type RedisTexts, readRedisOptions } from '../../sign-in/index.ts'
import type { Reading } from './read-settings.ts'
import type { SessionSettings } from './settings.ts'

const REDIS_FIELDS = [
  'url',
  'mode',
  'master',
  'username',
  'passwordFile',
  'sentinelPasswordFile',
  'caFile',
  'certFile',
  'keyFile',
  'serverName',
  'prefix',
  'timeout',
  'grace',
  'cache',
]

/** `sessions`: `memory`, `sqlite:FILE`, `cookie:FILE`, `redis://…`, or `{redis: {url, …}}`. */
export function readSessions(field: Field, reading: Reading): SessionSettings {
  if (field.isMapping && !reading.isOverridden('sessions')) {
    field.only(['redis'])
    return readRedis(field.get('redis'), reading)
  }
  const text = reading.text(field, 'sessions', 'memory')
  if (text === 'memory') return { store: 'memory' }
  if (/^rediss?:\/\//.test(text)) return redisOf({ url: text, ...ofEnvironment(reading) }, field, reading)
  const [, kind, file] = /^(sqlite|cookie):(.+)$/s.exec(text) ?? []
  if (kind === 'sqlite' && file) return { store: 'sqlite', file }
  if (kind === 'cookie' && file) return { store: 'cookie', secrets: secretsOf(file, field, reading) }
  reading.complain(
    field,
    'sessions',
    'is none of `memory`, `sqlite:FILE`, `cookie:FILE` and `redis://HOST:PORT`',
  )
  return { store: 'memory' }
}

/** A password in a URL stands in process lists and manifests; these do not. */
const ofEnvironment = (reading: Reading) => {
  const passwordFile = reading.given('redisPasswordFile')
  const caFile = reading.given('redisCaFile')
  return { ...(passwordFile && { passwordFile }), ...(caFile && { caFile }) }
}

function readRedis(field: Field, reading: Reading): SessionSettings {
  field.only(REDIS_FIELDS)
  const text = <N extends keyof RedisTexts>(name: N): { readonly [K in N]?: string } => {
    const value = reading.optional(field.get(name))
    return (value === undefined ? {} : { [name]: value }) as { readonly [K in N]?: string }
  }
  const duration = <N extends keyof RedisTexts>(name: string, as: N): { readonly [K in N]?: number } =>
    (field.get(name).present ? { [as]: reading.duration(field.get(name), 0) } : {}) as {
      readonly [K in N]?: number
    }
  const mode = field.get('mode')
  const modes = ['single', 'sentinel', 'cluster'] as const
  const texts: RedisTexts = {
    url: reading.text(field.get('url'), undefined, ''),
    ...(mode.present && {
      mode: reading.choice<(typeof modes)[number]>(mode, undefined, modes, 'single'),
    }),
    ...text('master'),
    ...text('username'),
    ...text('passwordFile'),
    ...text('sentinelPasswordFile'),
    ...text('caFile'),
    ...text('certFile'),
    ...text('keyFile'),
    ...text('serverName'),
    ...text('prefix'),
    ...duration('timeout', 'timeoutMs'),
    ...duration('grace', 'graceMs'),
    ...duration('cache', 'cacheMs'),
    ...ofEnvironment(reading),
  }
  return redisOf(texts, field, reading)
}

function redisOf(texts: RedisTexts, field: Field, reading: Reading): SessionSettings {
  try {
    return { store: 'redis', redis: readRedisOptions(texts) }
  } catch (error) {
    if (!isFault(error)) throw error
    reading.complain(field, 'sessions', `cannot be used: ${error.message}`)
    return { store: 'memory' }
  }
}

/** One secret a line, base64 of 32 bytes or more; the first seals, all open. */
function secretsOf(file: string, field: Field, reading: Reading): readonly Uint8Array[] {
  const lines = (reading.contents(field, file) ?? '').split('\n').filter((line) => line.trim() !== '')
  const secrets = lines.map((line) => Buffer.from(line.trim(), 'base64'))
  if (secrets.length === 0 || secrets.length > 4 || secrets.some((one) => one.length < 32))
    reading.complain(
      field,
      'sessions',
      `names \`${file}\`, which has to hold one to four secrets of 32 bytes in base64, a line each`,
    )
  return secrets
}
