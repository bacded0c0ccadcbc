import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { Fault } from '../../base/index.ts'
import type { Plan } from '../../planner/index.ts'
import { readIfThere } from '../private-file.ts'
import { type ChangedFile, changedFiles } from './changed-files.ts'
import { withPlanLock } from './plan-lock.ts'
import { fingerprint, readDurable, savePlan, writeDurably } from './plan-store.ts'

/** What was done to files: 0600, and beside the plan. */
export interface FilesJournal {
  readonly apiVersion: 'kfdoor/v1alpha1'
  readonly kind: 'FilesJournal'
  readonly plan: string
  readonly fingerprint: string
  state: 'applying' | 'applied' | 'rolling-back' | 'rolled-back'
  changedAt: string
  readonly files: readonly ChangedFile[]
}

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

const journalPath = (folder: string) => join(folder, 'files.json')

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
  const folder = savePlan(place.env, plan)
  return withPlanLock(folder, name, async () => {
    const known = readFilesJournal(plan, folder)
    if (known?.state === 'applied') return { outcome: 'already', files: known.files.map(({ path }) => path) }
    if (known?.state === 'rolling-back') {
      throw stateFault(name, 'is being rolled back', `finish with \`kfdoor rollback ${name}\``)
    }
    if (known?.state === 'applying' && !resume) {
      const next = `go on with \`kfdoor apply ${name} --continue\`, or undo it with \`kfdoor rollback ${name}\``
      throw stateFault(name, 'was begun and interrupted', next)
    }
    const journal: FilesJournal =
      known?.state === 'applying'
        ? known
        : {
            apiVersion: 'kfdoor/v1alpha1',
            kind: 'FilesJournal',
            plan: name,
            fingerprint: fingerprint(plan),
            state: 'applying',
            changedAt: '',
            files: await changedFiles(plan, within),
          }
    refuseEdited(journal, 'apply')
    keep(journal, folder, place)
    for (const { path, text } of journal.files) {
      if (readIfThere(path) === (text ?? undefined)) continue
      putFile(path, text)
      place.say(`${text === null ? 'removed' : 'wrote'} ${path}`)
    }
    journal.state = 'applied'
    keep(journal, folder, place)
    return { outcome: 'applied', files: journal.files.map(({ path }) => path) }
  })
}

/** Every file as it was, to the byte. @throws Fault ERR_PLAN_EDITED unless `force`, ERR_FILE_UNWRITABLE */
export async function rollBackFiles(
  plan: Plan,
  place: FilesPlace,
  { force = false } = {},
): Promise<FilesOutcome<'rolled-back' | 'nothing'>> {
  const folder = savePlan(place.env, plan)
  return withPlanLock(folder, plan.metadata.name, async () => {
    const journal = readFilesJournal(plan, folder)
    if (journal === undefined || journal.state === 'rolled-back') return { outcome: 'nothing', files: [] }
    if (!force) refuseEdited(journal, 'rollback')
    journal.state = 'rolling-back'
    keep(journal, folder, place)
    for (const { path, former } of [...journal.files].reverse()) {
      if (readIfThere(path) === (former ?? undefined)) continue
      putFile(path, former)
      place.say(`put back ${path}`)
    }
    journal.state = 'rolled-back'
    keep(journal, folder, place)
    return { outcome: 'rolled-back', files: journal.files.map(({ path }) => path) }
  })
}

/** @throws Fault ERR_JOURNAL_UNUSABLE */
export function readFilesJournal(plan: Plan, folder: string): FilesJournal | undefined {
  const path = journalPath(folder)
  const text = readDurable(path)
  if (text === undefined) return undefined
  try {
    const journal = JSON.parse(text) as FilesJournal
    if (journal.kind !== 'FilesJournal' || journal.fingerprint !== fingerprint(plan)) throw new Error('no')
    return journal
  } catch (error) {
    const reason = 'it is damaged, or of another plan'
    throw new Fault('ERR_JOURNAL_UNUSABLE', { path, reason }, { cause: error })
  }
}

/** What each file is now: as it was, as the plan wrote it, or something else. */
export function fileState({ path, former, text }: ChangedFile): 'former' | 'written' | 'edited' {
  const now = readIfThere(path)
  if (now === (text ?? undefined)) return 'written'
  return now === (former ?? undefined) ? 'former' : 'edited'
}

function refuseEdited(journal: FilesJournal, during: 'apply' | 'rollback'): void {
  const edited = journal.files.filter((file) => fileState(file) === 'edited').map(({ path }) => path)
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
      // Not writeSync: on a full disk that writes a part and says so in its answer alone.
      writeFileSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'EACCES' ? 'permission denied' : code === 'ENOSPC' ? 'no room' : message
    throw new Fault('ERR_FILE_UNWRITABLE', { path, reason }, { cause: error })
  }
}

function keep(journal: FilesJournal, folder: string, { now }: FilesPlace): void {
  journal.changedAt = now().toISOString()
  writeDurably(journalPath(folder), JSON.stringify(journal))
}

const stateFault = (plan: string, state: string, next: string) =>
  new Fault('ERR_PLAN_STATE', { plan, state, next })
