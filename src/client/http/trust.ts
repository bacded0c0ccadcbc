import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  type ConnectionOptions,
  checkServerIdentity,
  connect,
  getCACertificates,
  type TLSSocket,
} from 'node:tls'
import { Fault } from '../../base/index.ts'

export interface TrustOptions {
  /** PEM text: exactly these are trusted, as with `curl --cacert`. */
  readonly ca?: string
  /** Nobody is asked for a certificate. Said loudly by whoever sets it. */
  readonly insecure?: boolean
}

/**
 * The file of `--certificate-authority`, or what `SSL_CERT_FILE` names, as PEM.
 *
 * @throws Fault ERR_INPUT_UNREADABLE when it cannot be read or holds no certificate
 */
export function readCertificateAuthority(path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'it is not there' : code === 'EACCES' ? 'permission denied' : code
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason })
  }
  if (pemBlocks(text).length === 0) {
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason: 'it holds no PEM certificate' })
  }
  return text
}

const pemBlocks = (text: string) =>
  text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []

/**
 * What OpenSSL is told. Without a CA of their own, people expect what their browser trusts: the
 * system's store beside the roots Node carries.
 */
export function tlsOptions({ ca, insecure }: TrustOptions, url: URL): ConnectionOptions {
  if (insecure) return { rejectUnauthorized: false }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const proves: ConnectionOptions = {
    // By the address, not by a Host header that asks for a model behind it.
    checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
  }
  if (ca !== undefined) return { ...proves, ca: pemBlocks(ca), allowPartialTrustChain: true }
  return { ...proves, ca: everybodysAuthorities() }
}

let everybody: string[] | undefined
function everybodysAuthorities(): string[] {
  everybody ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])]
  return everybody
}

/** A certificate as a person compares it. */
export interface SeenCertificate {
  readonly subject: string
  readonly issuer: string
  readonly names: readonly string[]
  /** Of the leaf: pairs of capital hex digits with colons between. */
  readonly sha256: string
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
}

/** The chain a server shows, leaf first; nothing is sent to it. Undefined = it shows none. */
export async function showCertificates(
  url: URL,
  signal?: AbortSignal,
): Promise<X509Certificate[] | undefined> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return new Promise((done) => {
    const socket = connect({
      host,
      port: Number(url.port || 443),
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      rejectUnauthorized: false,
      timeout: 10_000,
    })
    const end = (chain?: X509Certificate[]) => {
      socket.destroy()
      done(chain)
    }
    socket.on('error', () => end())
    socket.on('timeout', () => end())
    signal?.addEventListener('abort', () => end(), { once: true })
    socket.on('secureConnect', () => {
      const chain = sentCertificates(socket)
      end(chain.length > 0 ? chain : undefined)
    })
  })
}

/** More than any server means to send. */
const MOST_SENT = 32

/** As it was sent, repetitions and strangers too: `cat leaf.crt fullchain.crt` is a mistake no client minds. */
export function sentCertificates(socket: TLSSocket): X509Certificate[] {
  const sent: X509Certificate[] = []
  let at = socket.getPeerX509Certificate()
  for (; at && sent.length < MOST_SENT; at = at.issuerCertificate) sent.push(at)
  return sent
}

export function seenCertificate(certificate: X509Certificate): SeenCertificate {
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    names: (certificate.subjectAltName ?? '')
      .split(', ')
      .filter((part) => part !== '')
      .map((part) => part.replace(/^(DNS|IP Address):/, '')),
    sha256: certificate.fingerprint256,
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
  }
}

const oneLine = (name: string | undefined) => (name ?? '').split('\n').reverse().join(', ')

/**
 * `--trust-certificate SHA256`: the certificate with that fingerprint out of the chain the door shows,
 * as PEM to be kept as the door's authority.
 *
 * @throws Fault ERR_USAGE when the door shows no such certificate
 */
export async function certificateWithFingerprint(url: URL, sha256: string): Promise<string> {
  const wanted = sha256.replaceAll(':', '').toUpperCase()
  const chain = (await showCertificates(url)) ?? []
  const found = chain.find((one) => one.fingerprint256.replaceAll(':', '') === wanted)
  if (!found) {
    const shown = [...new Set(chain.map((one) => one.fingerprint256))].join(', ') || 'none'
    throw new Fault('ERR_USAGE', {
      message: `\`${url.host}\` shows no certificate with that SHA-256; it shows ${shown}`,
      next: 'compare again with whoever runs the door',
    })
  }
  return new X509Certificate(found.raw).toString()
}
