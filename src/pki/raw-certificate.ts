import { dotted, type Element, elements, only } from './der.ts'

export interface RawExtension {
  readonly oid: string
  readonly critical: boolean
  /** What the OCTET STRING holds. */
  readonly value: Uint8Array
}

/** A certificate's parts as they are written (RFC 5280 §4.1), nothing interpreted. */
export interface RawCertificate {
  /** 1, 2, 3, or what else somebody wrote. */
  readonly version: number
  readonly serial: Uint8Array
  /** The signature's algorithm, with its parameters. */
  readonly algorithm: Uint8Array
  /** Names with their heads. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  /** notBefore, notAfter. */
  readonly times: readonly Element[]
  /** SubjectPublicKeyInfo's content. */
  readonly key: Uint8Array
  /** undefined = there is no list of them. */
  readonly extensions: readonly RawExtension[] | undefined
}

const VERSION = 0xa0
const EXTENSIONS = 0xa3
const BOOLEAN = 0x01

/** Throws a RangeError on damage. */
export function readRaw(bytes: Uint8Array): RawCertificate {
  const [toSign, algorithm] = [...elements(only(bytes))]
  if (toSign === undefined || algorithm === undefined) throw new RangeError('certificate')
  const parts = [...elements(toSign.content)]
  const version =
    parts[0]?.tag === VERSION ? (only(parts.shift()?.content ?? new Uint8Array())[0] ?? 0) + 1 : 1
  const [serial, , issuer, validity, subject, key, ...more] = parts
  if (!serial || !issuer || !validity || !subject || !key) throw new RangeError('certificate')
  const list = more.find(({ tag }) => tag === EXTENSIONS)
  return {
    version,
    serial: serial.content,
    algorithm: algorithm.content,
    issuer: issuer.whole,
    subject: subject.whole,
    times: [...elements(validity.content)],
    key: key.content,
    extensions: list && [...elements(only(list.content))].map(({ content }) => readExtension(content)),
  }
}

function readExtension(content: Uint8Array): RawExtension {
  const parts = [...elements(content)]
  const critical = parts[1]?.tag === BOOLEAN && parts[1].content[0] !== 0
  const value = parts.at(-1)
  if (parts.length < 2 || value === undefined) throw new RangeError('extension')
  return { oid: dotted(parts[0]?.content ?? new Uint8Array()), critical, value: value.content }
}
