import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/**
 * X.509 written byte by byte, for what no library writes: a name in the wrong encoding, two extensions of
 * one kind, a serial number of zero. Every default makes a certificate that all clients take.
 */

export const der = (tag: number, ...parts: readonly (Uint8Array | string)[]): Buffer => {
  const content = Buffer.concat(parts.map((one) => (typeof one === 'string' ? Buffer.from(one) : one)))
  const { length } = content
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), content])
}
export const sequence = (...parts: readonly (Uint8Array | string)[]) => der(0x30, ...parts)
const integer = (bytes: readonly number[]) => der(2, Buffer.from(bytes))
const octets = (content: Uint8Array) => der(4, content)
const bits = (content: Uint8Array, unused = 0) => der(3, Buffer.from([unused]), content)
const yes = Buffer.from('0101ff', 'hex')

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const out = [arc & 0x7f]
    for (let left = arc >> 7; left > 0; left >>= 7) out.unshift((left & 0x7f) | 0x80)
    return out
  })
  return der(6, Buffer.from(bytes))
}

const attributes: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  O: '2.5.4.10',
  E: '1.2.840.113549.1.9.1',
}
const UTF8 = 0x0c
export const PRINTABLE = 0x13

/** `CN=one,O=two`; '' is the empty name. */
export function name(text: string, tag = UTF8): Buffer {
  const parts = text === '' ? [] : text.split(',')
  return sequence(
    ...parts.map((part) => {
      const [key = '', value = ''] = part.split('=')
      return der(0x31, sequence(oid(attributes[key] ?? key), der(key === 'E' ? 0x16 : tag, value)))
    }),
  )
}

/** Days from now; `generalized` = with four digits of a year. */
export function time(days: number, generalized = false): Buffer {
  const iso = new Date(Date.now() + days * 86_400_000).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  return generalized ? der(0x18, iso) : der(0x17, iso.slice(2))
}

export const extension = (id: string, value: Uint8Array, critical = false) =>
  sequence(oid(id), ...(critical ? [yes] : []), octets(value))

/** Values of the usual extensions. */
export const basic = (ca: boolean, pathLength?: number) =>
  sequence(...(ca ? [yes] : []), ...(pathLength === undefined ? [] : [integer([pathLength])]))
/** digitalSignature 0x80, keyEncipherment 0x20, keyCertSign 0x04, cRLSign 0x02. */
export const usage = (octet: number) => bits(Buffer.from([octet]), 0)
export const purposes = (...ids: readonly string[]) => sequence(...ids.map(oid))
export const SERVER = '1.3.6.1.5.5.7.3.1'
export const CLIENT = '1.3.6.1.5.5.7.3.2'
export const DNS = 0x82
export const IP = 0x87
export const MAIL = 0x81
export const URI = 0x86
export const DIRECTORY = 0xa4
export type General = readonly [tag: number, value: string | Uint8Array]
const general = (list: readonly General[]) => list.map(([tag, value]) => der(tag, value))
export const alternative = (...list: readonly General[]) => sequence(...general(list))
export const limits = (permitted: readonly General[], excluded: readonly General[] = []) => {
  const trees = (tag: number, list: readonly General[]) =>
    list.length === 0 ? [] : [der(tag, ...general(list).map((one) => sequence(one)))]
  return sequence(...trees(0xa0, permitted), ...trees(0xa1, excluded))
}

const generated = new Map<string, { readonly privateKey: KeyObject; readonly publicKey: KeyObject }>()
const makers: Readonly<Record<string, () => { privateKey: KeyObject; publicKey: KeyObject }>> = {
  p256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p224: () => generateKeyPairSync('ec', { namedCurve: 'secp224r1' }),
  k256: () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
  brainpool: () => generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' }),
  p384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  p521: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed25519: () => generateKeyPairSync('ed25519'),
  ed448: () => generateKeyPairSync('ed448'),
  dsa: () => generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }),
  explicit: () => generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }),
  exponent3: () => generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }),
  rsapss: () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
}
function keysOf(kind: string) {
  const rsa = /^rsa(\d+)$/.exec(kind)?.[1]
  if (!rsa) return (makers[kind] as () => { privateKey: KeyObject; publicKey: KeyObject })()
  // Slow to make, and nobody compares them.
  const made = generated.get(kind) ?? generateKeyPairSync('rsa', { modulusLength: Number(rsa) })
  generated.set(kind, made)
  return made
}

