import { hkdfSync } from 'node:crypto'
import type { At, Problem } from '../../../base/index.ts'
import type { RedisTexts } from '../../sessions/redis-options.ts'
import { readOAuth2ProxyOptions } from '../read-oauth2-proxy.ts'
import { classify, type Given, givenByEnvironment, givenByFile, givenByFlags } from './given.ts'
import { oauth2ProxyOptions } from './oauth2-proxy-options.ts'
import {
  type CompatReading,
  type CompatSessions,
  type CompatWorld,
  isPublishedClientSecret,
  isPublishedCookieSecret,
} from './seat.ts'

const ENV = 'OAUTH2_PROXY_'

export interface OAuth2ProxyInput extends CompatWorld {
  /** `--config` */
  readonly config?: string
  /** The flags oauth2-proxy would be started with, `--config` left out. */
  readonly args: readonly string[]
}

/**
 * What an oauth2-proxy would run by: its configuration file, over it the environment, over that its
 * flags (pkg/apis/options/load.go). Every option is one of the table's; one that is refused, unknown
 * or wrong is an error with its place, one without effect is said.
 */
export function readOAuth2ProxySeat(input: OAuth2ProxyInput): CompatReading {
  const problems: Problem[] = []
  const options = oauth2ProxyOptions
  const fallback: At = { file: input.config ?? 'command line', line: 1 }
  const complain = (
    code: string,
    message: string,
    at: At = fallback,
    severity: Problem['severity'] = 'error',
  ) => problems.push({ severity, code, message, at })
  const contents = (path: string, at: At): Buffer | undefined => {
    try {
      return input.readFile(path)
    } catch (error) {
      complain(
        'config-file',
        `\`${path}\` cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'it fails'}`,
        at,
      )
      return undefined
    }
  }
  const text = input.config === undefined ? undefined : contents(input.config, fallback)?.toString('utf8')
  const given = new Map<string, Given>([
    ...(text === undefined ? [] : givenByFile(input.config as string, text, options, problems)),
    ...givenByEnvironment(input.env, ENV, options, problems),
    ...givenByFlags(input.args, options, problems),
  ])
  problems.push(...classify(given, options, 'oauth2-proxy'))

  // A secret in a file stands for the option.
  const fromFile = (name: string, option: string) => {
    const one = given.get(name)
    if (!one) return
    if (given.has(option))
      return complain('bad-setting', `\`${option}\` and \`${name}\` are both set`, one.at)
    const value = contents(String(one.value), one.at)?.toString('latin1')
    if (value !== undefined) given.set(option, { value, at: one.at })
  }
  fromFile('client_secret_file', 'client_secret')
  fromFile('cookie_secret_file', 'cookie_secret')
  const emailsFile = given.get('authenticated_emails_file')
  const allowedEmails =
    emailsFile &&
    contents(String(emailsFile.value), emailsFile.at)
      ?.toString('utf8')
      .split('\n')
      .map((line) => line.trim().toLowerCase())
      .filter((line) => line !== '' && !line.startsWith('#'))

  const { settings, problems: found } = readOAuth2ProxyOptions(given, fallback, [])
  // What has no effect was said by its class already.
  problems.push(...found.filter(({ code }) => code !== 'unknown-setting' && code !== 'not-rehearsed'))

  const value = (name: string) => {
    const one = given.get(name)?.value
    return one === undefined || one === '' ? undefined : String(one)
  }
  const list = (name: string): readonly string[] => {
    const one = given.get(name)?.value
    if (one === undefined) return []
    const items = typeof one === 'object' ? one.map(String) : String(one).split(',')
    return items.map((item) => item.trim()).filter(Boolean)
  }
  const flag = (name: string) => /^(true|t|1)$/i.test(value(name) ?? '')
  const at = (name: string) => given.get(name)?.at ?? fallback

  const provider = value('provider')
  if (provider === undefined)
    complain(
      'missing-setting',
      'no `provider` is set, and oauth2-proxy’s default is google; set `provider = "oidc"`',
    )
  for (const upstream of list('upstreams'))
    if (upstream !== 'static://200')
      complain(
        'refused-setting',
        `upstream \`${upstream}\` is not served: a proxy asks here and passes on itself; set \`static://200\``,
        at('upstreams'),
      )
  if (settings && settings.cookie.expireMs <= 0)
    complain(
      'refused-setting',
      '`cookie_expire = 0` keeps nobody’s session here; say how long',
      at('cookie_expire'),
    )
  const listenAt = (name: string, standard: string | undefined) => {
    const said = value(name) ?? standard
    if (said === undefined) return undefined
    const [, host = '', port = ''] = /^(?:http:\/\/)?(?:\[?([^\]]*?)\]?)?:(\d{1,5})$/i.exec(said) ?? []
    if (port !== '' && Number(port) <= 65_535 && !/^(unix|fd)/i.test(said))
      return { host: host === '' ? '0.0.0.0' : host, port: Number(port) }
    complain('bad-setting', `\`${name}\` is \`${said}\`, which is not ADDRESS:PORT`, at(name))
    return undefined
  }
  const listen = listenAt('http_address', '127.0.0.1:4180')
  const metricsListen = listenAt('metrics_address', undefined)
  const trustedProxies = flag('reverse_proxy') ? list('trusted_proxy_ips') : []
  if (flag('reverse_proxy') && trustedProxies.length === 0)
    complain(
      'harmless-setting',
      '`reverse_proxy` without `trusted_proxy_ips`: nobody’s forwarded headers count, where oauth2-proxy trusts everybody’s',
      at('reverse_proxy'),
      'warning',
    )

  const { secret, published: cookiePublished } = cookieSecretOf(value('cookie_secret'))
  if (value('cookie_secret') !== undefined && secret === undefined && !cookiePublished)
    complain(
      'bad-setting',
      '`cookie_secret` is too short: oauth2-proxy takes 16, 24 or 32 bytes',
      at('cookie_secret'),
    )
  if (value('cookie_secret') === undefined)
    complain('missing-setting', 'no `cookie_secret` is set; oauth2-proxy does not start without one')
  const sessions = sessionsOf()
  if (settings?.refreshMs && sessions.store === 'cookie')
    complain(
      'harmless-setting',
      '`cookie_refresh` has no effect on sessions in cookies: they end with `cookie_expire`',
      at('cookie_refresh'),
      'warning',
    )

  function sessionsOf(): CompatSessions {
    const type = value('session_store_type') ?? 'cookie'
    const sealed = secret && { secret }
    if (type === 'cookie') return { store: 'cookie', ...sealed }
    if (type !== 'redis') {
      complain(
        'bad-setting',
        `\`session_store_type\` is \`${type}\`, neither \`cookie\` nor \`redis\``,
        at('session_store_type'),
      )
      return { store: 'cookie' }
    }
    const sentinel = flag('redis_use_sentinel')
    const cluster = flag('redis_use_cluster')
    const urls = sentinel
      ? list('redis_sentinel_connection_urls')
      : cluster
        ? list('redis_cluster_connection_urls')
        : [value('redis_connection_url')].filter((one) => one !== undefined)
    if (urls.length === 0)
      complain(
        'missing-setting',
        '`session_store_type = "redis"` without the URL of one',
        at('session_store_type'),
      )
    const master = value('redis_sentinel_master_name')
    const username = value('redis_username')
    const password = value('redis_password')
    const sentinelPassword = value('redis_sentinel_password')
    const caFile = value('redis_ca_path')
    const redis: RedisTexts = {
      url: urls.join(','),
      mode: sentinel ? 'sentinel' : cluster ? 'cluster' : 'single',
      ...(sentinel && master && { master }),
      ...(username && { username }),
      ...(password && { password }),
      ...(sentinelPassword && { sentinelPassword }),
      ...(caFile && { caFile }),
    }
    return { store: 'redis', redis, ...sealed }
  }

  const broken = problems.some(({ severity }) => severity === 'error')
  if (broken || !settings || !listen) return { seat: undefined, problems }
  const published = [
    ...(isPublishedClientSecret(settings.clientSecret) ? ['the client secret'] : []),
    ...(cookiePublished ? ['the cookie secret'] : []),
  ]
  return {
    seat: {
      style: 'oauth2-proxy',
      settings: {
        ...settings,
        ...(allowedEmails && { allowedEmails }),
        completeRedirectUrl: !flag('relative_redirect_url') && settings.redirectUrl.startsWith('/'),
      },
      listen,
      ...(metricsListen && { metricsListen }),
      sessions,
      trustedProxies,
      caFiles: list('provider_ca_files'),
      published,
    },
    problems,
  }
}

/** A key of its own for us, from what the world does not know; 16 bytes at least, as oauth2-proxy wants. */
function cookieSecretOf(text: string | undefined): { secret?: Uint8Array; published: boolean } {
  if (text === undefined) return { published: false }
  const bytes = Buffer.from(text, 'latin1')
  if (isPublishedCookieSecret(bytes)) return { published: true }
  if (bytes.length < 16) return { published: false }
  return {
    secret: new Uint8Array(hkdfSync('sha256', bytes, '', 'kfdoor cookie secret', 32)),
    published: false,
  }
}
