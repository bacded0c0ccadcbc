/** Which of a gateway's listeners and filter chains takes a connection. */
import type { DoorRequest } from './decision.ts'
import type { Chain, GatewayProxy, Listener } from './listener.ts'
import { tlsMode } from './protocol.ts'
import { lowerCase } from './value-pattern.ts'

/** Where a connection ends. */
export type Accepted =
  | { readonly kind: 'chain'; readonly listener: Listener; readonly chain: Chain }
  | {
      readonly kind: 'drop'
      readonly error: 'connect: refused' | 'tls handshake failed' | 'connection closed without response'
      readonly reason: string
    }

type Connection = Pick<DoorRequest, 'port' | 'scheme' | 'sni'>

/** Of several addresses on one port, the one that stands for all. */
function listenerFor(proxy: GatewayProxy, connection: Connection): Listener | undefined {
  let first: Listener | undefined
  for (const listener of proxy.listeners) {
    if (listener.port !== connection.port) continue
    if (listener.bind === '' || listener.bind === '0.0.0.0') return listener
    first ??= listener
  }
  return first
}

/** The chain a connection ends at, whether or not it speaks what the chain wants. */
export function chainFor(proxy: GatewayProxy, connection: Connection): Chain | undefined {
  const listener = listenerFor(proxy, connection)
  return listener && findChain(listener.chains, connection.scheme === 'https' ? (connection.sni ?? '') : '')
}

export function accept(proxy: GatewayProxy, request: DoorRequest): Accepted {
  const listener = listenerFor(proxy, request)
  if (listener === undefined) {
    const clash = proxy.refused.find(({ port }) => port === request.port)?.clash
    return {
      kind: 'drop',
      error: 'connect: refused',
      reason: clash === undefined ? 'no-listener' : 'listener-refused',
    }
  }
  const encrypted = request.scheme === 'https'
  const chain = findChain(listener.chains, encrypted ? (request.sni ?? '') : '')
  const failed = encrypted ? 'tls handshake failed' : 'connection closed without response'
  if (chain === undefined) return { kind: 'drop', error: failed, reason: 'no-filter-chain' }
  if (chain.target !== undefined && !chain.tls) return { kind: 'chain', listener, chain }
  if (encrypted !== chain.tls) {
    return { kind: 'drop', error: failed, reason: encrypted ? 'listener-is-plaintext' : 'listener-is-tls' }
  }
  if (encrypted) {
    const refusal = refusesPeer(chain, request)
    if (refusal !== undefined) return { kind: 'drop', error: 'tls handshake failed', reason: refusal }
  }
  return { kind: 'chain', listener, chain }
}

/** Exact name, then the longest `*.` ending, then the chain that takes any. */
function findChain(chains: readonly Chain[], sni: string): Chain | undefined {
  const name = lowerCase(sni)
  if (name !== '') {
    // Envoy keeps `*.a` as `.a`, so that very name is exact too (filter_chain_manager_impl.cc).
    const own = name.startsWith('.') ? `*${name}` : name
    const exact = chains.find((chain) => chain.serverNames?.includes(own))
    if (exact !== undefined) return exact
    for (let dot = name.indexOf('.', 1); dot !== -1; dot = name.indexOf('.', dot + 1)) {
      const pattern = `*${name.slice(dot)}`
      const wild = chains.find((chain) => chain.serverNames?.includes(pattern))
      if (wild !== undefined) return wild
    }
  }
  return chains.find((chain) => chain.serverNames === undefined)
}

/** Why the TLS handshake with this client fails; undefined = it does not. */
function refusesPeer(chain: Chain, request: DoorRequest): string | undefined {
  const mode = tlsMode(chain.server.server)
  if (!asksForPeer(chain)) return undefined
  const { peer } = request
  // Optional means that it may be missing, not that it may be anybody's.
  if (peer === undefined) return mode === 'OPTIONAL_MUTUAL' ? undefined : 'client-certificate-missing'
  if (!peer.trusted) return 'client-certificate-untrusted'
  return namesAccepted(chain, request) ? undefined : 'client-certificate-name'
}

/** With SIMPLE a client is never asked for its certificate, so whatever it has is not shown. */
export function asksForPeer(chain: Chain): boolean {
  return chain.tls && tlsMode(chain.server.server) !== 'SIMPLE'
}

/** `subjectAltNames`: one of them has to be in the certificate. */
function namesAccepted(chain: Chain, request: DoorRequest): boolean {
  const wanted = chain.server.server.tls?.subjectAltNames ?? []
  const { peer } = request
  if (wanted.length === 0 || peer === undefined) return true
  return [...peer.uris, ...peer.dnsNames].some((name) => wanted.includes(name))
}
