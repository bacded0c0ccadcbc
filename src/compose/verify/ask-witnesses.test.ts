/** What goes over the wire: who says it asks, how fast, and with whose credential. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { parse } from 'yaml'
import { createAgent } from '../../client/index.ts'
import { parseMesh } from '../../mesh/index.ts'
import { compileDoor, type Principal, parsePrincipal } from '../../policy/index.ts'
import {
  type AskOptions,
  asFixture,
  askWitnesses,
  createSend,
  type PredictedWitness,
  planWitnesses,
  predict,
} from './index.ts'

interface Got {
  readonly line: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}
const got: Got[] = []
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (part: Buffer) => {
    body += part.toString()
  })
  request.on('end', () => {
    got.push({ line: `${request.method} ${request.url}`, headers: request.headers, body })
    const answered = {
      server: 'istio-envoy',
      'x-envoy-upstream-service-time': '1',
      'set-cookie': 'session=secret',
    }
    const again = got.filter(({ line }) => line.endsWith(' /kept')).length
    if (request.url === '/closed' || (request.url === '/kept' && again === 1)) response.destroy()
    else response.writeHead(200, answered).end('x'.repeat(100_000))
  })
})
const agent = createAgent({ clock: Date.now })
let address = new URL('http://127.0.0.1')
before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  address = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
})
after(async () => {
  await agent.close()
  server.close()
})
beforeEach(() => void got.splice(0))

const as = (text: string) => parsePrincipal(text) as Principal
const nobodys = { probeForged: true, ownNamespaces: ['mine'], wake: true, allowPost: true, mint: true }
const witness = (method: string, url: string, over: Partial<PredictedWitness> = {}): PredictedWitness => ({
  principal: as('anonymous'),
  witness: { method, url, headers: [] },
  prediction: { verdict: 'allow', reason: 'allowed' },
  ...over,
})

async function ask(witnesses: readonly PredictedWitness[], over: Partial<AskOptions> = {}) {
  const waits: number[] = []
  const verified = await askWitnesses(planWitnesses(witnesses, as('user:me@example.com'), nobodys), {
    send: createSend(agent, address),
    credential: async ({ principal }): Promise<Record<string, string>> =>
      principal.kind === 'anonymous' ? {} : { cookie: 'mine=1' },
    rate: 10,
    wait: async (ms) => void waits.push(ms),
    clock: () => 0,
    ...over,
  })
  return { ...verified, waits }
}

test('every request says kfdoor-verify, under the witness’s host, path as it stands', async () => {
  await ask([witness('GET', 'https://kubeflow.example.com/a/../%2e%2e/b//c?x=1')])
  assert.equal(got[0]?.line, 'GET /a/../%2e%2e/b//c?x=1')
  assert.equal(got[0]?.headers['user-agent'], 'kfdoor-verify')
  assert.equal(got[0]?.headers.host, 'kubeflow.example.com')
})

test('a witness cannot change who says it asks', async () => {
  const headers = [['User-Agent', 'curl/8'] as const]
  await ask([witness('GET', 'http://h/', { witness: { method: 'GET', url: 'http://h/', headers } })])
  assert.equal(got[0]?.headers['user-agent'], 'kfdoor-verify')
})

test('never faster than the rate, one after the other', async () => {
  const { waits } = await ask(['/1', '/2', '/3', '/4'].map((path) => witness('GET', `http://h${path}`)))
  assert.deepEqual(waits, [100, 200, 300])
})

test('the same request is sent once', async () => {
  const { agreements } = await ask([witness('GET', 'http://h/a'), witness('GET', 'http://h/a')])
  assert.equal(got.length, 1)
  assert.equal(agreements.length, 1)
})

test('a POST has an empty body', async () => {
  await ask([witness('POST', 'http://h/a')])
  assert.deepEqual([got[0]?.line, got[0]?.body, got[0]?.headers['content-length']], ['POST /a', '', '0'])
})

test('nobody’s request carries no credential, one’s own carries one’s own', async () => {
  await ask([
    witness('GET', 'http://h/a'),
    witness('GET', 'http://h/a', { principal: as('user:me@example.com') }),
  ])
  assert.deepEqual(
    got.map(({ headers }) => headers.cookie),
    [undefined, 'mine=1'],
  )
})

test('what has no credential is listed, with the reason', async () => {
  const { notAsked } = await ask([witness('GET', 'http://h/a', { principal: as('sa:team/x') })], {
    credential: async () => 'nobody may ask for it',
  })
  assert.equal(got.length, 0)
  assert.equal(notAsked[0]?.why, 'nobody may ask for it')
})

test('a connection that was kept and ends just as it is used again: asked once more, but not to write', async () => {
  for (const [method, times] of [
    ['GET', 2],
    ['POST', 1],
  ] as const) {
    got.splice(0)
    const { agreements, disagreements } = await ask([witness(method, 'http://h/kept')])
    assert.deepEqual([got.length, agreements.length, disagreements.length], [times, times - 1, 2 - times])
  }
})

test('a connection that ends is an answer of its own; the fixture holds no secret and can be read back', async () => {
  const headers = [
    ['authorization', 'Bearer hidden'],
    ['x-a', '1'],
  ] as const
  const { disagreements } = await ask([
    witness('GET', 'http://h/closed', { witness: { method: 'GET', url: 'http://h/closed', headers } }),
    witness('GET', 'http://h/open', {
      prediction: {
        verdict: 'deny',
        reason: 'deny',
        by: 'AuthorizationPolicy a/b rules[0] (m.yaml:1)',
        reply: { status: 403 },
      },
    }),
  ])
  assert.equal(disagreements.length, 2)
  const text = asFixture(disagreements, 'http://h/')
  assert.doesNotMatch(text, /hidden|secret/)
  assert.match(text, /# predicted deny \(deny\), by AuthorizationPolicy a\/b .*; saw 200 from a workload/)
  const { apiVersion, kind, tests } = parse(text)
  assert.deepEqual([apiVersion, kind], ['kfdoor/v1alpha1', 'Tests'])
  assert.deepEqual(
    tests.map(({ expect }: { expect: unknown }) => expect),
    [{ verdict: 'unavailable' }, { verdict: 'allow' }],
  )
})

test('a door that is not there is told as such, and not as hundreds of disagreements', async () => {
  const gone = createSend(agent, new URL('http://127.0.0.1:1/'))
  await assert.rejects(ask([witness('GET', 'http://h/a')], { send: gone }), { code: 'ERR_PORT_CLOSED' })
})

test('a witness of an access diff can be asked too: predicted by the engine of the new YAML', async () => {
  const { mesh } = parseMesh([{ file: 'mesh.yaml', text: closed }])
  const now = 1_800_000_000
  const of = (url: string) => {
    const shown = { method: 'GET', url, headers: [] }
    const said = predict(compileDoor(mesh), as('anonymous'), shown, { answering: 'istio', now })
    assert.ok(said)
    return witness('GET', url, { prediction: said.prediction })
  }
  const { agreements, disagreements } = await ask([of('http://h/open'), of('http://h/admin')])
  assert.deepEqual(
    agreements.map(({ asked }) => asked.witness.url),
    ['http://h/open'],
  )
  const [planted] = disagreements
  assert.equal(planted?.asked.prediction.verdict, 'deny')
  assert.match(
    planted?.asked.prediction.by ?? '',
    /AuthorizationPolicy istio-system\/admins rules\[0\].*mesh\.yaml:\d+/,
  )
})

const closed = `
apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {selector: {istio: ingressgateway}, ports: [{name: http2, port: 80, targetPort: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw, namespace: apps}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: vs, namespace: apps}
spec: {hosts: ["*"], gateways: [gw], http: [{route: [{destination: {host: app.apps.svc.cluster.local, port: {number: 80}}}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: apps}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: admins, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  action: DENY
  rules: [{to: [{operation: {paths: [/admin*]}}]}]
`
