import { createPublicKey, X509Certificate } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../base/index.ts'
import { Fault, isFault } from '../base/index.ts'
import { type Authority, prolongAuthority, readCertificate } from './ca.ts'
import { readAuthorityIn, rootOf, stemOf } from './ca-folder.ts'
import { readCertificates } from './certificate.ts'
import { PRIVATE, PUBLIC, readIfThere, readNeeded, writeTogether, writeWhole } from './files.ts'
import { generateKey, keyPem, readPrivateKey, sameKind } from './keys.ts'
import { isSignedBy, issueLeaf, type LeafUsage } from './leaf.ts'
import { doorNames } from './names.ts'
import { DAY } from './x509.ts'

export interface Renewed {
  readonly certFile: string
  /** false = enough is left, or no more can be had; nothing was done. */
  readonly renewed: boolean
  readonly validTo: Date
  /** It was due and ends with the authority that signs it: only that one's own renewal prolongs it further. */
  readonly withAuthority: boolean
  /** The files the old key and certificate were set aside in. */
  readonly aside: readonly string[]
}

export interface RenewOptions {
  /** Renew when at most so many days are left. */
  readonly before: number
  readonly days?: number
  readonly newKey?: boolean
  /** Whatever is left. */
  readonly force?: boolean
  /** Of an intermediate: the folder of the authority above. */
  readonly from?: string
}

/** Every certificate the folder's authority signed, by the name of its files. */
export function issuedIn(folder: string): readonly string[] {
  const { certPem } = readAuthorityIn(folder)
  return readdirSync(folder)
    .filter(
      (name) =>
        name.endsWith('.crt') && name !== 'ca.crt' && name !== 'root.crt' && !/-[0-9a-f]{8}\.crt$/.test(name),
    )
    .filter((name) => {
      try {
        return isSignedBy(readNeeded(join(folder, name)), certPem)
      } catch {
        return false
      }
    })
    .map((name) => name.slice(0, -4))
    .sort()
}

/**
 * The same certificate for longer: same names, same use, and the same key unless a new one is asked for.
 * `ca` renews the authority itself, which keeps its key, so that whoever trusts it need do nothing new
 * for what it signs; its own certificate he needs again before the old one ends.
 */
export async function renew(
  folder: string,
  name: string,
  clock: Clock,
  options: RenewOptions,
): Promise<Renewed> {
  if (/^(.*\/)?ca(\.crt)?$/.test(name)) return renewAuthority(folder, clock, options)
  const stem = stemOf(folder, name)
  const [certFile, keyFile] = [join(folder, `${stem}.crt`), join(folder, `${stem}.key`)]
  const certPem = readNeeded(certFile)
  const old = readCertificate(certPem, certFile)
  const kept = readIfThere(keyFile)
  const fits = kept === undefined || old.checkPrivateKey(readPrivateKey(kept, keyFile))
  if (!fits && !options.newKey) {
    throw new Fault('ERR_CA_UNUSABLE', {
      where: keyFile,
      reason: 'it is not the key of the certificate; use `--new-key`',
    })
  }
  const leftAlone = { certFile, renewed: false, validTo: old.validToDate, aside: [], withAuthority: false }
  if (fits && !isDue(old, clock, options)) return leftAlone
  const authority = readAuthorityIn(folder)
  if (!isSignedBy(certPem, authority.certPem)) {
    throw new Fault('ERR_CA_UNUSABLE', {
      where: folder,
      reason: `it did not sign ${certFile}; sign its request with \`kfdoor ca sign\` instead`,
    })
  }
  const [facts] = await readCertificates(certPem, certFile)
  if (facts === undefined)
    throw new Fault('ERR_PEM_UNREADABLE', { where: certFile, reason: 'it holds no certificate in PEM' })
  const { dns = [], ips = [], uris = [] } = facts.names ?? {}
  const key = options.newKey ? await generateKey(sameKind(old.publicKey)) : undefined
  const fresh = await issueLeaf(authority, {
    names: doorNames([...dns, ...ips, ...uris]),
    publicKey: key ? createPublicKey(key) : old.publicKey,
    clock,
    days: options.days,
    usage: usageOf(facts.extended),
    commonName: facts.commonNames.at(-1),
  })
  const { validToDate: validTo } = new X509Certificate(fresh)
  const withAuthority = endsWith(new X509Certificate(fresh), authority)
  // From cron, each day until the end: the same again would say that all is well.
  if (withAuthority && !key && !options.force && validTo <= old.validToDate)
    return { ...leftAlone, withAuthority }
  const aside: string[] = []
  if (key) {
    const id = idOf(old)
    // A copy, so that whoever stops in the middle leaves the old pair where it was; what serves with it goes
    // on until it is handed the new one.
    for (const path of [keyFile, certFile].filter(existsSync)) aside.push(keepAside(path, id))
  }
  const certificate = { path: certFile, text: `${fresh}${authority.chainPem ?? ''}`, mode: PUBLIC }
  const pair = key ? [{ path: keyFile, text: keyPem(key), mode: PRIVATE }, certificate] : [certificate]
  writeTogether(pair, true)
  return { certFile, renewed: true, validTo, withAuthority, aside }
}

