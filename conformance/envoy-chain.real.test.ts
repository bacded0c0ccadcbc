/**
 * The sidecar hop, shown: two chained Envoys speak mutual TLS with SPIFFE certificates, and what comes
 * of each request (status, body, what the workload saw) has to be what the engine says of the whole way.
 *
 * `KFDOOR_SEED` repeats the random part.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { type Caller, type Chain, type ChainRequest, startChains } from './envoy/chain.ts'
import { decideChain } from './envoy/decide-chain.ts'
import { chainRequest, sidecarPolicies } from './envoy/random-chain.ts'

const workload = (name: string, labels = '') => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: team-a }
spec: { selector: { app: ${name} }, ports: [{ name: http, port: 80, targetPort: 8000 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: team-a }
spec: { template: { metadata: { labels: { app: ${name}, version: v1${labels} } }, spec: { serviceAccountName: ${name}, containers: [{ name: c, image: c, ports: [{ containerPort: 8000 }] }] } } }
---`
const policy = (name: string, app: string, action: string, rules: string) => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: team-a }
spec: { selector: { matchLabels: { app: ${app} } }, action: ${action}, rules: ${rules} }
---`
const door = `
apiVersion: v1
kind: Namespace
metadata: { name: team-a, labels: { istio-injection: enabled } }
---
apiVersion: v1
kind: Service
metadata: { name: istio-ingressgateway, namespace: istio-system }
spec: { selector: { istio: ingressgateway }, ports: [{ name: http2, port: 80, targetPort: 8080 }] }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: gw, namespace: istio-system }
spec: { selector: { istio: ingressgateway }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: vs, namespace: team-a }
spec:
  hosts: ["*"]
  gateways: [istio-system/gw]
  http:
  - { match: [{ uri: { prefix: /closed } }], route: [{ destination: { host: closed } }] }
  - { match: [{ uri: { prefix: /bare } }], route: [{ destination: { host: bare } }] }
  - { match: [{ uri: { prefix: /subset } }], route: [{ destination: { host: named, subset: v1 } }] }
  - { match: [{ uri: { prefix: /named } }], route: [{ destination: { host: named } }] }
  - match: [{ uri: { prefix: /alice/ } }]
    rewrite: { uri: / }
    headers: { request: { set: { kubeflow-userid: alice@example.com } } }
    route: [{ destination: { host: web } }]
  - match: [{ uri: { prefix: /nobody/ } }]
    rewrite: { uri: /, authority: inner.test }
    headers: { request: { remove: [kubeflow-userid] } }
    route: [{ destination: { host: web } }]
  - { match: [{ uri: { exact: /teapot } }], directResponse: { status: 418, body: { string: short } } }
  - { match: [{ uri: { prefix: / } }], route: [{ destination: { host: web } }] }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: named, namespace: team-a }
spec: { host: named.team-a.svc.cluster.local, subsets: [{ name: v1, labels: { version: v1 } }] }
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: team-a }
spec: { mtls: { mode: STRICT } }
---${workload('web')}${workload('closed')}${workload('named')}${workload('bare', ', sidecar.istio.io/inject: "false"')}`

const ingress = 'cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account'
const table =
  door +
  policy(
    'closed',
    'closed',
    'ALLOW',
    '[{ from: [{ source: { principals: ["cluster.local/ns/team-b/sa/client"] } }] }]',
  ) +
  policy('bare', 'bare', 'ALLOW', '[]') +
  policy(
    'named',
    'named',
    'ALLOW',
    '[{ when: [{ key: connection.sni, values: ["outbound_.80_._.named.team-a.svc.cluster.local"] }] }]',
  ) +
  policy(
    'never',
    'web',
    'DENY',
    '[{ to: [{ operation: { paths: ["/secret", "/secret/*"] } }] }, { to: [{ operation: { methods: [DELETE] } }], from: [{ source: { notNamespaces: [team-b] } }] }, { to: [{ operation: { hosts: ["inner.test"], paths: ["/hidden"] } }] }, { from: [{ source: { remoteIpBlocks: ["10.6.6.6"] } }] }]',
  ) +
  policy(
    'web',
    'web',
    'ALLOW',
    `[
    { from: [{ source: { principals: ["${ingress}"] } }], to: [{ operation: { methods: [GET], paths: ["/public", "/public/*"] } }] },
    { from: [{ source: { namespaces: [istio-system] } }], when: [{ key: "request.headers[kubeflow-userid]", values: [alice@example.com] }] },
    { from: [{ source: { namespaces: [team-b] } }], to: [{ operation: { ports: ["8000"], notPaths: ["/public*"] } }] },
    { from: [{ source: { serviceAccounts: [team-c/runner] } }], to: [{ operation: { methods: ["P*"] } }] }
  ]`,
  )

const alice = 'kubeflow-userid: alice@example.com'
const denied = '403 RBAC: access denied'
const failed = 'tls handshake failed'
const rows: readonly (readonly [caller: Caller, method: string, path: string, headers: string, want: string, why: string])[] = [
  ['gateway', 'GET', '/public', '', '200 echo web', 'the gateway’s principal'],
  ['gateway', 'GET', '/public/a?b=c', '', '200 echo web', 'a prefix, without the query'],
  ['gateway', 'POST', '/public/a', '', denied, 'another method'],
  ['gateway', 'GET', '/publicity', '', denied, 'another path'],
  ['gateway', 'GET', '/public/../other', '', denied, 'the path is made plain before it is matched'],
  ['gateway', 'GET', '//public', '', denied, 'slashes are not merged unless the mesh asks for it'],
  ['gateway', 'GET', '/%70ublic', '', '200 echo web', 'escapes are undone'],
  ['gateway', 'GET', '/other', '', denied, 'no identity'],
  ['gateway', 'GET', '/other', alice, '200 echo web', 'the identity header'],
  ['gateway', 'POST', '/other', alice, '200 echo web', 'with any method'],
  ['gateway', 'GET', '/other', 'Kubeflow-UserId: alice@example.com', '200 echo web', 'whatever its case'],
  ['gateway', 'GET', '/other', 'kubeflow-userid: bob@example.com', denied, 'another identity'],
  ['gateway', 'GET', '/other', `${alice}\n${alice}`, '200 echo web', 'the header twice: each value counts by itself'],
  ['gateway', 'GET', '/alice/x', '', '200 echo web', 'the gateway sets the identity'],
  ['gateway', 'GET', '/alice/x', 'kubeflow-userid: bob@example.com', '200 echo web', 'in place of the client’s own'],
  ['gateway', 'GET', '/nobody/x', alice, denied, 'the gateway takes the identity away'],
  ['gateway', 'GET', '/nobody/public', alice, '200 echo web', 'the rewritten path and host are what the sidecar sees'],
  ['gateway', 'GET', '/nobody/hidden', alice, denied, 'a DENY on the rewritten host'],
  ['gateway', 'GET', '/secret/x', alice, denied, 'DENY comes before ALLOW'],
  ['gateway', 'GET', '/secretly', alice, '200 echo web', 'and is about its paths alone'],
  ['gateway', 'DELETE', '/other', alice, denied, 'a DENY of a method'],
  ['gateway', 'GET', '/closed', alice, denied, 'a workload that does not know the gateway'],
  ['gateway', 'GET', '/bare/secret', '', '200 echo bare', 'without sidecar no policy holds'],
  ['gateway', 'GET', '/named', '', '200 echo named', 'the server name the gateway dials with'],
  ['gateway', 'GET', '/subset', '', denied, 'a subset is part of that name'],
  ['gateway', 'GET', '/teapot', '', '418 short', 'the gateway answers itself'],
  ['gateway', 'GET', '/public', 'x-forwarded-client-cert: By=spiffe://cluster.local/ns/team-b/sa/client;URI=spiffe://cluster.local/ns/team-b/sa/client', '200 echo web', 'the client’s own word about a certificate goes no further'],
  ['gateway', 'GET', '/other', 'x-forwarded-client-cert: URI=spiffe://cluster.local/ns/team-b/sa/client', denied, 'and makes it nobody'],
  ['gateway', 'GET', '/public', 'x-forwarded-for: 10.6.6.6', '200 echo web', 'the client’s own word about its address is not the last one'],
  ['gateway', 'GET', '/public', 'x-envoy-original-path: /secret', '200 echo web', 'nor are headers of the proxy’s own'],
  ['team-b/client', 'GET', '/other', 'x-forwarded-for: 10.6.6.6', denied, 'a sidecar believes who is in the mesh'],
  ['team-b/client', 'GET', '/other', '', '200 echo web', 'a neighbour of the mesh'],
  ['team-b/client', 'DELETE', '/other', '', '200 echo web', 'may what the gateway may not'],
  ['team-b/client', 'GET', '/public', '', denied, 'and not what only the gateway may'],
  ['team-b/client', 'GET', '/secret', '', denied, 'DENY is for all'],
  ['team-c/runner', 'PUT', '/x', '', '200 echo web', 'a service account'],
  ['team-c/runner', 'GET', '/x', '', denied, 'with its methods'],
  ['team-c/other', 'PUT', '/x', alice, denied, 'another account; the header alone is nothing'],
  ['no certificate', 'GET', '/public', alice, failed, 'STRICT wants a certificate'],
  ['foreign certificate', 'GET', '/public', alice, failed, 'of the mesh’s own authority'],
  ['plain text', 'GET', '/public', alice, 'connection closed without response', 'STRICT takes no plain text'],
] // biome-ignore format: a table

const seed = Number(process.env.KFDOOR_SEED ?? Math.trunc(Math.random() * 2 ** 31))
const meshes = 12
const requestsEach = 300
const random = fc
  .sample(sidecarPolicies(ingress), { seed, numRuns: meshes })
  .map((policies) => `${door}\n${policies.map((each) => JSON.stringify(each)).join('\n---\n')}`)
const requests = fc.sample(chainRequest, { seed, numRuns: meshes * requestsEach })

let chains: readonly Chain[]
let close: () => Promise<void>
before(async () => {
  ;({ chains, close } = await startChains([table, ...random]))
})
after(() => close?.())

for (const [caller, method, path, written, want, why] of rows) {
  test(`${caller}: ${method} ${path}: ${why}`, async () => {
    const [chain] = chains as readonly [Chain]
    const headers = written
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(/: (.*)/s, 2) as [string, string])
    const request: ChainRequest = { caller, method, path, headers }
    const seen = await chain.ask(request)
    assert.equal('error' in seen ? seen.error : `${seen.status} ${seen.body}`, want)
    assert.deepEqual(decideChain(chain.door, request), seen)
  })
}

test('random policies at the sidecar, random requests', async (context) => {
  context.diagnostic(
    `seed ${seed}: KFDOOR_SEED=${seed} npm run test:real -- conformance/envoy-chain.real.test.ts`,
  )
  const told = new Map<string, number>()
  for (const [index, chain] of chains.slice(1).entries()) {
    for (const request of requests.slice(index * requestsEach, (index + 1) * requestsEach)) {
      const seen = await chain.ask(request)
      const about = `${random[index]?.slice(door.length)}\n${JSON.stringify(request)}`
      assert.deepEqual(decideChain(chain.door, request), seen, about)
      const outcome = 'error' in seen ? seen.error : String(seen.status)
      told.set(outcome, (told.get(outcome) ?? 0) + 1)
    }
  }
  const outcomes = [...told].map(([outcome, count]) => `${outcome}: ${count}`).join(', ')
  context.diagnostic(`${meshes * requestsEach} requests over ${meshes} meshes agree (${outcomes})`)
  for (const outcome of ['200', '403', failed, 'connection closed without response'])
    assert.ok((told.get(outcome) ?? 0) > 20, `${outcome} is hardly ever met`)
})
