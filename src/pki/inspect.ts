import { X509Certificate } from 'node:crypto'
import { Fault } from '../base/index.ts'
import { readPrivateKey } from './keys.ts'
import { isSignedBy } from './leaf.ts'
import { namesOf, readConstraints } from './read-certificate.ts'

/** What a person wants to know of a certificate; times are RFC 3339 UTC. */
export interface CertificateFacts {
  readonly subject: string
  readonly issuer: string
  readonly names: readonly string[]
  readonly notBefore: string
  readonly notAfter: string
  /** Whether it may sign others. */
  readonly authority: boolean
  /** The names an authority may sign for; undefined = any. */
  readonly limitedTo?: readonly string[]
  /** `ec prime256v1`, `rsa 4096`. */
  readonly key: string
  /** As `openssl x509 -fingerprint -sha256` shows it. */
  readonly sha256: string
  /** What clients will say against it. */
  readonly problems: readonly string[]
}

const block = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** Every certificate of a PEM text, in order. Throws `ERR_PEM_UNREADABLE` where there is none. */
export function inspectCertificates(pem: string, where: string, now: number): readonly CertificateFacts[] {
  const blocks = pem.match(block) ?? []
  if (blocks.length === 0) {
    throw new Fault('ERR_PEM_UNREADABLE', { where, reason: 'it holds no certificate in PEM' })
  }
  return blocks.map((text) => {
    try {
      return factsOf(new X509Certificate(text), now)
    } catch (cause) {
      throw new Fault('ERR_PEM_UNREADABLE', { where, reason: 'a certificate in it is damaged' }, { cause })
    }
  })
}

function factsOf(certificate: X509Certificate, now: number): CertificateFacts {
  const { dns, ips } = namesOf(certificate)
  const { publicKey } = certificate
  const { namedCurve, modulusLength } = publicKey.asymmetricKeyDetails ?? {}
  const permitted = readConstraints(certificate.raw)
  const line = (text: string) => text.split('\n').join(', ')
  return {
    subject: line(certificate.subject),
    issuer: line(certificate.issuer),
    names: [...dns, ...ips],
    notBefore: certificate.validFromDate.toISOString(),
    notAfter: certificate.validToDate.toISOString(),
    authority: certificate.ca,
    ...(permitted && { limitedTo: [...permitted.dns, ...permitted.ips] }),
    key: [publicKey.asymmetricKeyType, namedCurve ?? modulusLength].filter(Boolean).join(' '),
    sha256: certificate.fingerprint256,
    problems: problemsOf(certificate, now),
  }
}

function problemsOf(certificate: X509Certificate, now: number): string[] {
  const problems: string[] = []
  const { ca, validFromDate: from, validToDate: to } = certificate
  if (now < from.getTime()) problems.push('it is not valid yet')
  if (now > to.getTime()) problems.push('it has expired')
  if (!ca && certificate.subjectAltName === undefined) {
    problems.push(
      'it has no subjectAltName: browsers, Go and kfp ignore the common name, so for them it names nobody',
    )
  }
  if (!ca && (to.getTime() - from.getTime()) / 86_400_000 > 825) {
    problems.push('it lives longer than 825 days, which Apple’s clients refuse')
  }
  const { modulusLength } = certificate.publicKey.asymmetricKeyDetails ?? {}
  if (modulusLength !== undefined && modulusLength < 2048)
    problems.push(`an RSA key of ${modulusLength} bits is too weak`)
  return problems
}

/** Whether the first certificate of a PEM text signed this one. */
export function isIssuedBy(certificate: X509Certificate, pem: string): boolean {
  try {
    return isSignedBy(certificate.toString(), pem)
  } catch {
    return false
  }
}

/** Whether a private key in PEM is the one of a certificate. */
export function keyFits(certificate: X509Certificate, pem: string): boolean {
  try {
    return certificate.checkPrivateKey(readPrivateKey(pem, 'the key'))
  } catch {
    return false
  }
}
