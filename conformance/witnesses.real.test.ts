/**
 * The witnesses of maps, asked of a real Envoy that stands for the whole door: each fares as was
 * claimed. Those of differences and broken claims: differences.real.test.ts.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { readInputs } from '../src/compose/read-inputs.ts'
import { releaseSignIn } from '../src/compose/release-answers.ts'
import { accessMap, type MapRow } from '../src/regions/index.ts'
import { aMesh } from '../src/regions/random-mesh.test.ts'
import { askedOf, expected, now, seen, standingOf } from './envoy/as-caller.ts'
import { someOf } from './envoy/some-rows.ts'
import { type Standing, startWholeDoors, type WholeDoor } from './envoy/whole-door.ts'

const rowsOf = ({ mesh, engine }: Standing): readonly MapRow[] => {
  const signIn = releaseSignIn(mesh)
  return accessMap(mesh, { ...engine, now, ...(signIn && { signIn }) }).filter(
    ({ door }) => door !== 'inside the mesh',
  )
}

const profiles = ['26.03', 'v1.9', 'v1.8', 'v1.6'] as const
const seed = Number(process.env.KFDOOR_SEED ?? Math.trunc(Math.random() * 2 ** 31))
const random = fc
  .sample(aMesh, { seed, numRuns: 40 })
  .map((text) => standingOf([{ file: 'random.yaml', text }]))
const released = await Promise.all(
  profiles.map(async (name) => standingOf([...(await readInputs([`profile:${name}`], async () => ''))])),
)
const { doors, close } = await startWholeDoors([...released, ...random])
after(close)

/** How many rows of a door Envoy treats as claimed. */
async function agreed(standing: Standing, whole: WholeDoor, rows: readonly MapRow[]) {
  const told = { agreed: 0, unknown: 0, refused: 0, outcomes: new Map<string, number>() }
  for (const row of rows) {
    const gateway = standing.door.gateways.find(
      ({ namespace, labels }) => `${namespace}/${labels.istio ?? labels.app ?? 'gateway'}` === row.door,
    )
    const asked = gateway && askedOf(gateway, row.principal, row.witness, standing)
    if (
      asked === undefined ||
      row.outcome.verdict === 'unknown' ||
      (row.witness.from !== undefined && asked.sent.sourceIp === undefined)
    ) {
      told.unknown++
      continue
    }
    const { proxy, port, sent, answers, claimed } = asked
    if (whole.refusal(proxy, port) !== undefined) {
      told.refused++
      continue
    }
    const about = `${row.principal} ${row.route.id} ${JSON.stringify(row.witness)} ${row.verdict} ${row.reason}`
    // What the map claims is what the engine says of this very request.
    assert.equal(
      `${claimed.verdict} ${claimed.reason}`,
      `${row.outcome.verdict} ${row.outcome.reason}`,
      about,
    )
    const want = expected(claimed)
    const got = seen(await whole.ask(proxy, port, sent, answers), want)
    assert.equal(got, want, about)
    told.agreed++
    told.outcomes.set(row.verdict, (told.outcomes.get(row.verdict) ?? 0) + 1)
  }
  return told
}

for (const [index, name] of profiles.entries()) {
  test(`witnesses of the map of ${name} fare at Envoy as claimed`, async (context) => {
    const standing = released[index] as Standing
    const told = await agreed(
      standing,
      doors[index] as WholeDoor,
      someOf(rowsOf(standing), process.env.KFDOOR_ENVOY === 'all' ? 1000 : 1),
    )
    const outcomes = [...told.outcomes].map(([verdict, count]) => `${verdict}: ${count}`).join(', ')
    context.diagnostic(
      `${told.agreed} as claimed (${outcomes}), ${told.unknown} not asked, ${told.refused} refused`,
    )
    assert.ok(told.agreed > 50 && told.refused === 0)
  })
}

test('witnesses of the maps of random doors fare at Envoy as claimed', async (context) => {
  context.diagnostic(
    `seed ${seed}: KFDOOR_SEED=${seed} npm run test:real -- conformance/witnesses.real.test.ts`,
  )
  const total = { agreed: 0, unknown: 0, refused: 0 }
  const outcomes = new Map<string, number>()
  for (const [index, standing] of random.entries()) {
    const told = await agreed(
      standing,
      doors[profiles.length + index] as WholeDoor,
      someOf(rowsOf(standing), 1),
    )
    total.agreed += told.agreed
    total.unknown += told.unknown
    total.refused += told.refused
    for (const [verdict, count] of told.outcomes) outcomes.set(verdict, (outcomes.get(verdict) ?? 0) + count)
  }
  context.diagnostic(
    `${total.agreed} as claimed (${[...outcomes].join(', ')}), ${total.unknown} not asked, ${total.refused} refused`,
  )
  assert.ok(total.agreed > 200, 'the doors decide too little')
})
