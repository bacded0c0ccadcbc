/** Headers no proxy looks at reach a workload all the same: claims about them are about each caller by itself. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../mesh/index.ts'
import type { Claim } from './claim.ts'
import { prove } from './prove.ts'

const { mesh } = parseMesh([
  {
    file: 'door.yaml',
    text: `apiVersion: networking.istio.io/v1
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
`,
  },
])

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
    const [proof] = prove(mesh, [claim], { now: 1_800_000_000 })
    assert.deepEqual([proof?.outcome, proof?.principal], [outcome, by])
  })
}
