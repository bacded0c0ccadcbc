import type { DoorRequest, HeaderList } from '../policy/index.ts'
import { foldName } from './client-headers.ts'
import type { Connection } from './connection.ts'
import type { Exchange, Refusal } from './exchange.ts'
import type { Limits } from './options.ts'

const bad = (reason: string, status = 400): Refusal => ({ status, reason })

/** RFC 3986 reg-name or address with a port; without userinfo, which no client of a door needs. */
const authority = /^(?:[A-Za-z0-9\-._~!$&'()*+=]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/

/**
 * What a door refuses that Envoy lets pass, before anything is decided: everything that two
 * programs in a row could read differently. `undefined` = nothing to object to.
 */
export function strictRefusal(exchange: Exchange, limits: Limits): Refusal | undefined {
  const { target, host } = exchange
  if (target.length > limits.targetBytes) return { status: 414, reason: 'target-too-long', close: true }
  const refused = refusedLine(exchange)
  if (refused) return refused
  if (exchange.protocol === 'HTTP/1.1' && nominatesOther(exchange)) return bad('connection-nominates')
  if (target === '*') return undefined
  if (!target.startsWith('/') && exchange.protocol === 'HTTP/2') return bad('target-malformed')
  // The SNI chose a certificate and maybe asked for the client's: another server's host must not pass with it.
  const { tls } = exchange.connection
  if (tls && tls.serverFor(bareHost(host)) !== tls.server) {
    return bad('host-of-another-server', 421)
  }
  return undefined
}

/** What is wrong with method, Host and target alone; `undefined` = nothing. */
export function refusedLine(line: {
  readonly method: string
  readonly host: string
  readonly target: string
}): Refusal | undefined {
  const { method, host, target } = line
  if (method === 'CONNECT') return bad('connect', 405)
  // TRACE would show the caller's own cookies to a script (RFC 9110 §9.3.8 lets a server refuse).
  if (method === 'TRACE' || method === 'TRACK') return bad('trace', 405)
  if (!authority.test(host)) return bad(host === '' ? 'no-host' : 'host-malformed')
  if (target === '*') return method === 'OPTIONS' ? undefined : bad('target-malformed')
  for (let at = 0; at < target.length; at++) {
    const code = target.charCodeAt(at)
    if (code <= 0x20 || code === 0x23 || code >= 0x7f) return bad('target-malformed')
  }
  return undefined
}

/** RFC 9110 §7.6.1 lets a client take these along for one hop; nobody honest does. */
const mayNominate = new Set(['close', 'keep-alive', 'upgrade', 'te', 'http2-settings', 'trailer', ''])

/**
 * Whether `Connection` names a field that policy or a workload goes by: who the caller is, where it
 * comes from. Taking it out between the decision and the workload would make two requests of one.
 */
function nominatesOther(exchange: Exchange): boolean {
  for (const [name, value] of exchange.headers) {
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    for (const token of value.split(',')) {
      const folded = foldName(token.trim())
      if (mayNominate.has(folded)) continue
      if (/^(authorization|cookie|host|content-.*|expect|range|origin)$/.test(folded)) return true
      if (/^(kubeflow|x-forwarded|x-envoy|x-auth|x-request|x-jwt|x-remote)/.test(folded)) return true
    }
  }
  return false
}

/**
 * Splits an absolute-form target (RFC 9112 §3.2.2). Its authority has to be the Host: whoever sees
 * two hosts may choose the other one.
 */
export function originForm(target: string, host: string): string | undefined {
  if (target.startsWith('/') || target === '*') return target
  const absolute = /^https?:\/\/([^/?]*)(.*)$/i.exec(target)
  if (!absolute || (absolute[1] ?? '').toLowerCase() !== host.toLowerCase()) return undefined
  const rest = absolute[2] ?? ''
  return rest.startsWith('/') ? rest : `/${rest}`
}

export function bareHost(host: string): string {
  const colon = host.lastIndexOf(':')
  const bare = colon > host.lastIndexOf(']') ? host.slice(0, colon) : host
  return bare.toLowerCase()
}

/** The request as the engine takes it, before anything of it was judged. */
export function doorRequest(
  exchange: Exchange,
  host: string,
  path: string,
  headers: HeaderList,
): DoorRequest {
  const { connection } = exchange
  const { sni, peer, alpn } = connection
  const request = {
    method: exchange.method,
    scheme: connection.scheme,
    host,
    path,
    headers,
    port: connection.port,
    protocol: exchange.protocol,
    sourceIp: connection.remoteAddress,
    destinationIp: connection.localAddress,
  }
  if (sni === undefined && peer === undefined && alpn === undefined) return request
  return {
    ...request,
    ...(sni !== undefined && { sni }),
    ...(peer !== undefined && { peer }),
    ...(alpn !== undefined && { alpn }),
  }
}

/** A connection that carries no HTTP of ours, in the form the engine takes requests. */
export function connectionRequest(connection: Connection): DoorRequest {
  return {
    method: '',
    scheme: connection.scheme,
    host: '',
    path: '',
    headers: [],
    port: connection.port,
    sourceIp: connection.remoteAddress,
    destinationIp: connection.localAddress,
    ...(connection.sni !== undefined && { sni: connection.sni }),
    ...(connection.peer !== undefined && { peer: connection.peer }),
    ...(connection.alpn !== undefined && { alpn: connection.alpn }),
  }
}
