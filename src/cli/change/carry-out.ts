import { Fault } from '../../base/index.ts'
import type { Plan } from '../../planner/index.ts'
import type { Io } from '../io.ts'
import type { ChangeOptions } from './options.ts'

/** `--apply`, and `--dry-run=server`. @throws Fault of applying, or where the source cannot be written */
export async function carryOut(io: Io, plan: Plan, options: ChangeOptions): Promise<void> {
  const { source } = plan.spec
  if (source.kind !== 'cluster' && source.kind !== 'files') {
    throw new Fault('ERR_USAGE', {
      message: `a ${source.kind} is not written to`,
      next: 'give `--context` or files, or write the objects with `-o yaml` or `-o kustomize DIR`',
    })
  }
  if (options.dryRun === 'server' && source.kind === 'files') {
    throw new Fault('ERR_USAGE', {
      message: '`--dry-run=server` asks an API server, and these are files',
      next: 'use `--dry-run=client`, or plan for a cluster with `--context`',
    })
  }
  if (options.apply && !options.yes && options.dryRun === undefined) await confirm(io, plan)
  if (source.kind === 'files') {
    const { applyToFiles } = await import('../../compose/change/apply-files.ts')
    for (const { file, did } of await applyToFiles(plan)) io.err(`${did} ${file}`)
    return
  }
  throw new Fault('ERR_USAGE', {
    message: 'a cluster cannot be written to by this command yet',
    next: `save the plan with \`-o plan\` and apply its objects: \`-o yaml | kubectl apply -f -\``,
  })
}

async function confirm(io: Io, { spec, metadata }: Plan): Promise<void> {
  if (!io.tty.in) {
    throw new Fault('ERR_USAGE', {
      message: '`--apply` asks before it writes, and nobody is there to answer',
      next: 'add `--yes`',
    })
  }
  const { ask } = await import('../prompt.ts')
  const open = spec.access.public.length > 0 ? ' and open something to whoever has not signed in' : ''
  const answer = await ask(`carry out ${metadata.name}: ${spec.changes.length} writes${open}? (yes/no) `)
  if (answer.trim().toLowerCase() !== 'yes') {
    throw new Fault('ERR_USAGE', { message: 'not carried out: the answer was not `yes`' })
  }
}
