/**
 * Envoy's ext_authz filter over HTTP: the check it sends, and what an answer does to the request.
 *
 * Agrees with Envoy's ext_authz.cc, ext_authz_http_impl.cc and check_request_utils.cc.
 */
import { utf8Bytes, utf8Text } from './base64url.ts'
import type { Check, CheckAnswer } from './decision.ts'
import { type Flow, localReply, type Stop } from './flow.ts'
import { formatHeader } from './header-format.ts'
import { headerValues, withHeader, withoutHeader } from './header-list.ts'
import { type HttpProvider, matchesName, type Provider } from './provider.ts'

/** The part of the body a check carries; `too-large` ends the request with 413. */
export function checkBody(provider: Provider, flow: Flow): CheckBody | 'too-large' | undefined {
  const { body } = flow.request
  if (!mayCarryBody(provider, flow) || body === undefined || body.length === 0) return undefined
  const bytes = typeof body === 'string' ? utf8Bytes(body) : body
  const { maxBytes, allowPartial } = provider.body
  const partial = bytes.length > maxBytes
  if (partial && !allowPartial) return 'too-large'
  const carried = partial ? bytes.subarray(0, maxBytes) : bytes
  // Bytes that are no text are still sent as they are; what stands here is for people to read.
  const text = utf8Text(carried) ?? String.fromCharCode(...carried)
  return { text, length: carried.length, partial, size: bytes.length }
}

interface CheckBody {
  readonly text: string
  /** Bytes that are carried, and bytes there are. */
  readonly length: number
  readonly size: number
  readonly partial: boolean
}

/** A protocol upgrade has no body to wait for. */
function mayCarryBody(
  provider: Provider,
  flow: Flow,
): provider is Provider & { readonly body: NonNullable<Provider['body']> } {
  return provider.body !== undefined && headerValues(flow.request.headers, 'upgrade').length === 0
}

/** What a check says of the body it would carry. */
export function wantsBody(provider: Provider, flow: Flow): Pick<Check, 'wantsBody'> {
  if (!mayCarryBody(provider, flow)) return {}
  const { maxBytes, allowPartial } = provider.body
  return { wantsBody: { maxBytes, allowPartial } }
}

export const payloadTooLarge: Stop = localReply(413, 'Payload Too Large', 'body-too-large')

export function httpCheck(provider: HttpProvider, flow: Flow): Check | 'too-large' {
  const { request } = flow
  const body = checkBody(provider, flow)
  if (body === 'too-large') return body
  const headers = new Map<string, string>()
  for (const [name, value] of request.headers) {
    if (name === 'content-length') continue
    if (name !== 'authorization' && !matchesName(provider.requestHeaders, name)) continue
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before},${value}`)
  }
  const set = (name: string, value: string) => {
    if (value !== '') headers.set(name, value)
  }
  let { method, host } = request
  let path = provider.pathPrefix + request.path
  set('content-length', String(body?.length ?? 0))
  if (body !== undefined) set('x-envoy-auth-partial-body', String(body.partial))
  for (const [name, format] of provider.addedHeaders) {
    const value = formatHeader(format, flow.attributes)
    if (name === 'host' || name === ':authority') host = value
    else if (name === ':path') path = value
    else if (name === ':method') method = value
    else set(name, value)
  }
  set('x-envoy-internal', 'true')
  set('x-envoy-expected-rq-timeout-ms', String(provider.timeoutMs))
  return {
    provider: provider.name,
    service: provider.cluster,
    method,
    path,
    host,
    headers: [...headers].sort(byName),
    ...(body !== undefined && { body: body.text }),
    ...wantsBody(provider, flow),
    ...(!matchesName(provider.requestHeaders, 'cookie') && { cookies: false as const }),
    protocol: 'http',
    timeoutMs: provider.timeoutMs,
  }
}

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]) =>
  a < b ? -1 : a > b ? 1 : 0

/** The call did not come to an answer: open or closed, as the provider says. */
export function providerFailed(provider: Provider): Stop | undefined {
  return provider.failOpen ? undefined : localReply(provider.statusOnError, '', 'provider-failed')
}

/** No answer, one that came too late, or a 5xx, which is the authorizer's failure and not its verdict. */
export function httpFailed(provider: HttpProvider, answer: CheckAnswer): boolean {
  const late = answer.delayMs !== undefined && answer.delayMs >= provider.timeoutMs
  return late || answer.failure !== undefined || (answer.status >= 500 && answer.status < 600)
}

/** What an answer that is no failure does; undefined = the request goes on, changed. */
export function applyHttpAnswer(provider: HttpProvider, flow: Flow, answer: CheckAnswer): Stop | undefined {
  const headers = answer.headers.map(([name, value]) => [name.toLowerCase(), value] as const)
  if (answer.status !== 200) {
    const relayed = headers.filter(([name]) => isRelayed(provider, name))
    // An answer to a HEAD check has no body, whatever a recording says.
    const body = flow.request.method === 'HEAD' ? '' : (answer.body ?? '')
    return localReply(answer.status, body, 'provider-denied', relayed)
  }
  const removed: string[] = []
  const { request } = flow
  let list = request.headers
  let { path, host } = request
  let changed = false
  for (const [name, value] of headers) {
    if (name === 'x-envoy-auth-headers-to-remove') {
      const named = value.split(',').map((each) => each.trim().toLowerCase())
      removed.push(...named.filter((each) => each !== '' && each !== 'host' && !each.startsWith(':')))
      continue
    }
    if (matchesName(provider.upstreamOnAllow, name)) {
      changed = true
      if (name === 'host') host = value
      else list = withHeader(list, name, value)
    }
    if (matchesName(provider.upstreamToAppend, name)) {
      changed = true
      list = [...list, [name, value]]
    }
    if (matchesName(provider.downstreamOnAllow, name)) flow.addDownstream(name, value)
  }
  for (const name of removed) list = withoutHeader(list, name)
  if (changed || removed.length > 0) {
    flow.change({ headers: list, path, host })
    if (provider.clearRouteCache) flow.reroute = true
  }
  return undefined
}

/** With a list only the listed, and what a client needs to sign in. */
function isRelayed(provider: HttpProvider, name: string): boolean {
  if (name === 'content-length' || name.startsWith(':')) return false
  if (provider.downstreamOnDeny.length === 0) return name !== 'host'
  return name === 'www-authenticate' || name === 'location' || matchesName(provider.downstreamOnDeny, name)
}
