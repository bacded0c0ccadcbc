import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meshOf } from './builders.test.ts'
import { inboundPorts, portProtocol } from './inbound-port.ts'

const protocols: readonly (readonly [
  name: string,
  appProtocol: string | undefined,
  port: number,
  want: string,
])[] = [
  ['http', undefined, 80, 'http'],
  ['http-web', undefined, 80, 'http'],
  ['HTTP2-x', undefined, 80, 'http'],
  ['grpc-web-x', undefined, 80, 'http'],
  ['https', undefined, 443, 'tcp'],
  ['tcp-db', undefined, 5432, 'tcp'],
  ['mysql', undefined, 1, 'tcp'],
  ['', undefined, 80, 'auto'],
  ['web', undefined, 80, 'auto'],
  ['httpx', undefined, 80, 'auto'],
  ['db', undefined, 3306, 'tcp'],
  ['tcp', 'http', 80, 'http'],
  ['http', 'kubernetes.io/h2c', 80, 'http'],
  ['http', 'kubernetes.io/wss', 80, 'tcp'],
  ['http', 'example.com/own', 80, 'auto'],
]

for (const [name, appProtocol, port, want] of protocols) {
  test(`port ${port} \`${name}\`${appProtocol ? ` of ${appProtocol}` : ''} is ${want}`, () => {
    const written = { name, port, protocol: 'TCP', ...(appProtocol && { appProtocol }) }
    assert.equal(portProtocol(written), want)
  })
}

const service = (name: string, ports: string, more = 'selector: { app: web }', created = '') => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: team${created && `, creationTimestamp: "${created}"`} }
spec: { ${more}, ports: [${ports}] }
---`
const pod = `
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: team, labels: { app: web } }
spec: { containers: [{ name: c, image: i, ports: [{ name: main, containerPort: 9090 }] }] }
---`
const sidecar = (more = '') => `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: s, namespace: team }
spec:
  ${more}
  ingress:
  - port: { number: 7000, name: tcp, protocol: TCP }
    defaultEndpoint: 127.0.0.1:7001
---`

const rows: readonly (readonly [name: string, yaml: string, want: readonly string[]])[] = [
  ['no Service', '', []],
  ['the target port counts', service('a', '{ name: http, port: 80, targetPort: 8080 }'), ['8080 http']],
  ['without one the port itself', service('a', '{ name: tcp-x, port: 80 }'), ['80 tcp']],
  ['a target by name', service('a', '{ name: http, port: 80, targetPort: main }') + pod, ['9090 http']],
  ['a name no container has', service('a', '{ name: http, port: 80, targetPort: other }') + pod, []],
  ['UDP is left out', service('a', '{ name: dns, port: 53, protocol: UDP }'), []],
  ['a Service of other pods', service('a', '{ name: http, port: 80 }', 'selector: { app: api }'), []],
  ['a Service without selector', service('a', '{ name: http, port: 80 }', 'type: ClusterIP'), []],
  [
    'an alias',
    service('a', '{ name: http, port: 80 }', 'type: ExternalName, externalName: x, selector: { app: web }'),
    [],
  ],
  [
    'the older of two decides',
    service('a', '{ name: http, port: 80 }', undefined, '2026-02-01T00:00:00Z') +
      service('b', '{ name: tcp, port: 80 }', undefined, '2026-01-01T00:00:00Z'),
    ['80 tcp'],
  ],
  [
    'a Sidecar with ingress replaces them',
    service('a', '{ name: http, port: 80 }') + sidecar(),
    ['7000 tcp'],
  ],
  [
    'one for other pods does not',
    service('a', '{ name: http, port: 80 }') + sidecar('workloadSelector: { labels: { app: api } }'),
    ['80 http'],
  ],
]

for (const [name, yaml, want] of rows) {
  test(name, () => {
    const ports = inboundPorts(meshOf(yaml), { namespace: 'team', labels: { app: 'web', v: '1' } })
    assert.deepEqual(
      [...ports.values()].map((each) => `${each.port} ${each.protocol}`),
      want,
    )
  })
}
