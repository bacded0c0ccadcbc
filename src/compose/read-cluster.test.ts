/** A cluster as text: what the API server says is what is read back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../mesh/index.ts'
import { readRawDoor } from '../planner/index.ts'
import { asYaml } from './read-cluster.ts'

test('texts that YAML 1.1 takes for something else stay texts', () => {
  const words = [
    'on',
    'yes',
    'no',
    'off',
    'y',
    'True',
    '~',
    'null',
    '010',
    '0o7',
    '1_0',
    '0b1',
    '0x1f',
    '1e3',
  ]
  const more = ['.5', '1:30', '2026-01-01', '<<', '=', '', ' x', 'a: b', '# c', '-', '한글', 'l1\nl2']
  const labels = Object.fromEntries([...words, ...more].map((text, at) => [`l${at}`, text]))
  const object = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'canary', namespace: 'a', labels },
    spec: {
      hosts: ['x'],
      http: words.map((exact) => ({
        match: [{ headers: { 'x-canary': { exact } } }],
        route: [{ destination: { host: 'x' } }],
      })),
    },
  }
  const text = asYaml({ objects: [object], incomplete: [] } as never, '2026-01-01T00:00:00Z')
  const inputs = [{ file: 'cluster:', text }]
  assert.deepEqual(readRawDoor(inputs).objects[0]?.object, object)
  assert.deepEqual(parseMesh(inputs).problems, [])
})
