/**
 * The real istiod and a real Envoy, asked again what was recorded of them: that the oracle the random
 * meshes are put to says what the recordings say. Some configurations of each family; `KFDOOR_ENVOY=all`
 * takes them all, `KFDOOR_FAMILY` one family.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readWorld } from '../src/cli/cases/world.ts'
import type { Recorded } from './compare.ts'
import { type Entered, envoy } from './contestants/envoy.ts'
import { type Chosen, wrongAnswers } from './envoy/compare-served.ts'
import { type Family, openRecordings } from './families.ts'
import { type Istiod, startIstiod } from './istiod/ask-istiod.ts'
import { ensureOracle } from './istiod/build-oracle.ts'
import { byIstiod } from './istiod/writer.ts'

const recordings = openRecordings(Date.now() / 1000)
const all = process.env.KFDOOR_ENVOY === 'all'
const only = process.env.KFDOOR_FAMILY
/** Configurations of a family: one of so many, and so many cases of each. */
const [every, casesEach] = all ? [1, Number.POSITIVE_INFINITY] : [12, 25]
const together = 120
let compared = 0
let istiod: Istiod

before(async () => {
  istiod = startIstiod(await ensureOracle())
})
after(() => istiod?.close())

for (const name of recordings.families) {
  if (only !== undefined && name !== only) continue
  test(`istiod and Envoy still do what was recorded of ${name}`, { timeout: 1_800_000 }, async (context) => {
    const family = recordings.read(name)
    const chosen = casesByConfig(family).filter((_, index) => index % every === 0)
    const wrong: string[] = []
    let asked = 0
    for (let begin = 0; begin < chosen.length; begin += together) {
      const batch = chosen.slice(begin, begin + together)
      wrong.push(...(await compareBatch(family, batch)))
      asked += batch.reduce((sum, [, cases]) => sum + cases.length, 0)
    }
    compared += asked
    context.diagnostic(`${asked - wrong.length} of ${asked} agree, over ${chosen.length} configurations`)
    const shown = wrong.slice(0, 5).join('\n')
    assert.equal(wrong.length, 0, `${wrong.length} of ${asked} differ, first of all\n${shown}`)
  })
}

test('enough was compared', (context) => {
  context.diagnostic(`${compared} recorded requests through istiod and Envoy (${recordings.from})`)
  assert.ok(compared > 2_000 || only !== undefined, `only ${compared}`)
})

function casesByConfig({ cases }: Family): Chosen {
  const configs = new Map<string, Recorded[]>()
  for (const each of cases) configs.set(each.config, [...(configs.get(each.config) ?? []), each])
  return [...configs].map(([config, list]) => {
    const step = Math.max(1, Math.ceil(list.length / casesEach))
    return [config, list.filter((_, index) => index % step === 0)] as const
  })
}

async function compareBatch(family: Family, batch: Chosen): Promise<readonly string[]> {
  const entered: readonly Entered[] = batch.map(([config, cases]) => ({
    name: config,
    world: readWorld(config, family.config(config), recordings.around),
    requests: cases.map(({ request }) => request),
    fetched: recordings.around.fetched,
  }))
  const writer = await byIstiod(istiod, entered, family.config, recordings.jwksUris)
  return wrongAnswers(await envoy(entered, recordings.file, writer), batch)
}
