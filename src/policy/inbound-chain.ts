/**
 * Which of a sidecar's inbound filter chains takes a connection, by the port's mode and protocol and
 * by what the client offers.
 *
 * Agrees with Istio's pilot/pkg/networking/core/filterchain_options.go.
 */
import type { DoorRequest, DropDecision, PeerCertificate } from './decision.ts'
import type { PortProtocol } from './inbound-port.ts'
import type { PortMode } from './peer-authentication.ts'
import type { TrustDomains } from './trust-domain.ts'

/** What becomes of a connection before any policy. */
export type InboundChoice =
  | { readonly kind: 'http' | 'tcp'; readonly tls: boolean; readonly reason: string }
  | { readonly kind: 'drop'; readonly error: DropDecision['error']; readonly reason: string }

const httpAlpn = ['istio-http/1.0', 'istio-http/1.1', 'istio-h2']
const tcpAlpn = ['istio-peer-exchange', 'istio']

/** The filter chain a connection falls into, by mode, protocol and what the client offers. */
export function chooseInbound(
  mode: PortMode,
  protocol: PortProtocol,
  domains: TrustDomains,
  request: Pick<DoorRequest, 'scheme' | 'peer' | 'alpn'>,
): InboundChoice {
  // Where the bytes tell, these are HTTP.
  const plain = protocol === 'tcp' ? 'tcp' : 'http'
  const isTls = request.scheme === 'https' || request.peer !== undefined
  if (!isTls) {
    if (mode === 'STRICT') {
      return { kind: 'drop', error: 'connection closed without response', reason: 'mtls-required' }
    }
    return { kind: plain, tls: false, reason: 'plaintext-accepted' }
  }
  const failed = (reason: string): InboundChoice => ({ kind: 'drop', error: 'tls handshake failed', reason })
  // The bytes of the handshake would be taken for the protocol itself.
  if (mode === 'DISABLE') return failed('mtls-disabled')
  const offered = request.alpn ?? []
  const alpn = offered.find((name) => httpAlpn.includes(name) || tcpAlpn.includes(name))
  // Without one of Istio's own protocols the workload is handed the TLS bytes as they are.
  if (mode === 'PERMISSIVE' && alpn === undefined) return failed('alpn-not-of-the-mesh')
  const refusal = certificateProblem(domains, request.peer)
  if (refusal !== undefined) return failed(refusal)
  if (protocol !== 'auto') return { kind: plain, tls: true, reason: 'mtls-accepted' }
  const kind = alpn !== undefined && httpAlpn.includes(alpn) ? 'http' : 'tcp'
  return { kind, tls: true, reason: 'mtls-accepted' }
}

/** A client has to show a certificate of the mesh, for one of the mesh's trust domains. */
function certificateProblem(domains: TrustDomains, peer: PeerCertificate | undefined): string | undefined {
  if (peer === undefined) return 'client-certificate-missing'
  if (!peer.trusted) return 'client-certificate-untrusted'
  const known = peer.uris.some((uri) => domains.some((domain) => uri.startsWith(`spiffe://${domain}/`)))
  return known ? undefined : 'trust-domain-unknown'
}
