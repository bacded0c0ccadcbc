import type { Clock } from '../../base/index.ts'
import { isLoopback } from './proxy-env.ts'

/** One cookie as it is kept (RFC 6265 §5.3). */
export interface Cookie {
  readonly name: string
  readonly value: string
  /** Host that set it, or the domain it named; lower case, no dot in front. */
  readonly domain: string
  /** Only for exactly that host. */
  readonly hostOnly: boolean
  readonly path: string
  readonly secure: boolean
  readonly httpOnly: boolean
  /** Milliseconds since the epoch; undefined = until the browser closes. */
  readonly expiresAt?: number
}

export interface CookieJar {
  // Takes every `Set-Cookie` line of an answer.
  /** `skewMs`: how far the clock of the door is ahead of ours. */
  take(url: URL, lines: readonly string[], skewMs?: number): void
  /** The `Cookie` header for a URL; undefined when there is none to send. */
  header(url: URL): string | undefined
  /** The cookies that would be sent, in the order they are sent. */
  matching(url: URL): readonly Cookie[]
  all(): readonly Cookie[]
}

/** The end of the year 9999: longer lives are cut, as Date cannot hold all of them. */
const FAR = 253_402_300_799_000
/** A jar a hostile door fills does not grow without bound (RFC 6265 §6.1 asks for 3000 at least). */
const MOST_COOKIES = 3000
const LONGEST_LINE = 64 * 1024

/**
 * A cookie jar as browsers keep one: by name, domain and path, so that all parts of a split session
 * cookie survive. A cookie never goes to another host than the one that set it. `Secure` over plain
 * HTTP is taken on loopback only, where browsers call the origin trustworthy.
 */
export function createCookieJar(clock: Clock, before: readonly Cookie[] = []): CookieJar {
  const kept = new Map<string, Cookie>()
  const keyOf = (cookie: Cookie) => `${cookie.name}\n${cookie.domain}\n${cookie.path}`
  const put = (cookie: Cookie) => {
    const gone = cookie.expiresAt !== undefined && cookie.expiresAt <= clock()
    if (gone) kept.delete(keyOf(cookie))
    else if (kept.has(keyOf(cookie)) || kept.size < MOST_COOKIES) kept.set(keyOf(cookie), cookie)
  }
  for (const cookie of before) put(cookie)
  const matching = (url: URL) => {
    const now = clock()
    return [...kept.values()]
      .filter(
        (cookie) =>
          (cookie.expiresAt === undefined || cookie.expiresAt > now) &&
          domainMatches(cookie, url.hostname.toLowerCase()) &&
          pathMatches(cookie.path, url.pathname) &&
          (!cookie.secure || url.protocol === 'https:' || isLoopback(url.hostname)),
      )
      .sort((a, b) => b.path.length - a.path.length)
  }
  return {
    take(url, lines, skewMs = 0) {
      for (const line of lines) {
        const cookie = parseSetCookie(line, url, clock(), skewMs)
        if (cookie) put(cookie)
      }
    },
    header(url) {
      const cookies = matching(url)
      return cookies.length === 0 ? undefined : cookieHeader(cookies)
    },
    matching,
    all: () => [...kept.values()],
  }
}

export function cookieHeader(cookies: readonly Pick<Cookie, 'name' | 'value'>[]): string {
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
}

/**
 * RFC 6265 §5.2. `Max-Age` wins over `Expires`; an `Expires` is moved by the difference between the
 * door's clock and ours, so that a wrong clock here neither shortens nor lengthens a session.
 */
export function parseSetCookie(line: string, url: URL, now: number, skewMs = 0): Cookie | undefined {
  if (line.length > LONGEST_LINE) return undefined
  const [pair = '', ...attributes] = line.split(';')
  const at = pair.indexOf('=')
  if (at < 1) return undefined
  const name = pair.slice(0, at).trim()
  const value = pair.slice(at + 1).trim()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a cookie that could end the header line is dropped.
  if (name === '' || /[\u0000-\u001f\u007f]/.test(`${name}${value}`)) return undefined
  const host = url.hostname.toLowerCase()
  let [domain, hostOnly, path, secure, httpOnly] = [host, true, defaultPath(url), false, false]
  let expiresAt: number | undefined
  let maxAge = false
  for (const attribute of attributes) {
    const eq = attribute.indexOf('=')
    const key = (eq < 0 ? attribute : attribute.slice(0, eq)).trim().toLowerCase()
    const text = eq < 0 ? '' : attribute.slice(eq + 1).trim()
    if (key === 'secure') secure = true
    else if (key === 'httponly') httpOnly = true
    else if (key === 'path' && text.startsWith('/')) path = text
    else if (key === 'max-age' && /^-?\d+$/.test(text)) {
      maxAge = true
      const seconds = Number(text)
      expiresAt = seconds <= 0 ? 0 : Math.min(FAR, now + seconds * 1000)
    } else if (key === 'expires' && !maxAge) {
      const then = Date.parse(text)
      if (!Number.isNaN(then)) expiresAt = endOf(Math.min(FAR, then - skewMs), now, value)
    } else if (key === 'domain' && text.replace(/^\./, '') !== '') {
      domain = text.replace(/^\./, '').toLowerCase()
      hostOnly = false
    }
  }
  // Somebody else's domain, or a whole top-level one: not theirs to set (§5.3, step 6).
  if (!hostOnly && domain !== host && !(host.endsWith(`.${domain}`) && domain.includes('.'))) return undefined
  if (secure && url.protocol !== 'https:' && !isLoopback(host)) return undefined
  if (name.startsWith('__Host-') && (!secure || !hostOnly || path !== '/')) return undefined
  return { name, value, domain, hostOnly, path, secure, httpOnly, expiresAt }
}

/** Dates before are how a cookie is taken back: the epoch, more or less. */
const TAKEN_BACK = Date.UTC(2001)

/**
 * A door that gives a value and an end that has passed has a clock that is behind, or its answer comes from
 * a cache: it means a cookie to be kept, only until when cannot be told.
 */
function endOf(then: number, now: number, value: string): number | undefined {
  return then <= now && then > TAKEN_BACK && value !== '' ? undefined : then
}

function defaultPath({ pathname }: URL): string {
  const last = pathname.lastIndexOf('/')
  return last <= 0 ? '/' : pathname.slice(0, last)
}

function domainMatches(cookie: Cookie, host: string): boolean {
  return host === cookie.domain || (!cookie.hostOnly && host.endsWith(`.${cookie.domain}`))
}

function pathMatches(path: string, asked: string): boolean {
  return asked === path || (asked.startsWith(path) && (path.endsWith('/') || asked[path.length] === '/'))
}
