import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aContext, aDoorRequest, meshOf } from './builders.test.ts'
import { compileDoor } from './door.ts'

const mesh = (defaults: string, annotation: string) => `
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "defaultConfig: { gatewayTopology: { ${defaults} } }" }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: istio-ingressgateway, namespace: istio-system }
spec:
  template:
    metadata: { labels: { istio: ingressgateway }, annotations: { ${annotation} } }
    spec: { containers: [{ name: p, image: auto }] }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: gw, namespace: apps }
spec: { servers: [{ port: { number: 8080, name: http, protocol: HTTP }, hosts: ["*"] }] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: deny, namespace: istio-system }
spec: { action: DENY, rules: [{ from: [{ source: { remoteIpBlocks: [1.2.3.4] } }] }] }
`
const annotated = (text: string) => `proxy.istio.io/config: '${text}'`

const rows: readonly (readonly [defaults: string, annotation: string, want: string, why: string])[] = [
  ['', '', 'no-virtual-host', 'nobody in front is trusted'],
  ['numTrustedProxies: 1', '', 'deny-rule-matched', 'the mesh trusts one'],
  ['', annotated('gatewayTopology: { numTrustedProxies: 1 }'), 'deny-rule-matched', 'the pod says so itself'],
  ['numTrustedProxies: 1', annotated('{"gatewayTopology": {"numTrustedProxies": 0}}'), 'no-virtual-host', 'over the mesh’s word'],
  ['', annotated('gatewayTopology: ['), 'no-virtual-host', 'what cannot be read says nothing'],
] // biome-ignore format: a table
for (const [defaults, annotation, want, why] of rows) {
  test(`X-Forwarded-For at a gateway: ${why}`, () => {
    const door = compileDoor(meshOf(mesh(defaults, annotation)))
    const request = aDoorRequest({ headers: [['x-forwarded-for', '1.2.3.4']] })
    assert.equal(door.decide(door.gateway(), request, aContext()).reason, want)
  })
}
