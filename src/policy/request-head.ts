/**
 * What a connection manager makes of a request before its filters see it: codec checks, path and
 * host, and the headers about the connection. Agrees with envoy `source/common/http/http1/
 * balsa_parser.cc`, `header_utility.cc` and `conn_manager_utility.cc` (mutateRequestHeaders).
 */
import { parseAddress } from './cidr.ts'
import type { DoorRequest, HeaderList, PeerCertificate } from './decision.ts'
import { fitReply } from './local-reply.ts'
import { normalizePath, type PathRules } from './path-normalization.ts'
import type { NormalizedRequest } from './seam.ts'

/** What of a proxy's configuration decides how requests are read. */
export interface HeadRules {
  readonly paths: PathRules
  /** A gateway takes the TCP peer for the client; a sidecar believes X-Forwarded-For. */
  readonly useRemoteAddress: boolean
  /** `gatewayTopology.numTrustedProxies`. */
  readonly trustedHops: number
  readonly underscores: 'allow' | 'reject' | 'drop'
}

export type Head =
  | { readonly kind: 'request'; readonly request: NormalizedRequest }
  | {
      readonly kind: 'reply'
      readonly status: number
      readonly headers: HeaderList
      readonly body: string
      readonly reason: string
    }

/** `peer`: the certificate that counts; one that was shown and not asked for does not. */
export function readHead(request: DoorRequest, rules: HeadRules, peer: PeerCertificate | undefined): Head {
  const target = readTarget(request)
  if (target === undefined || !methods.has(request.method)) return codecError
  const headers = readHeaders(request.headers, rules)
  if (headers === 'codec') return codecError
  if (target.scheme === 'https' && believesNobody(rules) && !isEncrypted(request)) return plaintext
  const refuse = (reason: string, status = 400, sent: HeaderList = []): Head => {
    const call = { method: request.method, headers: typeof headers === 'string' ? request.headers : headers }
    return { kind: 'reply', ...fitReply({ status, headers: sent, body: '' }, call), reason }
  }
  if (typeof headers === 'string') return refuse(headers)
  const { host } = target
  if (host === '') return refuse('host-missing')
  if (!isAuthority(host)) return refuse('host-malformed')
  if (!target.path.startsWith('/') && target.path !== '*') return refuse('path-malformed')
  if (target.path.includes('#')) return refuse('fragment-in-path')
  const path = normalizePath(target.path, rules.paths)
  if (path.kind === 'reject') return refuse('path-malformed')
  if (path.kind === 'redirect') return refuse('escaped-slashes', 307, [['location', path.path]])
  return {
    kind: 'request',
    request: addressed(request, rules, target, path.path, headers, principalsOf(peer)),
  }
}

interface Target {
  readonly scheme?: string
  readonly host: string
  readonly path: string
}

/** `undefined` where the codec does not take the request line. */
function readTarget(request: DoorRequest): Target | undefined {
  const { path: text, host } = request
  if (text === '' || !/^[\t\f!-~]+$/.test(text)) return undefined
  // Only OPTIONS may be about no path at all (http1/codec_impl.cc, handlePath).
  if (text.startsWith('/') || (text.startsWith('*') && request.method === 'OPTIONS'))
    return { host, path: text }
  const absolute = /^([A-Za-z][A-Za-z0-9+\-.]*):\/\/([^/?]*)(.*)$/.exec(text)
  const [, scheme = '', authority = '', rest = ''] = absolute ?? []
  if (absolute === null || !/^[\w!$%&'()*+,\-.:;=@[\]~]*$/.test(authority) || authority.includes('@@')) {
    return undefined
  }
  if (!/^https?$/i.test(scheme)) return undefined
  return { scheme: scheme.toLowerCase(), host: authority, path: rest.startsWith('/') ? rest : `/${rest}` }
}

/** Codec faults are `codec`, others the reason of a 400. */
function readHeaders(sent: HeaderList, rules: HeadRules): Header[] | string {
  // Four more come later; a list that grows is copied.
  const headers: Header[] = new Array(sent.length + 4)
  let count = 0
  let connection: string | undefined
  let hopByHop = false
  for (const header of sent) {
    const [sentName, sentValue] = header
    const known = headerName(sentName)
    if (known === undefined) return 'codec'
    const { name } = known
    const value = trimmed(sentValue)
    if (known.underscore && rules.underscores !== 'allow') {
      if (rules.underscores === 'reject') return 'underscore-in-header-name'
      continue
    }
    if (known.hopByHop) {
      hopByHop = true
      if (name === 'connection') connection = connection === undefined ? value : `${connection},${value}`
    }
    const before = known.single ? placeOf(headers, count, name) : -1
    // A pair that says it already in the proxy's own spelling is kept.
    if (before === -1) headers[count++] = name === sentName && value === sentValue ? header : [name, value]
    else headers[before] = [name, `${headers[before]?.[1]},${value}`]
  }
  headers.length = count
  return hopByHop ? withoutHopByHop(headers, connection) : headers
}

type Header = readonly [name: string, value: string]

function placeOf(headers: readonly Header[], count: number, name: string): number {
  for (let at = 0; at < count; at++) if (headers[at]?.[0] === name) return at
  return -1
}

/** What a header's name says about it. */
interface HeaderName {
  /** In lower case. */
  readonly name: string
  readonly single: boolean
  readonly underscore: boolean
  /** Looked at where headers of one connection are taken away. */
  readonly hopByHop: boolean
}

/** Names come in the same few spellings; how long this grows is up to strangers, so it is bounded. */
const spellings = new Map<string, HeaderName | null>()
const mostSpellings = 1024

/** undefined = no token (RFC 9110 §5.1). */
function headerName(sent: string): HeaderName | undefined {
  const before = spellings.get(sent)
  if (before !== undefined) return before ?? undefined
  const name = sent.toLowerCase()
  const known = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name)
    ? { name, single: singles.has(name), underscore: name.includes('_'), hopByHop: ofOneHop.has(name) }
    : null
  if (spellings.size < mostSpellings && sent.length < 64) spellings.set(sent, known)
  return known ?? undefined
}

