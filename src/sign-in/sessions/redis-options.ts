import { readFileSync } from 'node:fs'
import { Fault } from '../../base/index.ts'

/** A Redis or Valkey, and how sessions are kept there. Nothing of it is ever printed but `where`. */
export interface RedisOptions {
  readonly mode: 'single' | 'sentinel' | 'cluster'
  /** At least one; of a sentinel or cluster any of them will do. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  /** The name the sentinels watch it by. */
  readonly master?: string
  readonly username?: string
  /** Asked at each connection, so that a rotated file counts. */
  readonly password?: () => string | undefined
  /** Of the sentinels, where it is another. */
  readonly sentinelPassword?: () => string | undefined
  readonly database: number
  readonly tls?: {
    /** PEM; the system's authorities without it. */
    readonly ca?: string
    /** PEM of a client certificate. */
    readonly cert?: string
    readonly key?: string
    /** The name its certificate has to carry, where that is not the host's. */
    readonly serverName?: string
  }
  /** Before every key. */
  readonly prefix: string
  /** Milliseconds after which a question counts as unanswered. */
  readonly timeoutMs: number
  /**
   * For how long, while Redis does not answer, a session goes on that this process has seen there;
   * counted from when Redis last confirmed it. 0 refuses at once.
   */
  readonly graceMs: number
  /** For how long a session that was read is not read again. 0 reads it for every request. */
  readonly cacheMs: number
}

const redisDefaults = {
  database: 0,
  prefix: 'kfdoor:',
  timeoutMs: 1000,
  graceMs: 0,
  cacheMs: 0,
} as const

/** Longer, and "signed out" would no longer be true. */
const LONGEST_CACHE = 10_000
const LONGEST_GRACE = 3_600_000

/** Texts of a configuration, as a person writes them. */
export interface RedisTexts {
  /** `redis://HOST:PORT/DB`, `rediss://…` over TLS; several, joined by commas, of a cluster or the sentinels. */
  readonly url: string
  readonly mode?: 'single' | 'sentinel' | 'cluster'
  readonly master?: string
  readonly username?: string
  readonly password?: string
  readonly passwordFile?: string
  readonly sentinelPassword?: string
  readonly sentinelPasswordFile?: string
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
  readonly serverName?: string
  readonly prefix?: string
  readonly timeoutMs?: number
  readonly graceMs?: number
  readonly cacheMs?: number
}

/**
 * @throws Fault ERR_USAGE for what cannot be, ERR_INPUT_UNREADABLE for a file that is not there. A
 * password in the URL is taken, but a command line shows it to everybody: use a file.
 */
export function readRedisOptions(texts: RedisTexts): RedisOptions {
  const urls = texts.url
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean)
    .map(parseRedisUrl)
  const [first] = urls
  if (!first) throw usage('no Redis is named', 'write `redis://HOST:6379`')
  if (urls.some(({ tls }) => tls !== first.tls))
    throw usage('some of the Redis URLs are `redis:` and some `rediss:`', 'write one of the two throughout')
  const mode = texts.mode ?? (texts.master ? 'sentinel' : urls.length > 1 ? 'cluster' : 'single')
  if (mode === 'sentinel' && !texts.master)
    throw usage('sentinels are asked for a name, and none is given', 'name the master the sentinels watch')
  if (mode === 'single' && urls.length > 1)
    throw usage('several Redis URLs are of a cluster or of sentinels', 'say which of the two')
  if (mode === 'cluster' && first.database > 0) throw usage('a Redis cluster has no database but 0')
  const graceMs = within('grace', texts.graceMs ?? redisDefaults.graceMs, 0, LONGEST_GRACE)
  const cacheMs = within('cache', texts.cacheMs ?? redisDefaults.cacheMs, 0, LONGEST_CACHE)
  const timeoutMs = within('timeout', texts.timeoutMs ?? redisDefaults.timeoutMs, 10, 10_000)
  const username = texts.username ?? first.username
  const password = secretOf(texts.password ?? first.password, texts.passwordFile)
  const sentinelPassword = secretOf(texts.sentinelPassword, texts.sentinelPasswordFile)
  if (texts.caFile !== undefined && !first.tls)
    throw usage('a CA for Redis is given, and the URL is plain `redis:`', 'write `rediss://…`')
  return {
    mode,
    nodes: urls.map(({ host, port }) => ({ host, port })),
    ...(texts.master && { master: texts.master }),
    ...(username && { username }),
    ...(password && { password }),
    ...(sentinelPassword && { sentinelPassword }),
    database: first.database,
    ...(first.tls && {
      tls: {
        ...(texts.caFile && { ca: readText(texts.caFile) }),
        ...(texts.certFile && { cert: readText(texts.certFile) }),
        ...(texts.keyFile && { key: readText(texts.keyFile) }),
        ...(texts.serverName && { serverName: texts.serverName }),
      },
    }),
    prefix: texts.prefix ?? redisDefaults.prefix,
    timeoutMs,
    graceMs,
    cacheMs,
  }
}

/** For messages: hosts and ports, never who signs in there. */
export const redisName = ({ nodes, master }: RedisOptions) =>
  `${master ? `${master}@` : ''}${nodes.map(({ host, port }) => `${host}:${port}`).join(',')}`

function parseRedisUrl(text: string) {
  const url = URL.parse(text.includes('://') ? text : `redis://${text}`)
  const tls = url?.protocol === 'rediss:'
  if (!url?.hostname || (!tls && url.protocol !== 'redis:'))
    // The text may hold a password, so it is not shown.
    throw usage('a Redis URL is not one', 'write `redis://HOST:PORT/DB`, or `rediss://…` over TLS')
  if (url.search || url.hash)
    throw usage('a Redis URL has something after its database', 'what it would say has a setting of its own')
  const database = url.pathname.replace(/^\/?/, '') || '0'
  if (!/^\d{1,4}$/.test(database)) throw usage('the database of a Redis URL is not a number')
  return {
    tls,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || 6379),
    database: Number(database),
    username: decodeURIComponent(url.username) || undefined,
    password: decodeURIComponent(url.password) || undefined,
  }
}

function secretOf(text: string | undefined, file: string | undefined): (() => string) | undefined {
  if (file === undefined) return text === undefined ? undefined : () => text
  const read = () => readText(file).replace(/\r?\n$/, '')
  read()
  return read
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'it cannot be read'
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason }, { cause })
  }
}

function within(what: string, value: number, least: number, most: number): number {
  if (Number.isFinite(value) && value >= least && value <= most) return value
  throw usage(`the ${what} of the Redis sessions is ${value} ms`, `it has to be ${least} to ${most} ms`)
}

const usage = (message: string, next?: string) =>
  new Fault('ERR_USAGE', { message, ...(next !== undefined && { next }) })
