/**
 * A real Envoy on configurations of `envoy-config`, against everything that was recorded of real
 * istiod and Envoy: statuses, bodies, headers both ways, checks, mirrors, retries. Every fourth
 * configuration of each family; `KFDOOR_ENVOY=all` takes them all.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readWorld } from '../src/cli/cases/world.ts'
import type { Recorded } from './compare.ts'
import { envoy } from './contestants/envoy.ts'
import { type Chosen, wrongAnswers } from './envoy/compare-served.ts'
import { type Family, onlyBeside, openRecordings } from './families.ts'

const recordings = openRecordings(Date.now() / 1000)
const every = process.env.KFDOOR_ENVOY === 'all' ? 1 : 4
/** Configurations that share one Envoy. */
const together = 120
let compared = 0

for (const name of recordings.families) {
  test(`Envoy does what was recorded of ${name}`, async (context) => {
    const family = recordings.read(name)
    const chosen = casesByConfig(family).filter((_, index) => index % every === 0)
    const wrong: string[] = []
    let asked = 0
    for (let begin = 0; begin < chosen.length; begin += together) {
      const batch = chosen.slice(begin, begin + together)
      const found = await compareBatch(family, batch)
      wrong.push(...found)
      asked += batch.reduce((sum, [, cases]) => sum + cases.length, 0)
    }
    compared += asked
    context.diagnostic(`${asked - wrong.length} of ${asked} agree, over ${chosen.length} configurations`)
    assert.equal(
      wrong.length,
      0,
      `${wrong.length} of ${asked} differ, first of all\n${wrong.slice(0, 5).join('\n')}`,
    )
  })
}

for (const name of onlyBeside) {
  if (recordings.from === 'beside') continue
  test(`${name} (left out: no shared folder beside the checkout)`, { skip: true }, () => {})
}

test('enough was compared', (context) => {
  context.diagnostic(`${compared} recorded requests through a real Envoy (${recordings.from})`)
  assert.ok(compared > 8_000, `only ${compared}`)
})

function casesByConfig({ cases }: Family): Chosen {
  const configs = new Map<string, Recorded[]>()
  for (const each of cases) {
    const list = configs.get(each.config)
    if (list === undefined) configs.set(each.config, [each])
    else list.push(each)
  }
  return [...configs]
}

async function compareBatch(family: Family, batch: Chosen): Promise<readonly string[]> {
  const contestant = await envoy(
    batch.map(([config, cases]) => ({
      name: config,
      world: readWorld(config, family.config(config), recordings.around),
      requests: cases.map(({ request }) => request),
      fetched: recordings.around.fetched,
    })),
    recordings.file,
  )
  return wrongAnswers(contestant, batch)
}