function trimmed(value: string): string {
  const blank = (at: number) => {
    const code = value.charCodeAt(at)
    return code === 32 || code === 9
  }
  if (!blank(0) && !blank(value.length - 1)) return value
  return value.replace(/^[ \t]+|[ \t]+$/g, '')
}

/**
 * The connection's own headers and those `Connection` names are for this hop only. An upgrade keeps
 * its two.
 */
function withoutHopByHop(headers: readonly Header[], connection: string | undefined): Header[] {
  const nominated = (connection ?? '').split(',').map((token) => token.trim().toLowerCase())
  const upgrade = nominated.includes('upgrade') && headers.some(([name]) => name === 'upgrade')
  const trailers = headers.some(
    ([name, value]) => name === 'te' && value.split(',').some((token) => token.trim() === 'trailers'),
  )
  // Whatever else it asks for, and however often: `trailers` is what goes on (sanitizeTEHeader).
  const te: readonly Header[] = trailers ? [['te', 'trailers']] : []
  return [...headers.filter(([name]) => keeps(name)), ...te]

  function keeps(name: string): boolean {
    switch (name) {
      case 'connection':
      case 'upgrade':
        return upgrade
      case 'keep-alive':
      case 'proxy-connection':
      case 'transfer-encoding':
        return false
      case 'te':
        return false
      default:
        return !nominated.includes(name)
    }
  }
}

/** Adds what the proxy says itself: where the request came from, and over what. */
function addressed(
  sent: DoorRequest,
  rules: HeadRules,
  target: Target,
  path: string,
  headers: Header[],
  principals: readonly string[],
): NormalizedRequest {
  const drop = rules.useRemoteAddress ? edgeOnly : internalOnly
  let forwardedFor: string | undefined
  let forwardedForAt = -1
  let sentProto: string | undefined
  let kept = 0
  for (const header of headers) {
    const [name, value] = header
    // All that is looked at here begins with an x.
    if (name.charCodeAt(0) !== 120) {
      headers[kept++] = header
      continue
    }
    if (name === 'x-forwarded-proto') {
      sentProto ??= value
      continue
    }
    if (name === 'x-request-id' || drop.has(name)) continue
    if (name === 'x-forwarded-for' && forwardedForAt === -1) {
      forwardedFor = value
      forwardedForAt = kept
    }
    headers[kept++] = header
  }
  headers.length = kept
  const trusted = rules.useRemoteAddress ? rules.trustedHops : 1
  const client = trusted > 0 ? fromTheRight(forwardedFor, trusted - 1) : undefined
  const remoteIp = client ?? sent.sourceIp
  const ownProto = sent.scheme
  const forwardedProto =
    rules.useRemoteAddress && rules.trustedHops === 0 ? ownProto : (sentProto ?? ownProto)
  if (rules.useRemoteAddress) {
    if (forwardedForAt === -1) headers.push(['x-forwarded-for', sent.sourceIp])
    else headers[forwardedForAt] = ['x-forwarded-for', `${forwardedFor},${sent.sourceIp}`]
    headers.push(['x-envoy-external-address', remoteIp])
  }
  headers.push(
    forwardedProto === 'https'
      ? overHttps
      : forwardedProto === 'http'
        ? overHttp
        : [protoHeader, forwardedProto],
    sent.requestId === undefined ? someRequestId : [requestIdHeader, sent.requestId],
  )
  const request = {
    method: sent.method,
    host: target.host,
    path,
    scheme:
      target.scheme ?? (forwardedProto === 'http' || forwardedProto === 'https' ? forwardedProto : ownProto),
    headers,
    port: sent.port,
    destinationIp: sent.destinationIp ?? '127.0.0.1',
    sourceIp: sent.sourceIp,
    remoteIp,
    sni: sent.sni ?? '',
    principals,
    forwardedProto,
    protocol: sent.protocol ?? 'HTTP/1.1',
  }
  return sent.body === undefined ? request : { ...request, body: sent.body }
}

