/** Which of a model's parts is called, and how. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal } from '../../../e2e/change/intent-world.ts'
import { parseMesh } from '../../mesh/index.ts'
import { findTarget } from './target.ts'

const model = (spec: string, mode: string) => `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: roses, namespace: team-a, annotations: {serving.kserve.io/deploymentMode: ${mode}}}
spec: {predictor: {model: {modelFormat: {name: sklearn}${spec}}}}
`
const service = (component: string) => `---
apiVersion: v1
kind: Service
metadata: {name: roses-${component}, namespace: team-a}
spec: {selector: {app: isvc.roses-${component}}, ports: [{name: http, port: 80, targetPort: 8080}]}
`
const route = (
  match: string,
  component: string,
) => `  - match: [{${match}gateways: [knative-serving/knative-local-gateway]}]
    headers: {request: {set: {Host: roses-${component}.team-a.svc.cluster.local}}}
    route: [{destination: {host: knative-local-gateway.istio-system.svc.cluster.local, port: {number: 80}}}]
`
const routes = (...http: readonly string[]) => `---
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: roses, namespace: team-a}
spec:
  hosts: [roses.team-a.svc.cluster.local]
  gateways: [knative-serving/knative-local-gateway]
  http:
${http.join('')}`

const find = (text: string) =>
  findTarget(parseMesh([{ file: 'model.yaml', text }]).mesh, {
    kind: 'model',
    name: 'roses',
    to: [],
    public: true,
    audience: 'a',
    timeout: '300s',
  })

const rows: readonly (readonly [what: string, text: string, host: string])[] = [
  [
    'without Knative, the predictor',
    model('', 'RawDeployment') + service('predictor'),
    'roses-predictor.team-a.svc.cluster.local',
  ],
  [
    'a transformer without Knative, which calls the predictor itself',
    model('', 'RawDeployment') + service('predictor') + service('transformer'),
    'roses-transformer.team-a.svc.cluster.local',
  ],
  [
    'the predictor, though the route of its explainer stands first',
    model('', 'Serverless') +
      routes(route("uri: {regex: '^/v1/models/[\\w-]+:explain$'}, ", 'explainer'), route('', 'predictor')),
    'roses-predictor.team-a.svc.cluster.local',
  ],
  [
    'the transformer as KServe routes there',
    model('', 'Serverless') + routes(route('', 'transformer')),
    'roses-transformer.team-a.svc.cluster.local',
  ],
]
for (const [what, text, host] of rows) {
  test(`called is ${what}`, () => {
    assert.equal(find(text).headers.Host, host)
  })
}

test('a model whose calls have no path of their own is refused', () => {
  assert.match(
    refusal(() => find(model(', protocolVersion: grpc-v2', 'RawDeployment') + service('predictor'))),
    /it speaks grpc-v2, whose calls cannot be told apart below a path/,
  )
})
