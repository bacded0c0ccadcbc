import { Fault } from '../../base/index.ts'
import { seenCertificate, showCertificates } from './trust.ts'

/** What OpenSSL says of a certificate, and what that means to a person. */
const distrust: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is signed by itself, and nobody here trusts it',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'its authority is not known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its authority is not known here, or the door leaves out a certificate between',
  CERT_UNTRUSTED: 'its authority is not trusted here',
  CERT_REVOKED: 'it was revoked',
  CERT_SIGNATURE_FAILURE: 'its signature is not that of the authority trusted here',
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet, or the clock of this machine is behind',
  INVALID_CA: 'an authority in its chain may not sign',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is for other names',
  HOSTNAME_MISMATCH: 'it is for other names',
}

const plainOnTls = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'EPROTO'])

/** An error of a socket, of TLS or of undici as a fault; what is a fault already stays one. */
export async function failureOf(
  error: unknown,
  url: URL,
  { proxied }: { readonly proxied: boolean },
): Promise<Error> {
  if (error instanceof Fault) return error
  const { code, message } = innermost(error)
  const cause = { cause: error }
  if (code in distrust) {
    const chain = proxied ? undefined : await showCertificates(url)
    const leaf = chain?.[0]
    const seen = leaf ? seenCertificate(leaf) : undefined
    return new Fault(
      'ERR_CERTIFICATE_UNTRUSTED',
      {
        url: url.origin,
        reason: distrust[code] ?? code,
        trustable:
          !/^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH|CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|CERT_REVOKED)$/.test(
            code,
          ),
        ...(seen
          ? {
              issuer: seen.issuer,
              names: seen.names,
              sha256: seen.sha256,
              from: seen.notBefore,
              until: seen.notAfter,
            }
          : {}),
      },
      cause,
    )
  }
  const where = url.host
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
      return new Fault('ERR_HOST_UNKNOWN', { host: url.hostname }, cause)
    case 'ECONNREFUSED':
      return new Fault(
        'ERR_PORT_CLOSED',
        { host: url.hostname, port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)) },
        cause,
      )
  }
  const reason = plainOnTls.has(code)
    ? 'it does not speak TLS on this port; try `http://`'
    : /^HPE_/.test(code) || /does not match the HTTP/.test(message)
      ? 'it does not speak HTTP on this port; try `https://`'
      : (reasons[code] ?? (code !== '' && !message.includes(code) ? `${message} (${code})` : message))
  return new Fault('ERR_DOOR_UNREACHABLE', { url: `${url.protocol}//${where}`, reason }, cause)
}

const reasons: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'nobody answered in 10 s',
  ETIMEDOUT: 'nobody answered in time',
  UND_ERR_HEADERS_TIMEOUT: 'it took the request and did not answer',
  UND_ERR_BODY_TIMEOUT: 'its answer stopped half-way',
  UND_ERR_SOCKET: 'it closed the connection without an answer',
  ECONNRESET: 'it closed the connection without an answer',
  EPIPE: 'it closed the connection without an answer',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  UND_ERR_HEADERS_OVERFLOW: 'the head of its answer is larger than 128 KiB',
}

/** Undici and `fetch` wrap what happened; a name with several addresses fails once for each. */
function innermost(error: unknown): { code: string; message: string } {
  let at = error as
    | { code?: unknown; message?: unknown; cause?: unknown; errors?: readonly unknown[] }
    | undefined
  for (let depth = 0; depth < 5 && at; depth++) {
    if (typeof at.code === 'string' && !(at.cause && /^UND_ERR_(SOCKET|PRX)/.test(at.code))) {
      return { code: at.code, message: String(at.message ?? at.code) || at.code }
    }
    const next = (at.errors?.[0] ?? at.cause) as typeof at
    if (!next) break
    at = next
  }
  return { code: '', message: String(at?.message ?? error) }
}
