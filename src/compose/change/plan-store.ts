import { createHash } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, fileTrouble, isFault } from '../../base/index.ts'
import type { Change, Plan } from '../../planner/index.ts'
import { readIfThere, writePrivateFile } from '../private-file.ts'
import { defaultStateFolder, privateFolder } from '../state.ts'
import { readPlan, readPlanFile } from './read-plan.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** `$XDG_STATE_HOME/kfdoor/plans`: one folder for each plan, 0700, its files 0600. */
export const plansFolder = (env: Environment): string => join(defaultStateFolder(env), 'plans')

/** The folder of a plan, made where there is none. @throws Fault ERR_JOURNAL_UNUSABLE */
export function folderFor(env: Environment, plan: string): string {
  const folder = join(plansFolder(env), plan)
  return unusable(folder, () => {
    for (const each of [defaultStateFolder(env), plansFolder(env), folder]) privateFolder(each)
    return folder
  })
}

/** Its journals, of a cluster and of files. */
export const journals = { cluster: 'journal.json', files: 'files.json' } as const

/**
 * Keeps a plan under its name, so that it can be applied by it. One that was made anew takes the place of the former
 * where nothing of that is applied: versions moved, and it is the same to whoever asked for it.
 *
 * @throws Fault ERR_PLAN_STATE where another of this name is applied, ERR_JOURNAL_UNUSABLE
 */
export function savePlan(folder: string, plan: Plan): void {
  const path = join(folder, 'plan.json')
  unusable(path, () => {
    const kept = readIfThere(path)
    if (kept !== undefined) {
      if (fingerprint(readPlan(kept, path)) === fingerprint(plan)) return
      const paths = Object.values(journals).map((name) => join(folder, name))
      if (!paths.every((each) => isOver(readIfThere(each)))) throw appliedOtherwise(plan, folder)
      for (const each of paths) rmSync(each, { force: true })
    }
    writeDurably(path, JSON.stringify(plan, undefined, 2))
  })
}

/** Of a journal's text: nothing of its plan stands. What cannot be read may say otherwise. */
export function isOver(text: string | undefined): boolean {
  if (text === undefined) return true
  try {
    const { state, steps } = JSON.parse(text)
    if (state === 'rolled-back') return true
    return state === 'applying' && steps.every((step: { readonly state: string }) => step.state === 'pending')
  } catch {
    return false
  }
}

export function appliedOtherwise({ metadata: { name } }: Plan, folder: string): Fault {
  return new Fault('ERR_PLAN_STATE', {
    plan: name,
    state: 'is applied or begun as it was planned before, and this one was made of something else',
    next: `see \`kfdoor plan status ${name}\`, and undo that first with \`kfdoor rollback ${name}\`; if \`${join(folder, 'plan.json')}\` was edited since, put that back`,
  })
}

/** A file, or the name of a plan that is kept. @throws Fault ERR_PLAN_UNKNOWN, ERR_MESH_INVALID */
export function findPlan(env: Environment, what: string): Plan {
  if (/[\\/]|\.(ya?ml|json)$/.test(what) || existsSync(what)) return readPlanFile(what)
  const known = planNames(env)
  if (known.includes(what)) return readPlanFile(join(plansFolder(env), what, 'plan.json'))
  throw new Fault('ERR_PLAN_UNKNOWN', { name: what, known })
}

export function planNames(env: Environment): readonly string[] {
  try {
    return readdirSync(plansFolder(env))
      .filter((name) => existsSync(join(plansFolder(env), name, 'plan.json')))
      .sort()
  } catch {
    return []
  }
}

/** What a plan does and to what; two plans that agree in it are one, whatever the context is called. */
export function fingerprint({ spec: { source, changes } }: Plan): string {
  const to = source.kind === 'cluster' ? { kind: source.kind, server: source.server } : source
  return createHash('sha256')
    .update(JSON.stringify([to, changes.map(versionless)], ordered))
    .digest('hex')
}

/** A status that was written moves the version, and is no other plan. */
function versionless(change: Change): object {
  const { resourceVersion: _, ...rest } = change as Change & { readonly resourceVersion?: string }
  return rest
}

/** Whoever wrote the file down again may have put fields in another order. */
const ordered = (_name: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
    : value

/** Whole or not at all, and still there after the power went. */
export function writeDurably(path: string, text: string): void {
  unusable(path, () => {
    writePrivateFile(path, text)
    const folder = openSync(join(path, '..'), 'r')
    try {
      fsyncSync(folder)
    } catch (error) {
      // Some file systems do not sync folders; the file itself is.
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
    } finally {
      closeSync(folder)
    }
  })
}

/** undefined = there is none. @throws Fault ERR_JOURNAL_UNUSABLE where it cannot be read */
export function readDurable(path: string): string | undefined {
  return unusable(path, () => readIfThere(path))
}

export function unusable<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    // `--state` is no word of these commands.
    if (isFault(error) && error.code === 'ERR_STATE_UNUSABLE') {
      const { folder, reason } = error.facts
      throw new Fault('ERR_JOURNAL_UNUSABLE', { path: folder, reason }, { cause: error })
    }
    if (error instanceof Fault) throw error
    throw new Fault('ERR_JOURNAL_UNUSABLE', { path, reason: fileTrouble(error) }, { cause: error })
  }
}
