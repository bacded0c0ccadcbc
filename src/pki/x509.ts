import { randomBytes } from 'node:crypto'
import type * as X509 from '@peculiar/x509'
import { type DoorNames, ipOctets } from './names.ts'

let loaded: Promise<typeof X509> | undefined

/**
 * The library that writes and reads X.509. It takes a while to load and is only needed to make
 * something new, so it is loaded when that is asked for.
 */
export function x509(): Promise<typeof X509> {
  loaded ??= (async () => {
    await import('reflect-metadata')
    const library = await import('@peculiar/x509')
    library.cryptoProvider.set(globalThis.crypto)
    return library
  })()
  return loaded
}

export const DAY = 24 * 60 * 60 * 1000
/** Clocks differ: what was made this minute is valid for a neighbour whose clock is behind. */
const BACKDATE = 60 * 60 * 1000

/** From an hour ago; the whole span is `days`. X.509 counts in seconds, so they are cut off. */
export function validity(now: number, days: number): { notBefore: Date; notAfter: Date } {
  const from = Math.floor((now - BACKDATE) / 1000) * 1000
  return { notBefore: new Date(from), notAfter: new Date(from + days * DAY) }
}

/** 127 random bits, positive and never zero (CA/Browser Forum asks for 64). */
export function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

/**
 * NameConstraints (RFC 5280 §4.2.1.10), critical. A kind of name without a permitted subtree would
 * be free, so where there is none the whole kind is excluded.
 */
export async function nameConstraints(permitted: DoorNames): Promise<X509.Extension> {
  const library = await x509()
  const sequence = (tag: number, ...parts: readonly Uint8Array[]) => der(tag, Buffer.concat(parts))
  const dns = (name: string) => sequence(0x30, der(0x82, Buffer.from(name, 'ascii')))
  const ip = (address: Uint8Array, mask: number) =>
    sequence(0x30, der(0x87, Buffer.concat([address, Buffer.alloc(address.length, mask)])))
  const excluded = [
    ...(permitted.dns.length === 0 ? [dns('')] : []),
    // An address kind is one kind for both lengths, and clients compare only equal lengths: each has its row.
    ...[4, 16]
      .filter((length) => !permitted.ips.some((each) => ipOctets(each).length === length))
      .map((length) => ip(new Uint8Array(length), 0)),
  ]
  const parts = [
    sequence(0xa0, ...permitted.dns.map(dns), ...permitted.ips.map((each) => ip(ipOctets(each), 0xff))),
    ...(excluded.length > 0 ? [sequence(0xa1, ...excluded)] : []),
  ].filter((part) => part.length > 2)
  return new library.Extension('2.5.29.30', true, new Uint8Array(sequence(0x30, ...parts)).buffer)
}

function der(tag: number, content: Uint8Array): Buffer {
  const { length } = content
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), content])
}
