import { createPublicKey, type KeyObject } from 'node:crypto'
import type * as X509 from '@peculiar/x509'
import { Fault } from '../base/index.ts'
import { elements, only } from './der.ts'
import { cryptoKeys, signingOf } from './keys.ts'
import { alternatives, type LeafUsage } from './leaf.ts'
import { type DoorNames, doorNames } from './names.ts'
import { x509 } from './x509.ts'

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

/** A signing request for `key`, asking for these names and this use. */
export async function createRequest(
  key: KeyObject,
  names: DoorNames,
  asked: { readonly usage?: LeafUsage; readonly commonName?: string } = {},
): Promise<string> {
  const library = await x509()
  const { signing, ...keys } = cryptoKeys(key, 'the key')
  const { usage, commonName = names.dns[0] } = asked
  const wanted = alternatives(names)
  const request = await library.Pkcs10CertificateRequestGenerator.create({
    name: commonName !== undefined && commonName.length <= 64 ? [{ CN: [commonName] }] : [{ O: ['kfdoor'] }],
    keys,
    signingAlgorithm: signing,
    extensions: [
      ...(wanted.length > 0 ? [new library.SubjectAlternativeNameExtension(wanted)] : []),
      ...(usage === undefined || usage === 'server'
        ? []
        : [
            new library.ExtendedKeyUsageExtension([
              ...(usage === 'both' ? [library.ExtendedKeyUsage.serverAuth] : []),
              library.ExtendedKeyUsage.clientAuth,
            ]),
          ]),
    ],
  })
  return `${request.toString('pem')}\n`
}

/** Thousands of names; no client would take the certificate. */
const LARGEST = 128 * 1024

/** What a signing request asks for, and nothing it does not. */
export interface Asked {
  readonly names: DoorNames
  readonly publicKey: KeyObject
  readonly commonName?: string
  /** The uses it names; undefined = none, which leaves it to the signer. */
  readonly usages?: readonly ('server' | 'client')[]
  /** Wishes that are not granted, for people: mail addresses, policies, other uses of the key. */
  readonly notGranted: readonly string[]
}

/**
 * Reads a signing request. Its signature proves that the asker holds the key; without subjectAltName
 * (openssl makes such requests unless told otherwise) a common name that is a host is the name. One
 * that asks to be an authority is refused: `ca intermediate` makes those.
 */
export async function readRequest(pem: string, where: string): Promise<Asked> {
  if (pem.length > LARGEST) {
    throw new Fault('ERR_CSR_UNUSABLE', { reason: `it is larger than ${LARGEST / 1024} KiB` })
  }
  const library = await x509()
  const request = parseRequest(library, pem, where)
  const publicKey = publicKeyOf(request)
  if (signingOf(publicKey) === undefined) throw new Fault('ERR_KEY_UNFIT', { where: 'the request' })
  const signature = await request.verify().catch(() => undefined)
  if (!signature) {
    throw new Fault('ERR_CSR_UNUSABLE', {
      reason:
        signature === undefined
          ? 'its signature cannot be verified: its hash is none that is read here (MD5, SHA-224, SHA-3), or the curve of the key is described and not named'
          : 'its signature does not fit its key',
    })
  }
  const extension = <T extends X509.Extension>(oid: string) => request.getExtension(oid) as T | null
  if (extension<X509.BasicConstraintsExtension>('2.5.29.19')?.ca) {
    throw new Fault('ERR_CSR_UNUSABLE', { reason: 'it asks to be an authority' })
  }
  const wanted = extension<X509.SubjectAlternativeNameExtension>('2.5.29.17')?.names.items
  const commonName = request.subjectName.getField('CN').at(-1)
  const taken = wanted?.filter(
    ({ type, value }) => type === 'dns' || type === 'ip' || (type === 'url' && value.startsWith('spiffe:')),
  )
  const extended = extension<X509.ExtendedKeyUsageExtension>('2.5.29.37')?.usages.map(String)
  const known: Readonly<Record<string, 'server' | 'client'>> = {
    [SERVER_AUTH]: 'server',
    [CLIENT_AUTH]: 'client',
  }
  const usages = extended?.flatMap((oid) => known[oid] ?? [])
  const names =
    taken !== undefined
      ? doorNames(taken.map(({ value }) => value))
      : commonName !== undefined && isHost(commonName)
        ? doorNames([commonName])
        : { dns: [], ips: [] }
  const signs = extension<X509.KeyUsagesExtension>('2.5.29.15')?.usages ?? 0
  const { keyCertSign, cRLSign } = library.KeyUsageFlags
  return {
    names,
    publicKey,
    ...(commonName !== undefined && { commonName }),
    ...(usages !== undefined && { usages }),
    notGranted: [
      ...(signs & (keyCertSign | cRLSign) ? ['to sign certificates'] : []),
      ...(hasOtherNames(request) ? ['names of kinds that are not written here'] : []),
      ...(wanted ?? []).filter((item) => !taken?.includes(item)).map(({ type, value }) => `${type} ${value}`),
      ...(extended ?? []).filter((oid) => known[oid] === undefined).map((oid) => `the use ${oid}`),
      ...request.extensions
        .filter(
          ({ type }) => !['2.5.29.17', '2.5.29.37', '2.5.29.15', '2.5.29.19', '2.5.29.14'].includes(type),
        )
        .map(({ type }) => `the extension ${type}`),
    ],
  }
}

function publicKeyOf(request: X509.Pkcs10CertificateRequest): KeyObject {
  const key = Buffer.from(request.publicKey.rawData)
  try {
    return createPublicKey({ key, format: 'der', type: 'spki' })
  } catch (cause) {
    throw new Fault('ERR_KEY_UNFIT', { where: 'the request' }, { cause })
  }
}

/** The library leaves out of the list what it cannot read (otherName, for example). */
function hasOtherNames(request: X509.Pkcs10CertificateRequest): boolean {
  const extension = request.getExtension('2.5.29.17') as X509.SubjectAlternativeNameExtension | null
  if (!extension) return false
  return [...elements(only(new Uint8Array(extension.value)))].length > extension.names.items.length
}

function isHost(text: string): boolean {
  try {
    return doorNames([text]).dns.length + doorNames([text]).ips.length > 0
  } catch {
    return false
  }
}

const block = /-----BEGIN (NEW )?CERTIFICATE REQUEST-----[\s\S]+?-----END (NEW )?CERTIFICATE REQUEST-----/g

/** A file may begin with the key, as `openssl req -keyout x -out x` leaves it, or with the text of what it asks. */
function parseRequest(library: typeof X509, pem: string, where: string) {
  const blocks = pem.match(block) ?? []
  const unreadable = (reason: string, cause?: unknown) =>
    new Fault('ERR_PEM_UNREADABLE', { where, reason }, { cause })
  if (blocks.length > 1)
    throw unreadable(`it holds ${blocks.length} signing requests, and one is signed at a time`)
  const other = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(pem)?.[1]
  if (blocks.length === 0 && other !== undefined)
    throw unreadable(`it holds no signing request in PEM, but a ${other.toLowerCase()}`)
  try {
    return new library.Pkcs10CertificateRequest(blocks[0] ?? pem)
  } catch (cause) {
    throw unreadable('it holds no signing request in PEM', cause)
  }
}
