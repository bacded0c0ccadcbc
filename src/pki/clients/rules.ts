import type { Certificate } from '../certificate.ts'
import { type Client, everybody, openssl } from './client.ts'
import { outsideOf } from './limits.ts'
import { nameOf, selfIssued } from './path.ts'
import { policyMissing } from './policies.ts'
import { signatures } from './signatures.ts'
import { strictRule } from './strict.ts'
import { structureRules } from './structure.ts'

/** A sentence against it; `maybe` = it may be refused, and what decides is not known here. */
export interface Objection {
  readonly reason: string
  readonly maybe?: true
}

export interface Rule {
  readonly clients: readonly Client[]
  /** Of the leaf alone: it holds whatever leads to a root. */
  readonly leaf?: (leaf: Certificate, now: number) => Objection | string | undefined
  /** Of one certificate above the leaf. */
  readonly above?: (one: Certificate, at: Above) => Objection | string | undefined
  /** Of any certificate of a path. */
  readonly each?: (one: Certificate, at: Each) => Objection | string | undefined
}

interface Above {
  readonly client: Client
  readonly anchor: boolean
  /** The path below it, leaf first. */
  readonly below: readonly Certificate[]
  readonly now: number
}

interface Each {
  readonly client: Client
  readonly anchor: boolean
  /** It is the only one. */
  readonly alone: boolean
  readonly first: boolean
  readonly name: string
}

const DIGITAL_SIGNATURE = 1
const KEY_ENCIPHERMENT = 4
const KEY_AGREEMENT = 16
const KEY_CERT_SIGN = 32
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const ANY_PURPOSE = '2.5.29.37.0'
/** Netscape's and Microsoft's step-up, of the years of weak export ciphers; OpenSSL still takes both. */
const gated = ['2.16.840.1.113730.4.1', '1.3.6.1.4.1.311.10.3.3']
const NETSCAPE_SERVER = 0x40

const day = (ms: number) => new Date(ms).toISOString().slice(0, 10)

function dates(one: Certificate, now: number, what: string): string | undefined {
  if (now > one.notAfter) return `${what} expired on ${day(one.notAfter)}`
  if (now < one.notBefore) return `${what} is not valid before ${day(one.notBefore)}`
  return undefined
}

const has = (one: Certificate, bit: number) => one.usages === undefined || (one.usages & bit) !== 0
const lacksServerAuth = ({ extended }: Certificate, others: readonly string[]) =>
  extended !== undefined && ![SERVER_AUTH, ...others].some((one) => extended.includes(one))

/** Curves that go into a handshake. */
const curves = new Set(['prime256v1', 'secp384r1', 'secp521r1'])
const SMALLEST_AT_LEVEL_2 = 1962

/** `each` for all but the root, whose own signature proves nothing. */
const hashed = (weak: readonly string[], { signature }: Certificate, name: string) => {
  const hash = signatures.get(signature)?.hash
  return hash !== undefined && weak.includes(hash) ? `${name} is signed with ${hash}` : undefined
}

/**
 * What each client has against a certificate. Read off the clients themselves: every rule has a row in
 * `e2e/certificate-clients.real.test.ts`, where the real ones decide. OpenSSL: `x509_vfy.c`, `v3_purp.c`;
 * Python from 3.13 on sets `VERIFY_X509_STRICT`; Go: `crypto/x509/verify.go`; Chromium: `net/cert`.
 */
