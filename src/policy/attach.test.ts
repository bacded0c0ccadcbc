import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TargetRef } from '../mesh/index.ts'
import { attaches } from './attach.ts'

const at = { file: 'mesh.yaml', line: 1 }
const gatewayLabel = 'gateway.networking.k8s.io/gateway-name'

function aPolicy(namespace: string, selector?: Record<string, string>, ref?: Partial<TargetRef>) {
  const target = ref && { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw', at, ...ref }
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    namespace,
    name: 'p',
    labels: {},
    annotations: {},
    at,
    ...(selector && { selector }),
    targetRefs: target ? [target] : [],
  }
}

const classic = { namespace: 'team', labels: { app: 'web', tier: 'x' }, rootNamespace: 'istio-system' }
const served = { ...classic, labels: { ...classic.labels, [gatewayLabel]: 'gw' } }

const rows: readonly (readonly [Parameters<typeof attaches>[0], typeof classic, boolean, string])[] = [
  [aPolicy('team'), classic, true, 'its own namespace, no selector'],
  [aPolicy('istio-system'), classic, true, 'the root namespace, no selector'],
  [aPolicy('other'), classic, false, 'any other namespace'],
  [aPolicy('team', {}), classic, true, 'an empty selector is none'],
  [aPolicy('team', { app: 'web' }), classic, true, 'a subset of the labels'],
  [aPolicy('team', { app: 'web', v: '1' }), classic, false, 'a label the pod lacks'],
  [aPolicy('istio-system', { app: 'api' }), classic, false, 'a selector in the root namespace counts too'],
  [aPolicy('team', undefined, {}), classic, false, 'targetRefs on a pod that names no Gateway'],
  [aPolicy('team', undefined, {}), served, true, 'targetRefs on the pod of that Gateway'],
  [aPolicy('team', undefined, { name: 'other' }), served, false, 'another Gateway'],
  [aPolicy('team', undefined, { kind: 'HTTPRoute' }), served, false, 'another kind'],
  [aPolicy('istio-system', undefined, {}), served, false, 'targetRefs reach only their own namespace'],
  [aPolicy('team', { app: 'web' }), served, true, 'selectors work on a Gateway API pod as well'],
]

for (const [policy, target, want, why] of rows) {
  test(`${want ? 'applies' : 'does not apply'}: ${why}`, () => {
    assert.equal(attaches(policy, target), want)
  })
}
