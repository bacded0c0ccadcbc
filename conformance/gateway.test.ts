/**
 * The embedded gateway, as `kfdoor serve gateway --hardening istio-parity` runs it, against what a
 * real istiod and Envoy did: real sockets, TLS and certificates, authorizers and workloads.
 * `compare-gateway.ts` says what is compared, docs/differences.md what may differ and why.
 *
 * Of each configuration a few cases are asked, one of each outcome first; `CONFORMANCE=all` asks all.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isFault } from '../src/base/index.ts'
import type { Recorded } from './compare.ts'
import { gatewayDifferences } from './compare-gateway.ts'
import { GatewayContestant } from './contestants/gateway.ts'
import { onlyBeside, openRecordings } from './families.ts'
import { startWorld } from './world/world.ts'

const whole = process.env.CONFORMANCE === 'all'
/** Cases of one configuration that are asked in a short run. */
const few = 4

const recordings = openRecordings(Date.now() / 1000)
const world = startWorld()
after(() => world.close())
/** The service of a random mesh that names a port `grpc`. */
const speaksHttp2 = (cluster: string) => cluster.startsWith('outbound|81|')
let agreed = 0
let asked = 0

for (const name of recordings.families) {
  test(`the gateway agrees with the recorded decisions of ${name}`, async (context) => {
    const family = recordings.read(name)
    const wrong: string[] = []
    let compared = 0
    for (const [config, cases] of byConfiguration(family.cases)) {
      const chosen = whole ? cases : spread(cases)
      const { file, jwksUris: jwks } = recordings
      const around = { world, file, jwks, ...(name === 'istiod-random' && { http2: speaksHttp2 }) }
      const contestant = new GatewayContestant(family.config(config), chosen, around)
      for (const recorded of chosen) {
        compared++
        const found = await differences(contestant, recorded)
        if (found.length > 0) wrong.push(`${recorded.id}\n  ${found.join('\n  ')}`)
      }
      await contestant.close()
    }
    asked += compared
    agreed += compared - wrong.length
    context.diagnostic(`${compared - wrong.length} of ${compared} agree`)
    const shown = wrong.slice(0, 5).join('\n')
    assert.equal(wrong.length, 0, `${wrong.length} of ${compared} differ, first of all\n${shown}`)
  })
}

for (const name of onlyBeside) {
  if (recordings.from === 'beside') continue
  test(`the gateway and ${name} (left out: no shared folder beside the checkout)`, { skip: true }, () => {})
}

test('every configuration was put to the gateway', (context) => {
  context.diagnostic(`${agreed} of ${asked} decisions agree (${recordings.from}${whole ? ', all' : ''})`)
  assert.ok(asked > (whole ? 35_000 : 5_000), `only ${asked} decisions were compared`)
})

function byConfiguration(cases: readonly Recorded[]): ReadonlyMap<string, readonly Recorded[]> {
  return Map.groupBy(cases, ({ config }) => config)
}

/** One case of each outcome, then more from all over the list. */
function spread(cases: readonly Recorded[]): readonly Recorded[] {
  const outcomes = Map.groupBy(cases, ({ expect }) =>
    JSON.stringify([expect.status, expect.error, expect.upstream, expect.checks?.length, expect.mirrors]),
  )
  const chosen = new Set([...outcomes.values()].map(([first]) => first as Recorded).slice(0, few))
  const step = Math.max(1, Math.floor(cases.length / few))
  for (let at = 0; chosen.size < Math.min(few, cases.length) && at < cases.length; at += step) {
    chosen.add(cases[at] as Recorded)
  }
  return [...chosen]
}

/** A configuration that istiod's webhook refuses may be refused here too. */
async function differences(contestant: GatewayContestant, recorded: Recorded): Promise<readonly string[]> {
  // docs/differences.md: a stranger's certificate where one is optional is overlooked.
  if (recorded.request.insists && recorded.expect.error === 'tls handshake failed') return []
  try {
    return gatewayDifferences(recorded, await contestant.decide(recorded))
  } catch (error) {
    if (!isFault(error)) throw error
    if (error.code === 'ERR_MESH_INVALID' && recorded.tags.includes('webhook-rejects')) return []
    if (error.code === 'ERR_NO_GATEWAY' && recorded.expect.error === 'connect: refused') return []
    return [`refused: ${error.message}`]
  }
}
