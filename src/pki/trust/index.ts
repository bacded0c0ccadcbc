import { Fault } from '../../base/index.ts'
import { readCertificate } from '../ca.ts'
import { limitsHosts, readConstraints } from '../read-certificate.ts'
import { javaStore } from './java.ts'
import { linuxSystemStore } from './linux.ts'
import { macosStore } from './macos.ts'
import { nssStores } from './nss.ts'
import type { Machine, Root, Store, StoreKind, Unusable } from './steps.ts'
import { windowsStore } from './windows.ts'

/** Where a root can be put on this machine, and where not; `file` holds it in PEM. */
export function trustStores(
  machine: Machine,
  root: Root,
  file: string,
  kinds: readonly StoreKind[],
): { readonly stores: readonly Store[]; readonly unusable: readonly Unusable[] } {
  const found: (Store | Unusable | undefined)[] = []
  if (kinds.includes('system')) {
    found.push(
      machine.platform === 'darwin'
        ? macosStore(root, file)
        : machine.platform === 'win32'
          ? windowsStore(root, file)
          : linuxSystemStore(machine, root),
    )
  }
  if (kinds.includes('nss')) found.push(...nssStores(machine, root, file))
  if (kinds.includes('java')) found.push(javaStore(machine, root, file))
  const there = found.filter((one) => one !== undefined)
  return {
    stores: there.filter((one): one is Store => 'install' in one),
    unusable: there.filter((one): one is Unusable => 'why' in one),
  }
}

/**
 * The root of a PEM text, as stores will name it.
 *
 * @throws Fault ERR_CA_UNUSABLE for a certificate that is no authority, or, unless `unlimited`, for one
 *   that could vouch for every site there is
 */
export function rootToTrust(pem: string, where: string, unlimited = false): Root {
  const certificate = readCertificate(pem, where)
  if (!certificate.ca) {
    throw new Fault('ERR_CA_UNUSABLE', { where, reason: 'its certificate is not one of an authority' })
  }
  if (!unlimited && !limitsHosts(certificate.raw)) {
    const none = readConstraints(certificate.raw) === undefined
    throw new Fault('ERR_CA_UNUSABLE', {
      where,
      reason: `${none ? 'it has no name constraints' : 'its name constraints leave host names free'}: whoever has its key could be any site for this machine; \`--unlimited\` takes it all the same`,
    })
  }
  const id = certificate.fingerprint256.replaceAll(':', '').slice(0, 8).toLowerCase()
  const common = /^CN=(.*)$/m.exec(certificate.subject ?? '')?.[1] ?? 'a root'
  return {
    pem: certificate.toString(),
    // certutil reads a name with a colon as one of another token.
    name: `${common.replaceAll(/[^\x20-\x7e]|:/g, '-').slice(0, 80)} (${id})`,
    slug: `kfdoor-${id}`,
    sha1: certificate.fingerprint.replaceAll(':', ''),
  }
}

export type { Machine, Root, Step, Store, StoreKind, Unusable } from './steps.ts'
