import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, fileTrouble } from '../../base/index.ts'
import { componentOf, type Plan } from '../../planner/index.ts'
import { makeFolder } from '../state.ts'

/**
 * Writes a plan as a Kustomize component, and says which files.
 *
 * @throws Fault ERR_WOULD_OVERWRITE where the folder holds something else, ERR_FILE_UNWRITABLE
 */
export function writeComponent(plan: Plan, folder: string): readonly string[] {
  const files = componentOf(plan).map(({ name, text }) => ({ path: join(folder, name), text }))
  const unwritable = (cause: unknown) =>
    new Fault('ERR_FILE_UNWRITABLE', { path: folder, reason: fileTrouble(cause) }, { cause })
  if (inside(folder, unwritable).length > 0) throw new Fault('ERR_WOULD_OVERWRITE', { path: folder })
  try {
    for (const { path, text } of files) writeFileSync(path, text)
  } catch (error) {
    // Half a component is none, and the next attempt wants an empty folder.
    for (const { path } of files) rmSync(path, { force: true })
    throw unwritable(error)
  }
  return files.map(({ path }) => path)
}

/** What a folder holds, which is made where there is none. */
function inside(folder: string, unwritable: (cause: unknown) => Fault): readonly string[] {
  try {
    makeFolder(folder, 0o777)
    return readdirSync(folder)
  } catch (error) {
    throw unwritable(error)
  }
}
