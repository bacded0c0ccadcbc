/** The embedded gateway on what a real Envoy has just decided: the same mesh, requests, and world around it. */
import { isFault } from '../../src/base/index.ts'
import type { World as CaseWorld } from '../../src/cli/cases/world.ts'
import type { Recorded } from '../compare.ts'
import { gatewayDifferences } from '../compare-gateway.ts'
import { offered } from '../contestants/envoy.ts'
import { GatewayContestant, type Surroundings } from '../contestants/gateway.ts'

export interface BesideEnvoy {
  readonly agreed: number
  /** Requests of a mesh that it does not start with. */
  readonly notServed: number
  /** One text for each disagreement. */
  readonly wrong: readonly string[]
}

/** Asks in order; the gateway is closed when this resolves. */
export async function besideEnvoy(
  mesh: string,
  world: CaseWorld,
  decisions: readonly Recorded[],
  around: Surroundings,
): Promise<BesideEnvoy> {
  // docs/differences.md: with `istio-parity` a stranger's certificate where one is optional is overlooked.
  const alike = decisions.filter(
    ({ request, expect }) => !(request.insists && expect.error === 'tls handshake failed'),
  )
  const cases = alike.map((each) => ({ ...each, request: offered(world, each.request) }))
  const contestant = new GatewayContestant(mesh, cases, around)
  const wrong: string[] = []
  try {
    for (const recorded of cases) {
      const outcome = await contestant.decide(recorded)
      const found = [...gatewayDifferences(recorded, outcome)]
      // Nothing is missing in what Envoy was seen to ask, as it may be in recordings.
      const [asked, wanted] = [outcome.checks.length, recorded.answers?.length ?? 0]
      if (asked !== wanted) found.push(`checks: got ${asked}, want ${wanted}`)
      if (found.length === 0) continue
      const { request, expect } = recorded
      wrong.push([JSON.stringify(request), ...found, `envoy: ${JSON.stringify(expect)}`].join('\n  '))
    }
  } catch (error) {
    if (!isFault(error) || error.code !== 'ERR_MESH_INVALID') throw error
    return { agreed: 0, notServed: cases.length, wrong: [] }
  } finally {
    await contestant.close()
  }
  return { agreed: cases.length - wrong.length, notServed: 0, wrong }
}
