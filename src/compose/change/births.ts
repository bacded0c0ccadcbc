/** Objects that a rollback made again: another birth to the API server, and the same object to whoever wrote it. */
import { join } from 'node:path'
import { isFault } from '../../base/index.ts'
import { type Births, readBirths } from './journal.ts'
import { planNames, plansFolder } from './plan-store.ts'

/** Whether the object of one uid is that of another, made again by a rollback from here. */
export type Reborn = (was: string, is: string) => boolean

/**
 * By the journals that are kept here: of what another machine rolled back nothing is known, and an object that
 * somebody deleted and made anew stays another, whatever it says. They are read where two uids differ, if ever.
 */
export function rebornBy(env: Readonly<Record<string, string | undefined>>): Reborn {
  let known: Births | undefined
  return (was, is) => {
    known ??= Object.assign({}, ...planNames(env).map((name) => birthsOf(join(plansFolder(env), name))))
    // Each was deleted once, so none comes twice; a journal that was patched may say otherwise.
    const seen = new Set<string>()
    for (let at: string | undefined = was; at !== undefined && !seen.has(at); at = known?.[at]) {
      if (at === is) return true
      seen.add(at)
    }
    return false
  }
}

/** A journal that cannot be read knows of none. */
function birthsOf(folder: string): Births {
  try {
    return readBirths(folder)
  } catch (error) {
    if (isFault(error)) return {}
    throw error
  }
}
