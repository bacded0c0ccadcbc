import { isIP } from 'node:net'
import type { Certificate } from '../certificate.ts'
import { type Constraints, liesIn, liesUnder, rangeText } from '../constraints.ts'
import { ipOctets } from '../names.ts'
import { type Client, everybody, openssl } from './client.ts'
import { selfIssued } from './path.ts'

/** A sentence against it; `maybe` = it may be refused, and what decides is not known here. */
export interface Objection {
  readonly reason: string
  readonly maybe?: true
}

interface Rule {
  readonly clients: readonly Client[]
  /** Of the leaf alone: it holds whatever leads to a root. */
  readonly leaf?: (leaf: Certificate, now: number) => Objection | string | undefined
  /** Of one certificate above the leaf; `below` = how many that are not self-issued stand between. */
  readonly above?: (
    one: Certificate,
    at: {
      readonly anchor: boolean
      readonly below: number
      readonly leaf: Certificate
      readonly now: number
    },
  ) => Objection | string | undefined
  /** Of any certificate of a path; `alone` = it is the only one. */
  readonly each?: (
    one: Certificate,
    at: { readonly anchor: boolean; readonly alone: boolean; readonly name: string },
  ) => Objection | string | undefined
}

const DIGITAL_SIGNATURE = 1
const KEY_ENCIPHERMENT = 4
const KEY_AGREEMENT = 16
const KEY_CERT_SIGN = 32
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const ANY_PURPOSE = '2.5.29.37.0'
const gated = ['2.16.840.1.113730.4.1', '1.3.6.1.4.1.311.10.3.3']
const withoutAny = (extended: readonly string[]) =>
  [SERVER_AUTH, ...gated].some((one) => extended.includes(one))
const day = (ms: number) => new Date(ms).toISOString().slice(0, 10)

export const nameOf = (one: Certificate) =>
  one.commonNames.at(-1) ?? (one.subject.split('\n').join(', ') || 'a certificate without a name')

function dates(one: Certificate, now: number, what: string): string | undefined {
  if (now > one.notAfter) return `${what} expired on ${day(one.notAfter)}`
  if (now < one.notBefore) return `${what} is not valid before ${day(one.notBefore)}`
  return undefined
}

const has = (one: Certificate, bit: number) => one.usages === undefined || (one.usages & bit) !== 0

/** Curves that go into a handshake everywhere but where a rule says otherwise. */
const curves = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

/**
 * What each client has against a certificate. Read off the clients themselves: every rule has a row in
 * `e2e/certificate-clients.real.test.ts`, where the real ones decide. OpenSSL: `x509_vfy.c`, `v3_purp.c`;
 * Python from 3.13 on sets `VERIFY_X509_STRICT`; Go: `crypto/x509/verify.go`; Chromium: `net/cert`.
 */
