import { lookup } from 'node:dns/promises'
import { connect } from 'node:net'
import { connect as connectTls, type DetailedPeerCertificate } from 'node:tls'

export interface Resolved {
  readonly addresses: readonly string[]
  /** `ENOTFOUND`, `EAI_AGAIN`; undefined = it resolves. */
  readonly error?: string
}

/** A name as this machine resolves it, hosts file included. */
export async function resolveName(host: string): Promise<Resolved> {
  try {
    const found = await lookup(host.replace(/^\[|\]$/g, ''), { all: true })
    return { addresses: found.map(({ address }) => address) }
  } catch (error) {
    return { addresses: [], error: (error as NodeJS.ErrnoException).code ?? String(error) }
  }
}

/** Whether something listens; undefined = it does, else why not. */
export function knock(address: string, port: number, waitMs = 5000): Promise<string | undefined> {
  return new Promise((done) => {
    const socket = connect({ host: address, port })
    const end = (reason?: string) => {
      socket.destroy()
      done(reason)
    }
    socket.setTimeout(waitMs, () => end('ETIMEDOUT'))
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
    socket.once('connect', () => end())
  })
}

export interface ShownCertificate {
  readonly subject: string
  readonly issuer: string
  readonly names: readonly string[]
  /** ms */
  readonly notBefore: number
  readonly notAfter: number
  readonly sha256: string
}

export interface Handshake {
  readonly protocol?: string
  /** Leaf first, as the server sent it. */
  readonly chain: readonly ShownCertificate[]
  /** OpenSSL’s word why it is not trusted, for example `CERT_HAS_EXPIRED`; undefined = it is. */
  readonly distrust?: string
  /** No handshake at all. */
  readonly error?: string
}

/** A TLS handshake that looks at whatever certificate comes. */
export function shakeHands(
  host: string,
  port: number,
  options: { readonly ca?: string; readonly waitMs?: number } = {},
): Promise<Handshake> {
  const name = host.replace(/^\[|\]$/g, '')
  return new Promise((done) => {
    const socket = connectTls({
      host: name,
      port,
      ...(isAddress(name) ? {} : { servername: name }),
      rejectUnauthorized: false,
      ...(options.ca !== undefined && { ca: options.ca }),
    })
    const end = (result: Handshake) => {
      socket.destroy()
      done(result)
    }
    socket.setTimeout(options.waitMs ?? 8000, () => end({ chain: [], error: 'ETIMEDOUT' }))
    socket.once('error', (error: NodeJS.ErrnoException) =>
      end({ chain: [], error: error.code ?? error.message }),
    )
    socket.once('secureConnect', () => {
      const chain = chainOf(socket.getPeerCertificate(true))
      const reason = socket.authorized ? undefined : String(socket.authorizationError)
      end({
        chain,
        ...(socket.getProtocol() !== null && { protocol: socket.getProtocol() as string }),
        ...(reason !== undefined && { distrust: reason.replace(/^Error: /, '') }),
      })
    })
  })
}

const isAddress = (name: string) => name.includes(':') || /^[\d.]+$/.test(name)

function chainOf(leaf: DetailedPeerCertificate): ShownCertificate[] {
  const chain: ShownCertificate[] = []
  const seen = new Set<string>()
  for (
    let at: DetailedPeerCertificate | undefined = leaf;
    at?.raw && !seen.has(at.fingerprint256);
    at = at.issuerCertificate
  ) {
    seen.add(at.fingerprint256)
    const text = (parts: unknown) =>
      Object.entries((parts ?? {}) as Record<string, string | string[]>)
        .map(([key, value]) => `${key}=${[value].flat().join('+')}`)
        .join(', ')
    chain.push({
      subject: text(at.subject),
      issuer: text(at.issuer),
      names: (at.subjectaltname ?? '')
        .split(', ')
        .filter(Boolean)
        .map((each) => each.replace(/^(DNS|IP Address):/, '')),
      notBefore: Date.parse(at.valid_from),
      notAfter: Date.parse(at.valid_to),
      sha256: at.fingerprint256,
    })
  }
  return chain
}
