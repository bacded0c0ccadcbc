import { createPublicKey } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Clock } from '../base/index.ts'
import { Fault } from '../base/index.ts'
import { type Authority, createAuthority, createIntermediate, readAuthority, readCertificate } from './ca.ts'
import { type NewFile, PRIVATE, PUBLIC, readIfThere, readNeeded, readPem, writeTogether } from './files.ts'
import { generateKey, type KeyType, keyPem, readPrivateKey } from './keys.ts'
import { issueLeaf, type LeafUsage } from './leaf.ts'
import { type DoorNames, doorNames, isBelow } from './names.ts'
import { createRequest, readRequest } from './request.ts'

/**
 * A CA that people run by hand, as files in one folder: `ca.crt`, `ca.key`, for an intermediate also
 * `root.crt`, and for each server or caller `NAME.key`, `NAME.csr`, `NAME.crt`. Nothing that exists is
 * overwritten unless `force` says so; keys are 0600.
 */
export interface CaFolder {
  /** A new root, limited to these names and what lies below them. */
  init(options: {
    readonly names: readonly string[]
    readonly keyType?: KeyType
    readonly days?: number
    /** It may have authorities below it. */
    readonly authorities?: boolean
    readonly force?: boolean
  }): Promise<{ certFile: string; keyFile: string }>
  /** An authority below the one in the folder `from`. */
  initBelow(options: {
    readonly from: string
    readonly names: readonly string[]
    readonly keyType?: KeyType
    readonly days?: number
    readonly force?: boolean
  }): Promise<{ certFile: string; keyFile: string; rootFile: string }>
  /** A key and a request to sign it; a key that lies there already is used again. */
  csr(options: {
    readonly names: readonly string[]
    readonly commonName?: string
    readonly usage?: LeafUsage
    readonly keyType?: KeyType
    readonly force?: boolean
  }): Promise<{ csrFile: string; keyFile: string }>
  /** Signs a request: a path, or a file's name in the folder. Writes the certificate beside it. */
  sign(csr: string, options?: SignOptions): Promise<Signed>
  /** The certificate chain and key of a server or caller, and the root, as text. */
  read(name: string): { readonly certPem: string; readonly keyPem: string; readonly caPem: string }
}

export interface SignOptions {
  readonly days?: number
  /** Default: what the request asks for, else `server`. */
  readonly usage?: LeafUsage
  /**
   * Names it may ask for, narrower than what the authority may sign; a name stands for what lies below
   * it, a SPIFFE ID for itself, or with a final `*` for what begins so. SPIFFE IDs are never signed unless named here.
   */
  readonly allow?: readonly string[]
  readonly force?: boolean
}

export interface Signed {
  readonly certFile: string
  /** Hosts, addresses, SPIFFE IDs, or the mail address of a caller. */
  readonly names: readonly string[]
  /** `ed25519`, `rsa`, or the curve: `prime256v1`. */
  readonly key: string
  readonly usage: LeafUsage
  readonly validTo: Date
  readonly notGranted: readonly string[]
}

