/**
 * The engine against the real istiod and a real Envoy on random meshes and random requests: at least
 * 20 000 decisions, and they have to agree on each. Here nothing but the requests is ours: istiod
 * writes the configuration, Envoy decides. A disagreement is shrunk to the smallest mesh and request
 * that show it.
 *
 * `KFDOOR_SEED` repeats a run (tokens are signed anew), `KFDOOR_MESHES` makes it longer or shorter,
 * `KFDOOR_DRAWN=wide` leaves the narrow ones out.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { envoy } from './contestants/envoy.ts'
import { samples } from './envoy/random-mesh.ts'
import { agreeOnAll, type Beside, outcomesOf } from './envoy/random-run.ts'
import { openRecordings } from './families.ts'
import { type Istiod, startIstiod } from './istiod/ask-istiod.ts'
import { ensureOracle } from './istiod/build-oracle.ts'
import { wideSamples } from './istiod/wide-samples.ts'
import { byIstiod } from './istiod/writer.ts'

const recordings = openRecordings(Date.now() / 1000)
const pem = (name: string) => recordings.file(name) ?? ''
const material = {
  certificate: pem('mesh-workload.pem'),
  key: pem('mesh-workload.key'),
  authority: pem('ca.pem'),
}
const drawn = { narrow: samples(material, 80), wide: wideSamples(material, 80) }
const seed = Number(process.env.KFDOOR_SEED ?? Math.trunc(Math.random() * 2 ** 31))
const only = process.env.KFDOOR_DRAWN
const meshes = Number(process.env.KFDOOR_MESHES ?? 300)
/** Meshes that share one Envoy. */
const together = 50

let istiod: Istiod
before(async () => {
  istiod = startIstiod(await ensureOracle())
})
after(() => istiod?.close())

const beside: Beside = {
  recordings,
  open: async (entered, yaml) =>
    envoy(entered, recordings.file, await byIstiod(istiod, entered, yaml, recordings.jwksUris)),
}

for (const [name, arbitrary] of Object.entries(drawn)) {
  if (only !== undefined && only !== name) continue
  test(`the engine agrees with istiod and Envoy on random meshes and requests (${name})`, {
    timeout: 3_600_000,
  }, async (context) => {
    context.diagnostic(
      `seed ${seed}: KFDOOR_SEED=${seed} npm run test:peers -- conformance/istiod-random.peer.test.ts`,
    )
    const told = await agreeOnAll(arbitrary, { seed, meshes, together }, beside)
    context.diagnostic(`${told.agreed} decisions agree over ${meshes} meshes (${outcomesOf(told)})`)
    context.diagnostic(`${told.unknown} the engine leaves unknown, ${told.refused} on meshes Envoy refuses`)
    assert.ok(told.agreed >= 20_000 || meshes < 300, `only ${told.agreed} decisions were compared`)
    assert.ok(told.outcomes.size > 10 || meshes < 300, 'the meshes decide too little')
  })
}
