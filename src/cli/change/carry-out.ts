import { Fault } from '../../base/index.ts'
import type { Plan } from '../../planner/index.ts'
import type { Io } from '../io.ts'
import { confirm } from './confirm.ts'
import type { ChangeOptions } from './options.ts'
import type { CarryOutWords } from './run-apply.ts'
import type { VerifyWords } from './verify-words.ts'

/** `--apply`, and `--dry-run=server`. @throws Fault of applying, or where the source cannot be written */
export async function carryOut(
  io: Io,
  plan: Plan,
  options: ChangeOptions,
  first?: () => Promise<void>,
): Promise<void> {
  const { source } = plan.spec
  if (source.kind !== 'cluster' && source.kind !== 'files') {
    throw new Fault('ERR_USAGE', {
      message: `a ${source.kind} is not written to`,
      next: 'give `--context` or files, or write the objects with `-o yaml` or `-o kustomize DIR`',
    })
  }
  if (options.dryRun === undefined) await confirm(io, questionOf(plan), options.yes === true)
  const { carryOutPlan } = await import('./run-apply.ts')
  const words: CarryOutWords = {
    // It was made a moment ago, from this very door.
    recheck: false,
    ...(options.kubeconfig !== undefined && { kubeconfig: options.kubeconfig }),
    ...(options.context !== undefined && { context: options.context }),
  }
  if (first !== undefined && source.kind === 'cluster' && options.dryRun === undefined) {
    // No rollback takes it away: it is put there only where the plan can be carried out.
    await carryOutPlan(io, plan, { ...words, dryRun: 'server' })
    await first()
  }
  await carryOutPlan(io, plan, {
    ...verifyWords(options),
    ...words,
    ...(options.dryRun !== undefined && { dryRun: options.dryRun === 'server' ? 'server' : 'client' }),
  })
}

export function questionOf({ spec, metadata }: Plan): string {
  const open = spec.access.public.length > 0 ? ' and open something to whoever has not signed in' : ''
  return `carry out ${metadata.name}: ${spec.changes.length} writes${open}?`
}

/** `--timeout` may be another thing at these commands: it is `--wait`. */
export function verifyWords(options: ChangeOptions): VerifyWords {
  const { verify, autoRollback, wait, door, certificateAuthority, insecureSkipTlsVerify } = options
  return {
    ...(verify !== undefined && { verify }),
    ...(autoRollback !== undefined && { autoRollback }),
    ...(wait !== undefined && { timeout: wait }),
    ...(door !== undefined && { door }),
    ...(certificateAuthority !== undefined && { certificateAuthority }),
    ...(insecureSkipTlsVerify !== undefined && { insecureSkipTlsVerify }),
  }
}
