/** One door's server names beside another's: who comes in by a name both take gains and loses nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../mesh/index.ts'
import { type Difference, diffAccess } from './diff.ts'

const now = 1_800_000_000
const server = (name: string, hosts: string) =>
  `  - {port: {number: 443, name: ${name}, protocol: HTTPS}, hosts: [${hosts}], tls: {mode: SIMPLE, credentialName: own}}\n`
const door = (...servers: readonly string[]) =>
  parseMesh([
    {
      file: 'door.yaml',
      text: `apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {type: LoadBalancer, selector: {istio: ingressgateway}, ports: [{name: https, port: 443, targetPort: 8443}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  servers:
${servers.join('')}---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: apps}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: app, namespace: apps}
spec: {gateways: [istio-system/door], hosts: ["*"], http: [{route: [{destination: {host: app.apps.svc.cluster.local}}]}]}
`,
    },
  ]).mesh

const any = server('https', '"*"')
const a = server('a', 'a.example.com')
const both = server('both', 'a.example.com, b.example.com')
/** Host and server name, of whoever is anonymous. By `a.example.com` for itself every door here lets in. */
const rows: readonly (readonly [
  what: string,
  before: readonly string[],
  after: readonly string[],
  gained: readonly string[],
  lost: readonly string[],
])[] = [
  ['every name, then one', [any], [a], [], ['x a.example.com', 'x x']],
  ['one name, then every', [a], [any], ['x a.example.com', 'x x'], []],
  // Another host by that name is not found any more.
  ['a name by itself beside every name', [any], [any, a], [], ['x a.example.com']],
  ['two names in one server, then in two', [both], [a, server('b', 'b.example.com')], [], ['b.example.com a.example.com']],
  ['a star, then a name below it', [server('star', '"*.example.com"')], [a], [], ['x.example.com a.example.com', 'x.example.com x.example.com']],
  ['servers in another order', [a, server('b', 'b.example.com')], [server('b', 'b.example.com'), a], [], []],
] // biome-ignore format: a table

for (const [what, before, after, gained, lost] of rows) {
  test(`${what}: gained ${gained.join(', ') || 'nothing'}, lost ${lost.join(', ') || 'nothing'}`, () => {
    const diff = diffAccess(door(...before), door(...after), { now, old: {}, new: {} })
    const names = (list: readonly Difference[]) =>
      list.flatMap(({ principal, witness }) => {
        const { hostname } = new URL(witness.url)
        return principal === 'anonymous' ? [`${hostname} ${witness.sni ?? hostname}`] : []
      })
    assert.deepEqual(names(diff.gained), gained)
    assert.deepEqual(names(diff.lost).sort(), lost)
    assert.deepEqual([diff.changed, diff.unknown], [[], []])
  })
}