const protoHeader = 'x-forwarded-proto'
const overHttp: Header = [protoHeader, 'http']
const overHttps: Header = [protoHeader, 'https']

/**
 * A stand-in: the proxy makes a new one for each request, so that only its presence can be known.
 */
const requestIdHeader = 'x-request-id'
const someRequestId: Header = [requestIdHeader, '00000000-0000-4000-8000-000000000000']

/** Every URI name, else every DNS name, else the subject (envoy `rbac/matchers.cc`). */
export function principalsOf(peer: PeerCertificate | undefined): readonly string[] {
  if (peer === undefined || !peer.trusted) return []
  if (peer.uris.length > 0) return peer.uris
  return peer.dnsNames.length > 0 ? peer.dnsNames : [peer.subject]
}

/** The address `skip` places from the end of X-Forwarded-For; undefined when there is none. */
function fromTheRight(forwardedFor: string | undefined, skip: number): string | undefined {
  if (forwardedFor === undefined) return undefined
  const entries = forwardedFor.split(',')
  const entry = entries[entries.length - 1 - skip]?.trim()
  return entry !== undefined && parseAddress(entry) !== undefined ? entry : undefined
}

/** nghttp2's check of an authority, which Envoy uses. */
function isAuthority(host: string): boolean {
  return /^[\w!$%&'()*+,\-.:;=@[\]~]+$/.test(host)
}

const codecError: Head = {
  kind: 'reply',
  status: 400,
  headers: [['content-type', 'text/plain']],
  body: 'Bad Request',
  reason: 'malformed-request',
}

/** A proxy behind no other knows by its own connection how the request came. */
const believesNobody = ({ useRemoteAddress, trustedHops }: HeadRules) => useRemoteAddress && trustedHops === 0

/** Inside a sidecar's mutual TLS the scheme stays `http`. */
const isEncrypted = ({ scheme, peer }: DoorRequest) => scheme === 'https' || peer !== undefined

/** An absolute `https://` target over a connection that is not (http1/codec_impl.cc, https_in_plaintext). */
const plaintext: Head = { ...codecError, status: 403, body: 'Forbidden', reason: 'https-in-plaintext' }

/** balsa_parser.cc, isMethodValid. */
const methods: ReadonlySet<string> = new Set(
  (
    'ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE ' +
    'MSEARCH NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT REBIND REPORT SEARCH SOURCE SUBSCRIBE ' +
    'TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE'
  ).split(' '),
)

const ofOneHop: ReadonlySet<string> = new Set(
  'connection upgrade keep-alive proxy-connection transfer-encoding te'.split(' '),
)

/** Headers Envoy keeps once: a repeated one is joined with a comma. */
const singles: ReadonlySet<string> = new Set(
  (
    'accept accept-encoding access-control-request-headers access-control-request-method ' +
    'access-control-request-private-network authorization cache-control client-trace-id content-encoding ' +
    'content-length content-type expect grpc-accept-encoding grpc-timeout if-match if-modified-since ' +
    'if-none-match if-range if-unmodified-since origin pragma referer te user-agent via ' +
    'x-envoy-external-address x-envoy-original-host x-envoy-original-path x-forwarded-client-cert ' +
    'x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-request-id'
  ).split(' '),
)

/** Whether Envoy keeps one line of that name only. */
export function isSingleHeader(name: string): boolean {
  return singles.has(name)
}

/** Headers that steer a proxy; taken from requests that come from outside. */
const internalOnly: ReadonlySet<string> = new Set(
  (
    'x-envoy-expected-rq-timeout-ms x-envoy-force-trace x-envoy-hedge-on-per-try-timeout x-envoy-internal ' +
    'x-envoy-ip-tags x-envoy-max-retries x-envoy-original-url x-envoy-retriable-header-names ' +
    'x-envoy-retriable-status-codes x-envoy-retry-grpc-on x-envoy-retry-on x-envoy-upstream-alt-stat-name ' +
    'x-envoy-upstream-rq-per-try-timeout-ms x-envoy-upstream-rq-timeout-alt-response ' +
    'x-envoy-upstream-rq-timeout-ms'
  ).split(' '),
)
const edgeOnly: ReadonlySet<string> = new Set([
  ...internalOnly,
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-external-address',
  'x-envoy-original-host',
  'x-envoy-original-path',
])
