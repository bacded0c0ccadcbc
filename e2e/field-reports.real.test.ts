/**
 * The field reports' own steps and the commands in their place, at a real Envoy that stands for the whole door
 * before and after: whoever is said to gain, lose or come otherwise does, at both. docs/change.md has the table.
 */

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { askedOf, expected, now, seen, standingOf } from '../conformance/envoy/as-caller.ts'
import { type Standing, startWholeDoors, type WholeDoor } from '../conformance/envoy/whole-door.ts'
import { viewOptions } from '../src/cli/map/view-options.ts'
import { parsePrincipal } from '../src/policy/index.ts'
import { type Difference, diffAccess } from '../src/regions/index.ts'
import { afterwards, reportedWays } from './change/reports.ts'

const standings = reportedWays.flatMap((each) => [
  standingOf(each.world.door.inputs),
  standingOf(afterwards(each)),
])
const { doors, close } = await startWholeDoors(standings)
after(close)

const optionsOf = ({ mesh, engine }: Standing) => ({ ...viewOptions(mesh), ...engine })
/** Whom report 004 is about. */
const ci = parsePrincipal('sa:team-a/ci,aud=istio-ingressgateway.istio-system.svc.cluster.local')

for (const [index, { report, way }] of reportedWays.entries()) {
  test(`${report}, ${way}: what is said of it is so at Envoy`, async (context) => {
    const sides = [0, 1].map((side) => ({
      standing: standings[index * 2 + side] as Standing,
      whole: doors[index * 2 + side] as WholeDoor,
    }))
    const [old, fresh] = sides.map(({ standing }) => standing) as [Standing, Standing]
    const diff = diffAccess(old.mesh, fresh.mesh, {
      now,
      old: optionsOf(old),
      new: optionsOf(fresh),
      ...(ci && { principals: [ci] }),
    })
    const ways: readonly Difference[] = [...diff.gained, ...diff.lost, ...diff.changed]
    let asked = 0
    const wrong: string[] = []
    // What comes from pods does not come by a port of the gateway that can be dialled from here.
    for (const each of ways.filter(({ principal }) => !/^(mesh:|outside)/.test(principal))) {
      for (const [side, fate] of [each.from, each.to].entries()) {
        const { standing, whole } = sides[side] as (typeof sides)[number]
        const gateway = standing.door.gateways.find(({ labels }) => labels.istio === 'ingressgateway')
        assert.ok(gateway)
        const about = `${side === 0 ? 'before' : 'after'}: ${each.principal} ${each.witness.method} ${each.witness.url}`
        const request = askedOf(gateway, each.principal, each.witness, standing)
        if (request === undefined) {
          assert.equal(fate.verdict, 'unavailable', about)
          continue
        }
        const want = expected(request.claimed)
        const got = seen(await whole.ask(gateway, request.port, request.sent, request.answers), want)
        asked++
        if (got !== want || request.claimed.verdict !== fate.verdict)
          wrong.push(
            `${about}: said ${fate.verdict}, the engine ${request.claimed.verdict} ${want}, Envoy ${got}`,
          )
      }
    }
    assert.deepEqual(wrong.slice(0, 10), [], `${wrong.length} of ${asked}`)
    context.diagnostic(`${ways.length} differences, ${asked} requests`)
    if (!/split-gateway/.test(way)) assert.ok(asked > 0)
  })
}
