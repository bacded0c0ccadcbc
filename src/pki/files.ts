import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { Fault } from '../base/index.ts'

/** Only the owner reads it: keys. */
export const PRIVATE = 0o600
/** Anybody may: certificates are made to be shown. */
export const PUBLIC = 0o644

/**
 * Writes a file whole or not at all, also when the machine stops in the middle. With `replace`
 * false an existing file stays, and `ERR_WOULD_OVERWRITE` names it.
 */
export function writeWhole(path: string, text: string, options: { mode: number; replace: boolean }): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const beside = join(dirname(path), `.${randomBytes(6).toString('hex')}.new`)
  try {
    const file = openSync(beside, 'wx', options.mode)
    try {
      writeSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    if (options.replace) renameSync(beside, path)
    // A second name fails where the name is taken; a rename would not.
    else linkSync(beside, path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new Fault('ERR_WOULD_OVERWRITE', { path }, { cause })
    throw new Fault('ERR_FILE_UNWRITABLE', { path, reason: code ?? String(cause) }, { cause })
  } finally {
    rmSync(beside, { force: true })
  }
}

export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason: code ?? String(cause) }, { cause })
  }
}

export function readNeeded(path: string): string {
  const text = readIfThere(path)
  if (text === undefined) throw new Fault('ERR_INPUT_UNREADABLE', { path, reason: 'no such file' })
  return text
}

/** A file of certificates, replaced where it is. */
export const writePublic = (path: string, text: string) =>
  writeWhole(path, text, { mode: PUBLIC, replace: true })
