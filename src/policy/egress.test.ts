import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meshOf } from './builders.test.ts'
import { compileDoor } from './door.ts'
import { explain } from './explain.ts'
import { parsePrincipal } from './principal.ts'

const namespace = (name: string) => `
---
apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: { istio-injection: enabled } }
`
const pod = (space: string, name: string, account: string) => `
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: ${space} }
spec: { template: { metadata: { labels: { app: ${name} } }, spec: { serviceAccountName: ${account}, containers: [{ name: c, image: c }] } } }
`
const sidecar = (space: string, name: string, spec: string) => `
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: ${name}, namespace: ${space} }
spec: ${spec}
`
const around =
  namespace('apps') +
  namespace('team') +
  pod('apps', 'web', 'web') +
  pod('team', 'a', 'caller') +
  pod('team', 'b', 'both') +
  pod('team', 'c', 'both') +
  `
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: apps }
spec: { selector: { app: web }, ports: [{ name: http, port: 80 }] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: web, namespace: apps }
spec: { rules: [{ from: [{ source: { namespaces: [team] } }] }] }
`
const mesh = (text: string) => `
---
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "${text}" }
`
const only = (hosts: string, more = '') => `{ egress: [{ hosts: [${hosts}] }]${more} }`
const registryOnly = ', outboundTrafficPolicy: { mode: REGISTRY_ONLY }'
const selects = ', workloadSelector: { labels: { app: c } }'

const rows: readonly (readonly [yaml: string, as: string, want: string, why: string])[] = [
  ['', 'mesh:team/caller', 'allow allow-rule-matched', 'without a Sidecar everything is known'],
  [sidecar('team', 'default', only('"./*"')), 'mesh:team/caller', 'deny no-allow-rule-matched', 'not listed: it arrives without its name'],
  [sidecar('team', 'default', only('"./*", "apps/*"')), 'mesh:team/caller', 'allow allow-rule-matched', 'its namespace is listed'],
  [sidecar('team', 'default', only('"*/web.apps.svc.cluster.local"')), 'mesh:team/caller', 'allow allow-rule-matched', 'itself is listed'],
  [sidecar('team', 'default', only('"*/*.svc.cluster.local"')), 'mesh:team/caller', 'allow allow-rule-matched', 'names end alike'],
  [sidecar('team', 'default', only('"~/*"', registryOnly)), 'mesh:team/caller', 'unavailable egress-blocked', 'nothing else may leave'],
  [sidecar('istio-system', 'default', only('"istio-system/*"', registryOnly)), 'mesh:team/caller', 'unavailable egress-blocked', 'the root namespace speaks for all'],
  [sidecar('istio-system', 'default', only('"istio-system/*"')) + sidecar('team', 'own', only('"*/*"')), 'mesh:team/caller', 'allow allow-rule-matched', 'and its own namespace before it'],
  [sidecar('team', 'some', only('"./*"', selects)), 'mesh:team/caller', 'allow allow-rule-matched', 'a Sidecar of other pods'],
  [sidecar('team', 'some', only('"./*"', selects)), 'mesh:team/both', 'unknown egress-differs', 'some of its pods have it'],
  [sidecar('team', 'b', only('"./*"')) + sidecar('team', 'a', only('"*/*"')), 'mesh:team/caller', 'allow allow-rule-matched', 'of two the older counts, of one age the first by name'],
  [sidecar('team', 'a', only('"*/*"')) + sidecar('team', 'b', only('"./*"', ', workloadSelector: {}')), 'mesh:team/caller', 'deny no-allow-rule-matched', 'one with a selector comes first, though it selects all'],
  [sidecar('team', 'default', only('"*/*", "~apps/web.apps.svc.cluster.local"')), 'mesh:team/caller', 'deny no-allow-rule-matched', 'taken out again'],
  [sidecar('team', 'default', only('"*/*", "~apps/other.apps.svc.cluster.local"')), 'mesh:team/caller', 'allow allow-rule-matched', 'another one is'],
  [sidecar('team', 'default', only('"apps/*", "~/web.apps.svc.cluster.local"')), 'mesh:team/caller', 'deny no-allow-rule-matched', 'of any namespace'],
  [mesh("defaultServiceExportTo: ['.']"), 'mesh:team/caller', 'deny no-allow-rule-matched', 'not exported: it arrives without its name'],
  [mesh("defaultServiceExportTo: ['.']") + sidecar('team', 'default', '{ outboundTrafficPolicy: { mode: REGISTRY_ONLY } }'), 'mesh:team/caller', 'unavailable egress-blocked', 'not exported, and nothing else may leave'],
  [mesh("{ defaultServiceExportTo: ['.'], outboundTrafficPolicy: { mode: REGISTRY_ONLY } }") , 'mesh:team/caller', 'unavailable egress-blocked', 'the mesh has it so'],
  [mesh('defaultServiceExportTo: []'), 'mesh:team/caller', 'allow allow-rule-matched', 'an empty default exports to everybody'],
  [sidecar('team', 'default', '{ ingress: [] }'), 'mesh:team/caller', 'allow allow-rule-matched', 'without `egress` everything is known'],
] // biome-ignore format: a table
for (const [yaml, as, want, why] of rows) {
  test(`${as}: ${why}`, () => {
    const principal = parsePrincipal(as)
    assert.ok(principal)
    const door = compileDoor(meshOf(around + yaml))
    const result = explain(door, {
      method: 'GET',
      scheme: 'http',
      host: 'web.apps',
      path: '/',
      headers: [],
      principal,
      now: 1,
    })
    assert.ok(!('problem' in result))
    assert.equal(`${result.verdict} ${result.reason}`, want)
  })
}
