import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HeaderList } from '../policy/index.ts'
import type { Allow, AuthzCheck, Refuse, Verdict, Via } from './check.ts'
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
  request: IncomingMessage,
  via: Via,
  target: string,
  trusted: TrustedProxies,
): HttpReading {
  const raw = request.rawHeaders
  const isTrusted = trusted.has(request.socket.remoteAddress)
  const headers: [string, string][] = []
  let host: string | undefined
  let hosts = 0
  let trace: string | undefined
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase()
    const value = raw[at + 1] as string
    if (name === 'host') {
      host = value
      hosts++
    } else if (name === 'traceparent') trace = value
    if (!isTrusted && isForwardedHeader(name)) continue
    headers.push([name, value])
  }
  const check: AuthzCheck = {
    via,
    method: request.method ?? '',
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
export function writeVerdict(response: ServerResponse, via: Via, verdict: Verdict, closing: boolean): void {
  if (verdict.kind === 'allow') writeAllow(response, verdict, closing)
  else writeRefusal(response, via, verdict, closing)
}

function writeAllow(response: ServerResponse, allow: Allow, closing: boolean): void {
  const { status, page } = allow
  const known = headOf(allow)
  if (page === undefined && !closing) {
    response.writeHead(status, known as unknown as Record<string, string>)
    response.end()
    return
  }
  const head = known.slice(0, -2)
  for (const [name, value] of page?.headers ?? []) head.push(name, value)
  head.push('content-length', String(Buffer.byteLength(page?.body ?? '')))
  if (closing) head.push('connection', 'close')
  response.writeHead(status, head as unknown as Record<string, string>)
  response.end(page?.body)
}

const heads = new WeakMap<HeaderList, { readonly remove: readonly string[]; readonly head: string[] }>()
/** Flat, with an empty body's length at the end. What a session or token sets is one list, so its head is made once. */
function headOf({ set, remove }: Allow): string[] {
  const known = heads.get(set)
  if (known !== undefined && known.remove === remove) return known.head
  const head: string[] = []
  for (const [name, value] of set) head.push(name, value)
  // Envoy takes these out of the request it lets through; others read what is set only.
  if (remove.length > 0) head.push('x-envoy-auth-headers-to-remove', joined(remove))
  head.push('content-length', '0')
  heads.set(set, { remove, head })
  return head
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
function writeRefusal(response: ServerResponse, via: Via, refuse: Refuse, closing: boolean): void {
  const { body, headers } = refuse
  const nginx = via === 'auth-request'
  const status = !nginx || refuse.status === 403 || refuse.status >= 500 ? refuse.status : 401
  const head: string[] = []
  for (const [name, value] of headers as HeaderList)
    head.push(nginx && name === 'location' ? 'x-kfdoor-login' : name, value)
  const bodiless = status === 204 || status === 304
  if (!bodiless) head.push('content-length', String(Buffer.byteLength(body)))
  if (closing) head.push('connection', 'close')
  response.writeHead(status, head as unknown as Record<string, string>)
  response.end(bodiless ? undefined : body)
}
