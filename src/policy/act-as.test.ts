/** Whose tokens a principal has: those of the door, whatever else the mesh takes tokens of. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../mesh/index.ts'
import { actAs } from './act-as.ts'
import type { Check } from './decision.ts'

const rule = (namespace: string, issuer: string, more = '') => `---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: ${issuer}, namespace: ${namespace}}
spec: {${more} jwtRules: [{issuer: ${issuer}, audiences: [for-${issuer}]}]}
`
const pods = `---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw, namespace: kubeflow}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {template: {metadata: {labels: {istio: ingressgateway, app: gateway}}, spec: {containers: []}}}
`
const atGateway = 'selector: {matchLabels: {app: gateway}},'

const rows: readonly (readonly [yaml: string, issuer: string, why: string])[] = [
  [
    rule('a-team', 'keycloak') + rule('istio-system', 'dex', atGateway) + pods,
    'dex',
    'a team’s own rule stands before it',
  ],
  [rule('istio-system', 'dex', atGateway) + rule('a-team', 'keycloak') + pods, 'dex', 'or behind it'],
  [
    rule('istio-system', 'other', 'selector: {matchLabels: {app: else}},') +
      rule('istio-system', 'dex', atGateway) +
      pods,
    'dex',
    'a rule of another workload beside the gateway',
  ],
  [
    rule('a-team', 'keycloak') + rule('istio-system', 'dex'),
    'dex',
    'the gateway’s pods are not given: the root namespace',
  ],
  [rule('a-team', 'keycloak') + pods, 'keycloak', 'the only one there is'],
]
for (const [text, issuer, why] of rows) {
  test(`a user has a token of ${issuer}: ${why}`, () => {
    const { mesh } = parseMesh([{ file: 'a.yaml', text }])
    const user = { kind: 'user', email: 'a@example.com', groups: [], forged: false } as const
    const check: Check = {
      provider: 'p',
      service: 's',
      method: 'GET',
      path: '/',
      host: 'h',
      headers: [],
      protocol: 'http',
      timeoutMs: 1,
    }
    const { headers } = actAs(mesh, user, 1_800_000_000).answer(check)
    const [, claims = ''] = headers.find(([name]) => name === 'authorization')?.[1].split('.') ?? []
    const { iss, aud } = JSON.parse(Buffer.from(claims, 'base64url').toString())
    assert.deepEqual([iss, aud], [issuer, `for-${issuer}`])
  })
}
