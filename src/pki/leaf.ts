import { type KeyObject, X509Certificate } from 'node:crypto'
import type { SubjectAlternativeNameExtension } from '@peculiar/x509'
import type { Clock } from '../base/index.ts'
import { Fault } from '../base/index.ts'
import type { Authority } from './ca.ts'
import { cryptoKeys, signingOf } from './keys.ts'
import { type DoorNames, doorNames, outside } from './names.ts'
import { DAY, serialNumber, validity, x509 } from './x509.ts'

/** Browsers take no server certificate that lives longer (CA/Browser Forum ballot SC31). */
const LEAF_DAYS = 397

/**
 * A server certificate for the owner of `publicKey`: v3, names in subjectAltName only count, 397
 * days or until the root ends. Throws `ERR_NAME_OUTSIDE_CA` for a name the root may not sign for,
 * because every client would refuse the result, and less clearly.
 */
export async function issueLeaf(
  authority: Authority,
  options: {
    readonly names: DoorNames
    readonly publicKey: KeyObject
    readonly clock: Clock
    readonly days?: number
    /** Default `server`; `client` makes one for a caller of a MUTUAL server. */
    readonly usage?: 'server' | 'client'
  },
): Promise<string> {
  const { names, publicKey, clock } = options
  if (names.dns.length + names.ips.length === 0)
    throw new Fault('ERR_CSR_UNUSABLE', { reason: 'it names nobody' })
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
  const { KeyUsageFlags } = library
  const certificate = await library.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    issuer: root.subject,
    subject: first !== undefined && first.length <= 64 ? [{ CN: [first] }] : [{ O: ['kfdoor'] }],
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
        options.usage === 'client'
          ? library.ExtendedKeyUsage.clientAuth
          : library.ExtendedKeyUsage.serverAuth,
      ]),
      new library.SubjectAlternativeNameExtension([
        ...names.dns.map((value) => ({ type: 'dns' as const, value })),
        ...names.ips.map((value) => ({ type: 'ip' as const, value })),
      ]),
      await library.AuthorityKeyIdentifierExtension.create(root.publicKey),
      await library.SubjectKeyIdentifierExtension.create(subject),
    ],
  })
  return `${certificate.toString('pem')}\n`
}

/** A signing request for `key`, asking for these names. */
export async function createRequest(key: KeyObject, names: DoorNames): Promise<string> {
  const library = await x509()
  const { signing, ...keys } = cryptoKeys(key, 'the key')
  const request = await library.Pkcs10CertificateRequestGenerator.create({
    name:
      names.dns[0] !== undefined && names.dns[0].length <= 64
        ? [{ CN: [names.dns[0]] }]
        : [{ O: ['kfdoor'] }],
    keys,
    signingAlgorithm: signing,
    extensions: [
      new library.SubjectAlternativeNameExtension([
        ...names.dns.map((value) => ({ type: 'dns' as const, value })),
        ...names.ips.map((value) => ({ type: 'ip' as const, value })),
      ]),
    ],
  })
  return `${request.toString('pem')}\n`
}

/**
 * What a signing request asks for. Its signature proves that the asker holds the key; without
 * subjectAltName (openssl makes such requests unless told otherwise) the common name is the name.
 * Every other wish in it is ignored: what a server certificate may do is decided here.
 */
export async function readRequest(
  pem: string,
  where: string,
): Promise<{ names: DoorNames; publicKey: KeyObject }> {
  const library = await x509()
  const request = parseRequest(library, pem, where)
  if (!(await request.verify().catch(() => false))) {
    throw new Fault('ERR_CSR_UNUSABLE', { reason: 'its signature does not fit its key' })
  }
  const { createPublicKey } = await import('node:crypto')
  const publicKey = createPublicKey({
    key: Buffer.from(request.publicKey.rawData),
    format: 'der',
    type: 'spki',
  })
  const wanted = request.getExtension('2.5.29.17') as SubjectAlternativeNameExtension | null
  const written =
    wanted?.names.items.filter(({ type }) => type === 'dns' || type === 'ip').map(({ value }) => value) ??
    request.subjectName.getField('CN')
  return { names: doorNames(written), publicKey }
}

function parseRequest(library: Awaited<ReturnType<typeof x509>>, pem: string, where: string) {
  try {
    return new library.Pkcs10CertificateRequest(pem)
  } catch (cause) {
    throw new Fault('ERR_PEM_UNREADABLE', { where, reason: 'it holds no signing request in PEM' }, { cause })
  }
}

/** Whether `leaf` was signed by `root`, and both are certificates. */
export function isSignedBy(leafPem: string, rootPem: string): boolean {
  const leaf = new X509Certificate(leafPem)
  const root = new X509Certificate(rootPem)
  return leaf.checkIssued(root) && leaf.verify(root.publicKey)
}
