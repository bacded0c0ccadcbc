import { Fault, isFault } from '../../base/index.ts'
import { applyToFiles } from '../../compose/change/apply-files.ts'
import { type Applied, type ApplyOptions, applyPlan } from '../../compose/change/apply-plan.ts'
import { awaitSeen, seenText } from '../../compose/change/await-seen.ts'
import { findPlan } from '../../compose/change/plan-store.ts'
import { refuseOutside } from '../../compose/change/refuse-outside.ts'
import type { Plan } from '../../planner/index.ts'
import { exitCode, type Io } from '../io.ts'
import { questionOf } from './carry-out.ts'
import { confirm } from './confirm.ts'
import { lookAhead } from './look-ahead.ts'
import { refuseBeyond } from './refuse-beyond.ts'
import { summaryText } from './render.ts'
import { checkVerifyWords, readSeconds, type VerifyWords } from './verify-words.ts'
import { type PlaceWords, withPlace } from './with-place.ts'

/** How a plan is carried out, by `apply` and by the commands that make one. Its words were checked. */
export interface CarryOutWords extends PlaceWords, VerifyWords {
  readonly continue?: boolean
  readonly dryRun?: 'client' | 'server'
  readonly forceConflicts?: boolean
  /** false = the plan is as fresh as its door. */
  readonly recheck?: boolean
  /** Where files may be that the plan is about; undefined = wherever it says. */
  readonly within?: readonly string[]
}

export interface ApplyWords extends CarryOutWords {
  readonly allowKind?: readonly string[]
  readonly filename?: readonly string[]
  readonly yes?: true
  readonly output: 'text' | 'json'
}

/** @throws Fault for whatever stands in the way */
export async function runApply(io: Io, what: string, options: ApplyWords): Promise<number> {
  const plan = findPlan(io.env, what)
  refuseBeyond(plan, options.allowKind)
  checkVerifyWords(io, options)
  const { source } = plan.spec
  const within = options.filename ?? ['.']
  // Before any of them is read; what is begun was looked at then.
  if (source.kind === 'files') {
    if (options.continue !== true) refuseOutside(plan.metadata.name, source.paths, within)
  } else if (options.filename !== undefined) {
    throw new Fault('ERR_USAGE', {
      message: '`-f` says where files may be, and this plan is about none',
      next: 'leave it out',
    })
  }
  io.err(summaryText(plan))
  if (options.dryRun === undefined) await confirm(io, questionOf(plan), options.yes === true)
  const { outcome, steps } = await carryOutPlan(io, plan, { ...options, within })
  const { name } = plan.metadata
  if (options.output === 'json') io.out(JSON.stringify({ plan: name, outcome, steps }))
  else io.out(`${name}: ${words[outcome]}`)
  return exitCode.ok
}

const words = {
  applied: 'applied',
  already: 'is applied already; nothing was written',
  rehearsed: 'would be applied; nothing was written',
} as const

interface CarriedOut {
  readonly outcome: Applied['outcome']
  readonly steps: readonly {
    readonly object: Applied['steps'][number]['object'] | string
    readonly op?: string
    readonly state: string
  }[]
}

/** Writes files or a cluster, with progress and notes on stderr. @throws Fault */
export async function carryOutPlan(io: Io, plan: Plan, options: CarryOutWords): Promise<CarriedOut> {
  const check = await lookAhead(io, plan, options)
  const carried = await (plan.spec.source.kind === 'files' ? onFiles : onCluster)(io, plan, options)
  if (carried.outcome !== 'rehearsed') await check?.()
  return carried
}

async function onFiles(io: Io, plan: Plan, options: CarryOutWords): Promise<CarriedOut> {
  if (options.dryRun === 'server') {
    throw new Fault('ERR_USAGE', {
      message: '`--dry-run=server` asks an API server, and these are files',
      next: 'use `--dry-run=client`, or plan for a cluster with `--context`',
    })
  }
  const place = { env: io.env, now: () => new Date(), say: (line: string) => io.err(line) }
  const { outcome, files } = await applyToFiles(plan, place, {
    resume: options.continue === true,
    rehearse: options.dryRun === 'client',
    ...(options.within !== undefined && { within: options.within }),
  })
  const state = outcome === 'rehearsed' ? 'pending' : 'written'
  return { outcome, steps: files.map((object) => ({ object, state })) }
}

async function onCluster(io: Io, plan: Plan, options: CarryOutWords): Promise<CarriedOut> {
  return withPlace(io, plan, options, async (place) => {
    io.err(`cluster: ${place.server}`)
    const { outcome, steps, notes } = await applyPlan(plan, place, applyOptions(options))
    for (const note of notes) io.err(`note: ${note}`)
    if (outcome === 'applied') {
      const timeout = readSeconds(options.timeout) * 1000
      const seen = await awaitSeen(place.objects, steps, timeout).catch((error: unknown) => {
        if (!isFault(error)) throw error
        // All is written, and stays: only whether somebody acts on it is not known.
        io.err(`note: all is written, and whether controllers have it could not be seen: ${error.message}`)
        return []
      })
      for (const line of seenText(seen)) io.err(line)
    }
    return { outcome, steps: steps.map(({ object, op, state }) => ({ object, op, state })) }
  })
}

function applyOptions(options: CarryOutWords): ApplyOptions {
  return {
    resume: options.continue === true,
    forceConflicts: options.forceConflicts === true,
    undoable: options.autoRollback === true,
    ...(options.dryRun !== undefined && { rehearse: options.dryRun }),
  }
}
