import { createPublicKey } from 'node:crypto'
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../base/index.ts'
import { type Authority, createAuthority, readAuthority, readCertificate } from './ca.ts'
import { PRIVATE, readIfThere, writeWhole } from './files.ts'
import { generateKey, type KeyType, keyPem, readPrivateKey } from './keys.ts'
import { isSignedBy, issueLeaf } from './leaf.ts'
import { type DoorNames, doorNames, outside } from './names.ts'
import { namesOf } from './read-certificate.ts'
import { DAY } from './x509.ts'

export interface ServerCertificate {
  /** What a TLS server presents: the leaf. A root is never sent; who trusts it has it. */
  readonly certPem: string
  readonly keyPem: string
  readonly caPem: string
  /** Where the root lies, for `--cacert`. */
  readonly caFile: string
  /** Milliseconds since the epoch: ask again from here on, while a door runs on and on. */
  readonly renewAt: number
  /** What was made anew by this call, and why; empty = everything was there. For people. */
  readonly made: readonly string[]
}

/** A certificate is replaced when less than this is left. */
const RENEW_BEFORE = 30 * DAY

/**
 * The certificate a local door shows, from the folder where it is kept (`ca.crt`, `ca.key`,
 * `server.crt`, `server.key`), made where there is none, renewed before it ends, and made anew when
 * the door's names changed. A root that may not sign for a new name is set aside under its
 * fingerprint, never deleted: somebody may trust it.
 *
 * With `keep` false only `ca.crt` is written, for clients; no key touches the disk.
 *
 * Throws `ERR_CA_UNUSABLE` or `ERR_PEM_UNREADABLE` when what lies there cannot be used: a broken
 * root is not replaced silently, because clients would stop trusting the door.
 *
 * @example
 * const { certPem, keyPem, caFile } = await ensureServerCertificate({
 *   folder, keep: true, names: ['localhost', '127.0.0.1'], clock: Date.now,
 * })
 */
export async function ensureServerCertificate(options: {
  readonly folder: string
  readonly keep: boolean
  /** Host names, wildcards and addresses. */
  readonly names: readonly string[]
  readonly clock: Clock
  readonly keyType?: KeyType
}): Promise<ServerCertificate> {
  const { folder, keep, clock } = options
  const names = doorNames(options.names)
  const file = (name: string) => join(folder, name)
  const made: string[] = []

  const authority = await ensureAuthority(options, names, made)
  const kept = keep ? keptLeaf(folder, authority, names, clock(), made) : undefined
  const leaf = kept ?? (await newLeaf(authority, names, options))
  if (!kept) {
    if (keep) {
      // The key first: a certificate without its key is useless, a key without certificate is made good next time.
      writeWhole(file('server.key'), leaf.keyPem, { mode: PRIVATE, replace: true })
      writeWhole(file('server.crt'), leaf.certPem, { mode: PRIVATE, replace: true })
    }
  }
  const { validToDate } = readCertificate(leaf.certPem, file('server.crt'))
  return {
    certPem: leaf.certPem,
    keyPem: leaf.keyPem,
    caPem: authority.certPem,
    caFile: file('ca.crt'),
    renewAt: validToDate.getTime() - RENEW_BEFORE,
    made,
  }
}

async function ensureAuthority(
  options: Parameters<typeof ensureServerCertificate>[0],
  names: DoorNames,
  made: string[],
): Promise<Authority> {
  const { folder, keep, clock, keyType } = options
  const [crt, key] = [join(folder, 'ca.crt'), join(folder, 'ca.key')]
  const certText = keep ? readIfThere(crt) : undefined
  const keyText = keep ? readIfThere(key) : undefined
  if (certText !== undefined && keyText !== undefined) {
    const authority = readAuthority(certText, keyText, join(folder, 'ca'))
    const foreign = authority.permitted ? outside(names, authority.permitted) : []
    const certificate = readCertificate(certText, crt)
    const left = certificate.validToDate.getTime() - clock()
    if (foreign.length === 0 && left > RENEW_BEFORE) return authority
    const id = certificate.fingerprint256.replaceAll(':', '').slice(0, 8).toLowerCase()
    renameSync(key, join(folder, `ca-${id}.key`))
    renameSync(crt, join(folder, `ca-${id}.crt`))
    made.push(
      foreign.length > 0
        ? `a new root, because the old one may not sign for ${foreign.join(', ')}; it lies beside as ca-${id}.crt`
        : `a new root, because the old one is about to expire; it lies beside as ca-${id}.crt`,
    )
  } else {
    made.push('a root certificate')
  }
  const authority = await createAuthority({ names, clock, keyType })
  if (keep) writeWhole(key, keyPem(authority.key), { mode: PRIVATE, replace: certText === undefined })
  writeWhole(crt, authority.certPem, { mode: PRIVATE, replace: true })
  return authority
}

interface Leaf {
  readonly certPem: string
  readonly keyPem: string
}

/** The leaf that lies there, if it still serves. */
function keptLeaf(
  folder: string,
  authority: Authority,
  names: DoorNames,
  now: number,
  made: string[],
): Leaf | undefined {
  const certPem = readIfThere(join(folder, 'server.crt'))
  const keyText = readIfThere(join(folder, 'server.key'))
  if (certPem === undefined || keyText === undefined) return undefined
  const why = (() => {
    try {
      const certificate = readCertificate(certPem, 'server.crt')
      if (!certificate.checkPrivateKey(readPrivateKey(keyText, 'server.key'))) return 'its key was another'
      if (!isSignedBy(certPem, authority.certPem)) return 'the root is another'
      if (certificate.validToDate.getTime() - now < RENEW_BEFORE) return 'the old one was about to expire'
      const has = namesOf(certificate)
      const missing = [...names.dns, ...names.ips].filter((name) => ![...has.dns, ...has.ips].includes(name))
      return missing.length > 0 ? `the old one did not name ${missing.join(', ')}` : undefined
    } catch {
      // The leaf is ours and can always be made again.
      return 'the old one could not be read'
    }
  })()
  if (why === undefined) return { certPem, keyPem: keyText }
  made.push(`a server certificate, because ${why}`)
  return undefined
}

async function newLeaf(
  authority: Authority,
  names: DoorNames,
  { clock, keyType }: { readonly clock: Clock; readonly keyType?: KeyType },
): Promise<Leaf> {
  const key = await generateKey(keyType ?? 'ecdsa')
  const certPem = await issueLeaf(authority, { names, publicKey: createPublicKey(key), clock })
  return { certPem, keyPem: keyPem(key) }
}
