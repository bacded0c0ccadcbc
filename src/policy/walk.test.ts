/** The whole way: gateway, next gateway, sidecar, workload. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aContext, aDoorRequest, meshOf } from './builders.test.ts'
import { compileDoor } from './door.ts'
import { decideFromInside } from './from-inside.ts'
import type { PathDecision } from './hop.ts'
import { decidePath } from './walk.ts'

const world = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: istio-ingressgateway, namespace: istio-system }
spec: { template: { metadata: { labels: { istio: ingressgateway } }, spec: { serviceAccountName: ingress, containers: [{ name: p, image: auto }] } } }
---
apiVersion: v1
kind: Service
metadata: { name: istio-ingressgateway, namespace: istio-system }
spec: { selector: { istio: ingressgateway }, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: local-gateway, namespace: istio-system }
spec: { template: { metadata: { labels: { istio: local } }, spec: { serviceAccountName: local, containers: [{ name: p, image: auto }] } } }
---
apiVersion: v1
kind: Service
metadata: { name: local-gateway, namespace: istio-system }
spec: { selector: { istio: local }, ports: [{ port: 80, targetPort: 8081 }] }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: gw, namespace: apps }
spec: { selector: { istio: ingressgateway }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }] }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: local, namespace: apps }
spec: { selector: { istio: local }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: vs, namespace: apps }
spec:
  hosts: ["*"]
  gateways: [gw]
  http:
  - { match: [{ uri: { prefix: /model } }], rewrite: { uri: /, authority: model.apps }, route: [{ destination: { host: local-gateway.istio-system.svc.cluster.local } }] }
  - { match: [{ uri: { prefix: /loop } }], route: [{ destination: { host: istio-ingressgateway.istio-system.svc.cluster.local } }] }
  - { match: [{ uri: { prefix: /gone } }], route: [{ destination: { host: gone } }] }
  - { route: [{ destination: { host: web } }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: second, namespace: apps }
spec: { hosts: [model.apps], gateways: [local], http: [{ route: [{ destination: { host: revision } }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: apps }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8000 }] }
---
apiVersion: v1
kind: Service
metadata: { name: gone, namespace: apps }
spec: { selector: { app: gone }, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: revision, namespace: apps }
spec: { ports: [{ port: 80, targetPort: 8012 }] }
---
apiVersion: v1
kind: Service
metadata: { name: revision-private, namespace: apps }
spec: { selector: { app: revision }, ports: [{ port: 80, targetPort: 8012 }] }
---
${pod('revision')}
---
`

function pod(app: string, labels = '', annotations = ''): string {
  return `
apiVersion: v1
kind: Pod
metadata: { name: ${app}, namespace: apps, labels: { app: ${app} ${labels} }, annotations: { ${annotations} } }
spec: { serviceAccountName: ${app}, containers: [{ name: c, image: c, ports: [{ containerPort: 8000 }] }] }
---`
}
const namespace = (labels: string) => `
apiVersion: v1
kind: Namespace
metadata: { name: apps, labels: { ${labels} } }
---`
const injected = namespace('istio-injection: enabled')
const allow = (app: string, principal: string) => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${app}, namespace: apps }
spec: { selector: { matchLabels: { app: ${app} } }, rules: [{ from: [{ source: { principals: ["${principal}"] } }] }] }
---`

function walk(yaml: string, path: string): PathDecision {
  return decidePath(compileDoor(meshOf(world + yaml)), aDoorRequest({ path }), aContext())
}

const ways: readonly (readonly [yaml: string, path: string, want: string, why: string])[] = [
  [pod('web'), '/', 'allow at hop 1 of 1: no-sidecar', 'no injection, so no policy'],
  [injected + pod('web'), '/', 'allow at hop 2 of 2', 'the sidecar has no policy'],
  [injected + pod('web', ', sidecar.istio.io/inject: "false"'), '/', 'allow at hop 1 of 1: no-sidecar', 'the pod’s own word counts'],
  [pod('web', ', sidecar.istio.io/inject: "true"'), '/', 'allow at hop 2 of 2', 'the pod’s label asks for it'],
  [pod('web', '', 'sidecar.istio.io/inject: "true"'), '/', 'allow at hop 1 of 1: no-sidecar', 'an annotation alone calls no webhook'],
  [injected + pod('web', '', 'sidecar.istio.io/inject: "false"'), '/', 'allow at hop 1 of 1: no-sidecar', 'but it can refuse'],
  [injected + pod('web', '', 'traffic.sidecar.istio.io/excludeInboundPorts: "1, 8000"'), '/', 'allow at hop 1 of 1: port-not-captured', 'a port left out'],
  [injected + pod('web', '', 'traffic.sidecar.istio.io/includeInboundPorts: ""'), '/', 'allow at hop 1 of 1: port-not-captured', 'all left out'],
  [injected + pod('web', '', 'traffic.sidecar.istio.io/includeInboundPorts: "8000"'), '/', 'allow at hop 2 of 2', 'a port taken in'],
  [namespace('istio.io/rev: canary') + pod('web'), '/', 'allow at hop 2 of 2', 'a revision injects too'],
  [namespace('istio.io/dataplane-mode: ambient') + pod('web'), '/', 'unknown at hop 1 of 1: ambient-workload', 'ambient is not modelled'],
  [injected + pod('web') + allow('web', 'cluster.local/ns/istio-system/sa/ingress'), '/', 'allow at hop 2 of 2', 'the gateway is the caller'],
  [injected + pod('web') + allow('web', 'cluster.local/ns/apps/sa/other'), '/', 'deny at hop 2 of 2', 'and nobody else'],
  [injected + pod('web').replace('serviceAccountName', 'hostNetwork: true, serviceAccountName'), '/', 'allow at hop 1 of 1: no-sidecar', 'a pod in the node’s network is never injected'],
  ['', '/gone', 'allow at hop 1 of 1: pods-not-given', 'pods that are not in the YAML'],
  ['', '/model/x', 'allow at hop 2 of 2: no-sidecar', 'through the second gateway, past Knative’s Service'],
  [injected + allow('revision', 'cluster.local/ns/istio-system/sa/local'), '/model/x', 'unknown at hop 3 of 3: activator-differs', 'the activator may not'],
  [injected + allow('revision', '*'), '/model/x', 'allow at hop 3 of 3', 'either way'],
  [injected + allow('revision', 'cluster.local/ns/istio-system/sa/ingress'), '/model/x', 'deny at hop 3 of 3', 'the first gateway is no longer the caller'],
  ['', '/loop', 'unknown at hop 8 of 8: too-many-hops', 'a loop ends'],
] // biome-ignore format: a table
for (const [yaml, path, want, why] of ways) {
  test(`${path}: ${why}`, () => {
    const result = walk(yaml, path)
    const [head = '', reason] = want.split(': ')
    const { length } = result.hops
    assert.equal(`${result.verdict} at hop ${length} of ${length}`, head)
    if (reason !== undefined)
      assert.ok(result.steps.some((step) => step.reason === reason) || result.reason === reason)
  })
}

test('the second gateway sees what the first made of the request', () => {
  const [, second] = walk('', '/model/x').hops
  assert.deepEqual(
    [second?.request.host, second?.request.path, second?.request.port],
    ['model.apps', '//x', 8081],
  )
  assert.equal(second?.request.headers.find(([name]) => name === 'x-envoy-original-path')?.[1], '/model/x')
})

test('the gateway names the subset in its TLS hello, as Istio’s cluster of a subset does', () => {
  const subset = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: web, namespace: apps }
spec: { host: web, subsets: [{ name: v1, labels: { app: web } }] }
---`
  const sni = (yaml: string) =>
    decidePath(compileDoor(meshOf(yaml + injected + pod('web') + subset)), aDoorRequest(), aContext()).hops[1]
      ?.request.sni
  const toSubset = world.replace('destination: { host: web }', 'destination: { host: web, subset: v1 }')
  assert.equal(sni(world), 'outbound_.80_._.web.apps.svc.cluster.local')
  assert.equal(sni(toSubset), 'outbound_.80_.v1_.web.apps.svc.cluster.local')
})

test('a call from inside meets the sidecar with its own identity, or with none', () => {
  const door = compileDoor(
    meshOf(world + injected + pod('web') + allow('web', 'cluster.local/ns/apps/sa/other')),
  )
  const call = (name?: string) =>
    decideFromInside(door, aDoorRequest(), aContext(), {
      host: 'web.apps.svc.cluster.local',
      port: 80,
      ...(name !== undefined && { caller: { namespace: 'apps', name } }),
    }).verdict
  assert.deepEqual([call('other'), call('someone'), call()], ['allow', 'deny', 'deny'])
})

test('steps of every hop carry its number', () => {
  const { steps } = walk(injected, '/model/x')
  assert.deepEqual([...new Set(steps.map(({ hop }) => hop))], [0, 1, 2])
})

const only = allow('web', 'cluster.local/ns/istio-system/sa/ingress')
const http = `
apiVersion: v1
kind: Service
metadata: { name: older, namespace: apps, creationTimestamp: "2000-01-01T00:00:00Z" }
spec: { selector: { app: web }, ports: [{ name: http, port: 1, targetPort: 8000 }] }
---`
const rule = (host: string, policy: string, more = '', place = 'apps') => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: r${host.replace(/[^a-z]/g, '')}${place}, namespace: ${place} }
spec: { host: "${host}", trafficPolicy: { ${policy} } ${more} }
---`
const off = 'tls: { mode: DISABLE }'
const plain = injected + pod('web') + only

const noMutual = (spec: string) => `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: plain, namespace: apps }
spec: { ${spec} }
---`
const meshConfig = (text: string) => `
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "${text}" }
---`

const strict = noMutual('selector: { matchLabels: { app: web } }, mtls: { mode: STRICT }').replace(
  'plain',
  'strict',
)
const pool = 'portLevelSettings: [{ port: { number: 80 }, connectionPool: { http: { maxRetries: 1 } } }]'

const spoken: readonly (readonly [yaml: string, want: string, why: string])[] = [
  [plain, 'allow', 'mTLS by itself'],
  [plain + rule('web', off), 'deny no-allow-rule-matched', 'plain text names nobody'],
  [plain + rule('*.apps.svc.cluster.local', off), 'deny no-allow-rule-matched', 'a star covers the host'],
  [plain + rule('*.local', off) + rule('web', 'tls: { mode: ISTIO_MUTUAL }'), 'allow', 'the name itself comes before a star'],
  [plain + rule('*.local', off) + rule('*.apps.svc.cluster.local', 'tls: { mode: ISTIO_MUTUAL }'), 'allow', 'the longer star comes first'],
  [plain + rule('web.apps.svc.cluster.local', off, '', 'other'), 'allow', 'a namespace that is neither caller’s, Service’s nor root'],
  [plain + rule('web.apps.svc.cluster.local', off, '', 'istio-system'), 'deny no-allow-rule-matched', 'the root namespace’s'],
  [plain + rule('web.apps.svc.cluster.local', off, '', 'istio-system') + rule('web', 'tls: { mode: ISTIO_MUTUAL }'), 'allow', 'the Service’s own comes before the root’s, for a gateway in the root namespace too'],
  [plain + rule('web.apps.svc.cluster.local', off, ', exportTo: ["."]', 'istio-system') + rule('web', 'tls: { mode: ISTIO_MUTUAL }'), 'deny no-allow-rule-matched', 'but not before what the root keeps for itself'],
  [plain + rule('web', off, ', exportTo: ["."]'), 'allow', 'kept in its own namespace, where the gateway is not'],
  [plain + rule('web', `${off}, portLevelSettings: [{ port: { number: 80 }, tls: { mode: ISTIO_MUTUAL } }]`), 'allow', 'the port’s own word'],
  [plain + rule('web', `tls: { mode: SIMPLE }, ${pool}`), 'deny no-allow-rule-matched', 'a port’s settings leave nothing of the policy, but the endpoints are not marked for mTLS'],
  [plain + rule('web', `tls: { mode: ISTIO_MUTUAL }, ${pool}`), 'allow', 'and are marked by what the policy says beside them'],
  [plain + rule('web', `tls: { mode: ISTIO_MUTUAL }, ${pool}`) + meshConfig('enableAutoMtls: false'), 'deny no-allow-rule-matched', 'where the mesh has mTLS by itself'],
  [plain + rule('web', pool), 'allow', 'where neither says anything the pod decides'],
  [plain + rule('web', `${off}, portLevelSettings: [{ port: { number: 81 }, tls: { mode: ISTIO_MUTUAL } }]`), 'deny no-allow-rule-matched', 'another port’s'],
  [plain + rule('web', 'connectionPool: { http: { maxRetries: 1 } }') + rule('web.apps.svc.cluster.local', off), 'allow', 'the first that has a policy, whatever is in it'],
  [plain + rule('web', off) + rule('web.apps.svc.cluster.local', 'tls: { mode: ISTIO_MUTUAL }', ', exportTo: ["*"]'), 'allow', 'one exported otherwise stands alone, and the last counts'],
  [plain + rule('web', off, ', exportTo: ["other", "istio-system"]') + rule('web.apps.svc.cluster.local', 'tls: { mode: ISTIO_MUTUAL }', ', exportTo: ["istio-system"]'), 'allow', 'one exported to fewer, too'],
  [plain + rule('web', off, ', exportTo: ["istio-system"]') + rule('web.apps.svc.cluster.local', 'tls: { mode: ISTIO_MUTUAL }', ', exportTo: ["other", "istio-system"]'), 'deny no-allow-rule-matched', 'and one exported to more joins it'],
  [plain + rule('web', off, ', exportTo: ["other"]') + rule('*.local', off), 'allow', 'the name itself hides a star from whom it is not shown'],
  [plain + rule('web', 'tls: {}'), 'deny no-allow-rule-matched', 'no mode is DISABLE'],
  [`${plain}${rule('web', 'tls: { mode: SIMPLE }')}${http}`, 'unavailable tls-to-plain', 'a sidecar’s HTTP port takes no other TLS'],
  [plain + rule('web', 'tls: { mode: SIMPLE }'), 'unknown own-tls-unknown', 'on a port that is found out the pod itself would answer'],
  [pod('web') + rule('web', 'tls: { mode: ISTIO_MUTUAL }'), 'unavailable tls-to-plain', 'no sidecar takes the mTLS'],
  [pod('web') + rule('web', 'tls: { mode: SIMPLE }'), 'unknown own-tls-unknown', 'the pod may have a certificate'],
  [pod('web') + rule('web', off), 'allow', 'plain text to a pod without a sidecar'],
  [plain + noMutual('mtls: { mode: DISABLE }'), 'deny no-allow-rule-matched', 'none, and the port takes plain text alone'],
  [injected + pod('web') + noMutual('mtls: { mode: DISABLE }'), 'allow', 'none, so it is called in plain text'],
  [injected + pod('web') + noMutual('selector: { matchLabels: { app: web } }, portLevelMtls: { 8000: { mode: DISABLE } }'), 'allow', 'none, the same for one port'],
  [plain + noMutual('selector: { matchLabels: { app: web } }, portLevelMtls: { 8001: { mode: DISABLE } }'), 'allow', 'none, and another port is the plain one'],
  [plain + noMutual('mtls: { mode: DISABLE }') + strict, 'deny mtls-required', 'none, and the pod’s own policy is not asked before a namespace without mTLS is called'],
  [plain + noMutual('mtls: { mode: UNSET }') + strict, 'allow', 'none, and a namespace that leaves it open'],
  [plain + noMutual('mtls: { mode: DISABLE }').replace('namespace: apps', 'namespace: istio-system') + strict, 'deny mtls-required', 'none, and a mesh without mTLS'],
  [plain + rule('web', off) + meshConfig('defaultDestinationRuleExportTo: []'), 'deny no-allow-rule-matched', 'an empty default exports to everybody'],
  [plain + meshConfig('defaultVirtualServiceExportTo: []'), 'allow', 'none, and routes that an empty default shows everybody'],
  [plain + meshConfig("defaultServiceExportTo: ['.']"), 'unavailable destination-unknown', 'none, and a Service that is kept in its namespace'],
  [plain + meshConfig('enableAutoMtls: false'), 'deny no-allow-rule-matched', 'none, in a mesh that asks for one'],
  [plain.replaceAll('app: web', 'app: web, security.istio.io/tlsMode: disabled'), 'deny no-allow-rule-matched', 'none, and the pod says no'],
] // biome-ignore format: a table
for (const [yaml, want, why] of spoken) {
  test(`a DestinationRule: ${why}`, () => {
    const result = decidePath(compileDoor(meshOf(world + yaml)), aDoorRequest(), aContext())
    const got = result.verdict === 'allow' ? 'allow' : `${result.verdict} ${result.reason}`
    assert.equal(got, want)
  })
}

test('a sidecar that closes the connection is a 503 for whoever called by a proxy', () => {
  const disabled = noMutual('mtls: { mode: DISABLE }') + rule('web', 'tls: { mode: ISTIO_MUTUAL }')
  const door = compileDoor(meshOf(world + injected + pod('web') + disabled))
  const through = decidePath(door, aDoorRequest(), aContext())
  assert.deepEqual(
    [through.verdict, through.reason, through.decision.kind === 'reply' && through.decision.status],
    ['deny', 'mtls-disabled', 503],
  )
  const strictly = compileDoor(meshOf(world + injected + pod('web') + strict))
  const call = (caller?: { namespace: string; name: string }, from = door) =>
    decideFromInside(from, aDoorRequest(), aContext(), {
      host: 'web.apps.svc.cluster.local',
      port: 80,
      ...(caller && { caller }),
    }).decision
  const named = call({ namespace: 'apps', name: 'other' })
  assert.equal(named.kind === 'reply' && named.status, 503)
  const bare = call(undefined, strictly)
  assert.equal(bare.kind === 'drop' && bare.error, 'connection closed without response')
})
