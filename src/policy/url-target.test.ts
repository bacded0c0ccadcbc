import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meshOf } from './builders.test.ts'
import { compileDoor } from './door.ts'
import { explain } from './explain.ts'
import { parsePrincipal } from './principal.ts'

const door = compileDoor(
  meshOf(`
apiVersion: v1
kind: Service
metadata: { name: istio-ingressgateway, namespace: istio-system }
spec: { selector: { istio: ingressgateway }, ports: [{ port: 80, targetPort: 8080 }, { port: 443, targetPort: 8443 }, { port: 15021 }] }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: one, namespace: apps }
spec: { selector: { istio: ingressgateway }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }] }
`),
)
const assumed = 'port-assumed'
const closed = 'no-listener'

const rows: readonly (readonly [scheme: 'http' | 'https', host: string, want: string, why: string])[] = [
  ['http', 'door.test', '8080', 'the usual port needs no word'],
  ['http', 'door.test:80', '8080', 'nor where it is written'],
  ['http', 'localhost:8080', '8080', 'a door on a laptop'],
  ['http', '127.0.0.1:9999', '8080', 'or by its address'],
  ['http', '[::1]:9999', '8080', 'of either kind'],
  [
    'http',
    'door.test:9999',
    `8080 ${assumed}`,
    'a port the Service has not may be forwarded, or be nobody’s',
  ],
  ['http', 'door.test:15021', closed, 'one that it has, and no Gateway opens'],
  ['https', 'door.test', closed, 'no Gateway opens 443'],
  ['https', 'localhost:8443', closed, 'whatever port it is forwarded from'],
]
for (const [scheme, host, want, why] of rows) {
  test(`${scheme}://${host}: ${why}`, () => {
    const principal = parsePrincipal('anonymous')
    assert.ok(principal)
    const result = explain(door, { method: 'GET', scheme, host, path: '/', headers: [], principal, now: 1 })
    if ('problem' in result) return assert.equal(result.problem, want)
    const said = result.steps.filter(({ reason }) => reason === assumed).map(({ reason }) => reason)
    assert.equal([result.request.port, ...said].join(' '), want)
  })
}
