/** What an exposure must not open beside the thing itself: other hosts of the door, and what else is routed there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal } from '../../../e2e/change/intent-world.ts'
import { profileFiles } from '../../compose/profiles.ts'
import { releaseSignIn } from '../../compose/release-answers.ts'
import { type Mesh, type MeshInput, parseMesh } from '../../mesh/index.ts'
import { assumedKeys, compileDoor, explain, parsePrincipal } from '../../policy/index.ts'
import { applyChanges } from '../apply-changes.ts'
import { readRawDoor } from '../raw-door.ts'
import { type ExposeAsk, usualAudience } from './ask.ts'
import { expose } from './expose.ts'
import { unexpose } from './unexpose.ts'

const now = 1_790_000_000
const view = (mesh: Mesh) => {
  const signIn = releaseSignIn(mesh)
  return { fetched: assumedKeys, ...(signIn && { signIn }) }
}
const files = profileFiles('v1.9', { tls: false, demo: true })

function intend(inputs: readonly MeshInput[], more: Partial<ExposeAsk>) {
  const world = { door: readRawDoor(inputs), mesh: parseMesh(inputs).mesh, now, view }
  const ask = { kind: 'model', name: 'sklearn-iris', to: [], public: false, ...more } as const
  return expose(world, { audience: usualAudience, timeout: '300s', ...ask })
}

function verdict(inputs: readonly MeshInput[], as: string, path: string, host = 'kubeflow.example.com') {
  const { mesh } = parseMesh(inputs)
  const options = view(mesh)
  const principal = parsePrincipal(as)
  assert.ok(principal)
  const result = explain(compileDoor(mesh, options), {
    method: 'GET',
    scheme: 'http',
    host,
    path,
    headers: [],
    principal,
    now,
    ...(options.signIn && { provider: options.signIn.answer }),
  })
  assert.ok(!('problem' in result))
  return result.verdict
}

const texts = (inputs: readonly MeshInput[]) =>
  inputs.filter(({ text }) => text !== '').map(({ text }) => text)
const katib = { kind: 'service', name: 'katib-ui', namespace: 'kubeflow', host: 'katib.example.com' } as const
const account = (name: string) => ({ kind: 'sa', namespace: 'team-a', name }) as const

test('to anyone on a host of its own: no other host is opened', () => {
  const { changes } = intend(files, { ...katib, public: true })
  const opened = applyChanges(files, changes, 'opened.yaml')
  const rows = [
    ['anonymous', 'katib.example.com', 'allow'],
    ['anonymous', 'KATIB.example.com:80', 'allow'],
    // Envoy takes off the last port only, and a pattern for ports would take both.
    ['anonymous+forged', 'katib.example.com:1:2', 'challenge'],
    ['anonymous+forged', 'kubeflow.example.com', 'challenge'],
  ] as const
  for (const [as, host, want] of rows) assert.equal(verdict(opened, as, '/katib/', host), want, host)
  const back = applyChanges(opened, unexpose(readRawDoor(opened), katib).changes, 'x')
  assert.deepEqual(texts(back), texts(files))
})

test('where accounts are fenced, one on a host of its own opens no other host and closes none', () => {
  const bare = files.filter(({ file }) => !file.endsWith('machines.yaml'))
  const keys = { jwksUri: 'http://cluster-jwks-proxy.istio-system.svc.cluster.local/openid/v1/jwks' }
  const one = applyChanges(bare, intend(bare, { ...keys, to: [account('ci')] }).changes, 'one.yaml')
  const two = applyChanges(one, intend(one, { ...keys, ...katib, to: [account('etl')] }).changes, 'two.yaml')
  const [ci, etl] = ['ci', 'etl'].map((name) => `sa:team-a/${name},aud=${usualAudience}`) as [string, string]
  const model = '/models/kubeflow-user-example-com/sklearn-iris/v1/models/sklearn-iris'
  assert.equal(verdict(two, etl, '/katib/', katib.host), 'allow')
  assert.equal(verdict(two, etl, '/katib/', `${katib.host}:1:2`), 'deny', 'another host to Envoy')
  assert.equal(verdict(two, etl, '/katib/'), 'deny')
  assert.equal(verdict(two, ci, '/katib/', katib.host), 'deny')
  assert.equal(verdict(two, ci, model), 'allow')
  const left = applyChanges(two, unexpose(readRawDoor(two), katib).changes, 'x')
  assert.deepEqual(texts(left), texts(one))
})

test("refused: another team's host at the same door would be opened on these paths", () => {
  const text = `apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: other, namespace: kubeflow}
spec:
  hosts: [other.example.com]
  gateways: [kubeflow/kubeflow-gateway]
  http: [{route: [{destination: {host: katib-ui.kubeflow.svc.cluster.local, port: {number: 80}}}]}]
`
  assert.match(
    refusal(() => intend([...files, { file: 'other.yaml', text }], { public: true })),
    /ERR_INTENT_REFUSED: .*anonymous would get GET http:\/\/other\.example\.com\/models\/.* through too, to .*katib-ui/s,
  )
})
