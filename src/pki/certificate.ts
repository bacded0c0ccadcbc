import { X509Certificate } from 'node:crypto'
import { Fault } from '../base/index.ts'
import { type Constraints, readAllConstraints } from './constraints.ts'
import { dotted, elements, hex, only } from './der.ts'
import { type Name, readName } from './distinguished-name.ts'
import { ipText } from './names.ts'
import { type RawCertificate, type RawExtension, readRaw } from './raw-certificate.ts'

/** A certificate with everything clients look at when they judge it. */
export interface Certificate {
  readonly node: X509Certificate
  /** v1 has no extensions at all. */
  readonly version: number
  /** For people, a line for each part. */
  readonly subject: string
  readonly issuer: string
  readonly subjectName: Name
  readonly issuerName: Name
  /** Every common name of the subject, as they stand. */
  readonly commonNames: readonly string[]
  /** ms */
  readonly notBefore: number
  readonly notAfter: number
  /** undefined = no subjectAltName. */
  readonly names?: AlternativeNames
  /** undefined = no basicConstraints. */
  readonly basic?: { readonly ca: boolean; readonly pathLength?: number; readonly critical: boolean }
  /** The bits of keyUsage, the first one worth 1; undefined = absent, which allows all. */
  readonly usages?: number
  /** Object identifiers of extendedKeyUsage; undefined = absent, which allows all. */
  readonly extended?: readonly string[]
  /** The first octet of Netscape's certificate type, which OpenSSL still reads. */
  readonly netscape?: number
  /** Hexadecimal. */
  readonly serial: string
  readonly subjectKeyId?: string
  readonly authorityKeyId?: AuthorityKeyId
  readonly constraints?: Constraints
  /** requireExplicitPolicy: after how many certificates below this one a policy has to be there. */
  readonly needsPolicy?: number
  readonly policies?: readonly string[]
  /** undefined = it has no list of extensions. */
  readonly extensions: readonly RawExtension[] | undefined
  /** Object identifier of the signature's algorithm, and for RSASSA-PSS that of its hash. */
  readonly signature: string
  /** Both times as RFC 5280 §4.1.2.5 writes them. */
  readonly soundTimes: boolean
  readonly negativeSerial: boolean
  readonly key: {
    readonly type: string
    readonly bits?: number
    readonly curve?: string
    /** The curve by its parameters and not by its name. */
    readonly explicit?: true
  }
}

export interface AlternativeNames {
  readonly dns: readonly string[]
  /** An address of a length that there is not stands as `#` and its octets. */
  readonly ips: readonly string[]
  readonly uris: readonly string[]
  readonly mails: readonly string[]
  /** How many names of other kinds are in it. */
  readonly others: number
  readonly empty: boolean
  /** One is of a kind no standard has. */
  readonly unheardOf: boolean
  readonly critical: boolean
  /** What is in it that no name of its kind can be, for people. */
  readonly malformed?: string
}

export interface AuthorityKeyId {
  readonly keyId?: string
  readonly issuer?: Name
  readonly serial?: string
}

const block =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]+?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g

/** More than any chain or bundle of a door; a flood is refused. */
const MOST = 1000

/** Every certificate of a PEM text, in order. Throws `ERR_PEM_UNREADABLE` where there is none. */
export async function readCertificates(pem: string, where: string): Promise<readonly Certificate[]> {
  const blocks = pem.match(block) ?? []
  if (blocks.length === 0) {
    const reason = /-----BEGIN PKCS7-----/.test(pem)
      ? 'it is PKCS#7; `openssl pkcs7 -print_certs` shows its certificates in PEM'
      : 'it holds no certificate in PEM'
    throw new Fault('ERR_PEM_UNREADABLE', { where, reason })
  }
  if (blocks.length > MOST) {
    throw new Fault('ERR_PEM_UNREADABLE', { where, reason: `it holds more than ${MOST} certificates` })
  }
  return blocks.map((text) => {
    try {
      return readOne(new X509Certificate(text))
    } catch (cause) {
      throw new Fault('ERR_PEM_UNREADABLE', { where, reason: 'a certificate in it is damaged' }, { cause })
    }
  })
}

const NETSCAPE = '2.16.840.1.113730.1.1'
const RSASSA_PSS = '1.2.840.113549.1.1.10'

