import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Clock } from '../base/index.ts'
import { Fault } from '../base/index.ts'
import { type Authority, createAuthority, readAuthority, readCertificate } from './ca.ts'
import { PRIVATE, PUBLIC, readIfThere, readNeeded, writeWhole } from './files.ts'
import { generateKey, type KeyType, keyPem, readPrivateKey } from './keys.ts'
import { createRequest, issueLeaf, readRequest } from './leaf.ts'
import { type DoorNames, doorNames } from './names.ts'
import { tlsSecret } from './tls-secret.ts'

/**
 * A CA that people run by hand, as files in one folder: `ca.crt`, `ca.key`, and for each server
 * `NAME.key`, `NAME.csr`, `NAME.crt`. Nothing that exists is overwritten; keys are 0600.
 */
export interface CaFolder {
  /** A new root, limited to these names and what lies below them. */
  init(options: {
    names: readonly string[]
    keyType?: KeyType
  }): Promise<{ certFile: string; keyFile: string }>
  /** A key and a request to sign it; a key that lies there already is used again. */
  csr(options: { names: readonly string[]; keyType?: KeyType }): Promise<{ csrFile: string; keyFile: string }>
  /** Signs a request: a path, or a file's name in the folder. Writes the certificate beside it. */
  sign(
    csr: string,
    options?: { days?: number },
  ): Promise<{ certFile: string; names: DoorNames; validTo: Date }>
  /** The Secret for the server that was named first in its request. */
  secret(server: string, options: { name: string; namespace: string }): string
}

export function openCaFolder(folder: string, clock: Clock): CaFolder {
  const file = (name: string) => join(folder, name)
  const authority = (): Authority => {
    const certPem = readIfThere(file('ca.crt'))
    const key = readIfThere(file('ca.key'))
    if (certPem === undefined || key === undefined) {
      throw new Fault('ERR_CA_UNUSABLE', {
        where: folder,
        reason: 'it holds no ca.crt and ca.key; make them with `kfdoor ca init`',
      })
    }
    return readAuthority(certPem, key, file('ca'))
  }
  const refuseToReplace = (path: string) => {
    if (existsSync(path)) throw new Fault('ERR_WOULD_OVERWRITE', { path })
  }
  return {
    init: async ({ names, keyType }) => {
      const [certFile, keyFile] = [file('ca.crt'), file('ca.key')]
      refuseToReplace(certFile)
      refuseToReplace(keyFile)
      const made = await createAuthority({ names: doorNames(names), clock, keyType })
      writeWhole(keyFile, keyPem(made.key), { mode: PRIVATE, replace: false })
      writeWhole(certFile, made.certPem, { mode: PUBLIC, replace: false })
      return { certFile, keyFile }
    },

    csr: async ({ names, keyType }) => {
      const wanted = doorNames(names)
      const base = fileName(wanted)
      const [csrFile, keyFile] = [file(`${base}.csr`), file(`${base}.key`)]
      refuseToReplace(csrFile)
      const kept = readIfThere(keyFile)
      const key = kept === undefined ? await generateKey(keyType ?? 'ecdsa') : readPrivateKey(kept, keyFile)
      const request = await createRequest(key, wanted)
      if (kept === undefined) writeWhole(keyFile, keyPem(key), { mode: PRIVATE, replace: false })
      writeWhole(csrFile, request, { mode: PUBLIC, replace: false })
      return { csrFile, keyFile }
    },

    sign: async (csr, options = {}) => {
      const path = existsSync(csr) || !existsSync(file(basename(csr))) ? csr : file(basename(csr))
      const certFile = file(`${basename(path).replace(/\.(csr|req|pem)$/, '')}.crt`)
      refuseToReplace(certFile)
      const root = authority()
      const { names, publicKey } = await readRequest(readNeeded(path), path)
      const certPem = await issueLeaf(root, { names, publicKey, clock, days: options.days })
      writeWhole(certFile, certPem, { mode: PUBLIC, replace: false })
      return { certFile, names, validTo: readCertificate(certPem, certFile).validToDate }
    },

    secret: (server, { name, namespace }) => {
      const [base] = doorNames([server]).dns
      const stem = base === undefined ? server : fileName({ dns: [base], ips: [] })
      return tlsSecret({
        name,
        namespace,
        certPem: readNeeded(file(`${stem}.crt`)),
        keyPem: readNeeded(file(`${stem}.key`)),
        caPem: readNeeded(file('ca.crt')),
      })
    },
  }
}

/** `*.example.com` is kept under `_.example.com`: a star in a file's name asks for trouble in a shell. */
function fileName({ dns, ips }: DoorNames): string {
  return (dns[0] ?? ips[0] ?? '').replace('*', '_').replaceAll(':', '-')
}
