import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meshOf } from '../builders.test.ts'
import { compileDoor } from '../door.ts'
import { explain } from '../explain.ts'
import { parsePrincipal } from '../principal.ts'
import { withServing } from './index.ts'

const gateway = (namespace: string, name: string, app: string) => `
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: ${namespace} }
spec: { selector: { app: ${app} }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }] }
`
const pods = (name: string) => `
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: istio-system }
spec: { template: { metadata: { labels: { app: ${name} } }, spec: { serviceAccountName: ${name}, containers: [{ name: p, image: auto }] } } }
`
const service = (name: string, app: string) => `
---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: istio-system }
spec: { selector: { app: ${app} }, ports: [{ name: http, port: 80 }] }
`
const config = (name: string, data: string) => `
---
apiVersion: v1
kind: ConfigMap
metadata: { name: ${name}, namespace: knative-serving }
data: ${data}
`
const around =
  pods('istio-ingressgateway') +
  pods('cluster-local-gateway') +
  service('istio-ingressgateway', 'istio-ingressgateway') +
  service('knative-local-gateway', 'cluster-local-gateway') +
  gateway('knative-serving', 'knative-ingress-gateway', 'istio-ingressgateway') +
  gateway('knative-serving', 'knative-local-gateway', 'cluster-local-gateway') +
  gateway('team', 'own', 'istio-ingressgateway') +
  `
---
apiVersion: v1
kind: Namespace
metadata: { name: apps, labels: { istio-injection: enabled } }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: door, namespace: apps }
spec:
  selector: { matchLabels: { serving.knative.dev/service: m } }
  rules: [{ from: [{ source: { principals: ["cluster.local/ns/istio-system/sa/istio-ingressgateway"] } }] }, { from: [{ source: { namespaces: [knative-serving] } }] }]
`
const model = (spec = '{}', labels = '{}', more = '') => `
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: { name: m, namespace: apps, labels: ${labels} }
spec: ${spec}
${more}`
const domain = config('config-domain', '{ example.com: "", team.example: "selector:\\n  team: a\\n" }')

const rows: readonly (readonly [yaml: string, host: string, want: string, why: string])[] = [
  [
    model() + domain,
    'm.apps.example.com',
    'allow allow-rule-matched m-00001',
    'the route, the revision, its sidecar',
  ],
  [model() + domain, 'm.apps.example.com:80', 'allow allow-rule-matched m-00001', 'a port does not matter'],
  [model() + domain, 'x.apps.example.com', 'not-found no-virtual-host', 'another host'],
  [
    model('{}', '{ team: a }') + domain,
    'm.apps.team.example',
    'allow allow-rule-matched m-00001',
    'the most exact domain',
  ],
  [
    model('{}', '{ team: a }') + domain,
    'm.apps.example.com',
    'not-found no-virtual-host',
    'a less exact domain is not used',
  ],
  [
    model('{}', '{ networking.knative.dev/visibility: cluster-local }') + domain,
    'm.apps.example.com',
    'not-found no-virtual-host',
    'shown in the cluster only',
  ],
  [
    model() + config('config-domain', '{}'),
    'm.apps.example.com',
    'not-found no-virtual-host',
    "without a domain the cluster's own is used",
  ],
  [model(), 'm.apps.example.com', 'unknown route-not-given', 'its domain is not given'],
  [
    model('{}', '{}', 'status: { url: http://m.apps.told.example, latestReadyRevisionName: m-00007 }'),
    'm.apps.told.example',
    'allow allow-rule-matched m-00007',
    'the cluster has told it',
  ],
  [
    model('{ template: { metadata: { name: m-v2 } } }') + domain,
    'm.apps.example.com',
    'allow allow-rule-matched m-v2',
    'a revision with a name of its own',
  ],
  [
    model(
      '{ traffic: [{ revisionName: m-old, percent: 90 }, { latestRevision: true, percent: 10, tag: new }] }',
    ) + domain,
    'm.apps.example.com',
    'allow route-matched undefined',
    'pods of another revision are not given',
  ],
  [
    model(
      '{ traffic: [{ revisionName: m-old, percent: 90 }, { latestRevision: true, percent: 10, tag: new }] }',
    ) + domain,
    'new-m.apps.example.com',
    'allow allow-rule-matched m-00001',
    'a tag has a host of its own',
  ],
  [
    model('{ template: { metadata: { annotations: { sidecar.istio.io/inject: "false" } } } }') + domain,
    'm.apps.example.com',
    'allow route-matched m-00001',
    'without a sidecar no policy holds',
  ],
  [
    model() + domain + config('config-istio', '{ gateway.team.own: "" }'),
    'm.apps.example.com',
    'allow allow-rule-matched m-00001',
    'another gateway',
  ],
  [
    model() + domain + config('config-istio', '{ gateway.team.gone: "" }'),
    'm.apps.example.com',
    'unknown route-not-given',
    'a gateway that is not given',
  ],
  [
    model() +
      domain +
      config('config-istio', '{ external-gateways: "- {name: own, namespace: team, service: x}" }'),
    'm.apps.example.com',
    'allow allow-rule-matched m-00001',
    'the new way to name gateways',
  ],
  [
    model() + domain + config('config-istio', '{ external-gateways: "[" }'),
    'm.apps.example.com',
    'unknown route-not-given',
    'gateways nobody can read',
  ],
  [
    model() +
      domain +
      config('config-network', '{ domain-template: "{{.Name}}-{{.Namespace}}.{{.Domain}}" }'),
    'm-apps.example.com',
    'allow allow-rule-matched m-00001',
    'another template',
  ],
  [
    model() + domain + config('config-network', '{ domain-template: "{{if true}}x{{end}}" }'),
    'm.apps.example.com',
    'unknown route-not-given',
    'a template that is a program',
  ],
  [
    model() + domain + config('config-network', '{ ingress-class: kourier.ingress.networking.knative.dev }'),
    'm.apps.example.com',
    'unknown route-not-given',
    'not through Istio',
  ],
  [
    model() + domain + config('config-network', '{ external-domain-tls: Enabled }'),
    'm.apps.example.com',
    'unknown route-not-given',
    'Gateways of its own',
  ],
]

