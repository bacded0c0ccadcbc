/** Which of a plan's witnesses an address is asked: those that come in at the server behind it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../../mesh/index.ts'
import { compileDoor, type Principal, parsePrincipal } from '../../policy/index.ts'
import { planVerification } from './verify-door.ts'

const plain = "{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}"
const redirects = "{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*'], tls: {httpsRedirect: true}}"
const tls =
  "{port: {number: 443, name: https, protocol: HTTPS}, hosts: ['*'], tls: {mode: SIMPLE, credentialName: c}}"

const rows: readonly (readonly [why: string, servers: readonly string[], url: string, asked: string])[] = [
  ['of two servers the plain one, at its address', [redirects, tls], 'http://door.example.com', 'http://x/'],
  ['of two servers the other, at its address', [redirects, tls], 'https://door.example.com', 'https://x/'],
  ['something in front ends TLS', [plain], 'https://door.example.com', 'http://x/'],
  ['something in front begins TLS', [tls], 'http://door.example.com', 'https://x/'],
]

for (const [why, servers, url, asked] of rows) {
  test(`a plan with witnesses of both schemes: ${why}`, () => {
    const { mesh } = parseMesh([{ file: 'door.yaml', text: doorWith(servers) }])
    const anonymous = parsePrincipal('anonymous') as Principal
    const plan = planVerification(
      { HOME: '/nonexistent' },
      {
        url,
        mesh,
        engine: compileDoor(mesh, {}),
        view: {},
        witnesses: ['http://x/', 'https://x/'].map((each) => ({
          principal: anonymous,
          witness: { method: 'GET', url: each, headers: [] },
        })),
        permissions: { probeForged: false, wake: false, allowPost: false, mint: false },
        rate: 1,
        kube: {},
      },
    )
    assert.deepEqual(
      plan.ask.map(({ witness }) => witness.url),
      [asked],
    )
    const left = asked.startsWith('https') ? 'http' : 'https'
    // A door without the other server has nothing to say about it at all.
    const both = servers.length > 1
    assert.deepEqual(
      plan.notAsked.map(({ asked: each, why }) => [each.witness.url, why]),
      both
        ? [
            [
              `${left}://x/`,
              `it comes in over ${left}, and this address leads to the door’s ${asked.split(':')[0]}`,
            ],
          ]
        : [],
    )
  })
}

function doorWith(servers: readonly string[]): string {
  return `apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {selector: {istio: ingressgateway, app: istio-ingressgateway}, ports: [{name: http, port: 80, targetPort: 8080}, {name: https, port: 443, targetPort: 8443}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gateway, namespace: istio-system}
spec: {selector: {istio: ingressgateway}, servers: [${servers.join(', ')}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: app, namespace: istio-system}
spec: {hosts: ['*'], gateways: [gateway], http: [{route: [{destination: {host: app.istio-system.svc.cluster.local, port: {number: 80}}}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: istio-system}
spec: {selector: {app: app}, ports: [{name: http, port: 80}]}
`
}
