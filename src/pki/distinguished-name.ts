import { dotted, elements, hex, only } from './der.ts'

/** A subject or an issuer. Who compares two of them decides which spellings are the same. */
export interface Name {
  /** As it is written, in hexadecimal: Go compares this. */
  readonly raw: string
  /** One text for each RDN, capitals and white space folded and kinds of strings forgotten, as OpenSSL's `x509_name_canon` does it. */
  readonly folded: readonly string[]
  /** Every emailAddress in it. */
  readonly mails: readonly string[]
  /** Every common name, as it stands. */
  readonly commonNames: readonly string[]
}

const COMMON_NAME = '2.5.4.3'
const EMAIL = '1.2.840.113549.1.9.1'
const BMP = 0x1e
const UNIVERSAL = 0x1c
const T61 = 0x14
/** UTF8String, PrintableString, TeletexString, IA5String, VisibleString, UniversalString, BMPString. */
const texts = new Set([0x0c, 0x13, T61, 0x16, 0x1a, UNIVERSAL, BMP])

/** @param whole the SEQUENCE with its head. Throws a RangeError on damage. */
export function readName(whole: Uint8Array): Name {
  const mails: string[] = []
  const commonNames: string[] = []
  const folded = [...elements(only(whole))].map((set) =>
    [...elements(set.content)]
      .map(({ content }) => {
        const [type, value] = [...elements(content)]
        if (type === undefined || value === undefined) throw new RangeError('name')
        const oid = dotted(type.content)
        if (!texts.has(value.tag)) return `${oid}=#${hex(value.whole)}`
        const text = textOf(value.tag, value.content)
        if (oid === EMAIL) mails.push(text)
        if (oid === COMMON_NAME) commonNames.push(text)
        return `${oid}=${fold(text)}`
      })
      .sort()
      .join('+'),
  )
  return { raw: hex(whole), folded, mails, commonNames }
}

export const foldedName = ({ folded }: Name) => JSON.stringify(folded)

/** Whether `name` begins with all of `base`, as a directoryName's subtree asks it to. */
export const beginsWith = (name: readonly string[], base: readonly string[]) =>
  base.every((part, at) => name[at] === part)

function textOf(tag: number, content: Uint8Array): string {
  const bytes = Buffer.from(content)
  if (tag === T61) return bytes.toString('latin1')
  if (tag === BMP)
    return Buffer.from(bytes.subarray(0, bytes.length & ~1))
      .swap16()
      .toString('utf16le')
  if (tag === UNIVERSAL) {
    const points = Array.from({ length: bytes.length >> 2 }, (_, at) => bytes.readUInt32BE(at * 4))
    return points.map((point) => (point > 0x10ffff ? '\ufffd' : String.fromCodePoint(point))).join('')
  }
  return bytes.toString('utf8')
}

/** ASCII only, as OpenSSL does. */
const fold = (text: string) =>
  text
    .replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replaceAll(/[ \t\n\v\f\r]+/g, ' ')
    .replaceAll(/^ | $/g, '')
