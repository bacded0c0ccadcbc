import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aCall, aRequest, ingressGateway, meshOf } from './builders.test.ts'
import { compileFilters } from './filters.ts'

const plugin = (spec: string, kind = 'WasmPlugin', namespace = 'istio-system') => `
apiVersion: extensions.istio.io/v1alpha1
kind: ${kind}
metadata: { name: plugin, namespace: ${namespace} }
spec: { url: oci://x/y, ${spec} }
---`
const denyAdmin = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: deny, namespace: istio-system }
spec: { action: DENY, rules: [{ to: [{ operation: { paths: [/admin] } }] }] }
---`

const rows: readonly (readonly [yaml: string, path: string, want: string, why: string])[] = [
  [plugin('phase: AUTHN'), '/', 'unknown', 'code nobody here can read'],
  [plugin('', 'TrafficExtension'), '/', 'unknown', 'by its newer name'],
  [plugin('selector: { matchLabels: { istio: ingressgateway } }'), '/', 'unknown', 'selected by label'],
  [plugin('selector: { matchLabels: { istio: other } }'), '/', 'pass', 'another workload’s'],
  [plugin('', 'WasmPlugin', 'apps'), '/', 'pass', 'another namespace’s'],
  [plugin('match: [{ mode: SERVER }]'), '/', 'pass', 'a gateway is the client’s side'],
  [plugin('match: [{ mode: CLIENT, ports: [{ number: 8080 }] }]'), '/', 'unknown', 'on this port'],
  [plugin('match: [{ ports: [{ number: 443 }] }]'), '/', 'pass', 'on another port'],
  [denyAdmin + plugin(''), '/admin', 'reply', 'behind a policy that refuses'],
  [denyAdmin + plugin(''), '/', 'unknown', 'behind a policy that does not'],
  [denyAdmin + plugin('phase: AUTHZ'), '/admin', 'unknown', 'before it'],
  [plugin('type: NETWORK'), '/', 'unknown', 'before HTTP is read'],
] // biome-ignore format: a table
for (const [yaml, path, want, why] of rows) {
  test(`a plugin, GET ${path}: ${why}`, () => {
    const filters = compileFilters(meshOf(yaml), ingressGateway, {})
    const outcome = filters.run(aCall({ request: aRequest({ path }) }))
    assert.equal(outcome.kind, want)
    if (want === 'unknown')
      assert.ok(outcome.steps.some(({ reason, at }) => reason === 'extension-unknown' && at))
  })
}
