import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { PeerCertificate } from '../policy/index.ts'
import type { ListenerSpec, TlsServer } from './options.ts'

/** What is known of a connection; the same for all its requests. */
export interface Connection {
  readonly listener: ListenerSpec
  readonly scheme: 'http' | 'https'
  /** The port of the mesh that was dialled. */
  readonly port: number
  readonly remoteAddress: string
  readonly localAddress: string
  readonly sni?: string
  readonly peer?: PeerCertificate
  readonly alpn?: readonly string[]
  /** The TLS server that was chosen, and the one another name would have got; `undefined` = there is one only. */
  readonly tls?: {
    readonly server: TlsServer
    readonly serverFor: (name: string) => TlsServer | undefined
  }
}

const key = Symbol('connection')
type Marked = (Socket | TLSSocket) & { [key]?: Connection }

export function mark(socket: Socket | TLSSocket, connection: Connection): void {
  ;(socket as Marked)[key] = connection
}

/** Every socket the protocol servers get was marked by a listener. */
export function connectionOf(socket: unknown): Connection {
  const connection = (socket as Marked)[key]
  if (!connection) throw new Error('a socket without a listener')
  return connection
}

/** `::ffff:127.0.0.1` is how a dual-stack socket shows an IPv4 client. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/, '')
}

export function peerOf(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.getPeerX509Certificate()
  if (!certificate) return undefined
  const names = (certificate.subjectAltName ?? '').split(', ')
  const ofKind = (kind: string) =>
    names.filter((name) => name.startsWith(kind)).map((name) => unquote(name.slice(kind.length)))
  return {
    uris: ofKind('URI:'),
    dnsNames: ofKind('DNS:'),
    // Node shows one RDN a line, first to last; RFC 2253 wants them last to first.
    subject: certificate.subject.split('\n').reverse().join(','),
    trusted: socket.authorized,
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    pem: certificate.toString(),
  }
}

/** Node quotes a name that holds a comma or a quote, as a JSON string (CVE-2021-44532). */
function unquote(name: string): string {
  if (!name.startsWith('"')) return name
  try {
    return JSON.parse(name) as string
  } catch {
    return ''
  }
}
