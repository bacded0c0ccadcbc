import type { Arrival, Plan, TlsServer } from '../../gateway/index.ts'
import { servedPair } from '../../pki/index.ts'
import type { Chain, Door, PeerCertificate, ProxyIdentity } from '../../policy/index.ts'
import type { ServeGatewayOptions } from './options.ts'
import { clientAuthority, credentialNames, placeOf, type Secrets } from './secrets.ts'

/** TLS servers that stay the same as long as what they are made of does: sessions outlive a reload. */
export class TlsServers {
  readonly #ticketKeys: Buffer | undefined
  readonly #known = new Map<string, TlsServer>()

  constructor(ticketKeys: Buffer | undefined) {
    this.#ticketKeys = ticketKeys
  }

  of(server: TlsServer, names: readonly string[] = []): TlsServer {
    const key = JSON.stringify([
      server.certPem,
      server.keyPem,
      server.client,
      server.minVersion,
      server.maxVersion,
      server.hosts,
      names,
    ])
    const known = this.#known.get(key)
    if (known) return known
    const fresh = { ...server, ...(this.#ticketKeys && { ticketKeys: this.#ticketKeys }) }
    this.#known.set(key, fresh)
    return fresh
  }
}

export interface ConnectionPlans {
  plan(arrival: Arrival): Plan
  /** TLS servers that cannot serve, and what they lack. */
  readonly unserved: readonly string[]
}

const close: Plan = { kind: 'close' }

/** What a gateway makes of a connection: the filter chain its port and server name fall into. */
export function gatewayPlans(
  door: Door,
  proxy: ProxyIdentity,
  secrets: Secrets,
  servers: TlsServers,
  options: Pick<ServeGatewayOptions, 'meshIdentity' | 'hardening'>,
): ConnectionPlans {
  const unserved: string[] = []
  const tls = new Map<Chain, TlsServer>()
  for (const { chains } of door.listeners(proxy).listeners) {
    for (const chain of chains) {
      if (!chain.tls) continue
      const made = serverOf(chain, proxy.namespace, secrets, options)
      if (typeof made === 'string') unserved.push(made)
      else tls.set(chain, servers.of(made.server, made.names))
    }
  }
  return {
    unserved: [...new Set(unserved)],
    plan({ port, encrypted, sni }) {
      const connection = { port, scheme: encrypted ? ('https' as const) : ('http' as const) }
      const chain = door.chain(proxy, sni === undefined ? connection : { ...connection, sni })
      if (!chain) return close
      if (chain.target && !chain.tls) return { kind: 'bytes' }
      if (chain.tls !== encrypted) return close
      if (!chain.tls) return { kind: 'http' }
      const server = tls.get(chain)
      // A server whose Secret is missing serves nobody, as in Envoy.
      return server ? { kind: 'tls', server, carries: chain.table ? 'http' : 'bytes' } : close
    },
  }
}

function serverOf(
  chain: Chain,
  namespace: string,
  secrets: Secrets,
  { meshIdentity, hardening }: Pick<ServeGatewayOptions, 'meshIdentity' | 'hardening'>,
): { readonly server: TlsServer; readonly names: readonly string[] } | string {
  const { server } = chain.server
  const { tls } = server
  const mode = tls?.mode?.value
  const mesh = mode === 'ISTIO_MUTUAL'
  const places = tls && !mesh ? credentialNames(tls).map((name) => placeOf(name, namespace)) : []
  const material = mesh
    ? meshIdentity
    : places.map(([ns, name]) => servedPair(secrets.get(ns, name))).find((each) => each !== undefined)
  if (!material) {
    if (mesh) return 'servers with `mode: ISTIO_MUTUAL` need `--mesh-identity DIR`'
    const [place] = places
    return place
      ? `Secret ${place.join('/')} is missing or not complete; give it with \`--secret ${place.join('/')}=DIR\``
      : `server \`${server.name ?? server.port.name}\` names no Secret`
  }
  const wants = mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL' || mesh
  // Without a CA nobody's certificate could be checked.
  const caPem = mesh ? meshIdentity?.caPem : tls && clientAuthority(secrets, tls, namespace)
  if (wants && !caPem)
    return `no \`ca.crt\` to check clients of server \`${server.name ?? server.port.name}\` with`
  const names = tls?.subjectAltNames ?? []
  return {
    names,
    server: {
      hosts: chain.serverNames ?? ['*'],
      certPem: material.certPem,
      keyPem: material.keyPem,
      ...(wants &&
        caPem && {
          client: {
            mode: mode === 'OPTIONAL_MUTUAL' ? ('OPTIONAL_MUTUAL' as const) : ('MUTUAL' as const),
            caPem,
            ...(hardening === 'istio-parity' && mode === 'OPTIONAL_MUTUAL' && { strangersAsNobody: true }),
            ...(names.length > 0 && { accepts: accepting(names) }),
          },
        }),
      ...(tls?.minProtocolVersion === 'TLSV1_3' && { minVersion: 'TLSv1.3' as const }),
      ...(tls?.maxProtocolVersion === 'TLSV1_2' && { maxVersion: 'TLSv1.2' as const }),
    },
  }
}

function accepting(names: readonly string[]): (peer: PeerCertificate) => boolean {
  return (peer) => [...peer.uris, ...peer.dnsNames].some((name) => names.includes(name))
}

/** What a sidecar makes of a connection to one of its workload's ports. */
export function sidecarPlans(
  door: Door,
  proxy: ProxyIdentity,
  servers: TlsServers,
  { meshIdentity }: Pick<ServeGatewayOptions, 'meshIdentity'>,
): ConnectionPlans {
  const server =
    meshIdentity &&
    servers.of({
      hosts: ['*'],
      certPem: meshIdentity.certPem,
      keyPem: meshIdentity.keyPem,
      client: { mode: 'MUTUAL', caPem: meshIdentity.caPem },
    })
  return {
    unserved: server ? [] : ['mutual TLS of the mesh needs `--mesh-identity DIR`'],
    plan({ port, encrypted, alpn }) {
      const connection = door.inbound(proxy, { port, encrypted, alpn })
      if (!connection) return close
      const carries = connection.carries === 'http' ? 'http' : 'bytes'
      if (!connection.tls) return carries === 'http' ? { kind: 'http' } : { kind: 'bytes' }
      return server ? { kind: 'tls', server, carries } : close
    },
  }
}
