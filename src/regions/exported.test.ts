/** What is exported to whom decides for callers inside, and so for differences. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../mesh/index.ts'
import { diffAccess } from './index.ts'

const door = (service: string, more = '') => `
apiVersion: v1
kind: Namespace
metadata: { name: apps, labels: { istio-injection: enabled } }
---
apiVersion: v1
kind: Namespace
metadata: { name: team, labels: { istio-injection: enabled } }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: apps, labels: { app: web } }
spec: { containers: [{ name: c, image: c }] }
---
apiVersion: v1
kind: Pod
metadata: { name: caller, namespace: team, labels: { app: caller } }
spec: { serviceAccountName: caller, containers: [{ name: c, image: c }] }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: apps, ${service} }
spec: { selector: { app: web }, ports: [{ name: http, port: 80 }] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: web, namespace: apps }
spec: { rules: [{ from: [{ source: { namespaces: [team] } }] }] }
---
${more}
`
const rule = (name: string, mode: string, made: string) => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ${name}, namespace: apps, creationTimestamp: "${made}" }
spec: { host: web, trafficPolicy: { tls: { mode: ${mode} } } }
---`
const rows = [
  ['annotations: { networking.istio.io/exportTo: "." }', '', 'a Service that is kept in its namespace'],
  ['', rule('a', 'ISTIO_MUTUAL', '2026-01-02T00:00:00Z') + rule('b', 'DISABLE', '2026-01-01T00:00:00Z'), 'a DestinationRule that is older'],
] as const // biome-ignore format: a table
for (const [service, more, why] of rows) {
  test(`a caller inside loses by ${why}`, () => {
    const usual = more.replace('2026-01-01', '2026-01-03')
    const [before, after] = [door('', usual), door(service, more)].map(
      (text) => parseMesh([{ file: 'door.yaml', text }]).mesh,
    )
    assert.ok(before && after)
    const { lost, gained } = diffAccess(before, after, { now: 1, old: {}, new: {} })
    assert.ok(lost.some(({ principal }) => principal === 'mesh:team/caller'))
    assert.deepEqual(gained, [])
  })
}
