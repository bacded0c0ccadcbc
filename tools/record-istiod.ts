/**
 * Records what the real istiod and a real Envoy do on random meshes, as `conformance/recorded/istiod-random.jsonl.gz`:
 * configurations and cases like the other families. The engine is not asked; what it says is compared in `npm test`.
 *
 *     node tools/record-istiod.ts [SEED [MESHES]]
 */
import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { Recorded } from '../conformance/compare.ts'
import { envoy } from '../conformance/contestants/envoy.ts'
import { samples } from '../conformance/envoy/random-mesh.ts'
import { openRecordings } from '../conformance/families.ts'
import { startIstiod } from '../conformance/istiod/ask-istiod.ts'
import { ensureOracle } from '../conformance/istiod/build-oracle.ts'
import { wideSamples } from '../conformance/istiod/wide-samples.ts'
import { byIstiod } from '../conformance/istiod/writer.ts'
import { readWorld } from '../src/cli/cases/world.ts'

const [seed = 1, meshes = 90] = process.argv.slice(2).map(Number)
const requestsEach = 30
const recordings = openRecordings(Date.now() / 1000)
const pem = (name: string) => recordings.file(name) ?? ''
const material = {
  certificate: pem('mesh-workload.pem'),
  key: pem('mesh-workload.key'),
  authority: pem('ca.pem'),
}
const arbitrary = fc.oneof(samples(material, requestsEach), wideSamples(material, requestsEach))
const made = fc.sample(arbitrary, { seed, numRuns: meshes })
const entered = made.map(({ mesh, requests }, index) => ({
  name: `istiod-random-${String(index).padStart(3, '0')}.yaml`,
  world: readWorld(`istiod-random-${index}.yaml`, mesh, recordings.around),
  requests,
  fetched: recordings.around.fetched,
}))
const yaml = (name: string) => made[Number(name.slice(14, 17))]?.mesh ?? ''

const istiod = startIstiod(await ensureOracle())
const contestant = await envoy(
  entered,
  recordings.file,
  await byIstiod(istiod, entered, yaml, recordings.jwksUris),
)
const lines: unknown[] = []
let cases = 0
for (const { name, requests } of entered) {
  const own: Recorded[] = []
  const verdicts = await istiod.validate(yaml(name).split('\n---\n'))
  const rejected = verdicts.some(({ valid, unknown }) => !valid && !unknown)
  for (const [index, request] of requests.entries()) {
    if (contestant.refusal(name, request) !== undefined) continue
    const { answers, ...expect } = await contestant.ask(name, request)
    const bytes = request.port === 9000 || request.port === 9443
    own.push({
      id: `${name.slice(0, -5)}-${String(index).padStart(2, '0')}`,
      config: name,
      tags: ['istiod-random', ...(bytes ? ['bytes'] : []), ...(rejected ? ['webhook-rejects'] : [])],
      request,
      expect,
      ...(answers.length > 0 && { answers }),
    })
  }
  if (own.length === 0) continue
  lines.push({ config: name, yaml: yaml(name) }, ...own)
  cases += own.length
}
await contestant.close()
await istiod.close()
const packed = gzipSync(lines.map((line) => JSON.stringify(line)).join('\n'), { level: 9 })
// Time and system in the header would make every run differ.
packed.fill(0, 4, 8)
packed[9] = 255
writeFileSync(new URL('../conformance/recorded/istiod-random.jsonl.gz', import.meta.url), packed)
process.stdout.write(`${cases} cases over ${meshes} meshes, ${Math.round(packed.length / 1024)} KiB\n`)
