import { chmodSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from '../../base/index.ts'
import type { Plan } from '../../planner/index.ts'
import { readIfThere, writePrivateFile } from '../private-file.ts'
import { folderFor, savePlan, unusable } from './plan-store.ts'

/** SQLITE_BUSY */
const busy = 5

/**
 * One process at a time works on a plan, in the folder where it is kept. The lock is the operating system's, on a database that holds
 * nothing: it goes with the process, however that ends, and can never be stale.
 *
 * @throws Fault ERR_PLAN_BUSY, ERR_PLAN_STATE where another of its name is applied, ERR_JOURNAL_UNUSABLE
 */
export async function withPlanLock<T>(
  env: Readonly<Record<string, string | undefined>>,
  plan: Plan,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const { name } = plan.metadata
  const folder = folderFor(env, name)
  const path = join(folder, 'lock')
  const holder = join(folder, 'holder')
  const lock = unusable(path, () => new DatabaseSync(path))
  try {
    unusable(path, () => {
      chmodSync(path, 0o600)
      try {
        lock.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
      } catch (error) {
        if ((error as { readonly errcode?: number }).errcode !== busy) throw error
        throw new Fault('ERR_PLAN_BUSY', { plan: name, holder: readIfThere(holder) ?? 'another process' })
      }
      writePrivateFile(holder, `process ${process.pid} on ${hostname()}`)
    })
    savePlan(folder, plan)
    return await work(folder)
  } finally {
    lock.close()
  }
}
