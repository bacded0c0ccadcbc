import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { Fault, fileTrouble } from '../base/index.ts'

/** Where a door keeps what must survive a restart. Folders are 0700, files 0600. */
export interface State {
  /** The folder; for `:memory:` one that is gone when the door stops. */
  readonly folder: string
  /** Nothing is to be kept: databases live in memory. */
  readonly ephemeral: boolean
  /** A file in the folder, or `:memory:` where a database need not be a file. */
  database(name: string): string
  close(): void
}

type Environment = Readonly<Record<string, string | undefined>>

/** XDG base directory specification: `$XDG_STATE_HOME/kfdoor`. */
export function defaultStateFolder(env: Environment): string {
  return join(env.XDG_STATE_HOME || join(env.HOME || homedir(), '.local', 'state'), 'kfdoor')
}

/**
 * Opens (and makes) a state folder. A folder of somebody else, or one that others may read, is
 * refused: keys lie in it.
 */
export function openState(where: string): State {
  if (where === ':memory:') {
    const folder = mkdtempSync(join(tmpdir(), 'kfdoor-'))
    return {
      folder,
      ephemeral: true,
      database: () => ':memory:',
      close: () => rmSync(folder, { recursive: true, force: true }),
    }
  }
  const folder = resolve(where)
  try {
    privateFolder(folder)
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('ERR_STATE_UNUSABLE', { folder, reason: reasonOf(error) }, { cause: error })
  }
  return { folder, ephemeral: false, database: (name) => join(folder, name), close: () => {} }
}

/** Makes a folder only its owner may enter, or checks that it is one. */
export function privateFolder(folder: string): void {
  makeFolder(folder)
  if (!statSync(folder).isDirectory()) {
    throw new Fault('ERR_STATE_UNUSABLE', { folder, reason: 'it is not a folder' })
  }
  const { uid, mode } = lstatSync(folder)
  const me = process.getuid?.()
  if (me !== undefined && uid !== me && statSync(folder).uid !== me) {
    throw new Fault('ERR_STATE_UNUSABLE', { folder, reason: 'it belongs to another user' })
  }
  // A folder made by hand usually has 0755: tighten what is ours instead of complaining about it.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) chmodSync(folder, 0o700)
}

/**
 * Folder by folder: `recursive` calls a read-only file system a folder that is not there, and never comes to an
 * end where none can be made (/proc).
 */
export function makeFolder(folder: string, mode = 0o700): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder), mode)
  try {
    mkdirSync(folder, { mode })
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'EEXIST' || code === 'ENOTDIR') return 'it is not a folder'
  return fileTrouble(error)
}
