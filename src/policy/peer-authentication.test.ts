import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meshOf } from './builders.test.ts'
import { composePeerModes, modeOf } from './peer-authentication.ts'

const policy = (namespace: string, spec: string, name = 'p', created = '') => `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: ${name}, namespace: ${namespace}${created && `, creationTimestamp: "${created}"`} }
spec: { ${spec} }
---`
const strict = 'mtls: { mode: STRICT }'
const off = 'mtls: { mode: DISABLE }'
const web = 'selector: { matchLabels: { app: web } }'

const rows: readonly (readonly [name: string, yaml: string, port: number, want: string])[] = [
  ['nothing written', '', 80, 'PERMISSIVE'],
  ['the mesh', policy('istio-system', strict), 80, 'STRICT'],
  ['the namespace over the mesh', policy('istio-system', strict) + policy('team', off), 80, 'DISABLE'],
  [
    'the workload over the namespace',
    policy('team', off) + policy('team', `${web}, ${strict}`, 'w'),
    80,
    'STRICT',
  ],
  ['UNSET inherits', policy('istio-system', strict) + policy('team', 'mtls: { mode: UNSET }'), 80, 'STRICT'],
  ['empty inherits', policy('istio-system', strict) + policy('team', ''), 80, 'STRICT'],
  ['another namespace', policy('other', strict), 80, 'PERMISSIVE'],
  [
    'another workload',
    policy('team', `selector: { matchLabels: { app: api } }, ${strict}`),
    80,
    'PERMISSIVE',
  ],
  [
    'a selector in the root namespace is for nobody else',
    policy('istio-system', `${web}, ${strict}`),
    80,
    'PERMISSIVE',
  ],
  [
    'a port of the workload',
    policy('team', `${web}, ${strict}, portLevelMtls: { 80: { mode: DISABLE } }`),
    80,
    'DISABLE',
  ],
  [
    'and no other port',
    policy('team', `${web}, ${strict}, portLevelMtls: { 80: { mode: DISABLE } }`),
    81,
    'STRICT',
  ],
  [
    'an UNSET port is as the workload',
    policy('team', `${web}, ${strict}, portLevelMtls: { 80: { mode: UNSET } }`),
    80,
    'STRICT',
  ],
  [
    'ports without selector do not count',
    policy('team', `${strict}, portLevelMtls: { 80: { mode: DISABLE } }`),
    80,
    'STRICT',
  ],
  [
    'the older of two',
    policy('team', off, 'a', '2026-02-01T00:00:00Z') + policy('team', strict, 'b', '2026-01-01T00:00:00Z'),
    80,
    'STRICT',
  ],
  [
    'of the same age the first by name',
    policy('team', strict, 'b') + policy('team', off, 'a'),
    80,
    'DISABLE',
  ],
]

for (const [name, yaml, port, want] of rows) {
  test(`${name}: ${want}`, () => {
    const target = { namespace: 'team', labels: { app: 'web' }, rootNamespace: 'istio-system' }
    assert.equal(modeOf(composePeerModes(meshOf(yaml), target), port), want)
  })
}