export function openCaFolder(folder: string, clock: Clock): CaFolder {
  const file = (name: string) => join(folder, name)
  const refuseToReplace = (path: string, force: boolean) => {
    if (!force && existsSync(path)) throw new Fault('ERR_WOULD_OVERWRITE', { path })
  }
  const shown = (path: string, text: string): NewFile => ({ path, text, mode: PUBLIC })
  const kept = (path: string, text: string): NewFile => ({ path, text, mode: PRIVATE })
  return {
    init: async ({ names, keyType, days, authorities, force = false }) => {
      const [certFile, keyFile] = [file('ca.crt'), file('ca.key')]
      for (const path of [certFile, keyFile, file('root.crt')]) refuseToReplace(path, force)
      const made = await createAuthority({ names: doorNames(names), clock, keyType, days, authorities })
      writeTogether([kept(keyFile, keyPem(made.key)), shown(certFile, made.certPem)], force)
      // Of the intermediate it takes the place of: that one's root is not this one's.
      rmSync(file('root.crt'), { force: true })
      return { certFile, keyFile }
    },

    initBelow: async ({ from, names, keyType, days, force = false }) => {
      const [certFile, keyFile, rootFile] = [file('ca.crt'), file('ca.key'), file('root.crt')]
      for (const path of [certFile, keyFile, rootFile]) refuseToReplace(path, force)
      const parent = readAuthorityIn(from)
      const made = await createIntermediate(parent, { names: doorNames(names), clock, keyType, days })
      const certificates = [shown(certFile, made.chainPem ?? made.certPem), shown(rootFile, rootOf(from))]
      writeTogether([kept(keyFile, keyPem(made.key)), ...certificates], force)
      return { certFile, keyFile, rootFile }
    },

    csr: async ({ names, commonName, usage, keyType, force = false }) => {
      const wanted = doorNames(names)
      const base = fileName(wanted, commonName)
      const [csrFile, keyFile] = [file(`${base}.csr`), file(`${base}.key`)]
      refuseToReplace(csrFile, force)
      const own = readIfThere(keyFile)
      const key = own === undefined ? await generateKey(keyType ?? 'ecdsa') : readPrivateKey(own, keyFile)
      const request = await createRequest(key, wanted, { usage, commonName })
      if (own === undefined) writeTogether([kept(keyFile, keyPem(key))], false)
      writeTogether([shown(csrFile, request)], force)
      return { csrFile, keyFile }
    },

    sign: async (csr, { days, usage, allow, force = false } = {}) => {
      const path = existsSync(csr) || !existsSync(file(basename(csr))) ? csr : file(basename(csr))
      const certFile = file(`${basename(path).replace(/\.(csr|req|pem|der)$/, '')}.crt`)
      refuseToReplace(certFile, force)
      if (basename(certFile) === 'ca.crt' || basename(certFile) === 'root.crt') {
        throw new Fault('ERR_USAGE', {
          message: `\`${basename(path)}\` would become the CA’s own ${basename(certFile)}`,
          next: 'give the request another name',
        })
      }
      const root = readAuthorityIn(folder)
      const asked = await readRequest(readPem(path, 'CERTIFICATE REQUEST'), path)
      const granted = usageOf(asked.usages, usage)
      refuseUnlessAllowed(asked.names, allow)
      const certPem = await issueLeaf(root, {
        names: asked.names,
        publicKey: asked.publicKey,
        clock,
        days,
        usage: granted,
        ...(granted === 'client' && { commonName: asked.commonName }),
      })
      writeTogether([shown(certFile, `${certPem}${root.chainPem ?? ''}`)], force)
      return { ...signed(certPem, certFile, asked), usage: granted, notGranted: asked.notGranted }
    },

    read: (name) => {
      const stem = stemOf(folder, name)
      return {
        certPem: readNeeded(file(`${stem}.crt`)),
        keyPem: readNeeded(file(`${stem}.key`)),
        caPem: rootOf(folder),
      }
    },
  }
}

/** The authority of a folder, ready to sign. */
export function readAuthorityIn(folder: string): Authority {
  const certPem = readIfThere(join(folder, 'ca.crt'))
  const key = readIfThere(join(folder, 'ca.key'))
  if (certPem === undefined || key === undefined) {
    throw new Fault('ERR_CA_UNUSABLE', {
      where: folder,
      reason: 'it holds no ca.crt and ca.key; make them with `kfdoor ca init`',
    })
  }
  return readAuthority(certPem, key, join(folder, 'ca'), existsSync(join(folder, 'root.crt')))
}

/** What clients of a folder's certificates trust: the root, also where an intermediate signs. */
export function rootOf(folder: string): string {
  return readIfThere(join(folder, 'root.crt')) ?? readNeeded(join(folder, 'ca.crt'))
}

/** What a request names decides, unless the signer asks for less or names it himself where the request is silent. */
function usageOf(
  asked: readonly ('server' | 'client')[] | undefined,
  wanted: LeafUsage | undefined,
): LeafUsage {
  if (asked === undefined) return wanted ?? 'server'
  const server = asked.includes('server')
  const client = asked.includes('client')
  if (!server && !client)
    throw new Fault('ERR_CSR_UNUSABLE', {
      reason: 'it asks for a use that is neither a server’s nor a client’s',
    })
  if (wanted === undefined && client) {
    throw new Fault('ERR_CSR_UNUSABLE', {
      reason: server
        ? 'it asks to be shown by servers and by clients; say `--usage both`, or which of them'
        : 'it asks for a client’s certificate; say `--usage client` if that is meant',
    })
  }
  const usage = wanted ?? 'server'
  if ((usage !== 'client' && !server) || (usage !== 'server' && !client)) {
    throw new Fault('ERR_CSR_UNUSABLE', { reason: `it does not ask for the usage \`${usage}\`` })
  }
  return usage
}

