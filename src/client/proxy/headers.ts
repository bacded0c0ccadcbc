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

/** What names a caller to a door or to what stands behind it: only the door itself may say so. */
const identity =
  /^(authorization|x-auth-token|kubeflow-(userid|groups)|x-auth-request-.*|x-forwarded-.*|x-envoy-.*|x-remote-user|forwarded|x-real-ip)$/

/**
 * The headers a door gets: the client's without those of its connection, without any credential or
 * identity of its own, with ours. One credential goes out, never two.
 */
export function headersOut(
  raw: readonly string[],
  pass: Readonly<Record<string, string>>,
  host: string,
): string[] {
  const named = new Set<string>()
  for (let i = 0; i < raw.length; i += 2) {
    if ((raw[i] as string).toLowerCase() !== 'connection') continue
    for (const name of (raw[i + 1] as string).split(',')) named.add(name.trim().toLowerCase())
  }
  const out: string[] = ['host', host]
  let cookies = ''
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    const value = raw[i + 1] as string
    // Pseudo headers of HTTP/2 are written anew, the proxy's own secret is nobody else's.
    if (name.startsWith(':') || name === SECRET_HEADER) continue
    if (name === 'host' || name === 'expect' || hop.has(name) || named.has(name) || identity.test(name))
      continue
    // The proxy's own address is no page of the door.
    if (name === 'origin' || name === 'referer' || name.startsWith('sec-fetch-')) continue
    if (name === 'cookie') cookies = cookies === '' ? value : `${cookies}; ${value}`
    else out.push(name, value)
  }
  const cookie = [pass.cookie, applicationCookies(cookies, pass.cookie)].filter(Boolean).join('; ')
  if (cookie !== '') out.push('cookie', cookie)
  for (const [name, value] of Object.entries(pass)) if (name !== 'cookie') out.push(name, value)
  return out
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
    // A grant to other sites is the door's to give for itself, not for this machine.
    if (lower.startsWith('access-control-')) continue
    if (lower === 'location' || lower === 'content-location') out.push(name, locationIn(value, inward))
    else if (lower === 'set-cookie') {
      const cookie = cookieIn(value, inward)
      if (cookie !== undefined) out.push(name, cookie)
    } else out.push(name, value)
  }
  return out
}

function locationIn(value: string, { door, prefix, here }: Inward): string {
  if (value.startsWith('/') && !value.startsWith('//')) return `${prefix}${value}`
  if (!URL.canParse(value)) return value
  const to = new URL(value)
  // A door behind another proxy may name http for https, or leave its port out; another port is another site.
  const same = to.host === door.host || (to.hostname === door.hostname && to.port === '')
  return same ? `${here}${prefix}${to.pathname}${to.search}${to.hash}` : value
}

function cookieIn(value: string, { prefix, sessionCookies }: Inward): string | undefined {
  const name = value.slice(0, value.indexOf('='))
  if (sessionCookies.has(name) || sessionName.test(value)) return undefined
  return value
    .split(/;\s*/)
    .filter((part) => !/^(domain=|secure$)/i.test(part))
    .map((part) =>
      /^path=\//i.test(part) && prefix !== '' ? `Path=${prefix}${part.slice('path='.length)}` : part,
    )
    .join('; ')
}
