import { createHash, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import type * as X509 from '@peculiar/x509'
import type { Clock } from '../base/index.ts'
import { Fault } from '../base/index.ts'
import { cryptoKeys, generateKey, type KeyType, readPrivateKey } from './keys.ts'
import { constraintsFor, type DoorNames, outside } from './names.ts'
import { readConstraints } from './read-certificate.ts'
import { DAY, nameConstraints, serialNumber, validity, x509 } from './x509.ts'

/** A root, or an authority below one, with its key, ready to sign. */
export interface Authority {
  readonly certPem: string
  readonly key: KeyObject
  /** What it may sign for; undefined = its certificate has no name constraints. */
  readonly permitted: DoorNames | undefined
  /** What a server sends after its own certificate, so that clients find the root; empty below a root. */
  readonly chainPem?: string
}

/** Ten years: people trust a root by hand, and a root for these few names is no danger to others. */
const ROOT_DAYS = 3650
/** An intermediate is made anew without anybody's doing: who trusts the root trusts the next one too. */
const INTERMEDIATE_DAYS = 1825

/**
 * A new root for these names and what lies below them, and for nothing else: whoever steals its key
 * can impersonate this door and no bank. It signs servers; other authorities only where `authorities`
 * says so, and then those sign no further ones.
 */
export async function createAuthority(options: {
  readonly names: DoorNames
  readonly clock: Clock
  readonly keyType?: KeyType
  readonly days?: number
  readonly authorities?: boolean
}): Promise<Authority> {
  const { names, clock } = options
  const key = await generateKey(options.keyType ?? 'ecdsa')
  const library = await x509()
  const { signing, ...keys } = cryptoKeys(key, 'the new key')
  const permitted = constraintsFor(names)
  const certificate = await library.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    // The key's own name keeps two roots for the same door apart in a trust store.
    name: [{ O: ['kfdoor'] }, { CN: [commonName('root', permitted, key)] }],
    ...validity(clock(), options.days ?? ROOT_DAYS),
    keys,
    signingAlgorithm: signing,
    extensions: await extensionsOf(
      library,
      keys.publicKey,
      keys.publicKey,
      permitted,
      options.authorities ? 1 : 0,
    ),
  })
  return { certPem: `${certificate.toString('pem')}\n`, key, permitted }
}

/** An authority below `parent`, for names the parent may sign for; it signs servers and callers only. */
export async function createIntermediate(
  parent: Authority,
  options: {
    readonly names: DoorNames
    readonly clock: Clock
    readonly keyType?: KeyType
    readonly days?: number
  },
): Promise<Authority> {
  const { names, clock } = options
  const library = await x509()
  const root = new library.X509Certificate(parent.certPem)
  const length = root.getExtension<X509.BasicConstraintsExtension>('2.5.29.19')?.pathLength
  if (length === 0) {
    throw new Fault('ERR_CA_UNUSABLE', {
      where: 'the CA above',
      reason: 'it allows no authority below it; make one with `kfdoor ca init --authorities`',
    })
  }
  const permitted = constraintsFor(names)
  const foreign = parent.permitted ? outside(permitted, parent.permitted) : []
  if (foreign.length > 0) throw new Fault('ERR_NAME_OUTSIDE_CA', { names: foreign })
  if (root.notAfter.getTime() - clock() < DAY) {
    throw new Fault('ERR_CA_UNUSABLE', {
      where: 'the CA above',
      reason: 'it expires within a day or has expired',
    })
  }
  const key = await generateKey(options.keyType ?? 'ecdsa')
  const own = cryptoKeys(key, 'the new key')
  const { signing, privateKey } = cryptoKeys(parent.key, 'the CA above')
  const { notBefore, notAfter } = validity(clock(), options.days ?? INTERMEDIATE_DAYS)
  const certificate = await library.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    issuer: root.subject,
    subject: [{ O: ['kfdoor'] }, { CN: [commonName('issuer', permitted, key)] }],
    notBefore,
    notAfter: new Date(Math.min(notAfter.getTime(), root.notAfter.getTime())),
    publicKey: own.publicKey,
    signingKey: privateKey,
    signingAlgorithm: signing,
    extensions: await extensionsOf(library, own.publicKey, root.publicKey, permitted, 0),
  })
  const certPem = `${certificate.toString('pem')}\n`
  return { certPem, key, permitted, chainPem: `${certPem}${parent.chainPem ?? ''}` }
}

