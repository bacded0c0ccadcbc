/** Headers no proxy looks at reach a workload all the same: claims about them are about each caller by itself. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../mesh/index.ts'
import type { Claim } from './claim.ts'
import { diffAccess } from './diff.ts'
import { prove } from './prove.ts'

const door = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: istio-system}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: apps}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: app, namespace: apps}
spec:
  gateways: [istio-system/door]
  hosts: ["*"]
  http:
  - headers: {request: {remove: [x-remote-user]}}
    route: [{destination: {host: app.apps.svc.cluster.local}}]
`
const read = (text: string) => parseMesh([{ file: 'door.yaml', text }]).mesh
const mesh = read(door)
const now = 1_800_000_000

const rows: readonly (readonly [header: string, principal: string | undefined, outcome: string, by?: string])[] = [
  ['kubeflow-userid', undefined, 'violated', 'anonymous+forged'],
  ['kubeflow-userid', 'anonymous+forged', 'violated', 'anonymous+forged'],
  ['x-forwarded-email', '*+forged', 'violated', 'anonymous+forged'],
  ['x-remote-user', '*+forged', 'holds'],
] // biome-ignore format: a table

for (const [header, principal, outcome, by] of rows) {
  test(`${header} of ${principal ?? 'anybody'} never reaches a workload: ${outcome}`, () => {
    const claim: Claim = {
      name: 'not from a client',
      kind: 'never',
      ...(principal !== undefined && { principal: [principal] }),
      // Who calls inside the mesh needs no door.
      notPrincipal: ['mesh:*', 'outside+forged', 'outside'],
      reaches: { header: [[header, ['admin@example.com']]] },
    }
    const [proof] = prove(mesh, [claim], { now })
    assert.deepEqual([proof?.outcome, proof?.principal], [outcome, by])
  })
}

test('a header that is no longer taken out is a change for those who forge it, and for nobody else', () => {
  const without = read(door.replace('remove: [x-remote-user]', 'remove: [x-else]'))
  const { changed, gained, lost } = diffAccess(mesh, without, { now, old: {}, new: {} })
  assert.deepEqual([gained, lost], [[], []])
  const outside = changed.filter(({ principal }) => !/^(mesh:|outside)/.test(principal))
  assert.ok(outside.some(({ principal }) => principal === 'anonymous+forged'))
  for (const { principal, from, to } of changed) {
    assert.match(principal, /\+forged$/)
    assert.equal(from.identity['x-remote-user'], undefined)
    assert.equal(to.identity['x-remote-user'], 'admin@example.com')
  }
})
