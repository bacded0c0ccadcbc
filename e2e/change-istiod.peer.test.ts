/**
 * What `expose` plans, through the real istiod and a real Envoy: who is named gets through, nobody else does,
 * by no method, no shape of the path or of the host, with no forged header, and the engine says of every one of
 * these requests what Envoy does. Gateways and the pods of people run what istiod pushes.
 *
 * `KFDOOR_EXPOSURE=text` runs those alone whose name has it.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { askedOf, expected, seen, standingOf } from '../conformance/envoy/as-caller.ts'
import { type Standing, startWholeDoors, type WholeDoor } from '../conformance/envoy/whole-door.ts'
import { type Istiod, startIstiod } from '../conformance/istiod/ask-istiod.ts'
import { ensureOracle } from '../conformance/istiod/build-oracle.ts'
import { wholeByIstiod } from '../conformance/istiod/whole-writer.ts'
import type { ProxyIdentity } from '../src/policy/index.ts'
import { type Exposure, exposedDoor, exposures, others } from './change/exposures.ts'
import { shapesOf } from './change/shapes.ts'

const only = process.env.KFDOOR_EXPOSURE ?? ''
const chosen = exposures.filter(({ name }) => name.includes(only))
const standing = chosen.map((exposure) => standingOf(exposedDoor(exposure).door.inputs))

let istiod: Istiod
let running: Awaited<ReturnType<typeof startWholeDoors>>
before(async () => {
  istiod = startIstiod(await ensureOracle())
  const asked = ({ kind, namespace }: ProxyIdentity) => kind === 'gateway' || /-example-com$/.test(namespace)
  running = await startWholeDoors(standing, { writer: wholeByIstiod(istiod, asked) })
})
after(async () => {
  await running?.close()
  await istiod?.close()
})

for (const [index, exposure] of chosen.entries()) {
  test(`${exposure.name}: through istiod and Envoy`, async (context) => {
    const told = await held(exposure, standing[index] as Standing, running.doors[index] as WholeDoor)
    context.diagnostic(`${told.asked} requests, ${told.arrived} of them arrive, ${told.unknown} unknown`)
    assert.ok(told.arrived > 0 && told.asked > told.arrived)
  })
}

async function held({ call, may, arrives, ask }: Exposure, door: Standing, whole: WholeDoor) {
  const told = { asked: 0, arrived: 0, unknown: 0 }
  const wrong: string[] = []
  const gateway = door.door.gateways.find(({ labels }) => labels.istio === 'ingressgateway')
  assert.ok(gateway)
  const put = async (principal: string, method: string, host: string, path: string, must: boolean) => {
    const witness = { method, url: `http://${host}${path}`, headers: [] }
    const request = askedOf(gateway, principal, witness, door)
    assert.ok(request, 'nothing listens')
    const { proxy, port, sent, answers, claimed } = request
    assert.equal(whole.refusal(proxy, port), undefined)
    const got = await whole.ask(proxy, port, sent, answers)
    const about = `${principal} ${method} ${host} ${path}`
    const words = 'error' in got ? got.error : `${got.status} ${got.body.slice(0, 80)}`
    told.asked++
    if (claimed.verdict === 'unknown') told.unknown++
    else if (seen(got, expected(claimed)) !== expected(claimed)) {
      wrong.push(`${about}: the engine says ${expected(claimed)} (${claimed.reason}), Envoy ${words}`)
    }
    const arrived = 'status' in got && got.status === 200 && got.body.startsWith(`echo ${arrives}`)
    if (arrived) told.arrived++
    const [plain = ''] = principal.split('+forged')
    const allowed = may.includes(plain) && (ask.methods ?? [call.method]).includes(method)
    if (arrived && !allowed) wrong.push(`${about}: arrives`)
    if (must && !arrived) wrong.push(`${about}: does not arrive: ${words}`)
  }
  const { method, host, path } = call
  for (const shape of shapesOf(host, path)) {
    for (const principal of new Set([...may, ...others])) {
      for (const each of [principal, `${principal}+forged`]) {
        await put(each, method, shape.host, shape.path, shape.same === true && may.includes(principal))
      }
    }
  }
  for (const other of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'post']) {
    if (other === method || ask.kind === 'notebook') continue
    for (const principal of new Set([...may, ...others])) await put(principal, other, host, path, false)
  }
  for (const principal of ['anonymous', 'anonymous+forged']) await put(principal, 'GET', host, '/', false)
  assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} of ${told.asked}`)
  return told
}
