/** What the doctor says of one answer beside the door's YAML, where TLS ends in another place than the YAML has it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../../mesh/index.ts'
import { compileDoor } from '../../policy/index.ts'
import { doorWith } from '../verify/app-door.fixture.ts'
import { blame, contradicts } from './blame.ts'

/** Nobody gets to one path. */
const closed = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: closed, namespace: istio-system}
spec: {selector: {matchLabels: {istio: ingressgateway}}, action: DENY, rules: [{to: [{operation: {paths: [/closed]}}]}]}
`

const plain = "{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}"
const redirects = "{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*'], tls: {httpsRedirect: true}}"
const tls =
  "{port: {number: 443, name: https, protocol: HTTPS}, hosts: ['*'], tls: {mode: SIMPLE, credentialName: c}}"
const both = '{name: http, port: 80, targetPort: 8080}, {name: https, port: 443, targetPort: 8443}'
const one = '{name: http, port: 80, targetPort: 8080}'

/** What a proxy lets through, and what it says by itself. */
const through = {
  status: 200,
  headers: [
    ['server', 'istio-envoy'],
    ['x-envoy-upstream-service-time', '1'],
  ],
  body: 'hi',
} as const
const denied = { status: 403, headers: [['server', 'istio-envoy']], body: 'RBAC: access denied' } as const

const rows: readonly (readonly [
  why: string,
  servers: readonly string[],
  ports: string,
  url: string,
  answer: typeof through | typeof denied,
  codes: readonly string[],
])[] = [
  ['a load balancer ends TLS', [plain], both, 'https://door.example.com/', through, []],
  [
    'a load balancer ends TLS, and the Service has no 443',
    [plain],
    one,
    'https://door.example.com/',
    through,
    [],
  ],
  [
    'a load balancer ends TLS on a port of its own',
    [plain],
    both,
    'https://door.example.com:8443/',
    through,
    [],
  ],
  ['TLS begins in front of the door', [tls], both, 'http://door.example.com/', through, []],
  [
    'the line that refuses is named behind a load balancer',
    [plain],
    both,
    'https://door.example.com/closed',
    denied,
    ['KFD0326'],
  ],
  [
    'the YAML closes what is open behind a load balancer',
    [plain],
    both,
    'https://door.example.com/closed',
    through,
    ['KFD0327'],
  ],
  ['the gateway itself ends TLS', [redirects, tls], both, 'https://door.example.com/', through, []],
]

for (const [why, servers, ports, text, answer, codes] of rows) {
  test(why, () => {
    const { mesh } = parseMesh([{ file: 'door.yaml', text: `${doorWith(servers, ports)}---\n${closed}` }])
    const blamed = { engine: compileDoor(mesh, {}), words: '-f door.yaml', answering: 'istio' } as const
    const asked = { method: 'GET', url: new URL(text) }
    const says = answer.status < 400 ? contradicts : blame
    const found = says(blamed, asked, answer as never)
    assert.deepEqual(
      found.map(({ code }) => code),
      codes,
      JSON.stringify(found),
    )
  })
}
