import { createHash, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { Clock } from '../base/index.ts'
import { Fault } from '../base/index.ts'
import { cryptoKeys, generateKey, type KeyType, readPrivateKey } from './keys.ts'
import { constraintsFor, type DoorNames } from './names.ts'
import { readConstraints } from './read-certificate.ts'
import { nameConstraints, serialNumber, validity, x509 } from './x509.ts'

/** A root with its key, ready to sign. */
export interface Authority {
  readonly certPem: string
  readonly key: KeyObject
  /** What it may sign for; undefined = its certificate has no name constraints. */
  readonly permitted: DoorNames | undefined
}

/** Ten years: people trust a root by hand, and a root for these few names is no danger to others. */
const ROOT_DAYS = 3650

/**
 * A new root for these names and what lies below them, and for nothing else: whoever steals its key
 * can impersonate this door and no bank. Path length 0: it signs servers, not other authorities.
 */
export async function createAuthority(options: {
  readonly names: DoorNames
  readonly clock: Clock
  readonly keyType?: KeyType
}): Promise<Authority> {
  const { names, clock } = options
  const key = await generateKey(options.keyType ?? 'ecdsa')
  const library = await x509()
  const { signing, ...keys } = cryptoKeys(key, 'the new key')
  const permitted = constraintsFor(names)
  const certificate = await library.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    // The key's own name keeps two roots for the same door apart in a trust store.
    name: [{ O: ['kfdoor'] }, { CN: [commonName(permitted, key)] }],
    ...validity(clock(), ROOT_DAYS),
    keys,
    signingAlgorithm: signing,
    extensions: [
      new library.BasicConstraintsExtension(true, 0, true),
      new library.KeyUsagesExtension(library.KeyUsageFlags.keyCertSign | library.KeyUsageFlags.cRLSign, true),
      await library.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await nameConstraints(permitted),
    ],
  })
  return { certPem: `${certificate.toString('pem')}\n`, key, permitted }
}

/** Reads a root back. `where` names its files in faults. */
export function readAuthority(certPem: string, keyPem: string, where: string): Authority {
  const key = readPrivateKey(keyPem, `${where}.key`)
  const certificate = readCertificate(certPem, `${where}.crt`)
  if (!certificate.ca) {
    throw new Fault('ERR_CA_UNUSABLE', { where, reason: 'its certificate is not one of an authority' })
  }
  if (!certificate.checkPrivateKey(key)) {
    throw new Fault('ERR_CA_UNUSABLE', { where, reason: 'key and certificate do not belong together' })
  }
  return { certPem, key, permitted: readConstraints(certificate.raw) }
}

/** The first certificate of a PEM text. */
export function readCertificate(pem: string, where: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new Fault('ERR_PEM_UNREADABLE', { where, reason: 'it holds no certificate in PEM' }, { cause })
  }
}

function commonName(permitted: DoorNames, key: KeyObject): string {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const id = createHash('sha256').update(spki).digest('hex').slice(0, 8)
  const first = permitted.dns.find((name) => name !== 'localhost') ?? permitted.dns[0] ?? permitted.ips[0]
  // X.520 allows 64 characters.
  return `kfdoor root ${id} for ${first ?? 'a door'}`.slice(0, 64)
}