async function extensionsOf(
  library: typeof X509,
  own: CryptoKey,
  above: CryptoKey | X509.PublicKey,
  permitted: DoorNames,
  pathLength: number,
): Promise<X509.Extension[]> {
  return [
    new library.BasicConstraintsExtension(true, pathLength, true),
    new library.KeyUsagesExtension(library.KeyUsageFlags.keyCertSign | library.KeyUsageFlags.cRLSign, true),
    await library.SubjectKeyIdentifierExtension.create(own),
    // A root's own need not be there (RFC 5280 §4.2.1.1).
    ...(own === above ? [] : [await library.AuthorityKeyIdentifierExtension.create(above)]),
    await nameConstraints(permitted),
  ]
}

/** The same authority for longer: its key, its name and all it may do stay, so what it signed stays good. */
export async function prolongAuthority(
  old: Authority,
  options: { readonly clock: Clock; readonly days?: number; readonly parent?: Authority },
): Promise<string> {
  const { clock, parent } = options
  const library = await x509()
  const before = new library.X509Certificate(old.certPem)
  const signer = parent ?? old
  const above = new library.X509Certificate(signer.certPem)
  if (before.issuer !== above.subject) {
    throw new Fault('ERR_CA_UNUSABLE', {
      where: 'the CA',
      reason: parent
        ? 'it was not signed by that parent'
        : 'it was signed by another authority; name its folder with `--from`',
    })
  }
  const { signing, privateKey } = cryptoKeys(signer.key, 'the CA')
  const days = options.days ?? (parent ? INTERMEDIATE_DAYS : ROOT_DAYS)
  const { notBefore, notAfter } = validity(clock(), days)
  const certificate = await library.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    issuer: before.issuer,
    subject: before.subject,
    notBefore,
    notAfter: parent ? new Date(Math.min(notAfter.getTime(), above.notAfter.getTime())) : notAfter,
    publicKey: before.publicKey,
    signingKey: privateKey,
    signingAlgorithm: signing,
    extensions: before.extensions,
  })
  return `${certificate.toString('pem')}\n`
}

/** Reads an authority back. `where` names its files in faults; `chain` = the file is an intermediate's. */
export function readAuthority(certPem: string, keyPem: string, where: string, chain = false): Authority {
  const key = readPrivateKey(keyPem, `${where}.key`)
  const certificate = readCertificate(certPem, `${where}.crt`)
  if (!certificate.ca) {
    throw new Fault('ERR_CA_UNUSABLE', { where, reason: 'its certificate is not one of an authority' })
  }
  if (!certificate.checkPrivateKey(key)) {
    throw new Fault('ERR_CA_UNUSABLE', { where, reason: 'key and certificate do not belong together' })
  }
  return {
    // An intermediate's file goes on with what is above it.
    certPem: certificate.toString(),
    key,
    permitted: readConstraints(certificate.raw),
    ...(chain && { chainPem: certPem }),
  }
}

/** The first certificate of a PEM text. */
export function readCertificate(pem: string, where: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new Fault('ERR_PEM_UNREADABLE', { where, reason: 'it holds no certificate in PEM' }, { cause })
  }
}

function commonName(what: 'root' | 'issuer', permitted: DoorNames, key: KeyObject): string {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const id = createHash('sha256').update(spki).digest('hex').slice(0, 8)
  const first = permitted.dns.find((name) => name !== 'localhost') ?? permitted.dns[0] ?? permitted.ips[0]
  // X.520 allows 64 characters.
  return `kfdoor ${what} ${id} for ${first ?? 'a door'}`.slice(0, 64)
}
