import { X509Certificate } from 'node:crypto'
import type * as X509 from '@peculiar/x509'
import { Fault } from '../base/index.ts'
import { type Constraints, readAllConstraints } from './constraints.ts'
import { x509 } from './x509.ts'

/** A certificate with everything clients look at when they judge it. */
export interface Certificate {
  readonly node: X509Certificate
  /** v1 has no extensions at all. */
  readonly version: number
  readonly subject: string
  readonly issuer: string
  /** Every common name of the subject, as they stand. */
  readonly commonNames: readonly string[]
  /** ms */
  readonly notBefore: number
  readonly notAfter: number
  /** undefined = no subjectAltName. */
  readonly names?: {
    readonly dns: readonly string[]
    readonly ips: readonly string[]
    readonly uris: readonly string[]
    readonly critical: boolean
  }
  /** undefined = no basicConstraints. */
  readonly basic?: { readonly ca: boolean; readonly pathLength?: number; readonly critical: boolean }
  /** The bits of keyUsage, as `KeyUsageFlags` counts them; undefined = absent, which allows all. */
  readonly usages?: number
  /** Object identifiers of extendedKeyUsage; undefined = absent, which allows all. */
  readonly extended?: readonly string[]
  readonly subjectKeyId: boolean
  /** By key; one by issuer and serial number alone does not count. */
  readonly authorityKeyId: boolean
  readonly constraints?: Constraints
  /** Critical extensions that no client we judge knows. */
  readonly unknownCritical: readonly string[]
  /** `SHA-256`; undefined = the signature's algorithm hashes by itself (Ed25519), or is unknown. */
  readonly hash?: string
  readonly negativeSerial: boolean
  readonly key: { readonly type: string; readonly bits?: number; readonly curve?: string }
}

const block =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]+?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g

/** More than any chain or bundle of a door; a flood is refused. */
const MOST = 1000

/** Every certificate of a PEM text, in order. Throws `ERR_PEM_UNREADABLE` where there is none. */
export async function readCertificates(pem: string, where: string): Promise<readonly Certificate[]> {
  const blocks = pem.match(block) ?? []
  if (blocks.length === 0) {
    throw new Fault('ERR_PEM_UNREADABLE', { where, reason: 'it holds no certificate in PEM' })
  }
  if (blocks.length > MOST) {
    throw new Fault('ERR_PEM_UNREADABLE', { where, reason: `it holds more than ${MOST} certificates` })
  }
  const library = await x509()
  return blocks.map((text) => {
    try {
      return readOne(library, new X509Certificate(text))
    } catch (cause) {
      throw new Fault('ERR_PEM_UNREADABLE', { where, reason: 'a certificate in it is damaged' }, { cause })
    }
  })
}

/** basicConstraints, keyUsage, extendedKeyUsage, subjectAltName, key identifiers, nameConstraints, policies. */
const known = new Set(
  ['19', '15', '37', '17', '14', '35', '30', '32', '36', '54', '33'].map((n) => `2.5.29.${n}`),
)

function readOne(library: typeof X509, node: X509Certificate): Certificate {
  const read = new library.X509Certificate(new Uint8Array(node.raw))
  const extension = <T extends X509.Extension>(oid: string) => read.getExtension(oid) as T | null
  const basic = extension<X509.BasicConstraintsExtension>('2.5.29.19')
  const names = extension<X509.SubjectAlternativeNameExtension>('2.5.29.17')
  const usages = extension<X509.KeyUsagesExtension>('2.5.29.15')
  const extended = extension<X509.ExtendedKeyUsageExtension>('2.5.29.37')
  const constraints = extension('2.5.29.30')
  const { asymmetricKeyType, asymmetricKeyDetails } = node.publicKey
  const of = (type: string) =>
    (names?.names.items ?? []).filter((item) => item.type === type).map(({ value }) => value)
  const hash = hashOf(read)
  const commonNames = read.subjectName.getField('CN')
  return {
    node,
    version: versionOf(node.raw),
    subject: node.subject ?? '',
    issuer: node.issuer ?? '',
    commonNames,
    notBefore: node.validFromDate.getTime(),
    notAfter: node.validToDate.getTime(),
    ...(names && { names: { dns: of('dns'), ips: of('ip'), uris: of('url'), critical: names.critical } }),
    ...(basic && {
      basic: {
        ca: basic.ca,
        critical: basic.critical,
        ...(basic.pathLength !== undefined && { pathLength: basic.pathLength }),
      },
    }),
    ...(usages && { usages: usages.usages }),
    ...(extended && { extended: extended.usages.map(String) }),
    subjectKeyId: extension('2.5.29.14') !== null,
    authorityKeyId: extension<X509.AuthorityKeyIdentifierExtension>('2.5.29.35')?.keyId !== undefined,
    ...(constraints && { constraints: readAllConstraints(new Uint8Array(constraints.value)) }),
    unknownCritical: read.extensions
      .filter((one) => one.critical && !known.has(one.type))
      .map(({ type }) => type),
    ...(hash !== undefined && { hash }),
    negativeSerial: /^[89a-f]/i.test(serialHex(node.raw)),
    key: {
      type: asymmetricKeyType ?? 'unknown',
      ...(asymmetricKeyDetails?.modulusLength !== undefined && { bits: asymmetricKeyDetails.modulusLength }),
      ...(asymmetricKeyDetails?.namedCurve !== undefined && { curve: asymmetricKeyDetails.namedCurve }),
    },
  }
}

function hashOf(read: X509.X509Certificate): string | undefined {
  try {
    const { hash } = read.signatureAlgorithm as { readonly hash?: string | { readonly name: string } }
    return typeof hash === 'string' ? hash : hash?.name
  } catch {
    return undefined
  }
}

/** The first bytes of a certificate: two SEQUENCE heads, then `[0] version` where it is not v1. */
function start(raw: Uint8Array): number {
  let at = 0
  for (let depth = 0; depth < 2; depth++) {
    const length = raw[at + 1] ?? 0
    at += 2 + (length & 0x80 ? length & 0x7f : 0)
  }
  return at
}

function versionOf(raw: Uint8Array): number {
  const at = start(raw)
  return raw[at] === 0xa0 ? (raw[at + 4] ?? 0) + 1 : 1
}

function serialHex(raw: Uint8Array): string {
  const at = start(raw)
  const serial = raw[at] === 0xa0 ? at + 2 + (raw[at + 1] ?? 0) : at
  return Buffer.from(raw.subarray(serial + 2, serial + 3)).toString('hex')
}
