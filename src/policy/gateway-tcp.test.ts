/** Policies on a gateway's TCP chains (Istio networkfilter.go, buildCompleteNetworkFilters): they hold for connections. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aContext, aDoorRequest, meshOf } from './builders.test.ts'
import type { DoorRequest } from './decision.ts'
import { compileDoor } from './door.ts'

const world = `
apiVersion: v1
kind: Service
metadata: { name: istio-ingressgateway, namespace: istio-system }
spec: { selector: { istio: ingressgateway }, ports: [{ port: 9000, targetPort: 9000 }, { port: 443, targetPort: 8443 }] }
---
apiVersion: v1
kind: Service
metadata: { name: a, namespace: apps }
spec: { ports: [{ name: tcp, port: 80 }] }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: gw, namespace: apps }
spec:
  selector: { istio: ingressgateway }
  servers:
  - { port: { number: 9000, name: tcp, protocol: TCP }, hosts: ["*"] }
  - { port: { number: 443, name: tls, protocol: TLS }, hosts: ["*"], tls: { mode: PASSTHROUGH } }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: vs, namespace: apps }
spec:
  hosts: ["*"]
  gateways: [gw]
  tcp: [{ match: [{ port: 9000 }], route: [{ destination: { host: a, port: { number: 80 } } }] }]
  tls: [{ match: [{ port: 443, sniHosts: [app.test] }], route: [{ destination: { host: a, port: { number: 80 } } }] }]
---`

const policy = (spec: string) => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: p, namespace: istio-system }
spec: { selector: { matchLabels: { istio: ingressgateway } }, ${spec} }
---`

const plain = { port: 9000 }
const hello = { port: 8443, scheme: 'https', sni: 'app.test' } as const
const closed = 'connection closed without response'

const rows: readonly (readonly [why: string, spec: string, request: Partial<DoorRequest>, want: string])[] = [
  ['no policy', '', plain, 'forward'],
  ['DENY everything', 'action: DENY, rules: [{}]', plain, closed],
  [
    'DENY by address',
    'action: DENY, rules: [{ from: [{ source: { ipBlocks: ["127.0.0.9"] } }] }]',
    { ...plain, sourceIp: '127.0.0.9' },
    closed,
  ],
  [
    'DENY by another address',
    'action: DENY, rules: [{ from: [{ source: { ipBlocks: ["127.0.0.8"] } }] }]',
    { ...plain, sourceIp: '127.0.0.9' },
    'forward',
  ],
  ['ALLOW another port', 'rules: [{ to: [{ operation: { ports: ["8443"] } }] }]', plain, closed],
  ['ALLOW this port', 'rules: [{ to: [{ operation: { ports: ["9000"] } }] }]', plain, 'forward'],
  [
    'ALLOW by path: HTTP only, so the rule is dropped',
    'rules: [{ to: [{ operation: { paths: ["/*"] } }] }]',
    plain,
    closed,
  ],
  [
    'DENY by path: the field falls out, and the rule takes every connection',
    'action: DENY, rules: [{ to: [{ operation: { paths: ["/x"], ports: ["9000"] } }] }]',
    plain,
    closed,
  ],
  ['ALLOW nothing', '', plain, 'forward'],
  ['passthrough, no policy', '', hello, 'forward'],
  [
    'passthrough, DENY: the handshake never comes back',
    'action: DENY, rules: [{}]',
    hello,
    'tls handshake failed',
  ],
  [
    'passthrough, ALLOW by SNI',
    'rules: [{ when: [{ key: connection.sni, values: [app.test] }] }]',
    hello,
    'forward',
  ],
  [
    'passthrough, ALLOW by another SNI',
    'rules: [{ when: [{ key: connection.sni, values: [b.test] }] }]',
    hello,
    'tls handshake failed',
  ],
]

for (const [why, spec, request, want] of rows) {
  test(`${why}: ${want}`, () => {
    const door = compileDoor(meshOf(world + (spec === '' ? '' : policy(spec))))
    const decision = door.decide(door.gateway(), aDoorRequest({ host: 'app.test', ...request }), aContext())
    assert.equal(decision.kind === 'drop' ? decision.error : decision.kind, want)
    if (want !== 'forward') assert.equal(decision.verdict, 'deny')
  })
}
