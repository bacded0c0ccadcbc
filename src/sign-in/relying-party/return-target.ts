/**
 * Where a browser may be sent after sign-in or sign-out. `rd`, `state` and the first URL visited all
 * come from whoever made the link, so this is the only way a target gets into a Location.
 *
 * A path is taken when it starts with one `/` and a plain character, holds nothing a browser drops
 * or rewrites (controls, spaces, backslashes), and the WHATWG parser leaves it on the origin it was
 * resolved against, with no second slash at its front. The refused spellings are those of
 * GHSA-qqxw-m5fj-f7gv, CVE-2020-11053, CVE-2020-4037 and CVE-2021-21291.
 */

/** Longer ones are forgotten: the target rides in the `state` parameter. */
const LONGEST = 4096
const BASE = 'https://door.invalid'

/** `/`, or `/` and a character that starts a segment, a query or a fragment; `%` only of UTF-8. */
const FRONT = /^\/(?:$|[A-Za-z0-9_~?#!$&'()*+,;=:@-]|%[89A-Fa-f][0-9A-Fa-f])/
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const FORBIDDEN = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029\ufeff\\]/

/** Whether `text` is a path of the origin it is used on, whichever that is. */
export function isOwnPath(text: string): boolean {
  if (text.length > LONGEST || !FRONT.test(text) || FORBIDDEN.test(text)) return false
  const url = URL.parse(text, BASE)
  return url !== null && url.origin === BASE && !url.pathname.startsWith('//')
}

/**
 * Whether `text` is an absolute http(s) URL of a host in oauth2-proxy's `whitelist_domains`:
 * `host`, `.suffix` or `*.suffix`, each with `:port` or `:*`. Without a port only the scheme's
 * own port is meant (oauth2-proxy pkg/util, IsEndpointAllowed).
 */
export function isListedUrl(text: string, domains: readonly string[]): boolean {
  if (domains.length === 0 || text.length > LONGEST || FORBIDDEN.test(text)) return false
  if (!/^https?:\/\/[A-Za-z0-9]/i.test(text)) return false
  const url = URL.parse(text)
  if (url?.username !== '' || url.password !== '') return false
  // What stands between `//` and the path has to be what the parser made of it: no tricks inside.
  const written = /^https?:\/\/([^/?#]*)/i.exec(text)?.[1]?.toLowerCase() ?? ''
  const defaultPort = url.protocol === 'https:' ? ':443' : ':80'
  if (written !== url.host && written !== `${url.host}${defaultPort}`) return false
  return domains.some((domain) => matchesDomain(domain.toLowerCase(), url))
}

function matchesDomain(domain: string, url: URL): boolean {
  const [, name = '', port = ''] = /^(.*?)(?::(\*|\d+))?$/.exec(domain) ?? []
  const actual = url.port || (url.protocol === 'https:' ? '443' : '80')
  const portFits = port === '*' || (port === '' ? url.port === '' : port === actual)
  if (!portFits || name === '') return false
  const suffix = name.startsWith('*.') ? name.slice(1) : name
  if (!suffix.startsWith('.')) return url.hostname === suffix
  // `.apps.test` also names `apps.test` itself, as a cookie domain would.
  return url.hostname.endsWith(suffix) || (!name.startsWith('*') && url.hostname === suffix.slice(1))
}

/** The target as written when it may be used, else `/`. */
export function returnTarget(text: string | null | undefined, domains: readonly string[] = []): string {
  if (!text) return '/'
  return isOwnPath(text) || isListedUrl(text, domains) ? text : '/'
}