function readOne(node: X509Certificate): Certificate {
  const raw = readRaw(node.raw)
  const find = (oid: string) => raw.extensions?.find((one) => one.oid === oid)
  const [names, basic, netscape] = [find('2.5.29.17'), find('2.5.29.19'), find(NETSCAPE)]
  const [usages, extended, constraints] = [find('2.5.29.15'), find('2.5.29.37'), find('2.5.29.30')]
  const [policies, policyLimits] = [find('2.5.29.32'), find('2.5.29.36')]
  const [keyId, above] = [find('2.5.29.14'), find('2.5.29.35')]
  const subjectName = readName(raw.subject)
  return {
    node,
    version: raw.version,
    subject: node.subject ?? '',
    issuer: node.issuer ?? '',
    subjectName,
    issuerName: readName(raw.issuer),
    commonNames: subjectName.commonNames,
    notBefore: node.validFromDate.getTime(),
    notAfter: node.validToDate.getTime(),
    ...(names && { names: readAlternatives(names) }),
    ...(basic && { basic: readBasic(basic) }),
    ...(usages && { usages: bitsOf(usages.value) }),
    ...(extended && {
      extended: [...elements(only(extended.value))].map(({ content }) => dotted(content)),
    }),
    ...(netscape && { netscape: only(netscape.value)[1] ?? 0 }),
    serial: hex(raw.serial),
    ...(keyId && { subjectKeyId: hex(only(keyId.value)) }),
    ...(above && { authorityKeyId: readAuthorityKeyId(above.value) }),
    ...(constraints && { constraints: readAllConstraints(constraints.value, constraints.critical) }),
    ...(policyLimits && readNeededPolicy(policyLimits.value)),
    ...(policies && {
      policies: [...elements(only(policies.value))].map(({ content }) => dotted(only(content))),
    }),
    extensions: raw.extensions,
    signature: signatureOf(raw.algorithm),
    soundTimes: raw.times.every(({ tag, content }) =>
      (tag === 0x17 ? /^\d{12}Z$/ : /^\d{14}Z$/).test(Buffer.from(content).toString('latin1')),
    ),
    negativeSerial: ((raw.serial[0] ?? 0) & 0x80) !== 0,
    key: keyOf(node, raw),
  }
}

function keyOf(node: X509Certificate, raw: RawCertificate): Certificate['key'] {
  const { asymmetricKeyType, asymmetricKeyDetails } = node.publicKey
  const [algorithm] = [...elements(raw.key)]
  const parameters = [...elements(algorithm?.content ?? new Uint8Array())][1]
  return {
    type: asymmetricKeyType ?? 'unknown',
    ...(asymmetricKeyDetails?.modulusLength !== undefined && { bits: asymmetricKeyDetails.modulusLength }),
    ...(asymmetricKeyDetails?.namedCurve !== undefined && { curve: asymmetricKeyDetails.namedCurve }),
    ...(asymmetricKeyType === 'ec' && parameters?.tag === 0x30 && { explicit: true as const }),
  }
}

/** A BIT STRING's bits, the first one worth 1. */
function bitsOf(value: Uint8Array): number {
  const [, ...octets] = only(value)
  return octets
    .slice(0, 2)
    .flatMap((octet) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (octet >> bit) & 1))
    .reduce((sum, bit, at) => sum + bit * 2 ** at, 0)
}

function readBasic({ value, critical }: RawExtension): NonNullable<Certificate['basic']> {
  const parts = [...elements(only(value))]
  const length = parts.find(({ tag }) => tag === 2)?.content
  return {
    ca: parts.some(({ tag, content }) => tag === 1 && content[0] !== 0),
    critical,
    ...(length && { pathLength: Number.parseInt(hex(length), 16) }),
  }
}

function readNeededPolicy(value: Uint8Array): Pick<Certificate, 'needsPolicy'> {
  const count = [...elements(only(value))].find(({ tag }) => tag === 0x80)
  return count ? { needsPolicy: Number.parseInt(hex(count.content), 16) } : {}
}

function readAuthorityKeyId(value: Uint8Array): AuthorityKeyId {
  const parts = [...elements(only(value))]
  const [keyId, issuer, serial] = [0x80, 0xa1, 0x82].map((kind) => parts.find(({ tag }) => tag === kind))
  const directory = issuer && [...elements(issuer.content)].find(({ tag }) => tag === 0xa4)
  return {
    ...(keyId && { keyId: hex(keyId.content) }),
    ...(directory && { issuer: readName(directory.content) }),
    ...(serial && { serial: hex(serial.content) }),
  }
}

function readAlternatives({ value, critical }: RawExtension): AlternativeNames {
  const all = [...elements(only(value))]
  const of = (kind: number) => all.filter(({ tag }) => tag === kind).map(({ content }) => content)
  const text = (content: Uint8Array) => Buffer.from(content).toString('latin1')
  const foreign = all.find(
    ({ tag, content }) => [0x81, 0x82, 0x86].includes(tag) && content.some((octet) => octet > 0x7f),
  )
  const short = of(0x87).find(({ length }) => length !== 4 && length !== 16)
  const malformed = foreign
    ? 'a name in it is not ASCII'
    : short
      ? `an address in it has ${short.length} octets`
      : undefined
  return {
    dns: of(0x82).map(text),
    ips: of(0x87).map((octets) =>
      octets.length === 4 || octets.length === 16 ? ipText(octets) : `#${hex(octets)}`,
    ),
    uris: of(0x86).map(text),
    mails: of(0x81).map(text),
    others: all.length - [0x81, 0x82, 0x86, 0x87].reduce((sum, kind) => sum + of(kind).length, 0),
    empty: all.length === 0,
    unheardOf: all.some(({ tag }) => tag > 0x88 && tag < 0xa0),
    critical,
    ...(malformed !== undefined && { malformed }),
  }
}

function signatureOf(algorithm: Uint8Array): string {
  const [type, parameters] = [...elements(algorithm)]
  const oid = dotted(type?.content ?? new Uint8Array())
  if (oid !== RSASSA_PSS) return oid
  // [0] hashAlgorithm; SHA-1 where nothing stands (RFC 4055 §3.1).
  const hash = [...elements(parameters?.content ?? new Uint8Array())].find(({ tag }) => tag === 0xa0)
  const [name] = hash ? [...elements(only(hash.content))] : []
  return `${oid}/${name ? dotted(name.content) : '1.3.14.3.2.26'}`
}
