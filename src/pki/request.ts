import { createPublicKey, type KeyObject } from 'node:crypto'
import type * as X509 from '@peculiar/x509'
import { Fault } from '../base/index.ts'
import { cryptoKeys } from './keys.ts'
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
  const library = await x509()
  const request = parseRequest(library, pem, where)
  if (!(await request.verify().catch(() => false))) {
    throw new Fault('ERR_CSR_UNUSABLE', { reason: 'its signature does not fit its key' })
  }
  const extension = <T extends X509.Extension>(oid: string) => request.getExtension(oid) as T | null
  if (extension<X509.BasicConstraintsExtension>('2.5.29.19')?.ca) {
    throw new Fault('ERR_CSR_UNUSABLE', { reason: 'it asks to be an authority' })
  }
  const publicKey = createPublicKey({
    key: Buffer.from(request.publicKey.rawData),
    format: 'der',
    type: 'spki',
  })
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
  return {
    names,
    publicKey,
    ...(commonName !== undefined && { commonName }),
    ...(usages !== undefined && { usages }),
    notGranted: [
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

function isHost(text: string): boolean {
  try {
    return doorNames([text]).dns.length + doorNames([text]).ips.length > 0
  } catch {
    return false
  }
}

function parseRequest(library: typeof X509, pem: string, where: string) {
  try {
    return new library.Pkcs10CertificateRequest(pem)
  } catch (cause) {
    throw new Fault('ERR_PEM_UNREADABLE', { where, reason: 'it holds no signing request in PEM' }, { cause })
  }
}