const endsWith = (one: X509Certificate, { certPem }: Pick<Authority, 'certPem'>) =>
  one.validToDate >= new X509Certificate(certPem).validToDate

/** What lies there already is the same certificate's, from a time that was interrupted: it stays. */
function keepAside(path: string, id: string): string {
  const to = path.replace(/\.(key|crt)$/, `-${id}.$1`)
  const mode = to.endsWith('.key') ? PRIVATE : PUBLIC
  try {
    writeWhole(to, readNeeded(path), { mode, replace: false })
  } catch (error) {
    if (!isFault(error) || error.code !== 'ERR_WOULD_OVERWRITE') throw error
  }
  return to
}

async function renewAuthority(folder: string, clock: Clock, options: RenewOptions): Promise<Renewed> {
  if (options.newKey) {
    throw new Fault('ERR_USAGE', {
      message: 'an authority with a new key is another authority',
      next: 'make one with `kfdoor ca init` in a new folder, and hand its certificate out',
    })
  }
  const certFile = join(folder, 'ca.crt')
  const authority = readAuthorityIn(folder)
  const old = readCertificate(authority.certPem, certFile)
  const parent = options.from === undefined ? undefined : readAuthorityIn(options.from)
  if (options.from !== undefined) followRoot(folder, options.from)
  const result = (one: X509Certificate, renewed: boolean, aside: readonly string[] = []) => ({
    certFile,
    renewed,
    validTo: one.validToDate,
    aside,
    withAuthority: parent !== undefined && endsWith(one, parent),
  })
  if (!isDue(old, clock, options)) return { ...result(old, false), withAuthority: false }
  const fresh = await prolongAuthority(authority, { clock, days: options.days, parent })
  const made = new X509Certificate(fresh)
  if (!options.force && made.validToDate <= old.validToDate) return result(old, false)
  // Whoever has the old one in a trust store trusts the same key: `ca uninstall` looks for it here.
  const aside = [keepAside(certFile, idOf(old))]
  writeWhole(certFile, `${fresh}${parent?.chainPem ?? ''}`, { mode: PUBLIC, replace: true })
  return result(made, true, aside)
}

/** The root above may have been renewed since: what clients are given here is the one that lives longer. */
function followRoot(folder: string, from: string): void {
  const [path, pem] = [join(folder, 'root.crt'), rootOf(from)]
  const kept = readIfThere(path)
  if (kept === undefined || kept === pem) return
  const [old, fresh] = [readCertificate(kept, path), readCertificate(pem, from)]
  if (!fresh.publicKey.equals(old.publicKey) || fresh.validToDate <= old.validToDate) return
  keepAside(path, idOf(old))
  writeWhole(path, pem, { mode: PUBLIC, replace: true })
}

const idOf = ({ fingerprint256 }: X509Certificate) =>
  fingerprint256.replaceAll(':', '').slice(0, 8).toLowerCase()

const isDue = (old: X509Certificate, clock: Clock, { before, force }: RenewOptions) =>
  force || old.validToDate.getTime() - clock() <= before * DAY

function usageOf(extended: readonly string[] | undefined): LeafUsage {
  const server = extended === undefined || extended.includes('1.3.6.1.5.5.7.3.1')
  const client = extended?.includes('1.3.6.1.5.5.7.3.2') ?? false
  return server ? (client ? 'both' : 'server') : 'client'
}