export const rules: readonly Rule[] = [
  ...structureRules,
  {
    clients: everybody,
    leaf: (leaf, now) => dates(leaf, now, 'it'),
    above: (one, { now }) => dates(one, now, `\`${nameOf(one)}\` above it`),
  },
  {
    clients: openssl,
    leaf: (leaf) =>
      lacksServerAuth(leaf, gated) ? 'its extendedKeyUsage does not have serverAuth' : undefined,
    above: (one) =>
      lacksServerAuth(one, gated)
        ? `the extendedKeyUsage of \`${nameOf(one)}\` above it does not have serverAuth`
        : undefined,
  },
  {
    // Go takes a list with nothing in it for none.
    clients: ['go'],
    leaf: (leaf) =>
      leaf.extended?.length !== 0 && lacksServerAuth(leaf, [ANY_PURPOSE])
        ? 'its extendedKeyUsage does not have serverAuth'
        : undefined,
    above: (one) =>
      one.extended?.length !== 0 && lacksServerAuth(one, [ANY_PURPOSE])
        ? `the extendedKeyUsage of \`${nameOf(one)}\` above it does not have serverAuth`
        : undefined,
  },
  {
    clients: ['chromium'],
    leaf: (leaf) =>
      lacksServerAuth(leaf, [ANY_PURPOSE]) ? 'its extendedKeyUsage does not have serverAuth' : undefined,
    above: (one) =>
      lacksServerAuth(one, [ANY_PURPOSE])
        ? `the extendedKeyUsage of \`${nameOf(one)}\` above it does not have serverAuth`
        : undefined,
  },
  {
    clients: openssl,
    leaf: (leaf) =>
      !has(leaf, DIGITAL_SIGNATURE | KEY_ENCIPHERMENT | KEY_AGREEMENT)
        ? 'its keyUsage allows nothing a TLS server does'
        : leaf.netscape !== undefined && (leaf.netscape & NETSCAPE_SERVER) === 0
          ? 'its Netscape certificate type is not a server’s'
          : undefined,
  },
  {
    clients: ['chromium'],
    leaf: (leaf) =>
      has(leaf, DIGITAL_SIGNATURE) ? undefined : 'its keyUsage does not have digitalSignature',
  },
  {
    clients: everybody,
    above: (one, { client, anchor }) => {
      // v1 has no way to say so; as a root it is taken for what it is, and by Chromium so is any other.
      const silent =
        one.basic === undefined &&
        anchor &&
        (one.version < 3
          ? selfIssued(one)
          : client === 'chromium' || (openssl.includes(client) && one.usages !== undefined))
      if (!silent && !one.basic?.ca)
        return `\`${nameOf(one)}\` signed it and is no authority (basicConstraints)`
      return has(one, KEY_CERT_SIGN)
        ? undefined
        : `the keyUsage of \`${nameOf(one)}\` does not let it sign certificates`
    },
  },
  {
    clients: everybody,
    above: (one, { client, below }) => {
      const [, ...between] = below
      // Go counts those that an authority made for itself too (RFC 5280 §4.2.1.9 does not).
      const count = between.filter((each) => client === 'go' || !selfIssued(each)).length
      return one.basic?.pathLength !== undefined && count > one.basic.pathLength
        ? `\`${nameOf(one)}\` allows ${one.basic.pathLength} authorities below it, there are ${count}`
        : undefined
    },
  },
  {
    clients: everybody,
    above: (one, { client, below }) =>
      one.constraints && outsideOf(client, one.constraints, below, nameOf(one)),
  },
  {
    clients: openssl,
    each: (one, { anchor, name }) => (anchor ? undefined : hashed(['MD2', 'MD5', 'SHA-1'], one, name)),
  },
  {
    clients: ['go', 'chromium'],
    each: (one, { anchor, alone, client, name }) =>
      anchor && !(alone && client === 'chromium')
        ? undefined
        : hashed(['MD2', 'MD5', 'SHA-1', 'SHA-224'], one, name),
  },
  {
    clients: openssl,
    each: ({ key }, { client, name }) =>
      key.bits !== undefined && key.bits < SMALLEST_AT_LEVEL_2
        ? `the RSA key of ${name} has ${key.bits} bits: too weak at OpenSSL’s security level 2${client === 'node' ? ', which Node has since version 24' : ''}`
        : undefined,
    leaf: ({ key }) =>
      key.curve !== undefined && !curves.has(key.curve)
        ? `its key is on the curve ${key.curve}, which no client offers`
        : undefined,
  },
  {
    clients: ['go', 'chromium'],
    each: ({ key }, { client, first, name }) => {
      if (key.type === 'rsa-pss') return `its RSA does not know keys that sign by PSS only (${name})`
      if (key.bits !== undefined && key.bits < 1024) return `the RSA key of ${name} has ${key.bits} bits`
      // Go verifies by P-224 and has no handshake with it.
      const known = curves.has(key.curve ?? '') || (client === 'go' && !first && key.curve === 'secp224r1')
      if (key.curve !== undefined && !known) return `the curve ${key.curve} of ${name} is not known to it`
      if (key.type === 'dsa' || key.type === 'ed448')
        return `it has no ${key.type === 'dsa' ? 'DSA' : 'Ed448'} (${name})`
      return undefined
    },
  },
  {
    clients: ['chromium'],
    each: ({ key, basic, usages }, { alone, name }) =>
      key.type === 'ed25519'
        ? `it has no Ed25519 (${name})`
        : alone && basic?.ca === false
          ? 'it is trusted as an authority and says that it is none'
          : alone && usages !== undefined && (usages & KEY_CERT_SIGN) === 0
            ? 'it is trusted as an authority and its keyUsage does not let it sign certificates'
            : undefined,
    leaf: ({ key, subject, names }) =>
      key.curve === 'secp521r1'
        ? 'it offers no P-521 for a server’s key'
        : subject === '' && names?.critical === false
          ? 'its subject is empty and its subjectAltName is not critical'
          : undefined,
  },
  {
    // RFC 5280 §6.1: requireExplicitPolicy. OpenSSL looks at policies only where it is told to.
    clients: ['go', 'chromium'],
    above: (one, { client, anchor, below }) =>
      anchor ? policyMissing(below, client === 'go' ? undefined : one) : undefined,
  },
  {
    clients: ['curl'],
    leaf: ({ issuer }) => (issuer === '' ? 'its issuer has no name' : undefined),
  },
  {
    clients: ['go'],
    each: ({ negativeSerial }, { name }) =>
      negativeSerial ? `the serial number of ${name} is negative` : undefined,
  },
  strictRule,
]
