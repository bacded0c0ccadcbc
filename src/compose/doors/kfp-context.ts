import { mkdirSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Fault } from '../../base/index.ts'
import { whoAmI } from '../../client/index.ts'
import { readIfThere, writePrivateFile } from '../private-file.ts'
import { withFileLock } from './file-lock.ts'
import type { Environment } from './folders.ts'
import type { OpenedDoor } from './open-door.ts'

/**
 * The namespace you own in the file where the kfp SDK keeps it (`~/.config/kfp/context.json`), until the
 * returned function puts back what was there. No credential goes in: one that lies there is left out for
 * the run, since the SDK would send it beside ours.
 *
 * Runs at the same time share it, and the last of them puts the file back. What was there lies beside it
 * meanwhile, so that the next run can put it back where one was killed.
 *
 * @throws Fault ERR_USAGE where another run has another namespace there
 */
export async function writeKfpContext(env: Environment, door: OpenedDoor): Promise<() => Promise<void>> {
  const { namespaces } = await whoAmI(door.agent, door.url, (await door.session.pass()).headers)
  const [own] = [...namespaces.filter(({ role }) => role === 'owner'), ...namespaces]
  return borrowKfpContext(join(env.HOME || homedir(), '.config', 'kfp'), own?.namespace ?? '')
}

/** What is kept beside the file while runs have it. */
interface Loan {
  /** null = there was no file. */
  readonly before: string | null
  readonly ours: string
  /** Process ids of the runs. */
  readonly runs: readonly number[]
}

/** @param folder kfp's own */
export async function borrowKfpContext(folder: string, namespace: string): Promise<() => Promise<void>> {
  const path = join(folder, 'context.json')
  const beside = join(folder, 'context.json.before-kfdoor')
  const alone = <T>(work: () => T) => withFileLock(`${beside}.lock`, async () => work())
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  await alone(() => {
    const loan = putBackIfOver(path, beside)
    const before = loan ? loan.before : (readIfThere(path) ?? null)
    const kept = Object.entries(parsed(before)).filter(([key]) => !key.startsWith('client_authentication_'))
    const ours = JSON.stringify({ ...Object.fromEntries(kept), namespace })
    if (loan && loan.ours !== ours) {
      throw new Fault('ERR_USAGE', {
        message: `another run of kfdoor has the namespace \`${String(parsed(loan.ours).namespace)}\` in \`${path}\``,
        next: 'wait for it, or leave out `--kfp-context` and name the namespace in the script',
      })
    }
    write(beside, { before, ours, runs: [...(loan?.runs ?? []), process.pid] })
    writePrivateFile(path, ours)
  })
  return () =>
    alone(() => {
      const loan = readLoan(beside)
      if (loan === undefined) return
      const at = loan.runs.indexOf(process.pid)
      write(beside, { ...loan, runs: loan.runs.filter((_, index) => index !== at) })
      putBackIfOver(path, beside)
    })
}

/** The loan of runs that still go on; what was there is put back where none does. */
function putBackIfOver(path: string, beside: string): Loan | undefined {
  const loan = readLoan(beside)
  if (loan === undefined) return undefined
  const runs = loan.runs.filter(isAlive)
  if (runs.length > 0) return { ...loan, runs }
  // Somebody who wrote it meanwhile meant it.
  if (readIfThere(path) === loan.ours) {
    if (loan.before === null) rmSync(path, { force: true })
    else writePrivateFile(path, loan.before)
  }
  rmSync(beside, { force: true })
  return undefined
}

const write = (beside: string, loan: Loan) => writePrivateFile(beside, JSON.stringify(loan))

function readLoan(beside: string): Loan | undefined {
  const { before, ours, runs } = parsed(readIfThere(beside) ?? null)
  if (typeof ours !== 'string' || !(before === null || typeof before === 'string')) return undefined
  return { before, ours, runs: Array.isArray(runs) ? runs.filter((one) => typeof one === 'number') : [] }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function parsed(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}')
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
