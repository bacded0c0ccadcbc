import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfigMap, Workload } from '../../mesh/index.ts'
import { pipelinesSettings, releaseOf } from './settings.ts'

for (const [tag, release] of [
  ['2.16.0', '2.16.0'],
  ['2.17.0', '2.16.0'],
  ['3.0.0', '2.16.0'],
  ['2.14.3', '2.16.0'],
  ['2.5.0', '2.3.0'],
  ['2.3.0', '2.3.0'],
  ['2.2.0', '2.0.5'],
  ['2.0.0', '2.0.5'],
  ['2.0.0-beta.1', '2.0.5'],
  ['2.0.0-alpha.7', '2.0.0-alpha.5'],
  ['1.8.5', '2.0.0-alpha.5'],
  ['latest', '2.16.0'],
] as const) {
  test(`${tag} behaves as ${release}`, () => assert.equal(releaseOf(tag), release))
}

const meta = {
  apiVersion: 'v1',
  namespace: 'kubeflow',
  labels: {},
  annotations: {},
  at: { file: 'x', line: 1 },
}
const aWorkload = (container: Partial<Workload['containers'][number]>): Workload => ({
  ...meta,
  kind: 'Deployment',
  name: 'ml-pipeline',
  podLabels: {},
  podAnnotations: {},
  serviceAccount: 'ml-pipeline',
  containers: [
    {
      name: 'api',
      image: 'example.com/kfp-api-server:2.3.0',
      command: [],
      args: [],
      env: {},
      envRefs: {},
      envFrom: [],
      ports: [],
      ...container,
    },
  ],
})
const aConfigMap = (data: Record<string, string>): ConfigMap => ({
  ...meta,
  kind: 'ConfigMap',
  name: 'env',
  data,
  dataAt: {},
})

const kubeflow = {
  release: '2.3.0',
  multiUser: true,
  userIdHeader: 'kubeflow-userid',
  userIdPrefix: '',
  sharedRead: false,
}
const rows: readonly (readonly [
  about: string,
  container: Partial<Workload['containers'][number]>,
  want: object,
])[] = [
  ['nothing said', {}, {}],
  ['MULTIUSER in the container', { env: { MULTIUSER: 'false' } }, { multiUser: false }],
  [
    'MULTIUSER in its ConfigMap',
    { envFrom: [{ kind: 'configMap', name: 'env' }] },
    { multiUser: false, userIdHeader: 'x-user' },
  ],
  [
    'the container goes before the ConfigMap',
    { env: { MULTIUSER: '1' }, envFrom: [{ kind: 'configMap', name: 'env' }] },
    { userIdHeader: 'x-user' },
  ],
  [
    'one key of a ConfigMap',
    { envRefs: { MULTIUSER: { kind: 'configMap', name: 'env', key: 'MULTIUSER' } } },
    { multiUser: false },
  ],
  ['a Secret of that name is not read', { envFrom: [{ kind: 'secret', name: 'env' }] }, {}],
  ['reading for everybody', { env: { MULTIUSER_SHARED_READ: 'true' } }, { sharedRead: true }],
  ['an image of old', { image: 'gcr.io/ml-pipeline/api-server:2.0.0-alpha.5' }, { release: '2.0.0-alpha.5' }],
  ['an image by digest', { image: 'x/api-server:2.0.5@sha256:00' }, { release: '2.0.5' }],
]
for (const [about, container, want] of rows) {
  test(`settings: ${about}`, () => {
    const configMaps = [aConfigMap({ MULTIUSER: 'false', KUBEFLOW_USERID_HEADER: 'x-user' })]
    assert.deepEqual(pipelinesSettings({ workloads: [aWorkload(container)], configMaps }), {
      ...kubeflow,
      ...want,
    })
  })
}

test('settings: no API server in the YAML', () => {
  const want = { ...kubeflow, release: '2.16.0' }
  assert.deepEqual(pipelinesSettings({ workloads: [], configMaps: [] }), want)
})
