import type { ForwardDecision } from '../policy/index.ts'
import type { Exchange, FlatHeaders } from './exchange.ts'
import { headerBytes } from './header-bytes.ts'

/** Never passed on, whatever the engine left: they belong to the client's connection, or are set below. */
const ours = new Set([
  'connection',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'x-envoy-attempt-count',
  'x-request-id',
])

/**
 * The headers an upstream gets: those of the decision, and the gateway's own (`x-forwarded-for`, …) as
 * the engine knows them. Host is apart: HTTP/2 has no such header.
 */
export function requestHeaders(
  exchange: Exchange,
  decision: ForwardDecision,
  id: string,
  attempt: number,
): FlatHeaders {
  const headers: FlatHeaders = []
  for (const [name, value] of decision.headers) pass(headers, name, value)
  const { proxyHeaders } = decision
  if (proxyHeaders) {
    for (const [name, value] of proxyHeaders) pass(headers, name, value)
  } else {
    const { remoteAddress, scheme } = exchange.connection
    headers.push(
      'x-forwarded-for',
      remoteAddress,
      'x-forwarded-proto',
      scheme,
      'x-envoy-external-address',
      remoteAddress,
    )
  }
  headers.push('x-request-id', id)
  if (counts(decision)) headers.push('x-envoy-attempt-count', String(attempt))
  return headers
}

function pass(headers: FlatHeaders, sent: string, value: string): void {
  const name = sent.toLowerCase()
  if (ours.has(name)) {
    if (name === 'te' && value.toLowerCase().includes('trailers')) headers.push('te', 'trailers')
    return
  }
  // Nothing that could begin another header may leave, wherever it came from (CVE-2023-27493).
  if (!hasLineBreak(value)) headers.push(name, headerBytes(value))
}

function hasLineBreak(value: string): boolean {
  return value.includes('\n') || value.includes('\r') || value.includes('\0')
}

/** Gateways say which attempt it is, sidecars do not; what the engine wrote down tells which it is. */
function counts({ proxyHeaders }: ForwardDecision): boolean {
  return !proxyHeaders || proxyHeaders.some(([name]) => name === 'x-envoy-attempt-count')
}
