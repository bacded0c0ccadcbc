import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meshOf } from './builders.test.ts'
import { compileDoor } from './door.ts'
import { aroundGateways, type Entrance, entrances } from './entrances.ts'
import { explain } from './explain.ts'
import { parsePrincipal } from './principal.ts'

const yaml = `
apiVersion: v1
kind: Namespace
metadata: { name: apps, labels: { istio-injection: enabled } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: istio-ingressgateway, namespace: istio-system }
spec: { template: { metadata: { labels: { istio: ingressgateway } }, spec: { containers: [{ name: p, image: auto }] } } }
---
apiVersion: v1
kind: Service
metadata: { name: istio-ingressgateway, namespace: istio-system }
spec:
  type: LoadBalancer
  selector: { istio: ingressgateway }
  ports: [{ name: http, port: 80, targetPort: 8080, nodePort: 31380 }]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: gw, namespace: apps }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: vs, namespace: apps }
spec: { hosts: [web.example.com], gateways: [gw], http: [{ route: [{ destination: { host: web, port: { number: 80 } } }] }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: apps }
spec: { template: { metadata: { labels: { app: web } }, spec: { containers: [{ name: c, image: c }] } } }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: apps }
spec: { type: NodePort, selector: { app: web }, ports: [{ name: http, port: 80, targetPort: 8000, nodePort: 32000 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: bare, namespace: plain }
spec: { template: { metadata: { labels: { app: bare } }, spec: { containers: [{ name: c, image: c }] } } }
---
apiVersion: v1
kind: Service
metadata: { name: bare, namespace: plain }
spec: { selector: { app: bare }, ports: [{ name: web, port: 8000 }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: in, namespace: plain }
spec:
  ingressClassName: nginx
  tls: [{ hosts: [bare.example.com] }]
  defaultBackend: { service: { name: gone, port: { number: 1 } } }
  rules: [{ host: bare.example.com, http: { paths: [{ path: /x, backend: { service: { name: bare, port: { name: web } } } }] } }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: other, namespace: plain }
spec: { gatewayClassName: nginx, listeners: [{ name: h, port: 8443, protocol: HTTPS }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ours, namespace: plain }
spec: { gatewayClassName: istio, listeners: [{ name: h, port: 80, protocol: HTTP }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: r, namespace: plain }
spec:
  parentRefs: [{ name: other }, { name: ours }]
  hostnames: [r.example.com]
  rules: [{ matches: [{ path: { value: /y } }], backendRefs: [{ name: bare, port: 8000 }] }]
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: { name: model, namespace: apps }
spec: {}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: web, namespace: apps }
spec: { rules: [{ from: [{ source: { namespaces: [istio-system] } }] }] }
`
const nodes = `
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: agent, namespace: apps }
spec: { template: { metadata: { labels: { app: agent } }, spec: { containers: [{ name: c, image: c, ports: [{ containerPort: 9000, hostPort: 9100 }, { containerPort: 1, hostPort: 9101 }] }] } } }
---
apiVersion: v1
kind: Service
metadata: { name: agent, namespace: apps }
spec: { selector: { app: agent }, externalIPs: [203.0.113.7], ports: [{ name: http, port: 80, targetPort: 9000 }] }
`
const door = compileDoor(meshOf(yaml))
const profile = `
---
apiVersion: kubeflow.org/v1
kind: Profile
metadata: { name: apps }
spec: { owner: { kind: User, name: a@b } }
`

function line({
  kind,
  object,
  port,
  hosts,
  paths,
  workload,
  proxies,
  atGateway,
  controller,
}: Entrance): string {
  const way = [controller, ...proxies.map((proxy) => proxy.kind), workload?.name ?? 'nobody knows']
  const where = [...hosts, ...paths].join('')
  return `${kind} ${object.name} ${port}${where === '' ? '' : ` ${where}`}: ${way.filter(Boolean).join(' > ')}${atGateway ? ' (the door)' : ''}`
}

test('ports of nodes and addresses of Services are ways in too', () => {
  const more = compileDoor(meshOf(yaml + nodes))
  assert.deepEqual(
    entrances(more)
      .map(line)
      .filter((one) => one.includes('agent')),
    [
      'external-ip agent 80 203.0.113.7: sidecar > agent',
      'host-port agent 9100: sidecar > agent',
      'host-port agent 9101: sidecar > agent',
    ],
  )
})

test('every way in is told with the proxies on it', () => {
  assert.deepEqual(entrances(door).map(line), [
    'load-balancer istio-ingressgateway 80: gateway > istio-ingressgateway (the door)',
    'node-port istio-ingressgateway 31380: gateway > istio-ingressgateway (the door)',
    'node-port web 32000: sidecar > web',
    'ingress in 443 bare.example.com/x: Ingress controller nginx > bare',
    'ingress in 443: Ingress controller nginx > nobody knows',
    'route r 8443 r.example.com/y: Gateway plain/other of class nginx > bare',
  ])
  assert.equal(aroundGateways(door).length, 4)
  for (const { at } of entrances(door)) assert.ok(at.line > 0)
})

const rows: readonly (readonly [url: [host: string, path: string], as: string, want: string, why: string])[] =
  [
    [['node:31380', '/'], 'anonymous', 'not-found no-virtual-host', "the gateway's own node port"],
    [['node:32000', '/'], 'anonymous', 'deny no-allow-rule-matched', 'past the gateway there is no identity'],
    [['node:32000', '/'], 'mesh:istio-system/x', 'unknown external', 'a pod asks for a name, not for a node'],
    [
      ['model.apps.example.com', '/'],
      'anonymous',
      'unknown route-not-given',
      'a Knative Service without its route',
    ],
    [['web.example.com', '/'], 'anonymous', 'allow allow-rule-matched', 'the usual way'],
  ]
for (const [[host, path], as, want, why] of rows) {
  test(`${host}${path} as ${as}: ${why}`, () => {
    const principal = parsePrincipal(as)
    assert.ok(principal)
    const result = explain(door, {
      method: 'GET',
      scheme: 'http',
      host,
      path,
      headers: [],
      principal,
      now: 1,
    })
    assert.ok(!('problem' in result))
    assert.equal(`${result.verdict} ${result.reason}`, want)
  })
}

test('a Profile whose own policy is not in the YAML leaves its sidecars undecided', () => {
  const principal = parsePrincipal('anonymous')
  assert.ok(principal)
  const asked = { method: 'GET', scheme: 'http', path: '/', headers: [], principal, now: 1 } as const
  const of = (text: string, host: string) => {
    const result = explain(compileDoor(meshOf(text)), { ...asked, host })
    assert.ok(!('problem' in result))
    return `${result.verdict} ${result.reason}`
  }
  // Another ALLOW policy takes nothing away from one that matches.
  assert.equal(of(yaml + profile, 'web.example.com'), 'allow allow-rule-matched')
  assert.equal(of(yaml + profile, 'node:32000'), 'unknown profile-policy-not-given')
  const own =
    profile + yaml.slice(yaml.lastIndexOf('---')).replace('name: web', 'name: ns-owner-access-istio')
  assert.equal(of(yaml + own, 'node:32000'), 'deny no-allow-rule-matched')
})
