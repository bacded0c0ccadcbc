/**
 * `x-forwarded-client-cert`: what a proxy tells onward about the certificate a client showed.
 * Agrees with envoy `source/common/http/conn_manager_utility.cc` (mutateXfccRequestHeader), with the
 * details Istio has set: a gateway's whole certificate, a sidecar's names.
 */
import type { HeaderList, PeerCertificate } from './decision.ts'
import type { CertificateForwarding } from './proxy-config.ts'

export const clientCertificateHeader = 'x-forwarded-client-cert'

/** One entry of the header. `By` is the name in the proxy's own certificate, where it is a URI. */
export function clientCertificateEntry(
  peer: PeerCertificate,
  own: { readonly by?: string; readonly whole: boolean },
): string {
  const parts: string[] = []
  if (own.by !== undefined) parts.push(`By=${own.by}`)
  if (peer.sha256 !== undefined) parts.push(`Hash=${peer.sha256}`)
  if (own.whole && peer.pem !== undefined) parts.push(`Cert="${escaped(peer.pem)}"`)
  parts.push(`Subject="${peer.subject}"`)
  parts.push(...(peer.uris.length > 0 ? peer.uris.map((uri) => `URI=${uri}`) : ['URI=']))
  if (own.whole) for (const name of peer.dnsNames) parts.push(`DNS=${name}`)
  return parts.join(';')
}

/** PEM text as Envoy encodes it for a URL: everything but unreserved characters. */
function escaped(pem: string): string {
  return encodeURIComponent(pem).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/**
 * What a gateway does with the client's own word and its certificate; only a good one counts.
 * `localPrincipal` is the name in the certificate the gateway showed.
 */
export function forwardCertificate(
  headers: HeaderList,
  peer: PeerCertificate | undefined,
  mode: CertificateForwarding,
  localPrincipal?: string,
): HeaderList {
  const good = peer?.trusted ? peer : undefined
  if (mode === 'ALWAYS_FORWARD_ONLY') return headers
  if (mode === 'FORWARD_ONLY' && good) return headers
  const told = headers.some(([name]) => name === clientCertificateHeader)
  const others = told ? headers.filter(([name]) => name !== clientCertificateHeader) : headers
  if (!good || mode === 'SANITIZE' || mode === 'FORWARD_ONLY') return others
  const isUri = localPrincipal !== undefined && /^[a-z][a-z\d+.-]*:/i.test(localPrincipal)
  const own = clientCertificateEntry(good, { whole: true, ...(isUri && { by: localPrincipal }) })
  const sent = headers.filter(([name]) => name === clientCertificateHeader).map(([, value]) => value)
  const kept = mode === 'APPEND_FORWARD' ? [...sent, own] : [own]
  return [...others, [clientCertificateHeader, kept.join(',')]]
}
