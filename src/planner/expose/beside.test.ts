/** What an exposure must not open beside the thing itself: other hosts of the door, and what else is routed there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asked, intend } from '../../../e2e/change/ask-exposure.ts'
import { refusal } from '../../../e2e/change/intent-world.ts'
import { profileFiles } from '../../compose/profiles.ts'
import type { MeshInput } from '../../mesh/index.ts'
import { applyChanges } from '../apply-changes.ts'
import { readRawDoor } from '../raw-door.ts'
import { type ExposeAsk, usualAudience } from './ask.ts'
import { unexpose } from './unexpose.ts'

const files = profileFiles('v1.9', { tls: false, demo: true })

const exposed = (inputs: readonly MeshInput[], more: Partial<ExposeAsk>) =>
  intend(inputs, {
    kind: 'model',
    name: 'sklearn-iris',
    to: [],
    public: false,
    audience: usualAudience,
    timeout: '300s',
    ...more,
  })

const verdict = (inputs: readonly MeshInput[], as: string, path: string, host?: string) =>
  asked(inputs, as, 'GET', path, host)

const texts = (inputs: readonly MeshInput[]) =>
  inputs.filter(({ text }) => text !== '').map(({ text }) => text)
const katib = { kind: 'service', name: 'katib-ui', namespace: 'kubeflow', host: 'katib.example.com' } as const
const account = (name: string) => ({ kind: 'sa', namespace: 'team-a', name }) as const

test('to anyone on a host of its own: no other host is opened', () => {
  const { changes } = exposed(files, { ...katib, public: true })
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
  const one = applyChanges(bare, exposed(bare, { ...keys, to: [account('ci')] }).changes, 'one.yaml')
  const two = applyChanges(one, exposed(one, { ...keys, ...katib, to: [account('etl')] }).changes, 'two.yaml')
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
    refusal(() => exposed([...files, { file: 'other.yaml', text }], { public: true })),
    /ERR_INTENT_REFUSED: .*anonymous would get GET http:\/\/other\.example\.com\/models\/.* through too, to .*katib-ui/s,
  )
})
