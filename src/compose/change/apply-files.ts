import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { Fault, fileTrouble } from '../../base/index.ts'
import type { Plan } from '../../planner/index.ts'
import { readIfThere } from '../private-file.ts'
import { changedFiles } from './changed-files.ts'
import {
  beginFilesJournal,
  type FilesJournal,
  fileState,
  isGone,
  keepFilesJournal,
  readFilesJournal,
  refuseOtherCheckout,
} from './files-journal.ts'
import { withPlanLock } from './plan-lock.ts'

interface FilesPlace {
  readonly env: Readonly<Record<string, string | undefined>>
  now(): Date
  say(line: string): void
}

export interface FilesOutcome<O> {
  readonly outcome: O
  /** Absolute paths. */
  readonly files: readonly string[]
}

interface ApplyFilesOptions {
  readonly resume?: boolean
  readonly rehearse?: boolean
  /** Where files may be that a plan from somebody is about; undefined = wherever it says. */
  readonly within?: readonly string[]
}

/**
 * Carries out a plan that was made from files: each object is edited where it stands, comments kept. Files
 * are replaced whole, one after another; all their former texts are in the journal before the first.
 *
 * @throws Fault ERR_OBJECT_CHANGED where an object is not what the plan was made from, and nothing was written;
 * ERR_USAGE where one is not `within`; ERR_PLAN_STATE, ERR_PLAN_EDITED, ERR_FILE_UNWRITABLE
 */
export async function applyToFiles(
  plan: Plan,
  place: FilesPlace,
  { resume = false, rehearse = false, within }: ApplyFilesOptions = {},
): Promise<FilesOutcome<'applied' | 'already' | 'rehearsed'>> {
  const { name } = plan.metadata
  if (rehearse) {
    const files = await changedFiles(plan, within)
    return { outcome: 'rehearsed', files: files.map(({ path }) => path) }
  }
  return withPlanLock(place.env, plan, async (folder) => {
    const kept = readFilesJournal(plan, folder)
    const known = kept === undefined || kept.state === 'rolled-back' || isGone(kept, plan) ? undefined : kept
    if (known !== undefined) refuseOtherCheckout(known, plan)
    if (known?.state === 'applied') {
      refuseEdited(known, 'apply', ['written'])
      return { outcome: 'already', files: known.files.map(({ path }) => path) }
    }
    if (known?.state === 'rolling-back') {
      throw stateFault(name, 'is being rolled back', `finish with \`kfdoor rollback ${name}\``)
    }
    if (known?.state === 'applying' && !resume) {
      const next = `go on with \`kfdoor apply ${name} --continue\`, or undo it with \`kfdoor rollback ${name}\``
      throw stateFault(name, 'was begun and interrupted', next)
    }
    const journal = known ?? beginFilesJournal(plan, await changedFiles(plan, within))
    refuseEdited(journal, 'apply')
    keepFilesJournal(journal, folder, place.now())
    for (const { path, text } of journal.files) {
      if (readIfThere(path) === (text ?? undefined)) continue
      putFile(path, text)
      place.say(`${text === null ? 'removed' : 'wrote'} ${path}`)
    }
    journal.state = 'applied'
    keepFilesJournal(journal, folder, place.now())
    return { outcome: 'applied', files: journal.files.map(({ path }) => path) }
  })
}

/** Every file as it was, to the byte. @throws Fault ERR_PLAN_EDITED unless `force`, ERR_FILE_UNWRITABLE */
export async function rollBackFiles(
  plan: Plan,
  place: FilesPlace,
  { force = false } = {},
): Promise<FilesOutcome<'rolled-back' | 'nothing'>> {
  return withPlanLock(place.env, plan, async (folder) => {
    const journal = readFilesJournal(plan, folder)
    if (journal === undefined || journal.state === 'rolled-back') return { outcome: 'nothing', files: [] }
    refuseOtherCheckout(journal, plan)
    if (!force) refuseEdited(journal, 'rollback')
    journal.state = 'rolling-back'
    keepFilesJournal(journal, folder, place.now())
    for (const { path, former } of [...journal.files].reverse()) {
      if (readIfThere(path) === (former ?? undefined)) continue
      putFile(path, former)
      place.say(`${former === null ? 'removed' : 'put back'} ${path}`)
    }
    journal.state = 'rolled-back'
    keepFilesJournal(journal, folder, place.now())
    return { outcome: 'rolled-back', files: journal.files.map(({ path }) => path) }
  })
}

function refuseEdited(
  journal: FilesJournal,
  during: 'apply' | 'rollback',
  fine: readonly string[] = ['written', 'former'],
): void {
  const edited = journal.files.filter((file) => !fine.includes(fileState(file))).map(({ path }) => path)
  if (edited.length > 0) throw new Fault('ERR_PLAN_EDITED', { plan: journal.plan, objects: edited, during })
}

/** Whole or not at all, with the rights it had. @throws Fault ERR_FILE_UNWRITABLE */
function putFile(path: string, text: string | null): void {
  if (text === null) {
    rmSync(path, { force: true })
    return
  }
  const mode = existsSync(path) ? statSync(path).mode & 0o777 : 0o644
  const beside = join(dirname(path), `.${randomBytes(6).toString('hex')}.new`)
  try {
    const file = openSync(beside, 'wx', mode)
    try {
      // What is opened loses what the umask says. Not where it is right already: some file systems refuse any.
      if ((fstatSync(file).mode & 0o777) !== mode) fchmodSync(file, mode)
      // Not writeSync: on a full disk that writes a part and says so in its answer alone.
      writeFileSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw new Fault('ERR_FILE_UNWRITABLE', { path, reason: fileTrouble(error) }, { cause: error })
  }
}

const stateFault = (plan: string, state: string, next: string) =>
  new Fault('ERR_PLAN_STATE', { plan, state, next })
