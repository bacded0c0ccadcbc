import type { HeaderList } from '../policy/index.ts'
import type { Allow, AuthzCheck, Refuse, Verdict, Via } from './check.ts'
import type { HttpExchange, KnownHead } from './http-exchange.ts'
import { isForwardedHeader, soleValue, type TrustedProxies } from './trusted.ts'

export interface HttpReading {
  readonly check: AuthzCheck
  /** `traceparent`, when it is one (W3C Trace Context §3.2). */
  readonly trace?: string | undefined
}

/**
 * A request of a proxy as the check it stands for. The target is what is left of the request line
 * after the prefix, never what a header says (CVE-2026-76835), except where the protocol has it in
 * headers (Traefik, nginx) and the peer is one whose headers count.
 */
export function readHttpCheck(
  exchange: HttpExchange,
  via: Via,
  target: string,
  trusted: TrustedProxies,
): HttpReading {
  const isTrusted = trusted.has(exchange.peer)
  const headers: (readonly [string, string])[] = []
  let host: string | undefined
  let hosts = 0
  let trace: string | undefined
  for (const header of exchange.headers) {
    const [name, value] = header
    if (name === 'host') {
      host = value
      hosts++
    } else if (name === 'traceparent') trace = value
    if (!isTrusted && isForwardedHeader(name)) continue
    headers.push(header)
  }
  const check: AuthzCheck = {
    via,
    method: exchange.method,
    target,
    // Two hosts are none.
    host: hosts > 1 ? ',' : (host ?? ''),
    headers,
  }
  const said = via === 'forward-auth' || via === 'auth-request' ? ofHeaders(check) : check
  return { check: said, trace: trace !== undefined && isTraceParent(trace) ? trace : undefined }
}

/** Traefik's forwardAuth, nginx's auth_request: the original request stands in headers. */
function ofHeaders(check: AuthzCheck): AuthzCheck {
  const { headers } = check
  const target = soleValue(headers, 'x-forwarded-uri') ?? soleValue(headers, 'x-original-uri') ?? ''
  const method = soleValue(headers, 'x-forwarded-method') ?? soleValue(headers, 'x-original-method')
  const host = soleValue(headers, 'x-forwarded-host')
  return {
    ...check,
    target,
    method: method ?? 'GET',
    ...(host !== undefined && { host }),
    headers: headers.filter(([name]) => name !== 'content-length' && name !== 'transfer-encoding'),
  }
}

const isTraceParent = (text: string) => /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}/.test(text)

/** The verdict as the proxy that asked reads it. */
export function writeVerdict(exchange: HttpExchange, via: Via, verdict: Verdict, closing: boolean): void {
  if (verdict.kind === 'allow') writeAllow(exchange, verdict, closing)
  else writeRefusal(exchange, via, verdict, closing)
}

function writeAllow(exchange: HttpExchange, allow: Allow, closing: boolean): void {
  const { status, page } = allow
  const known = headOf(allow)
  if (page === undefined && !closing) {
    if (allow.isNew) exchange.answer(status, known.head, undefined)
    else exchange.known(status, known)
    return
  }
  const head = known.head.slice(0, -2)
  for (const [name, value] of page?.headers ?? []) head.push(name, value)
  head.push('content-length', String(Buffer.byteLength(page?.body ?? '')))
  if (closing) head.push('connection', 'close')
  exchange.answer(status, head, page?.body)
}

const heads = new WeakMap<HeaderList, KnownHead & { readonly remove: readonly string[] }>()
/** Flat, with an empty body's length at the end. What a session or token sets is one list, so its head is made once. */
function headOf({ set, remove, isNew }: Allow): KnownHead {
  const known = heads.get(set)
  if (known !== undefined && known.remove === remove) return known
  const head: string[] = []
  for (const [name, value] of set) head.push(name, value)
  // Envoy takes these out of the request it lets through; others read what is set only.
  if (remove.length > 0) head.push('x-envoy-auth-headers-to-remove', joined(remove))
  head.push('content-length', '0')
  const made = { remove, head }
  if (!isNew) heads.set(set, made)
  return made
}

const joins = new WeakMap<readonly string[], string>()
/** The lists are few and made once; the text of each as well. */
function joined(list: readonly string[]): string {
  let text = joins.get(list)
  if (text === undefined) {
    text = list.join(',')
    joins.set(list, text)
  }
  return text
}

/** nginx knows 401 and 403 only; the way to sign in stands beside them. */
function writeRefusal(exchange: HttpExchange, via: Via, refuse: Refuse, closing: boolean): void {
  const { body, headers } = refuse
  const nginx = via === 'auth-request'
  const status = !nginx || refuse.status === 403 || refuse.status >= 500 ? refuse.status : 401
  const head: string[] = []
  for (const [name, value] of headers as HeaderList)
    head.push(nginx && name === 'location' ? 'x-kfdoor-login' : name, value)
  const bodiless = status === 204 || status === 304
  if (!bodiless) head.push('content-length', String(Buffer.byteLength(body)))
  if (closing) head.push('connection', 'close')
  exchange.answer(status, head, bodiless ? undefined : body)
}
