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
import { envoy } from './contestants/envoy.ts'
import { samples } from './envoy/random-mesh.ts'
import { agreeOnAll, type Beside, outcomesOf } from './envoy/random-run.ts'
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
const world = startWorld()
const beside: Beside = {
  recordings,
  open: (entered) => envoy(entered, recordings.file),
  gateway: { world, file: recordings.file, jwks: recordings.jwksUris, http2: speaksHttp2 },
}
after(() => world.close())

test('the engine, the gateway and Envoy agree on random meshes and requests', {
  timeout: 900_000,
}, async (context) => {
  context.diagnostic(
    `seed ${seed}: KFDOOR_SEED=${seed} npm run test:real -- conformance/envoy-random.real.test.ts`,
  )
  const told = await agreeOnAll(arbitrary, { seed, meshes, together }, beside)
  context.diagnostic(`${told.agreed} decisions agree over ${meshes} meshes (${outcomesOf(told)})`)
  context.diagnostic(`${told.unknown} the engine leaves unknown, ${told.refused} on meshes Envoy refuses`)
  context.diagnostic(
    `${told.served} of the gateway's answers agree, ${told.notServed} on meshes it does not serve`,
  )
  assert.ok(told.served >= 20_000 || meshes < 300, `only ${told.served} answers of the gateway were compared`)
  assert.ok(told.agreed >= 20_000 || meshes < 300, `only ${told.agreed} decisions were compared`)
  assert.ok(told.outcomes.size > 10, 'the meshes decide too little')
})
