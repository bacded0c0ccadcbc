/** What a plan did to files, kept beside the plan: 0600, and all former texts in it before the first is written. */
import { existsSync, realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Fault } from '../../base/index.ts'
import type { Plan } from '../../planner/index.ts'
import { readIfThere } from '../private-file.ts'
import type { ChangedFile } from './changed-files.ts'
import { appliedOtherwise, fingerprint, isOver, journals, readDurable, writeDurably } from './plan-store.ts'

export interface FilesJournal {
  readonly apiVersion: 'kfdoor/v1alpha1'
  readonly kind: 'FilesJournal'
  readonly plan: string
  readonly fingerprint: string
  /** The folder it was called in: relative paths of the plan begin there. */
  readonly from: string
  state: 'applying' | 'applied' | 'rolling-back' | 'rolled-back'
  changedAt: string
  readonly files: readonly ChangedFile[]
}

export function beginFilesJournal(plan: Plan, files: readonly ChangedFile[]): FilesJournal {
  return {
    apiVersion: 'kfdoor/v1alpha1',
    kind: 'FilesJournal',
    plan: plan.metadata.name,
    fingerprint: fingerprint(plan),
    from: process.cwd(),
    state: 'applying',
    changedAt: '',
    files,
  }
}

const pathOf = (folder: string) => join(folder, journals.files)

/** @throws Fault ERR_JOURNAL_UNUSABLE */
export function keepFilesJournal(journal: FilesJournal, folder: string, now: Date): void {
  journal.changedAt = now.toISOString()
  writeDurably(pathOf(folder), JSON.stringify(journal))
}

/** undefined = nothing of the plan is applied. @throws Fault ERR_JOURNAL_UNUSABLE, ERR_PLAN_STATE where it is of another plan */
export function readFilesJournal(plan: Plan, folder: string): FilesJournal | undefined {
  const path = pathOf(folder)
  const text = readDurable(path)
  if (text === undefined) return undefined
  const journal = parsed(text)
  if (journal?.kind !== 'FilesJournal' || typeof journal.from !== 'string' || !Array.isArray(journal.files)) {
    throw new Fault('ERR_JOURNAL_UNUSABLE', { path, reason: 'it is damaged' })
  }
  if (journal.fingerprint !== fingerprint(plan)) {
    if (isOver(text)) return undefined
    throw appliedOtherwise(plan, folder)
  }
  return journal as FilesJournal
}

function parsed(text: string): Partial<FilesJournal> | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What each file is now: as it was, as the plan wrote it, or something else. */
export function fileState({ path, former, text }: ChangedFile): 'former' | 'written' | 'edited' {
  const now = readIfThere(path)
  if (now === (text ?? undefined)) return 'written'
  return now === (former ?? undefined) ? 'former' : 'edited'
}

/** Nothing of it stands: it was put back by other means, or what it was applied to is gone. */
export function isGone(journal: FilesJournal, plan: Plan): boolean {
  const paths = pathsOf(plan)
  return (
    paths.every((path) => !existsSync(resolve(journal.from, path))) ||
    journal.files.every((file) => fileState(file) === 'former')
  )
}

/** Two checkouts may have files of the same names: what was done in one says nothing of the other. @throws Fault ERR_PLAN_STATE */
export function refuseOtherCheckout({ plan, from }: FilesJournal, { spec: { source } }: Plan): void {
  if (source.kind !== 'files') return
  const other = source.paths.find((path) => {
    const [there, here] = [resolve(from, path), resolve(path)]
    return existsSync(here) && existsSync(there) && realpathSync(there) !== realpathSync(here)
  })
  if (other === undefined) return
  throw new Fault('ERR_PLAN_STATE', {
    plan,
    state: `was applied in \`${from}\`, where \`${other}\` is another than here, and nothing was written`,
    next: `undo it there (\`cd ${from}\`, then \`kfdoor rollback ${plan}\`), or give this one another \`metadata.name\``,
  })
}

const pathsOf = ({ spec: { source } }: Plan): readonly string[] =>
  source.kind === 'files' ? source.paths : []
