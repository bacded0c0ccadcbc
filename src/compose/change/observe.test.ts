/** Of a write nobody saw the answer of, what the API server hands out by itself is nobody's edit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../kube/index.ts'
import { editedSince } from './observe.ts'

const object = { apiVersion: 'v1', kind: 'Service', namespace: 'istio-system', name: 'x' }

function service(spec: KubeObject, uid?: string): KubeObject {
  const annotations = { 'kfdoor.dev/plan': 'p' }
  const metadata = { namespace: 'istio-system', name: 'x', annotations, ...(uid !== undefined && { uid }) }
  return { apiVersion: 'v1', kind: 'Service', metadata, spec }
}

const given = { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ports: [{ port: 80, nodePort: 30001 }] }
const other = { clusterIP: '10.0.0.2', clusterIPs: ['10.0.0.2'], ports: [{ port: 80, nodePort: 30002 }] }

const rows: readonly (readonly [
  what: string,
  left: KubeObject,
  live: KubeObject,
  says: RegExp | undefined,
])[] = [
  ['only rehearsed, and given another address', service(given), service(other, 'u'), undefined],
  [
    'only rehearsed, and somebody changed a port',
    service(given),
    service({ ...other, ports: [{ port: 81, nodePort: 30002 }] }, 'u'),
    /\.spec\.ports/,
  ],
  [
    'only rehearsed, and somebody made it headless',
    service(given),
    service({ ...other, clusterIP: 'None', clusterIPs: ['None'] }, 'u'),
    /\.spec\.clusterIP/,
  ],
  ['answered, and its address is another', service(given, 'u'), service(other, 'u'), /\.spec\.clusterIP/],
  ['answered, and made anew', service(given, 'u'), service(given, 'v'), /made anew/],
]

for (const [what, left, live, says] of rows) {
  test(`a Service that was ${what}: ${says === undefined ? 'as it was left' : 'edited'}`, () => {
    const words = editedSince({ object, op: 'create', state: 'written', left }, live, 'p', () => false)
    if (says === undefined) assert.equal(words, undefined)
    else assert.match(String(words), says)
  })
}
