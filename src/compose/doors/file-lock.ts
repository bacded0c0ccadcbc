import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { Fault, fileTrouble } from '../../base/index.ts'

const LOOK_MS = 25
/** A refresh that takes longer than this has lost its process, or its network. */
const STALE_MS = 60_000

/**
 * Runs while no other process holds the same lock file. The file names its holder; one whose process is
 * gone, or that is a minute old, is taken over.
 *
 * @throws Fault ERR_FILE_UNWRITABLE
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  while (!take(path)) {
    if (isStale(path)) rmSync(path, { force: true })
    else await wait(LOOK_MS)
  }
  try {
    return await work()
  } finally {
    rmSync(path, { force: true })
  }
}

function take(path: string): boolean {
  try {
    const file = openSync(path, 'wx', 0o600)
    writeSync(file, String(process.pid))
    closeSync(file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw new Fault('ERR_FILE_UNWRITABLE', { path, reason: fileTrouble(error) })
  }
}

function isStale(path: string): boolean {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    if (Date.now() - statSync(path).mtimeMs > STALE_MS) return true
    if (!(pid > 0) || pid === process.pid) return false
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
