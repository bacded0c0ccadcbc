import { lstatSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../../base/index.ts'
import type { Credential, CredentialStore } from '../../client/index.ts'
import { readIfThere, writePrivateFile } from '../private-file.ts'
import { privateFolder } from '../state.ts'
import { withFileLock } from './file-lock.ts'
import { credentialsFolder, type Environment } from './folders.ts'

const fileOf = (env: Environment, door: string) => join(credentialsFolder(env), `${door}.json`)

/**
 * A door's credential in a file of its own, which only its owner may read: 0600 in a folder of 0700,
 * replaced whole, changed by one process at a time.
 */
export function fileCredentialStore(env: Environment, door: string): CredentialStore {
  const path = fileOf(env, door)
  return {
    load: async () => readCredential(env, door),
    save: async (credential) => {
      privateFolder(credentialsFolder(env))
      const file = { apiVersion: 'kfdoor/v1alpha1', kind: 'Credential', door, credential }
      writePrivateFile(path, `${JSON.stringify(file)}\n`)
    },
    alone: (work) => {
      privateFolder(credentialsFolder(env))
      return withFileLock(`${path}.lock`, work)
    },
  }
}

/**
 * @throws Fault ERR_CREDENTIALS_EXPOSED when others may read it, ERR_INPUT_UNREADABLE when it is damaged
 */
export function readCredential(env: Environment, door: string): Credential | undefined {
  const path = fileOf(env, door)
  refuseExposed(path)
  const text = readIfThere(path)
  if (text === undefined) return undefined
  try {
    const { kind, credential } = JSON.parse(text) as { kind?: string; credential?: Credential }
    if (kind === 'Credential' && credential && typeof credential.kind === 'string') return credential
  } catch {
    // Not quoted: it is a secret.
  }
  throw new Fault('ERR_INPUT_UNREADABLE', {
    path,
    reason: 'it is not a credential kfdoor wrote; sign in again',
  })
}

export function forgetCredential(env: Environment, door: string): void {
  rmSync(fileOf(env, door), { force: true })
}

/** As OpenSSH does with a private key: what others may have read is not used. */
function refuseExposed(path: string): void {
  if (process.platform === 'win32') return
  let found: { mode: number; uid: number; isSymbolicLink(): boolean }
  try {
    found = lstatSync(path)
  } catch {
    return
  }
  const mine = process.getuid === undefined || found.uid === process.getuid()
  if (mine && !found.isSymbolicLink() && (found.mode & 0o077) === 0) return
  throw new Fault('ERR_CREDENTIALS_EXPOSED', { path, mode: `0${(found.mode & 0o777).toString(8)}` })
}
