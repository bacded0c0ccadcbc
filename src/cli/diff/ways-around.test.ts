/** Ways past every gateway that an edit opens or shuts: never "no difference". */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../../mesh/index.ts'
import type { AccessDiff } from '../../regions/index.ts'
import { viewOptions } from '../map/view-options.ts'
import { withWaysAround } from './ways-around.ts'

const nothing: AccessDiff = {
  gained: [],
  lost: [],
  changed: [],
  public: [],
  unreachable: [],
  deadRules: [],
  unknown: [],
}

/** A pod with or without a sidecar that lets nobody in, and its Service. */
function side(sidecar: boolean, service: string, pod = '') {
  const text = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: a, namespace: apps }
spec: { template: { metadata: { labels: { app: a, sidecar.istio.io/inject: "${sidecar}" } }, spec: { containers: [{ name: a, ports: [{ containerPort: 80 ${pod} }] }] } } }
---
apiVersion: v1
kind: Service
metadata: { name: a, namespace: apps }
spec: { selector: { app: a }, ${service} }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: nobody, namespace: apps }
spec: {}
`
  const { mesh } = parseMesh([{ file: 'a.yaml', text }])
  return { mesh, view: viewOptions(mesh) }
}
const inside = 'ports: [{ port: 80 }]'
const node = 'type: NodePort, ports: [{ port: 80, nodePort: 30080 }]'

type Case = readonly [
  what: string,
  before: ReturnType<typeof side>,
  after: ReturnType<typeof side>,
  lists: readonly (keyof AccessDiff)[],
]
const cases: readonly Case[] = [
  [
    "a node's port before a pod without a sidecar",
    side(false, inside),
    side(false, node),
    ['gained', 'public'],
  ],
  ['the same taken away', side(false, node), side(false, inside), ['lost']],
  [
    'a port of the pod that its node has too',
    side(false, inside),
    side(false, inside, ', hostPort: 8081'),
    ['gained', 'public'],
  ],
  [
    "a node's port before a sidecar that refuses a plain request",
    side(true, inside),
    side(true, node),
    ['unknown'],
  ],
  [
    "a node's port the cluster chooses",
    side(false, inside),
    side(false, `type: NodePort, ${inside}`),
    ['unknown'],
  ],
  ['a load balancer', side(false, inside), side(false, `type: LoadBalancer, ${inside}`), ['unknown']],
  ["the same node's port on both sides", side(false, node), side(false, node), []],
]
for (const [what, before, after, lists] of cases) {
  test(`${what}: ${lists.join(', ') || 'no difference'}`, () => {
    const diff = withWaysAround(nothing, before, after, 1_800_000_000)
    const said = Object.entries(diff).flatMap(([list, found]) => (found.length > 0 ? [list] : []))
    assert.deepEqual(said.sort(), [...lists].sort())
    for (const each of [...diff.gained, ...diff.lost]) {
      assert.match(each.witness.url, /^http:\/\/127\.0\.0\.1:(30080|8081)\/$/)
      assert.deepEqual([each.from.verdict, each.to.verdict].sort(), ['allow', 'unavailable'])
    }
  })
}
