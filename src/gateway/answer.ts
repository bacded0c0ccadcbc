import type { ForwardDecision, HeaderList } from '../policy/index.ts'
import type { Exchange, FlatHeaders, Refusal } from './exchange.ts'
import { answerBytes } from './header-bytes.ts'
import { bareHost } from './strict.ts'

/** How a gateway's own listeners are reached: mesh port → the port people use. */
export interface Outside {
  readonly ports: Readonly<Record<number, number>>
  /** Whether `Secure` is made to stand on cookies of HTTPS answers, and of those only. */
  readonly cookies: boolean
}

/** Fields of one connection (RFC 9110 §7.6.1), and Envoy's own notes between proxies. */
const hop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-envoy-decorator-operation',
  'x-envoy-upstream-service-time',
  'server',
])

export function isHopHeader(name: string): boolean {
  return hop.has(name)
}

/** Sets what every answer of the gateway has, and mends Locations and cookies for the outside. */
export function finishHead(
  exchange: Exchange,
  outside: Outside | undefined,
  headers: FlatHeaders,
): FlatHeaders {
  if (outside) {
    for (let at = 0; at < headers.length; at += 2) {
      const name = headers[at] as string
      if (name === 'location' || name === 'content-location') {
        headers[at + 1] = outward(headers[at + 1] as string, exchange, outside)
      } else if (name === 'set-cookie' && outside.cookies) {
        headers[at + 1] = cookieFor(exchange.connection.scheme, headers[at + 1] as string)
      }
    }
  }
  headers.push('server', 'istio-envoy')
  return headers
}

/**
 * A URL of the door itself gets the port people reach it by. The engine and the workloads live in
 * the mesh, where https is 443; outside it may be 8443.
 */
export function outward(location: string, exchange: Exchange, { ports }: Outside): string {
  const match = /^(https?):\/\/([^/?#]*)(.*)$/is.exec(location)
  if (!match) return location
  const [, scheme = '', authority = '', rest = ''] = match
  const bare = bareHost(authority)
  if (bare !== bareHost(exchange.host)) return location
  const usual = scheme.toLowerCase() === 'https' ? 443 : 80
  const written = authority.length > bare.length ? Number(authority.slice(bare.length + 1)) : usual
  const port = ports[written]
  if (port === undefined) return location
  return `${scheme}://${authority.slice(0, bare.length)}${port === usual ? '' : `:${port}`}${rest}`
}

/** A browser drops a `Secure` cookie that came over plain HTTP; over HTTPS it should never do without. */
export function cookieFor(scheme: 'http' | 'https', cookie: string): string {
  const secure = /;\s*secure\s*(?=;|$)/i
  if (scheme === 'http') return cookie.replace(secure, '')
  return secure.test(cookie) ? cookie : `${cookie}; Secure`
}

/** The workload's headers as the client gets them: without this connection's own, with the route's changes. */
export function answerHeaders(
  received: readonly string[],
  { remove, set, add }: ForwardDecision['response'],
  elapsedMs: number,
): FlatHeaders {
  const headers: FlatHeaders = []
  let nominated: string[] | undefined
  for (let at = 0; at < received.length; at += 2) {
    if (received[at] === 'connection') {
      nominated = (received[at + 1] as string)
        .toLowerCase()
        .split(',')
        .map((name) => name.trim())
    }
  }
  const changed = remove.length + set.length > 0
  for (let at = 0; at < received.length; at += 2) {
    const name = received[at] as string
    if (hop.has(name) || nominated?.includes(name)) continue
    if (changed && (remove.includes(name) || set.some(([each]) => each === name))) continue
    headers.push(name, received[at + 1] as string)
  }
  for (const [name, value] of set) put(headers, name.toLowerCase(), value)
  for (const [name, value] of add) put(headers, name.toLowerCase(), value)
  headers.push('x-envoy-upstream-service-time', String(Math.round(elapsedMs)))
  return headers
}

/** What no header can hold is left out. */
function put(headers: FlatHeaders, name: string, value: string): void {
  const bytes = answerBytes(value)
  if (bytes !== undefined) headers.push(name, bytes)
}

/** The gateway's own answers: text, as Envoy sends them. */
export function replyWith(
  exchange: Exchange,
  outside: Outside | undefined,
  status: number,
  given: HeaderList,
  body: string,
): void {
  const headers: FlatHeaders = []
  for (const [name, value] of given) {
    const lower = name.toLowerCase()
    if (!hop.has(lower) && lower !== 'content-length') put(headers, lower, value)
  }
  exchange.reply(status, finishHead(exchange, outside, headers), body)
}

export function refuse(exchange: Exchange, refusal: Refusal): void {
  const { status, body = '', headers = [], close } = refusal
  const own: FlatHeaders = [...headers]
  if (body !== '') own.push('content-type', 'text/plain')
  if (close && exchange.protocol === 'HTTP/1.1') own.push('connection', 'close')
  own.push('server', 'istio-envoy')
  exchange.reply(status, own, body)
}
