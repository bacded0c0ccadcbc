import type { Server } from '../mesh/index.ts'

/** What Istio makes of `port.protocol` (`pkg/config/protocol`); case does not matter. */
const http: ReadonlySet<string> = new Set(['HTTP', 'HTTP2', 'HTTP_PROXY', 'GRPC', 'GRPC-WEB'])

export function protocolOf(server: Server): string {
  return server.port.protocol.toUpperCase()
}

export function isPlainHttp(protocol: string): boolean {
  return http.has(protocol)
}

/** The enum's zero: a `tls` block without `mode`, or with one Istio does not know. */
const modes: ReadonlySet<string> = new Set([
  'SIMPLE',
  'MUTUAL',
  'OPTIONAL_MUTUAL',
  'ISTIO_MUTUAL',
  'AUTO_PASSTHROUGH',
  'PASSTHROUGH',
])

export function tlsMode(server: Server): string | undefined {
  if (server.tls === undefined) return undefined
  const mode = server.tls.mode?.value ?? 'PASSTHROUGH'
  return modes.has(mode) ? mode : 'PASSTHROUGH'
}

/** The proxy does not end the TLS of such a server. */
export function passesThrough(server: Server): boolean {
  const mode = tlsMode(server)
  return mode === 'PASSTHROUGH' || mode === 'AUTO_PASSTHROUGH'
}

/** `gateway.go`, IsTLSServer: a `tls` block on an HTTP port only asks for a redirect. */
export function isTlsServer(server: Server): boolean {
  return server.tls !== undefined && !isPlainHttp(protocolOf(server))
}

/** HTTP, or HTTPS whose TLS ends here. */
export function isHttpServer(server: Server): boolean {
  const protocol = protocolOf(server)
  return isPlainHttp(protocol) || (protocol === 'HTTPS' && !passesThrough(server))
}

/** HTTPS that gets its own filter chain and route table. */
export function terminatesHttps(server: Server): boolean {
  return server.tls !== undefined && protocolOf(server) === 'HTTPS' && !passesThrough(server)
}
