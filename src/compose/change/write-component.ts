import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, fileTrouble } from '../../base/index.ts'
import { componentOf, type Plan } from '../../planner/index.ts'

/**
 * Writes a plan as a Kustomize component, and says which files.
 *
 * @throws Fault ERR_WOULD_OVERWRITE where the folder holds something else, ERR_FILE_UNWRITABLE
 */
export function writeComponent(plan: Plan, folder: string): readonly string[] {
  const files = componentOf(plan).map(({ name, text }) => ({ path: join(folder, name), text }))
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new Fault('ERR_WOULD_OVERWRITE', { path: folder })
  }
  try {
    mkdirSync(folder, { recursive: true })
    for (const { path, text } of files) writeFileSync(path, text)
  } catch (error) {
    throw new Fault('ERR_FILE_UNWRITABLE', { path: folder, reason: fileTrouble(error) }, { cause: error })
  }
  return files.map(({ path }) => path)
}
