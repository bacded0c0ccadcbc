import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Change, KubeObject } from './plan.ts'
import { beyondRemit } from './remit.ts'

function making(apiVersion: string, kind: string, more: KubeObject = {}): Change {
  const metadata = { name: 'x', namespace: 'istio-system' }
  const object = { apiVersion, kind, ...metadata }
  return { op: 'create', object, effect: 'neutral', why: '', after: { apiVersion, kind, metadata, ...more } }
}

const binding = (kind: string, name: string) =>
  making('rbac.authorization.k8s.io/v1', 'RoleBinding', { roleRef: { kind, name } })

const rows: readonly (readonly [
  what: string,
  change: Change,
  allowed: readonly string[],
  says: RegExp | undefined,
])[] = [
  ['a policy', making('security.istio.io/v1', 'AuthorizationPolicy'), [], undefined],
  ['a ConfigMap', making('v1', 'ConfigMap'), [], undefined],
  ['a Secret', making('v1', 'Secret'), [], /writes a Secret/],
  ['a Secret somebody vouches for', making('v1', 'Secret'), ['Secret'], undefined],
  [
    'a ClusterRoleBinding',
    making('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'),
    ['Secret'],
    /ClusterRoleBinding/,
  ],
  ['a webhook', making('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration'), [], /Mutating/],
  ['a pod', making('v1', 'Pod'), [], /writes a Pod/],
  ['a Service of another group', making('serving.knative.dev/v1', 'Service'), [], /writes a Service/],
  ['rights on Pipelines', binding('ClusterRole', 'kubeflow-pipelines-edit'), [], undefined],
  ['rights on everything', binding('ClusterRole', 'cluster-admin'), [], /binds ClusterRole cluster-admin/],
  ['a role of that name made for it', binding('Role', 'kubeflow-pipelines-edit'), [], /binds Role/],
  ['Kubeflow’s own administrator', binding('ClusterRole', 'kubeflow-admin'), [], /kubeflow-admin/],
]

for (const [what, change, allowed, says] of rows) {
  test(`${what} ${says === undefined ? 'is within' : 'is beyond'} what plans write`, () => {
    const spec = { changes: [change] } as unknown as Parameters<typeof beyondRemit>[0]['spec']
    const [reason, ...others] = beyondRemit({ spec }, allowed)
    assert.deepEqual(others, [])
    if (says === undefined) assert.equal(reason, undefined)
    else assert.match(String(reason), says)
  })
}

const pods = (image: string, more: object = {}, beside: object = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'x', namespace: 'istio-system' },
  spec: {
    template: { spec: { restartPolicy: 'Always', containers: [{ name: 'a', image, ...more }], ...beside } },
  },
})
const old = pods('gcr.io/arrikto/kubeflow/oidc-authservice:e2')
const command = [
  '/usr/local/bin/node',
  '--min-semi-space-size=8',
  '--max-semi-space-size=8',
  ...'/app/bin/kfdoor.mjs serve authz --compat authservice --sessions sqlite:/var/lib/authservice/kfdoor.db'.split(
    ' ',
  ),
]
const workloads: readonly (readonly [
  what: string,
  before: KubeObject,
  after: KubeObject,
  within: boolean,
])[] = [
  ['kfdoor into the seat', old, pods('kfdoor:1', { command }), true],
  ['the old program back', pods('kfdoor:1', { command }), old, true],
  ['another program', old, pods('miner:1', { command }), false],
  ['another command', old, pods('kfdoor:1', { command: ['sh'] }), false],
  ['a program that does not sit there', pods('dex:1'), pods('kfdoor:1', { command }), false],
  ['its arguments too', old, pods('kfdoor:1', { command, args: ['x'] }), false],
  ['its rights too', old, pods('kfdoor:1', { command, securityContext: { privileged: true } }), false],
  ['a volume too', old, pods('kfdoor:1', { command }, { volumes: [{ hostPath: { path: '/' } }] }), false],
  ['nothing but the node’s network', old, pods('oidc-authservice:e2', {}, { hostNetwork: true }), false],
]
for (const [what, before, after, within] of workloads) {
  test(`an update of a workload, ${what}: ${within ? 'within' : 'beyond'} what plans write`, () => {
    const object = { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: 'istio-system', name: 'x' }
    const change: Change = { op: 'update', object, effect: 'neutral', why: '', before, after }
    const spec = { changes: [change] } as unknown as Parameters<typeof beyondRemit>[0]['spec']
    assert.deepEqual(
      beyondRemit({ spec }).map((reason) => /no command of kfdoor changes more/.test(reason)),
      within ? [] : [true],
    )
  })
}

test('an update that binds another role on either side is beyond it', () => {
  const [before, after] = ['cluster-admin', 'kubeflow-pipelines-edit'].map((name) =>
    binding('ClusterRole', name),
  )
  assert.ok(before?.op === 'create' && after?.op === 'create')
  const change: Change = { ...after, op: 'update', before: before.after, after: after.after }
  const spec = { changes: [change] } as unknown as Parameters<typeof beyondRemit>[0]['spec']
  assert.match(String(beyondRemit({ spec })[0]), /cluster-admin/)
})
