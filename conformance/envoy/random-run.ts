/** The engine, and the gateway where wanted, on random samples beside an Envoy: what agrees, and what does not. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { readWorld } from '../../src/cli/cases/world.ts'
import { type CaseOutcome, decideCase } from '../../src/policy/index.ts'
import { differences, type Recorded } from '../compare.ts'
import type { Entered, EnvoyContestant } from '../contestants/envoy.ts'
import type { Surroundings } from '../contestants/gateway.ts'
import type { Recordings } from '../families.ts'
import { besideEnvoy } from './beside-envoy.ts'
import type { Sample } from './random-mesh.ts'

export interface Told {
  agreed: number
  unknown: number
  refused: number
  /** Requests Envoy sent on as the engine says, and the upstream would not read. */
  unread: number
  /** Answers of the gateway that are Envoy's. */
  served: number
  /** Requests of meshes the gateway does not start with: a cluster's webhook would refuse them. */
  notServed: number
  readonly outcomes: Map<string, number>
}

const nothingTold = (): Told => ({
  agreed: 0,
  unknown: 0,
  refused: 0,
  unread: 0,
  served: 0,
  notServed: 0,
  outcomes: new Map(),
})

/**
 * Over HTTP/2 our upstream is Node's server, whose nghttp2 resets a stream whose `:authority` has a
 * character no authority may have, `app.test@evil` (RFC 9113 §8.3.1). Envoy sent the request on, and
 * answers 502 for the reset; what an upstream reads is none of the proxy's decisions.
 */
function unreadUpstream(host: string, expect: Recorded['expect'], decided: CaseOutcome): boolean {
  return (
    decided.upstream !== undefined &&
    expect.status === 502 &&
    String(expect.body).endsWith('reset reason: protocol error') &&
    /[^-\w.~%!$&'()*+,;=:[\]]/.test(host)
  )
}

interface Disagreement {
  readonly sample: number
  readonly text: string
}

export interface Beside {
  readonly recordings: Recordings
  readonly open: (entered: readonly Entered[], yaml: (name: string) => string) => Promise<EnvoyContestant>
  /** Where the gateway is asked too. */
  readonly gateway?: Surroundings
  /** Is handed what Envoy did with each mesh. */
  readonly seen?: (mesh: string, decisions: readonly Recorded[]) => void
}

async function disagreements(
  list: readonly Sample[],
  beside: Beside,
  told: Told,
): Promise<readonly Disagreement[]> {
  const { around } = beside.recordings
  const entered = list.map(({ mesh, requests }, index) => ({
    name: `random-${index}`,
    world: readWorld(`random-${index}.yaml`, mesh, around),
    requests,
    fetched: around.fetched,
  }))
  const contestant = await beside.open(entered, (name) => list[Number(name.slice(7))]?.mesh ?? '')
  const found: Disagreement[] = []
  try {
    for (const [index, { name, world, requests }] of entered.entries()) {
      const decisions: Recorded[] = []
      for (const request of requests) {
        const refusal = contestant.refusal(name, request)
        if (refusal !== undefined) {
          told.refused++
          continue
        }
        const { answers, ...expect } = await contestant.ask(name, request)
        const tags = request.port === 9000 || request.port === 9443 ? ['bytes'] : []
        const recorded: Recorded = { id: name, config: name, tags, request, expect, answers }
        decisions.push(recorded)
        world.prepare(recorded)
        const decided = decideCase(world, recorded)
        if (decided.verdict === 'unknown' && decided.reason !== 'ask-provider') {
          told.unknown++
          continue
        }
        if (unreadUpstream(request.host, expect, decided)) {
          told.unread++
          continue
        }
        const wrong = differences(recorded, decided)
        if (wrong.length === 0) {
          told.agreed++
          const outcome = expect.error ?? (expect.upstream ? 'forwarded' : String(expect.status))
          told.outcomes.set(outcome, (told.outcomes.get(outcome) ?? 0) + 1)
        } else {
          const text = [
            JSON.stringify(request),
            ...wrong,
            `envoy: ${JSON.stringify(expect)}`,
            `engine: ${decided.reason}`,
          ]
          found.push({ sample: index, text: text.join('\n  ') })
        }
      }
      const mesh = list[index]?.mesh ?? ''
      beside.seen?.(mesh, decisions)
      if (beside.gateway === undefined) continue
      const gateway = await besideEnvoy(mesh, world, decisions, beside.gateway)
      told.served += gateway.agreed
      told.notServed += gateway.notServed
      for (const text of gateway.wrong) found.push({ sample: index, text })
    }
  } finally {
    await contestant.close()
  }
  return found
}

/** The sample at this place of a run again, made smaller as long as it still shows a disagreement. */
async function shrink(
  arbitrary: fc.Arbitrary<Sample>,
  seed: number,
  at: number,
  beside: Beside,
): Promise<string> {
  let last = ''
  const property = fc.asyncProperty(arbitrary, async (sample) => {
    const [first] = await disagreements([sample], beside, nothingTold())
    if (first !== undefined) last = `${sample.mesh}\n\n${first.text}`
    return first === undefined
  })
  await fc.check(property, { seed, path: String(at), unbiased: true, interruptAfterTimeLimit: 60_000 })
  return last
}

/**
 * Draws meshes and asks about all of them, so many that share one Envoy at a time.
 *
 * @throws AssertionError at the first batch with a disagreement, shrunk to the smallest that shows it
 */
export async function agreeOnAll(
  arbitrary: fc.Arbitrary<Sample>,
  { seed, meshes, together }: { readonly seed: number; readonly meshes: number; readonly together: number },
  beside: Beside,
): Promise<Told> {
  const made = fc.sample(arbitrary, { seed, numRuns: meshes })
  const told = nothingTold()
  for (let begin = 0; begin < made.length; begin += together) {
    const found = await disagreements(made.slice(begin, begin + together), beside, told)
    const [first] = found
    if (first === undefined) continue
    const smallest = await shrink(arbitrary, seed, begin + first.sample, beside)
    assert.fail(`${found.length} disagreements; the first\n${first.text}\n\nshrunk:\n${smallest}`)
  }
  return told
}

export function outcomesOf({ outcomes }: Told): string {
  return [...outcomes]
    .sort((a, b) => b[1] - a[1])
    .map(([key, count]) => `${key}: ${count}`)
    .join(', ')
}
