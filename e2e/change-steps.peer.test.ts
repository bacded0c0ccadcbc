/**
 * Every command's plan, step by step, through the real istiod and a real Envoy: before it, after each write in the
 * plan's order, and at the end, whoever is said to gain or lose, and somebody of each kind on each route, fares at the
 * gateways as the engine says; what the plan says of both ends is so; and no step lets through what neither end does.
 *
 * `KFDOOR_PLAN=text` runs those alone whose name has it.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  type Asked,
  askedInside,
  askedOf,
  expected,
  now,
  seen,
  standingOf,
} from '../conformance/envoy/as-caller.ts'
import { someOf } from '../conformance/envoy/some-rows.ts'
import { type Standing, startWholeDoors, type WholeDoor } from '../conformance/envoy/whole-door.ts'
import { type Istiod, startIstiod } from '../conformance/istiod/ask-istiod.ts'
import { ensureOracle } from '../conformance/istiod/build-oracle.ts'
import { wholeByIstiod } from '../conformance/istiod/whole-writer.ts'
import { releaseSignIn } from '../src/compose/release-answers.ts'
import type { MeshInput } from '../src/mesh/index.ts'
import { applyChanges, type Plan, readRawDoor } from '../src/planner/index.ts'
import { accessMap, type Witness } from '../src/regions/index.ts'
import { planFor } from './change/intent-world.ts'
import { type Planned, planned } from './change/planned.ts'

const only = process.env.KFDOOR_PLAN ?? ''

let istiod: Istiod
before(async () => {
  istiod = startIstiod(await ensureOracle())
})
after(() => istiod?.close())

for (const [name, command] of Object.entries(planned)) {
  if (!name.includes(only)) continue
  test(`${name}: every step, through istiod and Envoy`, { timeout: 900_000 }, async (context) => {
    const told = await walked(name, command)
    context.diagnostic(
      `${told.moments} moments, ${told.asked} requests, ${told.arrived} of them arrive, ${told.unknown} unknown`,
    )
    assert.ok(told.asked > 50 && told.moments >= 2)
  })
}

async function walked(name: string, { world, intend }: Planned) {
  const start = world()
  const plan = planFor(start, { changes: intend(start), risks: [], callers: [] }, name)
  const rows = [start.door.inputs]
  for (const change of plan.spec.changes) rows.push(applyChanges(rows.at(-1) ?? [], [change], 'new.yaml'))
  const moments = rows.map((texts): Standing => ({ ...standingOf(texts), yaml: onceEach(texts) }))
  const questions = questionsOf(plan, moments[0] as Standing)
  const told = { moments: moments.length, asked: 0, arrived: 0, unknown: 0 }
  const excess = plan.spec.risks.some((risk) => /^after change \d+ and until the last one/.test(risk))
  const wrong: string[] = []
  const { doors, close } = await startWholeDoors(moments, {
    writer: wholeByIstiod(istiod, ({ kind }) => kind === 'gateway'),
  })
  try {
    for (const { principal, witness, ends } of questions) {
      const about = `${principal} ${witness.method} ${witness.url} ${JSON.stringify(witness.headers)}`
      const fates: (string | undefined)[] = []
      for (const [at, standing] of moments.entries()) {
        const asked = requestOf(principal, witness, standing)
        if (asked === undefined) {
          fates.push(undefined)
          continue
        }
        const { proxy, port, sent, answers, claimed } = asked
        const whole = doors[at] as WholeDoor
        assert.equal(whole.refusal(proxy, port), undefined)
        const end = at === 0 ? ends?.[0] : at === moments.length - 1 ? ends?.[1] : undefined
        // What the door lets through an application behind it may refuse.
        if (end !== undefined && end !== claimed.verdict && claimed.verdict !== 'allow') {
          wrong.push(`step ${at}: ${about}: the plan says ${end}, the engine ${claimed.verdict}`)
        }
        const got = await whole.ask(proxy, port, sent, answers)
        told.asked++
        if (claimed.verdict === 'unknown') told.unknown++
        else if (seen(got, expected(claimed)) !== expected(claimed)) {
          const said = `${expected(claimed)} (${claimed.reason})`
          wrong.push(`step ${at}: ${about}: the engine says ${said}, Envoy ${seen(got, 'echo')}`)
        }
        const arrived = 'status' in got && got.body.startsWith('echo ') && got.status === 200
        if (arrived) told.arrived++
        fates.push(arrived ? got.body : 'no')
      }
      const [was, is] = [fates[0], fates.at(-1)]
      for (const [at, fate] of fates.entries()) {
        if (excess || fate === undefined || fate === 'no' || fate === was || fate === is) continue
        wrong.push(`step ${at}: ${about}: arrives at ${fate}; before ${was}, at the end ${is}`)
      }
    }
  } finally {
    await close()
  }
  assert.deepEqual(wrong.slice(0, 15), [], `${wrong.length} of ${told.asked}`)
  return told
}

/** Of two objects of one name the later, as a cluster has it. */
const onceEach = (texts: readonly MeshInput[]): string =>
  readRawDoor(texts)
    .objects.map(({ object }) => JSON.stringify(object))
    .join('\n---\n')

interface Asking {
  readonly principal: string
  readonly witness: Witness
  /** What the plan says of it, before and after. */
  readonly ends?: readonly [string, string]
}

/** Whoever the plan says something of, and somebody of each kind on each route of the door before. */
function questionsOf({ spec: { access } }: Plan, { mesh, engine }: Standing): readonly Asking[] {
  const differences = [...access.gained, ...access.lost, ...access.changed].map(
    ({ principal, witness, from, to }): Asking => ({ principal, witness, ends: [from.verdict, to.verdict] }),
  )
  const signIn = releaseSignIn(mesh)
  const map = accessMap(mesh, { ...engine, now, ...(signIn && { signIn }) })
  return [...differences, ...someOf(map, 1).map(({ principal, witness }) => ({ principal, witness }))]
}

/** undefined = it is not at a port of a gateway that can be dialled from here. */
function requestOf(principal: string, witness: Witness, standing: Standing): Asked | undefined {
  if (principal.startsWith('mesh:') || (witness.from && !witness.from.startsWith('127.'))) return undefined
  if (principal.startsWith('outside')) return askedInside(principal, witness, standing)
  const gateway = standing.door.gateways.find(({ labels }) => labels.istio === 'ingressgateway')
  return gateway && askedOf(gateway, principal, witness, standing)
}