export const rules: readonly Rule[] = [
  {
    clients: everybody,
    leaf: (leaf, now) => dates(leaf, now, 'it'),
    above: (one, { now }) => dates(one, now, `\`${nameOf(one)}\` above it`),
  },
  {
    clients: openssl,
    leaf: ({ extended }) =>
      extended && !withoutAny(extended) ? 'its extendedKeyUsage does not have serverAuth' : undefined,
    above: (one) =>
      one.extended && !withoutAny(one.extended)
        ? `the extendedKeyUsage of \`${nameOf(one)}\` above it does not have serverAuth`
        : undefined,
  },
  {
    clients: ['go', 'chromium'],
    leaf: ({ extended }) =>
      extended && !withoutAny(extended) && !extended.includes(ANY_PURPOSE)
        ? 'its extendedKeyUsage does not have serverAuth'
        : undefined,
    above: (one) =>
      one.extended && !withoutAny(one.extended) && !one.extended.includes(ANY_PURPOSE)
        ? `the extendedKeyUsage of \`${nameOf(one)}\` above it does not have serverAuth`
        : undefined,
  },
  {
    clients: openssl,
    leaf: (leaf) =>
      has(leaf, DIGITAL_SIGNATURE | KEY_ENCIPHERMENT | KEY_AGREEMENT)
        ? undefined
        : 'its keyUsage allows nothing a TLS server does',
  },
  {
    clients: ['chromium'],
    leaf: (leaf) =>
      has(leaf, DIGITAL_SIGNATURE) ? undefined : 'its keyUsage does not have digitalSignature',
  },
  {
    clients: everybody,
    leaf: ({ unknownCritical: [first] }) => first && `it has a critical extension nobody knows: ${first}`,
    above: (one) =>
      one.unknownCritical[0] &&
      `\`${nameOf(one)}\` has a critical extension nobody knows: ${one.unknownCritical[0]}`,
  },
  {
    clients: everybody,
    above: (one) => {
      // v1 has no way to say so; as a root it is taken for what it is.
      if (one.version < 3 && selfIssued(one)) return undefined
      if (!one.basic?.ca) return `\`${nameOf(one)}\` signed it and is no authority (basicConstraints)`
      return has(one, KEY_CERT_SIGN)
        ? undefined
        : `the keyUsage of \`${nameOf(one)}\` does not let it sign certificates`
    },
  },
  {
    clients: everybody,
    above: (one, { below }) =>
      one.basic?.pathLength !== undefined && below > one.basic.pathLength
        ? `\`${nameOf(one)}\` allows ${one.basic.pathLength} authorities below it, there are ${below}`
        : undefined,
  },
  {
    clients: everybody,
    above: (one, { leaf }) => one.constraints && outsideOf(one.constraints, leaf, nameOf(one)),
  },
  {
    clients: everybody,
    each: ({ hash }, { anchor, name }) =>
      !anchor && (hash === 'SHA-1' || hash === 'MD5') ? `${name} is signed with ${hash}` : undefined,
  },
  {
    clients: openssl,
    each: ({ key }, { name }) =>
      key.bits !== undefined && key.bits < 2048
        ? `the RSA key of ${name} has ${key.bits} bits: too weak at OpenSSL’s security level 2`
        : undefined,
    leaf: ({ key }) =>
      key.curve !== undefined && !curves.has(key.curve)
        ? { reason: `the curve ${key.curve} is rare: TLS 1.3 has no name for it`, maybe: true }
        : undefined,
  },
  {
    clients: ['go', 'chromium'],
    each: ({ key }, { name }) =>
      key.bits !== undefined && key.bits < 1024
        ? `the RSA key of ${name} has ${key.bits} bits`
        : key.curve !== undefined && !curves.has(key.curve)
          ? `the curve ${key.curve} of ${name} is not known to it`
          : key.type === 'dsa' || key.type === 'ed448'
            ? `it has no ${key.type === 'dsa' ? 'DSA' : 'Ed448'} (${name})`
            : undefined,
  },
  {
    clients: ['chromium'],
    each: ({ key, basic }, { alone, name }) =>
      key.type === 'ed25519'
        ? `it has no Ed25519 (${name})`
        : alone && basic?.ca === false
          ? 'it is trusted as an authority and says that it is none'
          : undefined,
    leaf: ({ key, subject, names }) =>
      key.curve === 'secp521r1'
        ? 'it offers no P-521 for a server’s key'
        : subject === '' && names?.critical === false
          ? 'its subject is empty and its subjectAltName is not critical'
          : undefined,
  },
  {
    clients: ['go'],
    each: ({ negativeSerial }, { name }) =>
      negativeSerial ? `the serial number of ${name} is negative` : undefined,
  },
  {
    // VERIFY_X509_STRICT; a path of one certificate is left alone.
    clients: ['python3.13'],
    each: (one, { anchor, alone, name }) => {
      if (alone) return undefined
      if (one.basic?.pathLength !== undefined && !one.basic.ca)
        return `${name} has a path length and is no authority`
      if (one.basic?.ca && !one.basic.critical) return `basicConstraints of ${name} is not critical`
      if (one.basic?.ca && one.usages === undefined) return `${name} is an authority without keyUsage`
      if (!one.basic?.ca && one.usages !== undefined && one.usages & KEY_CERT_SIGN)
        return `the keyUsage of ${name} has keyCertSign, and it is no authority`
      if (one.subject === '' && (one.basic?.ca || one.names === undefined))
        return `the subject of ${name} is empty`
      if (one.subject === '' && !one.names?.critical)
        return `the subject of ${name} is empty and its subjectAltName is not critical`
      if (one.version < 3) return undefined
      if (!anchor && !one.authorityKeyId) return `${name} has no authorityKeyIdentifier`
      if (one.basic?.ca && !one.subjectKeyId) return `${name} is an authority without subjectKeyIdentifier`
      return undefined
    },
  },
]

/** What a limited authority above has against the leaf's names. */
function outsideOf(
  { permitted, excluded, others }: Constraints,
  leaf: Certificate,
  authority: string,
): Objection | string | undefined {
  const { dns = [], ips = [], uris = [] } = leaf.names ?? {}
  // Without alternative names, OpenSSL compares a common name that looks like a host.
  const hosts =
    dns.length > 0
      ? dns
      : leaf.names === undefined
        ? leaf.commonNames.filter((name) => /^[\w*-]+(\.[\w-]+)+$/.test(name))
        : []
  for (const name of hosts) {
    const host = name.replace(/^\*\./, '')
    const inside = permitted.dns.length === 0 || permitted.dns.some((base) => liesUnder(host, base))
    if (!inside || excluded.dns.some((base) => liesUnder(host, base))) {
      return `\`${authority}\` may not sign for ${name}${permitted.dns.length > 0 ? `: it is limited to ${permitted.dns.join(', ')}` : ''}`
    }
  }
  for (const ip of ips) {
    if (isIP(ip) === 0) continue
    const octets = ipOctets(ip)
    const inside = permitted.ips.length === 0 || permitted.ips.some((range) => liesIn(octets, range))
    if (!inside || excluded.ips.some((range) => liesIn(octets, range))) {
      return `\`${authority}\` may not sign for ${ip}${permitted.ips.length > 0 ? `: it is limited to ${permitted.ips.map(rangeText).join(', ')}` : ''}`
    }
  }
  if (others && (uris.length > 0 || leaf.subject !== '')) {
    return { reason: `\`${authority}\` is limited in kinds of names that are not compared here`, maybe: true }
  }
  return undefined
}
