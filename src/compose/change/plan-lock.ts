import { chmodSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from '../../base/index.ts'
import { readIfThere } from '../private-file.ts'

/**
 * One process at a time works on a plan. The lock is the operating system's, on a database that holds
 * nothing: it goes with the process, however that ends, and can never be stale.
 *
 * @throws Fault ERR_PLAN_BUSY
 */
export async function withPlanLock<T>(folder: string, plan: string, work: () => Promise<T>): Promise<T> {
  const path = join(folder, 'lock')
  const holder = join(folder, 'holder')
  const lock = new DatabaseSync(path)
  try {
    chmodSync(path, 0o600)
    try {
      lock.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
    } catch {
      throw new Fault('ERR_PLAN_BUSY', { plan, holder: readIfThere(holder) ?? 'another process' })
    }
    writeFileSync(holder, `process ${process.pid} on ${hostname()}`, { mode: 0o600 })
    return await work()
  } finally {
    lock.close()
  }
}
