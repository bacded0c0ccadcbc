import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../kube/index.ts'
import { applyFields } from './apply-fields.ts'

const kind = { apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy' }
const named = { name: 'door', namespace: 'istio-system' }
const policy = (spec: object, metadata: object = {}): KubeObject => ({
  ...kind,
  metadata: { ...named, ...metadata },
  spec,
})
const applied = (fieldsV1: object, manager = 'kfdoor', operation = 'Apply') => ({
  managedFields: [{ manager, operation, fieldsV1 }],
  resourceVersion: '7',
})
const ours = { 'f:spec': { 'f:action': {}, 'f:selector': { 'f:matchLabels': { '.': {}, 'f:app': {} } } } }
const spec = { action: 'DENY', selector: { matchLabels: { app: 'x' } }, rules: [{}] }
const versioned = { resourceVersion: '7' }

const rows: readonly (readonly [
  why: string,
  former: KubeObject | undefined,
  target: KubeObject,
  said: KubeObject,
])[] = [
  ['what is not there is said whole', undefined, policy(spec), policy(spec)],
  [
    'of what others wrote, what changes alone',
    policy(spec, applied(ours, 'kubectl')),
    policy({ ...spec, action: 'ALLOW' }, { ...versioned, annotations: { a: 'b' }, uid: 'u' }),
    policy({ action: 'ALLOW' }, { ...versioned, annotations: { a: 'b' } }),
  ],
  [
    'what was put is not what was applied',
    policy(spec, applied(ours, 'kfdoor', 'Update')),
    policy({ ...spec, rules: [] }, versioned),
    policy({ rules: [] }, versioned),
  ],
  [
    'what was applied before is said again, or the API server would drop it',
    policy(spec, applied(ours)),
    policy({ ...spec, rules: [{}, {}] }, versioned),
    policy({ ...spec, rules: [{}, {}] }, versioned),
  ],
  [
    'a field to be taken away cannot be said',
    policy(spec, applied({}, 'kubectl')),
    policy({ action: 'DENY', rules: [{}] }, versioned),
    { ...kind, metadata: { ...named, ...versioned } },
  ],
  [
    'a status and what the API server sets are never said',
    { ...policy(spec, applied({}, 'kubectl')), status: { old: 1 } },
    { ...policy(spec, { ...versioned, generation: 2, creationTimestamp: 't' }), status: { new: 1 } },
    { ...kind, metadata: { ...named, ...versioned } },
  ],
]

for (const [why, former, target, said] of rows) {
  test(`an apply: ${why}`, () => assert.deepEqual(applyFields(former, target), said))
}
