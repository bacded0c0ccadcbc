import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Real parts are kept outside the tree: `KFDOOR_CACHE`, or the user's cache folder. */
export const cacheFolder =
  process.env.KFDOOR_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'kfdoor')

/**
 * A folder that `make` filled once. It is made beside its place and moved there when done, so a
 * run that was cut off leaves nothing half-made.
 */
export async function cached(name: string, make: (folder: string) => void | Promise<void>): Promise<string> {
  const folder = join(cacheFolder, name)
  if (existsSync(join(folder, '.complete'))) return folder
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await make(folder)
  mkdirSync(join(folder, '.making'), { recursive: true })
  renameSync(join(folder, '.making'), join(folder, '.complete'))
  return folder
}