function refuseUnlessAllowed({ dns, ips, uris = [] }: DoorNames, allow: readonly string[] | undefined): void {
  const mayBeUri = (uri: string) =>
    allow?.some(
      (one) =>
        one === uri || (one.endsWith('*') && one.startsWith('spiffe://') && uri.startsWith(one.slice(0, -1))),
    )
  const foreign = uris.filter((uri) => !mayBeUri(uri))
  if (foreign.length > 0 && !allow) {
    throw new Fault('ERR_CSR_UNUSABLE', {
      reason: `it asks to be ${foreign.map((uri) => `\`${uri}\``).join(', ')}; say so yourself with \`--allow\` if that is meant`,
    })
  }
  if (!allow) return
  const { dns: bases, ips: addresses } = doorNames(allow.filter((one) => !one.startsWith('spiffe://')))
  foreign.push(
    ...dns.filter((name) => !bases.some((base) => isBelow(name, base.replace(/^\*\./, '')))),
    ...ips.filter((ip) => !addresses.includes(ip)),
  )
  if (foreign.length > 0) {
    throw new Fault('ERR_CSR_UNUSABLE', {
      reason: `it asks for ${foreign.map((name) => `\`${name}\``).join(', ')}, which is not allowed here`,
    })
  }
}

/** `*.example.com` is kept under `_.example.com`: a star in a file's name asks for trouble in a shell. */
function fileName({ dns, ips, uris = [] }: DoorNames, commonName = ''): string {
  const first = dns[0] ?? ips[0] ?? (commonName || uris[0]?.replace(/^spiffe:\/\//, '') || '')
  const name = first
    .replace('*', '_')
    .replaceAll(/[^A-Za-z0-9._@-]/g, '-')
    .replace(/^\.+/, '')
  if (name === '')
    throw new Fault('ERR_USAGE', {
      message: 'a certificate needs a name: `--name`, or `--common-name` for a client',
    })
  if (name === 'ca' || name === 'root')
    throw new Fault('ERR_USAGE', { message: `\`${name}\` is what the CA’s own files are called` })
  return name
}

/** A certificate is asked for by the name its files have, by the host itself, or by a path. */
export function stemOf(folder: string, name: string): string {
  const bare = basename(name).replace(/\.(crt|key|csr)$/, '')
  if (existsSync(join(folder, `${bare}.crt`))) return bare
  const dir = dirname(name)
  if (dir !== '.' && existsSync(name))
    throw new Fault('ERR_USAGE', {
      message: `\`${name}\` is not in the folder \`${folder}\``,
      next: `say \`--dir ${dir}\``,
    })
  const stem = fileName(doorNames([name]))
  if (existsSync(join(folder, `${stem}.crt`))) return stem
  throw new Fault('ERR_USAGE', {
    message: `the folder \`${folder}\` holds no certificate for \`${name}\``,
    next: `make it with \`kfdoor ca server --dir ${folder} --name ${name}\``,
  })
}

/** A server or caller in one step: key, request, certificate. */
export async function issueInto(
  folder: string,
  clock: Clock,
  options: {
    readonly names: readonly string[]
    readonly commonName?: string
    readonly usage: LeafUsage
    readonly keyType?: KeyType
    readonly days?: number
    readonly force?: boolean
  },
): Promise<Signed & { readonly keyFile: string }> {
  const { commonName, usage, keyType, days, force = false } = options
  const names = doorNames(options.names)
  const stem = fileName(names, commonName)
  const [certFile, keyFile] = [join(folder, `${stem}.crt`), join(folder, `${stem}.key`)]
  for (const path of [certFile, keyFile])
    if (!force && existsSync(path)) throw new Fault('ERR_WOULD_OVERWRITE', { path })
  const root = readAuthorityIn(folder)
  const key = await generateKey(keyType ?? 'ecdsa')
  const certPem = await issueLeaf(root, {
    names,
    publicKey: createPublicKey(key),
    clock,
    days,
    usage,
    commonName,
  })
  const pair = [
    { path: keyFile, text: keyPem(key), mode: PRIVATE },
    { path: certFile, text: `${certPem}${root.chainPem ?? ''}`, mode: PUBLIC },
  ]
  writeTogether(pair, force)
  return { ...signed(certPem, certFile, { names, commonName }), keyFile, usage, notGranted: [] }
}

function signed(
  certPem: string,
  certFile: string,
  { names: { dns, ips, uris = [] }, commonName }: { names: DoorNames; commonName?: string | undefined },
): Pick<Signed, 'certFile' | 'names' | 'key' | 'validTo'> {
  const { publicKey, validToDate } = readCertificate(certPem, certFile)
  const names = [...dns, ...ips, ...uris]
  return {
    certFile,
    names: names.length > 0 ? names : [commonName ?? ''],
    key: publicKey.asymmetricKeyDetails?.namedCurve ?? publicKey.asymmetricKeyType ?? '',
    validTo: validToDate,
  }
}
