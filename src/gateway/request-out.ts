import type { ForwardDecision } from '../policy/index.ts'
import type { Exchange, FlatHeaders } from './exchange.ts'

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
  'x-envoy-external-address',
  'x-envoy-attempt-count',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-request-id',
])

/**
 * The headers an upstream gets, as Envoy's edge gateway sends them
 * (`conn_manager_utility.cc`, mutateRequestHeaders). Host is first and apart: HTTP/2 has no such header.
 */
export function requestHeaders(
  exchange: Exchange,
  decision: ForwardDecision,
  id: string,
  options: { readonly believeForwarded: boolean; readonly attempt: number },
): FlatHeaders {
  const { connection } = exchange
  const headers: FlatHeaders = []
  let forwardedFor = connection.remoteAddress
  let proto: string = connection.scheme
  let external = connection.remoteAddress
  for (const [sent, value] of decision.headers) {
    const name = sent.toLowerCase()
    if (!ours.has(name)) {
      // Nothing that could begin another header may leave, wherever it came from (CVE-2023-27493).
      if (!/[\r\n\0]/.test(value)) headers.push(name, value)
      continue
    }
    // The engine has added the peer already, where it trusts what came before it.
    if (name === 'te' && value.toLowerCase().includes('trailers')) headers.push('te', 'trailers')
    // The engine has put the peer behind what it was sent, where there are proxies in front to believe.
    else if (!options.believeForwarded) continue
    else if (name === 'x-forwarded-for') forwardedFor = value
    else if (name === 'x-forwarded-proto') proto = value
    else if (name === 'x-envoy-external-address') external = value
  }
  headers.push(
    'x-forwarded-for',
    forwardedFor,
    'x-forwarded-proto',
    proto,
    'x-envoy-external-address',
    external,
    'x-request-id',
    id,
    'x-envoy-attempt-count',
    String(options.attempt),
  )
  return headers
}