const NULL = Buffer.from('0500', 'hex')
const rsaWith: Readonly<Record<string, string>> = {
  md5: '1.2.840.113549.1.1.4',
  sha1: '1.2.840.113549.1.1.5',
  sha224: '1.2.840.113549.1.1.14',
  sha256: '1.2.840.113549.1.1.11',
  sha384: '1.2.840.113549.1.1.12',
  sha512: '1.2.840.113549.1.1.13',
}
const ecdsaWith: Readonly<Record<string, string>> = {
  sha1: '1.2.840.10045.4.1',
  sha224: '1.2.840.10045.4.3.1',
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
}
function algorithmOf(key: KeyObject, hash: string, pss = false): Buffer {
  switch (pss ? 'rsa-pss' : key.asymmetricKeyType) {
    case 'ed25519':
      return sequence(oid('1.3.101.112'))
    case 'ed448':
      return sequence(oid('1.3.101.113'))
    case 'ec':
      return sequence(oid(ecdsaWith[hash] as string))
    case 'dsa':
      return sequence(oid('2.16.840.1.101.3.4.3.2'))
    case 'rsa-pss': {
      const sha = sequence(oid('2.16.840.1.101.3.4.2.1'), NULL)
      const mask = sequence(oid('1.2.840.113549.1.1.8'), sha)
      return sequence(
        oid('1.2.840.113549.1.1.10'),
        sequence(der(0xa0, sha), der(0xa1, mask), der(0xa2, integer([32]))),
      )
    }
    default:
      return sequence(oid(rsaWith[hash] as string), NULL)
  }
}

export interface Rare {
  readonly version?: number
  readonly serial?: readonly number[]
  readonly subject?: Uint8Array
  readonly issuer?: Uint8Array
  readonly from?: Uint8Array
  readonly to?: Uint8Array
  readonly key?: string
  /** The very pair of another certificate, for a second certificate of the same authority. */
  readonly keys?: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }
  readonly hash?: string
  readonly algorithm?: Uint8Array
  readonly innerAlgorithm?: Uint8Array
  /** By name; undefined = the usual one, null = none. */
  readonly basic?: Uint8Array | null
  readonly usage?: Uint8Array | null
  readonly purposes?: Uint8Array | null
  readonly names?: Uint8Array | null
  readonly subjectKeyId?: Uint8Array | null
  readonly authorityKeyId?: Uint8Array | null
  readonly more?: readonly Uint8Array[]
  readonly extensions?: null
  /** A list of extensions that is there and empty. */
  readonly noExtensions?: true
  /** An RSA key signs by PSS. */
  readonly pss?: true
  readonly spki?: Uint8Array
}

export interface RareMade {
  readonly pem: string
  readonly keyPem: string
  readonly subject: Uint8Array
  readonly keyId: Buffer
  readonly keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }
}

let next = 0
export function rare(row: Rare, by?: RareMade): RareMade {
  const keys = row.keys ?? keysOf(row.key ?? 'p256')
  const subject = row.subject ?? name(`CN=rare ${next++}`)
  const signer = by?.keys ?? keys
  const hash = row.hash ?? 'sha256'
  const algorithm = row.algorithm ?? algorithmOf(signer.privateKey, hash, row.pss)
  const spki = row.spki ?? keys.publicKey.export({ type: 'spki', format: 'der' })
  const keyId = Buffer.from(spki.subarray(-20))
  const authority = by === undefined
  const of = (
    id: string,
    given: Uint8Array | null | undefined,
    usual: Uint8Array | null,
    critical: boolean,
  ): Uint8Array[] => {
    const value = given === undefined ? usual : given
    return value === null ? [] : [extension(id, value, critical)]
  }
  const extensions = [
    ...of('2.5.29.19', row.basic, authority ? basic(true) : basic(false), true),
    ...of('2.5.29.15', row.usage, usage(authority ? 0x06 : 0x80), true),
    ...of('2.5.29.37', row.purposes, authority ? null : purposes(SERVER), false),
    ...of('2.5.29.17', row.names, null, false),
    ...of('2.5.29.14', row.subjectKeyId, octets(keyId), false),
    ...of('2.5.29.35', row.authorityKeyId, sequence(der(0x80, by?.keyId ?? keyId)), false),
    ...(row.more ?? []),
  ]
  const version = row.version ?? 2
  const toSign = sequence(
    ...(version === 0 ? [] : [der(0xa0, integer([version]))]),
    integer(row.serial ?? [0x40, ...crypto.getRandomValues(new Uint8Array(11))]),
    row.innerAlgorithm ?? algorithm,
    row.issuer ?? by?.subject ?? subject,
    sequence(row.from ?? time(-1), row.to ?? time(90)),
    subject,
    spki,
    ...(row.extensions === null ? [] : [der(0xa3, sequence(...(row.noExtensions ? [] : extensions)))]),
  )
  const own = signer.privateKey.asymmetricKeyType?.startsWith('ed') ? null : hash
  const options =
    row.pss || signer.privateKey.asymmetricKeyType === 'rsa-pss'
      ? { key: signer.privateKey, padding: 6, saltLength: 32 }
      : signer.privateKey
  const whole = sequence(toSign, algorithm, bits(sign(own, toSign, options)))
  const lines = whole.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n')
  return {
    pem: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    keyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    subject,
    keyId,
    keys,
  }
}
export { octets as octetString }