for (const [yaml, host, want, why] of rows) {
  test(`${host}: ${why}`, () => {
    const principal = parsePrincipal('anonymous')
    assert.ok(principal)
    const door = compileDoor(meshOf(around + yaml))
    const result = explain(door, {
      method: 'GET',
      scheme: 'http',
      host,
      path: '/',
      headers: [],
      principal,
      now: 1,
    })
    assert.ok(!('problem' in result))
    assert.equal(
      `${result.verdict} ${result.reason} ${result.workload?.podLabels['serving.knative.dev/revision'] ?? ''}`.trim(),
      want.replace(' undefined', ''),
    )
  })
}

test('inside the mesh a model is called past every gateway, and by its short names', () => {
  const door = compileDoor(meshOf(around + model()))
  const principal = parsePrincipal('mesh:apps/default')
  assert.ok(principal)
  for (const host of ['m.apps', 'm.apps.svc', 'm.apps.svc.cluster.local']) {
    const result = explain(door, {
      method: 'GET',
      scheme: 'http',
      host,
      path: '/',
      headers: [],
      principal,
      now: 1,
    })
    assert.ok(!('problem' in result))
    assert.deepEqual([result.verdict, result.reason], ['unknown', 'activator-differs'], host)
  }
})

test('what is made stands on the line of what it was made of, and nothing is made twice', () => {
  const mesh = meshOf(
    around +
      model(
        '{ template: { spec: { serviceAccountName: runner, containers: [{ image: x, ports: [{ name: h2c, containerPort: 1 }] }] } } }',
      ),
  )
  const made = withServing(mesh)
  assert.equal(withServing(made), made)
  assert.equal(compileDoor(made).mesh, made)
  const origin = mesh.others.find(({ name }) => name === 'm')?.at
  const [route] = made.virtualServices
  assert.deepEqual(
    [route?.name, route?.at, route?.http[1]?.route[0]?.destination.at],
    ['m-ingress', origin, origin],
  )
  assert.equal(route?.http[1]?.route[0]?.destination.port, 81)
  const pod = made.workloads.at(-1)
  assert.deepEqual([pod?.serviceAccount, pod?.containers.at(-1)?.ports[0]?.port], ['runner', 8013])
})

test('parts of an InferenceService: a transformer stands before, an explainer has its own paths', () => {
  const yaml = `
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { name: iris, namespace: apps }
spec: { predictor: { model: { modelFormat: { name: sklearn } } }, transformer: { containers: [{ image: t }] }, explainer: { containers: [{ image: e }] } }
`
  const { virtualServices } = withServing(meshOf(around + domain + yaml))
  const own = virtualServices.find(({ name }) => name === 'iris')
  assert.deepEqual(
    own?.http.map(({ match, headers }) => [match?.[0]?.uri?.text, headers?.request?.set.Host]),
    [
      ['^/v1/models/[\\w-]+:explain$', 'iris-explainer.apps.svc.cluster.local'],
      [undefined, 'iris-transformer.apps.svc.cluster.local'],
    ],
  )
  assert.deepEqual(
    own?.hosts.map(({ value }) => value),
    ['iris.apps.svc.cluster.local', 'iris.apps.example.com'],
  )
  const raw = yaml.replace(
    'namespace: apps',
    'namespace: apps, annotations: { serving.kserve.io/deploymentMode: Standard }',
  )
  assert.deepEqual(withServing(meshOf(around + domain + raw)).virtualServices, [])
})
