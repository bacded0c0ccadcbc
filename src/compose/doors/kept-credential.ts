import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../../base/index.ts'
import type { Credential, CredentialStore } from '../../client/index.ts'
import { writePrivateFile } from '../private-file.ts'
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
  const text = readOwn(path)
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

/**
 * As OpenSSH does with a private key: what others may have read is not used. The file that is looked at is the
 * one that is read, whatever is put in its place meanwhile.
 */
function readOwn(path: string): string | undefined {
  const exposed = (mode: number) =>
    new Fault('ERR_CREDENTIALS_EXPOSED', { path, mode: `0${(mode & 0o777).toString(8)}` })
  let file: number
  try {
    // Not there on Windows, where neither links nor modes are looked at.
    file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code === 'ELOOP' || code === 'EMLINK') throw exposed(lstatSync(path).mode)
    throw error
  }
  try {
    const { mode, uid } = fstatSync(file)
    const mine = process.getuid === undefined || uid === process.getuid()
    if (process.platform !== 'win32' && (!mine || (mode & 0o077) !== 0)) throw exposed(mode)
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}
