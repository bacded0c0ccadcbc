import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meshOf } from './builders.test.ts'
import { compileProvider } from './provider.ts'
import { compileRegistry } from './registry.ts'

function provider(settings: string, name = 'auth', extra = '') {
  const mesh = meshOf(`
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data:
  mesh: |
    extensionProviders:
    - name: ${name}
      envoyExtAuthzHttp: { ${settings} }
    - name: tracer
      zipkin: { service: auth.sys.svc.cluster.local, port: 80 }
---
apiVersion: v1
kind: Service
metadata: { name: auth, namespace: sys }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: outside, namespace: sys }
spec: { hosts: [auth.example.com], ports: [{ number: 443, name: https, protocol: HTTPS }], exportTo: ["."] }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: one, namespace: n1 }
spec: { hosts: [twice.example.com], ports: [{ number: 80, name: http, protocol: HTTP }] }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: two, namespace: n2 }
spec: { hosts: [twice.example.com], ports: [{ number: 80, name: http, protocol: HTTP }] }
${extra}`)
  return compileProvider(mesh, compileRegistry(mesh), name, 'istio-system')
}

const here = 'service: auth.sys.svc.cluster.local, port: 80'
const bad: readonly (readonly [settings: string, name: string, want: RegExp, why: string])[] = [
  ['service: nowhere.svc.cluster.local, port: 80', 'auth', /not in the mesh/, 'a service nobody knows'],
  ['service: twice.example.com, port: 80', 'auth', /several namespaces/, 'a host of two namespaces'],
  [here, 'Auth', /not a DNS label/, 'an upper-case name'],
  [here, 'my_auth', /not a DNS label/, 'an underscore'],
  [here, 'auth-', /not a DNS label/, 'a hyphen at the end'],
  [`${here}, statusOnError: "999"`, 'auth', /statusOnError/, 'a status Envoy does not know'],
  [`${here}, statusOnError: forbidden`, 'auth', /statusOnError/, 'a status in words'],
  [`${here}, pathPrefix: check`, 'auth', /pathPrefix/, 'a prefix without slash'],
  [`${here}, pathPrefix: "/%zz"`, 'auth', /pathPrefix/, 'a prefix with a bad escape'],
  [`${here}, headersToUpstreamOnAllow: ["*"]`, 'auth', /lone/, 'a lone star'],
]

for (const [settings, name, want, why] of bad) {
  test(`refuses ${why}`, () => {
    const result = provider(settings, name)
    assert.ok('problem' in result)
    assert.match(result.problem, want)
  })
}

test('refuses a name that is not there, or is no authorizer', () => {
  const mesh = meshOf('')
  const missing = compileProvider(mesh, compileRegistry(mesh), 'auth', 'n')
  assert.ok('problem' in missing)
  assert.match(missing.problem, /not among the mesh's authorizers \(none\)/)
})

const good: readonly (readonly [settings: string, want: string | undefined, why: string])[] = [
  [here, undefined, 'a host'],
  ['service: sys/auth.sys.svc.cluster.local, port: 80', undefined, 'a namespace and a host'],
  ['service: n2/twice.example.com, port: 80', undefined, 'the namespace settles which'],
  ['service: auth.sys.svc.cluster.local, port: 81', 'no-cluster', 'a port the service lacks'],
  ['service: auth.example.com, port: 443', 'no-cluster', 'a service the gateway does not see'],
]

for (const [settings, want, why] of good) {
  test(`takes ${why}${want ? `, and cannot call it` : ''}`, () => {
    const result = provider(settings)
    assert.ok(!('problem' in result))
    assert.equal(result.unreachable, want)
  })
}
