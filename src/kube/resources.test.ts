import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeApi } from './api.ts'
import { findResources } from './resources.ts'

/** Istio's groups as istiod's CRDs make them: v1 is preferred, EnvoyFilters stayed behind. */
const answers: Readonly<Record<string, unknown>> = {
  '/apis': {
    groups: [
      {
        name: 'networking.istio.io',
        preferredVersion: { version: 'v1' },
        versions: [{ version: 'v1' }, { version: 'v1beta1' }, { version: 'v1alpha3' }],
      },
    ],
  },
  '/apis/networking.istio.io/v1': {
    resources: [
      { kind: 'Gateway', name: 'gateways', namespaced: true },
      { kind: 'Gateway', name: 'gateways/status', namespaced: true },
    ],
  },
  '/apis/networking.istio.io/v1beta1': {
    resources: [{ kind: 'Gateway', name: 'gateways', namespaced: true }],
  },
  '/apis/networking.istio.io/v1alpha3': {
    resources: [
      { kind: 'Gateway', name: 'gateways', namespaced: true },
      { kind: 'EnvoyFilter', name: 'envoyfilters', namespaced: true },
    ],
  },
}
const api: Pick<KubeApi, 'call'> = {
  call: async (path) => ({ status: path in answers ? 200 : 404, body: answers[path] }),
}

test('a kind the preferred version does not have is found in another', async () => {
  const kinds = ['Gateway', 'EnvoyFilter', 'Sidecar']
  const found = await findResources(api as KubeApi, [
    { group: 'networking.istio.io', kinds },
    { group: 'absent.io', kinds },
  ])
  assert.deepEqual(
    found.map(({ version, plural }) => `${version}/${plural}`),
    ['v1/gateways', 'v1alpha3/envoyfilters'],
  )
})
