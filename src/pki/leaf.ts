import { type KeyObject, X509Certificate } from 'node:crypto'
import type * as X509 from '@peculiar/x509'
import type { Clock } from '../base/index.ts'
import { Fault } from '../base/index.ts'
import type { Authority } from './ca.ts'
import { cryptoKeys, signingOf } from './keys.ts'
import { type DoorNames, outside } from './names.ts'
import { DAY, serialNumber, validity, x509 } from './x509.ts'

/** Browsers take no server certificate that lives longer (CA/Browser Forum ballot SC31). */
const LEAF_DAYS = 397

/** What a certificate is shown for: by a server, by a caller of a MUTUAL server, or by a workload that is both. */
export type LeafUsage = 'server' | 'client' | 'both'

/**
 * A certificate for the owner of `publicKey`: v3, names in subjectAltName only count, 397 days or until
 * the root ends. Throws `ERR_NAME_OUTSIDE_CA` for a name the root may not sign for, because every client
 * would refuse the result, and less clearly.
 */
export async function issueLeaf(
  authority: Authority,
  options: {
    readonly names: DoorNames
    readonly publicKey: KeyObject
    readonly clock: Clock
    readonly days?: number
    /** Default `server`. */
    readonly usage?: LeafUsage
    /** Of a caller: who it is, where that is no host. A server's is its first name. */
    readonly commonName?: string
  },
): Promise<string> {
  const { names, publicKey, clock, usage = 'server' } = options
  const hosts = names.dns.length + names.ips.length
  if (usage === 'server' && hosts === 0) throw new Fault('ERR_CSR_UNUSABLE', { reason: 'it names nobody' })
  const spoken = alternatives(names)
  if (spoken.length === 0) {
    // BoringSSL, and so Envoy: "Issuer has name constraints but leaf has no SANs".
    if (!options.commonName || !/^[^\s@]+@[^\s@]+$/.test(options.commonName)) {
      throw new Fault('ERR_CSR_UNUSABLE', {
        reason:
          'it has no subjectAltName, and Istio’s gateway takes no such caller from an authority that is limited; name a mail address, a host or a SPIFFE ID',
      })
    }
    spoken.push({ type: 'email', value: options.commonName })
  }
  const foreign = authority.permitted ? outside(names, authority.permitted) : []
  if (foreign.length > 0) throw new Fault('ERR_NAME_OUTSIDE_CA', { names: foreign })
  const algorithm = signingOf(publicKey)
  if (!algorithm) throw new Fault('ERR_KEY_UNFIT', { where: 'the request' })

  const library = await x509()
  const { signing, privateKey } = cryptoKeys(authority.key, 'the CA')
  const root = new library.X509Certificate(authority.certPem)
  const { notBefore, notAfter } = validity(clock(), Math.min(options.days ?? LEAF_DAYS, LEAF_DAYS))
  if (root.notAfter.getTime() - clock() < DAY) {
    throw new Fault('ERR_CA_UNUSABLE', { where: 'the CA', reason: 'it expires within a day or has expired' })
  }
  const subject = publicKey.toCryptoKey(algorithm, true, ['verify']) as CryptoKey
  const first = names.dns.find((name) => !name.startsWith('*.') && name !== 'localhost') ?? names.dns[0]
  const common = options.commonName ?? first
  const { KeyUsageFlags } = library
  const certificate = await library.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    issuer: root.subject,
    subject: common !== undefined && common.length <= 64 ? [{ CN: [common] }] : [{ O: ['kfdoor'] }],
    notBefore,
    notAfter: new Date(Math.min(notAfter.getTime(), root.notAfter.getTime())),
    publicKey: subject,
    signingKey: privateKey,
    signingAlgorithm: signing,
    extensions: [
      new library.BasicConstraintsExtension(false, undefined, true),
      // An RSA key may also take part in a TLS 1.2 RSA key exchange; an EC key only signs.
      new library.KeyUsagesExtension(
        KeyUsageFlags.digitalSignature |
          (publicKey.asymmetricKeyType === 'rsa' ? KeyUsageFlags.keyEncipherment : 0),
        true,
      ),
      new library.ExtendedKeyUsageExtension([
        ...(usage === 'client' ? [] : [library.ExtendedKeyUsage.serverAuth]),
        ...(usage === 'server' ? [] : [library.ExtendedKeyUsage.clientAuth]),
      ]),
      new library.SubjectAlternativeNameExtension(spoken),
      await library.AuthorityKeyIdentifierExtension.create(root.publicKey),
      await library.SubjectKeyIdentifierExtension.create(subject),
    ],
  })
  return `${certificate.toString('pem')}\n`
}

export const alternatives = ({ dns, ips, uris = [] }: DoorNames): X509.JsonGeneralName[] => [
  ...dns.map((value) => ({ type: 'dns' as const, value })),
  ...ips.map((value) => ({ type: 'ip' as const, value })),
  ...uris.map((value) => ({ type: 'url' as const, value })),
]

/** Whether `leaf` was signed by `root`, and both are certificates. */
export function isSignedBy(leafPem: string, rootPem: string): boolean {
  const leaf = new X509Certificate(leafPem)
  const root = new X509Certificate(rootPem)
  return leaf.checkIssued(root) && leaf.verify(root.publicKey)
}
