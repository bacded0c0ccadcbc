import { isFault } from '../../base/index.ts'
import { callerName } from '../../regions/index.ts'
import { type Comparison, compare } from './compare.ts'
import { type Own, type Permissions, refusalOf } from './polite.ts'
import { lineOf, type PredictedWitness, type Prediction } from './prediction.ts'
import type { Send } from './send.ts'

export interface NotAsked {
  readonly asked: PredictedWitness
  readonly why: string
}

/** What would be sent, and what would not: nothing has been sent yet. */
export interface Plan {
  readonly ask: readonly PredictedWitness[]
  readonly notAsked: readonly NotAsked[]
}

/** Sorts witnesses into those that may be asked and those that may not; two that are one request count once. */
export function planWitnesses(witnesses: readonly PredictedWitness[], own: Own, allowed: Permissions): Plan {
  const ask = new Map<string, PredictedWitness>()
  const notAsked: NotAsked[] = []
  for (const asked of witnesses) {
    const why = refusalOf(asked, own, allowed)
    if (why !== undefined) {
      notAsked.push({ asked, why })
      continue
    }
    const { method, url, headers } = asked.witness
    const key = JSON.stringify([callerName(asked.principal), method, url, headers])
    if (!ask.has(key)) ask.set(key, asked)
  }
  return { ask: [...ask.values()], notAsked }
}

export interface Asked extends Comparison {
  readonly asked: PredictedWitness
  /** As it came, for a fixture: status and where to. */
  readonly status?: number
  readonly location?: string
}

export interface Verification {
  readonly agreements: readonly Asked[]
  readonly disagreements: readonly Asked[]
  readonly notAsked: readonly NotAsked[]
}

export interface AskOptions {
  readonly send: Send
  /** What a principal sends to be himself; a text = why there is nothing. */
  readonly credential: (asked: PredictedWitness) => Promise<Readonly<Record<string, string>> | string>
  /** What it comes to with this very credential; undefined = as planned. */
  readonly predicted?: (asked: PredictedWitness, own: Readonly<Record<string, string>>) => Prediction
  /** Requests a second. */
  readonly rate: number
  readonly wait: (ms: number) => Promise<void>
  /** ms */
  readonly clock: () => number
  readonly progress?: (done: number, of: number) => void
}

/**
 * Puts witnesses to a live door, one after the other and never faster than the rate, and compares each
 * answer with what was predicted.
 *
 * @example
 * const { disagreements } = await askWitnesses(planWitnesses(predicted, own, allowed), options)
 */
export async function askWitnesses(plan: Plan, options: AskOptions): Promise<Verification> {
  const { send, credential, predicted, rate, wait, clock, progress } = options
  const agreements: Asked[] = []
  const disagreements: Asked[] = []
  const notAsked = [...plan.notAsked]
  const gap = 1000 / rate
  let next = clock()
  for (const [index, planned] of plan.ask.entries()) {
    progress?.(index, plan.ask.length)
    const own = await handed(credential, planned)
    if (typeof own === 'string') {
      notAsked.push({ asked: planned, why: own })
      continue
    }
    const asked = predicted === undefined ? planned : { ...planned, prediction: predicted(planned, own) }
    const pause = next - clock()
    if (pause > 0) await wait(pause)
    next = Math.max(clock(), next) + gap
    const { host, path, headers } = lineOf(asked.witness)
    const { method } = asked.witness
    const seen = await send({ method, path, host, headers: { ...joined(headers), ...own } })
    const compared = compare(asked.prediction, seen, method)
    const { status, headers: got } = 'failed' in seen ? {} : seen
    const result: Asked = {
      ...compared,
      asked,
      ...(status !== undefined && { status }),
      ...(got?.location !== undefined && { location: got.location }),
    }
    if (result.agrees) agreements.push(result)
    else disagreements.push(result)
  }
  return { agreements, disagreements, notAsked }
}

/** Lines of one name, as one record holds them. */
function joined(headers: readonly (readonly [string, string])[]): Record<string, string> {
  const record: Record<string, string> = {}
  for (const [name, value] of headers) {
    const lower = name.toLowerCase()
    record[lower] = record[lower] === undefined ? value : `${record[lower]}, ${value}`
  }
  return record
}

async function handed(
  credential: AskOptions['credential'],
  asked: PredictedWitness,
): Promise<Readonly<Record<string, string>> | string> {
  try {
    return await credential(asked)
  } catch (error) {
    if (isFault(error)) return error.message
    throw error
  }
}
