import { Fault, isFault } from '../../base/index.ts'
import { planStatus } from '../../compose/change/plan-status.ts'
import {
  checkAccess,
  doorNow,
  type PredictedDoor,
  predictedDoor,
} from '../../compose/change/predicted-door.ts'
import { verifyPlan } from '../../compose/change/verify-plan.ts'
import type { Mesh } from '../../mesh/index.ts'
import type { Plan } from '../../planner/index.ts'
import { reachOf } from '../door-options.ts'
import type { Io } from '../io.ts'
import { viewOptions } from '../map/view-options.ts'
import { progress } from '../progress.ts'
import type { CarryOutWords } from './run-apply.ts'
import { undoPlan } from './run-rollback.ts'
import { readSeconds } from './verify-words.ts'
import { withPlace } from './with-place.ts'

/**
 * Before the first write: whether who gains and loses is still what the plan says.
 *
 * @returns what is to be asked of the live door afterwards
 * @throws Fault ERR_PLAN_STALE, ERR_OBJECT_CHANGED with nothing written
 */
export async function lookAhead(
  io: Io,
  plan: Plan,
  options: CarryOutWords,
): Promise<(() => Promise<void>) | undefined> {
  const { recheck = true, verify } = options
  const kept = await planStatus(plan, io.env)
  // It may have been begun on another machine, or taken back since by another plan.
  const asks = plan.spec.source.kind === 'cluster' && (options.continue === true || kept.state === 'applied')
  const { state } = asks
    ? await withPlace(io, plan, options, (place) => planStatus(plan, io.env, place))
    : kept
  // One that was begun was looked at then, and its door is between two ends.
  const fresh = state === 'planned' || state === 'rolled-back'
  if (verify === undefined && !(fresh && recheck)) return undefined
  const version = versionOf(plan)
  const view = (mesh: Mesh) => viewOptions(mesh, version === undefined ? {} : { istioVersion: version })
  let predicted: PredictedDoor | undefined
  if (fresh) {
    progress(io, 'comparing what becomes of all requests')
    predicted = await predictedDoor(plan, io.env, placeOf(options))
    if (recheck && predicted.incomplete.length === 0)
      checkAccess(plan, predicted, { now: Date.now() / 1000, view })
    for (const each of predicted.incomplete) io.err(`note: not read, and may decide too: ${each}`)
  }
  if (verify === undefined) return undefined
  return () =>
    askDoor(io, plan, { ...options, verify, done: `${plan.metadata.name} is carried out` }, predicted?.after)
}

/**
 * The plan's witnesses, asked of the live door.
 *
 * @param options `done`: what stays if the door cannot be asked
 * @param after the door as predicted; undefined = as its source has it now
 * @throws Fault ERR_PLAN_GAIN, ERR_PLAN_UNMET
 */
export async function askDoor(
  io: Io,
  plan: Plan,
  options: CarryOutWords & { readonly verify: string; readonly done: string },
  after?: Mesh,
): Promise<void> {
  const { verify, done } = options
  const version = versionOf(plan)
  const view = (mesh: Mesh) => viewOptions(mesh, version === undefined ? {} : { istioVersion: version })
  progress(io, `asking ${verify}`)
  const ask = async () => {
    const mesh = after ?? (await doorNow(plan, io.env, placeOf(options)))
    return verifyPlan(plan, io.env, {
      ...reachOf(io, options),
      url: verify,
      mesh,
      view: view(mesh),
      timeoutMs: readSeconds(options.timeout) * 1000,
      kube: placeOf(options),
    })
  }
  const { agreed, gains, others, notAsked } = await ask().catch((error: unknown) => {
    io.err(`${done} and stays so; the door could not be asked`)
    throw error
  })
  const asked = agreed + gains.length + others.length
  io.err(
    asked === 0 && notAsked.length === 0
      ? 'nothing of it shows at the door: no request fares otherwise, so none was asked'
      : `asked the door: ${agreed} as predicted, ${asked - agreed} otherwise`,
  )
  for (const each of notAsked) io.err(`not asked: ${each}`)
  for (const each of others) io.err(`otherwise: ${each}`)
  const { name } = plan.metadata
  if (gains.length > 0) {
    const undone = options.autoRollback === true
    if (undone) await undoOrTell(io, plan, options, gains)
    throw new Fault('ERR_PLAN_GAIN', { plan: name, gains, undone })
  }
  if (others.length > 0) throw new Fault('ERR_PLAN_UNMET', { plan: name, answers: others })
}

/** A rollback that fails must not hide why there was one. */
async function undoOrTell(
  io: Io,
  plan: Plan,
  options: CarryOutWords,
  gains: readonly string[],
): Promise<void> {
  try {
    await undoPlan(io, plan, options)
  } catch (error) {
    if (!isFault(error)) throw error
    const begun = error.code === 'ERR_PLAN_CUT' || error.code === 'ERR_PLAN_STOPPED'
    io.err(`not rolled back${begun ? ' to its end' : ''}: ${error.message}`)
    throw new Fault('ERR_PLAN_GAIN', { plan: plan.metadata.name, gains, undone: false }, { cause: error })
  }
}

const placeOf = ({ kubeconfig, context, kubeAs }: CarryOutWords) => ({
  ...(kubeAs !== undefined && { as: kubeAs }),
  ...(kubeconfig !== undefined && { kubeconfig }),
  ...(context !== undefined && { context }),
})

/** The Istio the plan was made for, where its command says one. */
function versionOf({ spec: { command } }: Plan): string | undefined {
  const at = command.indexOf('--istio-version')
  return at < 0 ? undefined : command[at + 1]
}
