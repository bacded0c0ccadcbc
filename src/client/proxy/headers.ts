import { foldHeaderName, identityHeaders } from '../../policy/index.ts'
import { SECRET_HEADER } from './guard.ts'

/** Of one connection only (RFC 9110, 7.6.1), and what a proxy says for itself. */
const hop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * What names a caller to a door or to what stands behind it, in the one spelling servers fold names to:
 * only the door itself may say so.
 */
const named = new Set(
  [
    ...identityHeaders,
    ...['authorization', 'x-auth-token', 'auth-method', 'gap-auth', 'x-goog-authenticated-user-email'],
    ...['remote-user', 'forwarded', 'x-real-ip'],
  ].map(foldHeaderName),
)
const namedPrefixes = ['x-auth-request-', 'x-forwarded-', 'x-envoy-', 'x-remote-', 'impersonate-']

/** Of a page of ours to a page of ours; it says nothing about the door. */
const ofThisSide = /^(host|expect|origin|referer|sec-fetch-.*)$/

/** Names that were met; a client may make up as many as it likes. */
const REMEMBERED = 512
const verdicts = new Map<string, boolean>()

/** Whether a header of a client goes on to the door. */
function goesOn(name: string): boolean {
  let answer = verdicts.get(name)
  if (answer === undefined) {
    const folded = foldHeaderName(name)
    // Pseudo headers of HTTP/2 are written anew, the proxy's own secret is nobody else's.
    answer = !(
      name.startsWith(':') ||
      name === SECRET_HEADER ||
      hop.has(name) ||
      ofThisSide.test(name) ||
      named.has(folded) ||
      namedPrefixes.some((prefix) => folded.startsWith(prefix))
    )
    if (verdicts.size >= REMEMBERED) verdicts.clear()
    verdicts.set(name, answer)
  }
  return answer
}

/**
 * The headers a door gets: the client's without those of its connection, without any credential or
 * identity of its own, with ours. One credential goes out, never two.
 */
export function headersOut(
  raw: readonly string[],
  pass: Readonly<Record<string, string>>,
  host: string,
): string[] {
  const ofConnection = connectionNames(raw)
  const out: string[] = ['host', host]
  let cookies = ''
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    const value = raw[i + 1] as string
    if (!goesOn(name) || ofConnection?.has(name)) continue
    if (name === 'cookie') cookies = cookies === '' ? value : `${cookies}; ${value}`
    else out.push(name, value)
  }
  const cookie = [pass.cookie, applicationCookies(cookies, pass.cookie)].filter(Boolean).join('; ')
  if (cookie !== '') out.push('cookie', cookie)
  for (const [name, value] of Object.entries(pass)) if (name !== 'cookie') out.push(name, value)
  return out
}

/** What the client says belongs to its connection only; undefined = nothing beyond the usual. */
function connectionNames(raw: readonly string[]): ReadonlySet<string> | undefined {
  let found: Set<string> | undefined
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    for (const each of (raw[i + 1] as string).toLowerCase().split(',')) {
      const word = each.trim()
      if (word === 'keep-alive' || word === 'close') continue
      found ??= new Set()
      found.add(word)
    }
  }
  return found
}

/** An application's own cookies stay; those of a session are ours to send, or nobody's. */
function applicationCookies(cookies: string, own = ''): string {
  if (cookies === '') return ''
  const names = new Set(own.split('; ').map(nameOf))
  return cookies
    .split(/;\s*/)
    .filter((pair) => pair !== '' && !names.has(nameOf(pair)) && !sessionName.test(pair))
    .join('; ')
}

const nameOf = (pair: string) => pair.slice(0, pair.indexOf('='))

/** Names under which doors keep sessions. */
const sessionName =
  /^(authservice_session|oauth2_proxy[a-z_]*(_\d+)?|_oauth2_proxy.*|oidc_state_csrf|kfdoor_session.*)=/

export interface Inward {
  /** Origin of the door. */
  readonly door: URL
  /** What stands before a path at the door and not on this side: `` or `/kubeflow`. */
  readonly base: string
  /** What stands before a path on this side: `` or `/SECRET`. */
  readonly prefix: string
  /** Names of the session's cookies. */
  readonly sessionCookies: ReadonlySet<string>
  /** `http://127.0.0.1:PORT` */
  readonly here: string
}

/**
 * The headers of an answer as the client sees them: addresses of the door become addresses of the
 * proxy, and no cookie of a session comes through.
 */
export function headersIn(raw: readonly (string | Buffer)[], inward: Inward): string[] {
  const out: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = String(raw[i])
    const lower = name.toLowerCase()
    const value =
      raw[i + 1] instanceof Buffer ? (raw[i + 1] as Buffer).toString('latin1') : String(raw[i + 1])
    if (hop.has(lower) || lower === 'strict-transport-security') continue
    // The secret stands in every address of a page: no other site is told it.
    if (lower === 'referrer-policy' && inward.prefix !== '') continue
    // A grant to other sites is the door's to give for itself, not for this machine.
    if (lower.startsWith('access-control-')) continue
    if (lower === 'location' || lower === 'content-location') out.push(name, locationIn(value, inward))
    else if (lower === 'set-cookie') {
      const cookie = cookieIn(value, inward)
      if (cookie !== undefined) out.push(name, cookie)
    } else out.push(name, value)
  }
  if (inward.prefix !== '') out.push('referrer-policy', 'same-origin')
  return out
}

function locationIn(value: string, { door, base, prefix, here }: Inward): string {
  if (value.startsWith('/') && !value.startsWith('//')) {
    const path = below(base, value)
    // Beside what is proxied: it is at the door, and nowhere here.
    if (path === undefined) return `${door.origin}${value}`
    // `//name` would be another site.
    return path.startsWith('//') ? `${here}${prefix}${path}` : `${prefix}${path}`
  }
  if (!URL.canParse(value)) return value
  const to = new URL(value)
  // A door behind another proxy may name http for https, or leave its port out; another port is another site.
  const same = to.host === door.host || (to.hostname === door.hostname && to.port === '')
  const path = same ? below(base, to.pathname) : undefined
  return path === undefined ? value : `${here}${prefix}${path}${to.search}${to.hash}`
}

/** A path of the door as it is on this side; undefined = it is not below the base. */
function below(base: string, path: string): string | undefined {
  if (!path.startsWith(base)) return undefined
  const rest = path.slice(base.length)
  if (rest === '' || rest.startsWith('/')) return rest || '/'
  return rest.startsWith('?') || rest.startsWith('#') ? `/${rest}` : undefined
}

function cookieIn(value: string, { base, prefix, sessionCookies }: Inward): string | undefined {
  const name = value.slice(0, value.indexOf('='))
  if (sessionCookies.has(name) || sessionName.test(value)) return undefined
  return value
    .split(/;\s*/)
    .filter((part) => !/^(domain=|secure$)/i.test(part))
    .map((part) => {
      if (!/^path=\//i.test(part) || (prefix === '' && base === '')) return part
      const path = part.slice('path='.length)
      // Of a folder above the base: of all that is here.
      return `Path=${prefix}${below(base, path) ?? '/'}`
    })
    .join('; ')
}
