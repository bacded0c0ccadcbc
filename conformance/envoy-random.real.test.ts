/**
 * The engine, the embedded gateway and a real Envoy on random meshes and random requests: at least
 * 20 000 decisions, and they have to agree on each. The engine is compared on its decision, the
 * gateway on all that went over its sockets. A disagreement is shrunk to the smallest mesh and
 * request that show it.
 *
 * `KFDOOR_SEED` repeats a run (tokens are signed anew), `KFDOOR_MESHES` makes it longer.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { readWorld } from '../src/cli/cases/world.ts'
import { decideCase } from '../src/policy/index.ts'
import { differences, type Recorded } from './compare.ts'
import { envoy } from './contestants/envoy.ts'
import { besideEnvoy } from './envoy/beside-envoy.ts'
import { type Sample, samples } from './envoy/random-mesh.ts'
import { openRecordings } from './families.ts'
import { startWorld } from './world/world.ts'

const recordings = openRecordings(Date.now() / 1000)
const pem = (name: string) => recordings.file(name) ?? ''
const material = {
  certificate: pem('mesh-workload.pem'),
  key: pem('mesh-workload.key'),
  authority: pem('ca.pem'),
}
const seed = Number(process.env.KFDOOR_SEED ?? Math.trunc(Math.random() * 2 ** 31))
const meshes = Number(process.env.KFDOOR_MESHES ?? 300)
const requestsEach = 80
/** Meshes that share one Envoy. */
const together = 150
const arbitrary = samples(material, requestsEach)
/** The service of a mesh that names a port `grpc`. */
const speaksHttp2 = (cluster: string) => cluster.startsWith('outbound|81|')
const around = { world: startWorld(), file: recordings.file, jwks: recordings.jwksUris, http2: speaksHttp2 }
after(() => around.world.close())

test('the engine, the gateway and Envoy agree on random meshes and requests', {
  timeout: 900_000,
}, async (context) => {
  context.diagnostic(
    `seed ${seed}: KFDOOR_SEED=${seed} npm run test:real -- conformance/envoy-random.real.test.ts`,
  )
  const made = fc.sample(arbitrary, { seed, numRuns: meshes })
  const told = nothingTold()
  for (let begin = 0; begin < made.length; begin += together) {
    const found = await disagreements(made.slice(begin, begin + together), told)
    const [first] = found
    if (first === undefined) continue
    const smallest = await shrink(begin + first.sample)
    assert.fail(`${found.length} disagreements; the first\n${first.text}\n\nshrunk:\n${smallest}`)
  }
  const outcomes = [...told.outcomes].sort((a, b) => b[1] - a[1]).map(([key, count]) => `${key}: ${count}`)
  context.diagnostic(`${told.agreed} decisions agree over ${meshes} meshes (${outcomes.join(', ')})`)
  context.diagnostic(`${told.unknown} the engine leaves unknown, ${told.refused} on meshes Envoy refuses`)
  context.diagnostic(
    `${told.served} of the gateway's answers agree, ${told.notServed} on meshes it does not serve`,
  )
  assert.ok(told.served >= 20_000 || meshes < 300, `only ${told.served} answers of the gateway were compared`)
  assert.ok(told.agreed >= 20_000 || meshes < 300, `only ${told.agreed} decisions were compared`)
  assert.ok(told.outcomes.size > 10, 'the meshes decide too little')
})

interface Told {
  agreed: number
  unknown: number
  refused: number
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
  served: 0,
  notServed: 0,
  outcomes: new Map(),
})

interface Disagreement {
  readonly sample: number
  readonly text: string
}

async function disagreements(list: readonly Sample[], told: Told): Promise<readonly Disagreement[]> {
  const entered = list.map(({ mesh, requests }, index) => ({
    name: `random-${index}`,
    world: readWorld(`random-${index}.yaml`, mesh, recordings.around),
    requests,
    fetched: recordings.around.fetched,
  }))
  const contestant = await envoy(entered, recordings.file)
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
      const gateway = await besideEnvoy(list[index]?.mesh ?? '', world, decisions, around)
      told.served += gateway.agreed
      told.notServed += gateway.notServed
      for (const text of gateway.wrong) found.push({ sample: index, text })
    }
  } finally {
    await contestant.close()
  }
  return found
}

/** The same sample again, made smaller as long as it still shows a disagreement. */
async function shrink(at: number): Promise<string> {
  let last = ''
  const property = fc.asyncProperty(arbitrary, async (sample) => {
    const [first] = await disagreements([sample], nothingTold())
    if (first !== undefined) last = `${sample.mesh}\n\n${first.text}`
    return first === undefined
  })
  await fc.check(property, { seed, path: String(at), unbiased: true, interruptAfterTimeLimit: 60_000 })
  return last
}
