import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aContext, aDoorRequest, meshOf } from './builders.test.ts'
import { compileDoor } from './door.ts'
import { decideFromInside } from './from-inside.ts'

const workload = (name: string) => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: apps, labels: { app: ${name}, sidecar.istio.io/inject: "true" } }
spec: { containers: [{ name: c, image: c, ports: [{ containerPort: 8000 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: apps }
spec: { selector: { app: ${name} }, ports: [{ name: http, port: 80, targetPort: 8000 }] }
---`
const service = (spec: string) => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: apps }
spec: { ${spec} }
---`
const toOther =
  'http: [{ match: [{ uri: { prefix: /a } }], rewrite: { uri: /b }, route: [{ destination: { host: other } }] }]'

/** It opens port 80 for whoever lists its namespace. */
const opening = `
apiVersion: v1
kind: Service
metadata: { name: far, namespace: else }
spec: { ports: [{ name: http, port: 80 }] }
---`
const elsewhere = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: far, namespace: else }
spec: { hosts: [web.apps.svc.cluster.local], http: [{ match: [{ uri: { prefix: /a } }], rewrite: { uri: /b }, route: [{ destination: { host: other.apps.svc.cluster.local } }] }] }
---`
/** As istiod was asked: which VirtualServices a Sidecar lets in is told by their own namespaces. */
const egress = (hosts: string) => `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: default, namespace: apps }
spec: { egress: [{ hosts: ${hosts} }] }
---`

const wide = (name: string, spec: string) =>
  service(`hosts: ["*.apps.svc.cluster.local"], ${spec}`).replace('name: web', `name: ${name}`)

type Row = readonly [yaml: string, host: string, path: string, want: string, why: string]
const rows: readonly Row[] = [
  ['', 'web.apps', '/a/x', 'allow web /a/x', 'nothing of the mesh is about it'],
  [service(`hosts: [web], ${toOther}`), 'web.apps', '/a/x', 'allow other /b/x', 'a VirtualService without gateways is the mesh’s'],
  [service(`hosts: [web], gateways: [gw], ${toOther}`), 'web.apps', '/a/x', 'allow web /a/x', 'one of a gateway only is not'],
  [service(`hosts: [web], gateways: [gw, mesh], ${toOther}`), 'web', '/a/x', 'allow other /b/x', 'a short name is the same host'],
  [service(`hosts: [web], ${toOther}`), 'web.apps', '/c', 'not-found no-route', 'no route of it takes the path'],
  [service(`hosts: [web], exportTo: [else], ${toOther}`), 'web.apps', '/a/x', 'allow web /a/x', 'not exported to the caller'],
  [egress('[else/*]') + service(`hosts: [web], ${toOther}`), 'web.apps', '/a/x', 'allow web /a/x', 'its namespace is not among those of the Sidecar, nor is the Service’s'],
  [egress('[./*]') + service(`hosts: [web], ${toOther}`), 'web.apps', '/a/x', 'allow other /b/x', 'its namespace is'],
  [egress('[./web.apps.svc.cluster.local]') + elsewhere, 'web.apps', '/a/x', 'allow web /a/x', 'the Service is listed, the VirtualService’s namespace is not'],
  [egress('[./*, else/other.apps.svc.cluster.local]') + elsewhere, 'web.apps', '/a/x', 'allow web /a/x', 'its namespace is listed, for another host'],
  [egress('[./*, else/*]') + elsewhere, 'web.apps', '/a/x', 'allow other /b/x', 'both are'],
  [egress('["*/web.apps.svc.cluster.local"]') + elsewhere, 'web.apps', '/a/x', 'allow other /b/x', 'in any namespace'],
  [egress('[else/*]') + opening + elsewhere, 'web.apps.svc.cluster.local', '/a/x', 'allow other /b/x', 'the VirtualService is listed, though the Service is not'],
  [egress('[else/*]') + elsewhere, 'web.apps.svc.cluster.local', '/a/x', 'allow web /a/x', 'but nothing that is opens the port'],
  [egress('[else/*]') + opening + elsewhere, 'web.apps', '/a/x', 'allow web /a/x', 'and short names are the Service’s alone'],
  [wide('a', toOther), 'web.apps', '/a/x', 'allow other /b/x', 'a star stands for its Service'],
  [egress('[./other.apps.svc.cluster.local]') + wide('a', toOther), 'web.apps', '/a/x', 'allow web /a/x', 'a star stands for the Services that are listed'],
  [egress('[else/*]') + opening + elsewhere.replace('web.apps', '"*.apps').replace('local]', 'local"]'), 'web.apps.svc.cluster.local', '/a/x', 'allow other /b/x', 'where none is, for any name'],
  [wide('a', toOther.replace('/b', '/public')) + wide('b', `exportTo: ["."], ${toOther}`), 'web.apps', '/a/x', 'allow other /b/x', 'what is private to its namespace comes before an older one for all'],
  [
    service('hosts: [web], http: [{ match: [{ authority: { exact: web.apps.svc.cluster.local } }], route: [{ destination: { host: other } }] }]'),
    'web.apps', '/', 'not-found no-route', 'the authority is compared as it was sent',
  ],
] // biome-ignore format: a table
for (const [yaml, host, path, want, why] of rows) {
  test(`a pod calls ${host}${path}: ${why}`, () => {
    const door = compileDoor(meshOf(workload('web') + workload('other') + yaml))
    const call = { host: 'web.apps.svc.cluster.local', port: 80, caller: { namespace: 'apps', name: 'x' } }
    const result = decideFromInside(door, aDoorRequest({ host, path }), aContext(), call)
    const got =
      result.decision.kind === 'forward'
        ? `${result.verdict} ${result.workload?.name} ${result.decision.path}`
        : `${result.verdict} ${result.reason}`
    assert.equal(got, want)
  })
}

test('a pod without a sidecar has nothing applied', () => {
  const yaml = workload('web') + workload('other') + service(`hosts: [web], ${toOther}`)
  const call = { host: 'web.apps.svc.cluster.local', port: 80 }
  const request = aDoorRequest({ host: 'web.apps', path: '/a/x' })
  assert.equal(decideFromInside(compileDoor(meshOf(yaml)), request, aContext(), call).workload?.name, 'web')
})
