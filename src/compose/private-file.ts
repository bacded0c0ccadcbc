import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { KeyStore } from '../identity/index.ts'

/**
 * Writes a file only its owner may read, whole or not at all: a new file beside it, synced, then
 * renamed over it. A link that somebody put in its place is replaced, never followed.
 */
export function writePrivateFile(path: string, text: string): void {
  const beside = join(dirname(path), `.${randomBytes(6).toString('hex')}.new`)
  const file = openSync(beside, 'wx', 0o600)
  try {
    // Not writeSync: on a full disk that writes a part and says so in its answer alone.
    writeFileSync(file, text)
    fsyncSync(file)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
  renameSync(beside, path)
}

export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Signing keys in one private file. */
export function fileKeyStore(path: string): KeyStore {
  return {
    load: async () => readIfThere(path),
    save: async (text) => writePrivateFile(path, text),
  }
}
