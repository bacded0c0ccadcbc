/** Which listener and filter chain of a gateway takes a connection, and which hosts it serves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aContext, aDoorRequest, meshOf } from './builders.test.ts'
import type { DoorRequest } from './decision.ts'
import { compileDoor } from './door.ts'

const world = `
apiVersion: v1
kind: Service
metadata: { name: istio-ingressgateway, namespace: istio-system }
spec: { selector: { istio: ingressgateway }, ports: [{ port: 80, targetPort: 8080 }, { port: 443, targetPort: 8443 }] }
---
apiVersion: v1
kind: Service
metadata: { name: a, namespace: apps }
spec: { ports: [{ port: 80 }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: vs, namespace: apps }
spec: { hosts: ["*"], gateways: [one, two, own/three], http: [{ route: [{ destination: { host: a } }] }] }
---`

function gateway(
  name: string,
  servers: string,
  more: { namespace?: string; selector?: string; created?: string } = {},
) {
  const { namespace = 'apps', selector = '{ istio: ingressgateway }', created } = more
  const time = created === undefined ? '' : `, creationTimestamp: "${created}"`
  return `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: ${namespace}${time} }
spec: { selector: ${selector}, servers: [${servers}] }
---`
}
const http = (hosts: string, rest = '') =>
  `{ port: { number: 80, name: http, protocol: HTTP }, hosts: ${hosts}${rest} }`
const https = (hosts: string, mode = 'SIMPLE', number = 443, name = 'https', rest = '') =>
  `{ port: { number: ${number}, name: ${name}, protocol: HTTPS }, hosts: ${hosts}, tls: { mode: ${mode}, credentialName: c ${rest} } }`

function told(yaml: string, request: Partial<DoorRequest>): string {
  const door = compileDoor(meshOf(world + yaml))
  const decision = door.decide(door.gateway(), aDoorRequest({ host: 'app.test', ...request }), aContext())
  switch (decision.kind) {
    case 'forward':
      return 'a'
    case 'reply':
      return [
        decision.status,
        ...decision.headers.filter(([name]) => name === 'location').map(([, to]) => to),
      ].join(' ')
    case 'drop':
      return decision.error
    default:
      return decision.kind
  }
}
const tls = (sni: string | undefined, more: Partial<DoorRequest> = {}): Partial<DoorRequest> => ({
  scheme: 'https',
  port: 8443,
  ...(sni !== undefined && { sni }),
  ...more,
})
const failed = 'tls handshake failed'
const certificate = { uris: ['spiffe://td/ns/a/sa/b'], dnsNames: [], subject: 'CN=x', trusted: true }

const rows: readonly (readonly [yaml: string, request: Partial<DoorRequest>, want: string, why: string])[] = [
  [gateway('one', http('["*"]')), {}, 'a', 'port 80 of the Service is 8080 of the pod'],
  [gateway('one', http('["*"]')), { port: 80 }, 'connect: refused', 'nobody listens on 80'],
  [gateway('one', http('[app.test]')), { host: 'x.test' }, '404', 'not a host of the server'],
  [gateway('one', http('[other/app.test]')), {}, '404', 'a host for another namespace'],
  [gateway('one', http('[./app.test]')), {}, 'a', 'a host for its own namespace'],
  [gateway('three', http('[./app.test]'), { namespace: 'own' }), {}, '404', 'its own is not the service’s'],
  [gateway('one', http('["*"]'), { selector: '{ istio: other }' }), {}, 'connect: refused', 'another pod’s'],
  [gateway('unnamed', http('["*"]')), {}, '404', 'a Gateway no VirtualService names'],
  [gateway('one', http('["*"]', ', tls: { httpsRedirect: true }')), { host: 'app.test:80', path: '/x?y' }, '301 https://app.test:80/x?y', 'sent to https, port and all'],
  [gateway('unnamed', http('[app.test]', ', tls: { httpsRedirect: true }')), {}, '301 https://app.test/', 'also without a route'],
  [gateway('one', https('["*"]')), tls('app.test'), 'a', 'TLS ends here'],
  [gateway('one', https('["*"]')), { port: 8443 }, 'connection closed without response', 'plain text to a TLS port'],
  [gateway('one', http('["*"]')), { scheme: 'https', sni: 'a' }, failed, 'TLS to a plain port'],
  [gateway('one', https('[app.test]')), tls('x.test'), failed, 'a name nobody serves'],
  [gateway('one', https('[app.test]')), tls(undefined), failed, 'no name'],
  [gateway('one', https('["*.test"]')), tls('a.b.test', { host: 'a.b.test' }), 'a', 'a wildcard takes several labels'],
  [gateway('one', https('["*.test"]')), tls('.test', { host: 'a.test' }), 'a', 'nothing before the dot of a wildcard'],
  [gateway('one', `${https('[app.test]')}, ${https('["*.test"]', 'MUTUAL', 443, 'https2')}`), tls('app.test'), 'a', 'the exact name before the wildcard'],
  [gateway('one', `${https('[app.test]')}, ${https('["*.test"]', 'SIMPLE', 443, 'https2')}`), tls('app.test', { host: 'x.test' }), '404', 'the Host of another server'],
  [gateway('one', https('["*"]', 'MUTUAL')), tls('app.test'), failed, 'a certificate is wanted'],
  [gateway('one', https('["*"]', 'MUTUAL')), tls('app.test', { peer: certificate }), 'a', 'and shown'],
  [gateway('one', https('["*"]', 'MUTUAL')), tls('app.test', { peer: { ...certificate, trusted: false } }), failed, 'of an authority nobody trusts'],
  [gateway('one', https('["*"]', 'OPTIONAL_MUTUAL')), tls('app.test', { peer: { ...certificate, trusted: false } }), failed, 'may be missing, and not be anybody\'s'],
  [gateway('one', https('["*"]', 'OPTIONAL_MUTUAL')), tls('app.test'), 'a', 'may be missing'],
  [gateway('one', https('["*"]', 'OPTIONAL_MUTUAL', 443, 'https', ', subjectAltNames: [x]')), tls('app.test', { peer: certificate }), failed, 'nor of another name'],
  [gateway('one', https('["*"]', 'SIMPLE')), tls('app.test', { peer: { ...certificate, trusted: false } }), 'a', 'nobody asks for it'],
  [gateway('one', https('["*"]', 'MUTUAL', 443, 'https', ', subjectAltNames: [x]')), tls('app.test', { peer: certificate }), failed, 'with a name that is not expected'],
  [gateway('one', https('[app.test]')) + gateway('two', https('[app.test, b.test]')), tls('b.test', { host: 'b.test' }), failed, 'a repeated TLS host drops the later server whole'],
  [gateway('one', http('["*"]')) + gateway('two', https('["*"]', 'SIMPLE', 80)), { ...tls('app.test'), port: 8080 }, failed, 'HTTPS after HTTP on one port is dropped'],
  [gateway('one', http('["*"]'), { created: '2026-02-01T00:00:00Z' }) + gateway('two', https('[app.test]', 'SIMPLE', 80), { created: '2026-01-02T00:00:00Z' }), { ...tls('app.test'), port: 8080 }, 'a', 'HTTPS first: both are served'],
  [gateway('one', https('["*"]')) + gateway('two', https('["apps/*"]')), tls('app.test'), 'connect: refused', 'Envoy refuses a listener two of whose chains take any name'],
  [gateway('one', https('[app.test, b.test]')) + gateway('two', https('[apps/app.test]')), tls('b.test', { host: 'b.test' }), 'connect: refused', 'or one name, whatever else they take'],
  [gateway('one', `${https('[app.test]')}, ${http('["*"]')}`) + gateway('two', https('[apps/app.test]')), {}, 'a', 'and opens the other port'],
  [gateway('one', https('[app.test, apps/app.test]')), tls('app.test'), 'a', 'a server that says a name twice has it once'],
  [gateway('one', https('[APP.test]')), tls('app.test'), 'a', 'Envoy reads server names in small letters'],
  [gateway('one', https('[APP.test]')) + gateway('two', https('[app.test]')), tls('app.test'), 'connect: refused', 'and so finds clashes that istiod does not'],
  [gateway('one', https('["*.test"]')) + gateway('two', https('[app.test]')), tls('app.test'), 'a', 'a name inside a wildcard is no clash'],
  [gateway('one', https('["*"]', 'SIMPLE', 80), { created: '2026-01-02T00:00:00Z' }) + gateway('two', http('["*"]'), { created: '2026-02-01T00:00:00Z' }), {}, 'connect: refused', 'plain text beside TLS for any name'],
  [gateway('one', https('["*"]', 'SIMPLE', 443, 'https').replace('hosts:', 'bind: 0.0.0.0, hosts:')) + gateway('two', https('["*"]')), tls('app.test'), 'connect: refused', 'an address that is every address, written and not'],
] // biome-ignore format: a table
for (const [index, [yaml, request, want, why]] of rows.entries()) {
  test(`gateway ${index + 1}: ${why}`, () => assert.equal(told(yaml, request), want))
}

test('a gateway is asked by its labels, and the first is the ingress gateway', () => {
  const door = compileDoor(meshOf(world + gateway('one', http('["*"]'))))
  assert.equal(door.gateway().labels.istio, 'ingressgateway')
  assert.equal(door.gateway({ labels: { istio: 'none' } }).labels.istio, 'none')
})

test('with SIMPLE nobody is asked for a certificate, so no policy sees one', () => {
  const deny = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: p, namespace: istio-system }
spec: { action: DENY, rules: [{ from: [{ source: { principals: ["*"] } }] }] }
---`
  const request = tls('app.test', { peer: certificate })
  assert.equal(told(deny + gateway('one', https('["*"]')), request), 'a')
  assert.equal(told(deny + gateway('one', https('["*"]', 'MUTUAL')), request), '403')
})

test('a chain can be found before the request is read', () => {
  const yaml = gateway('one', `${https('[app.test]')}, ${https('["*.test"]', 'MUTUAL', 443, 'https2')}`)
  const door = compileDoor(meshOf(world + yaml))
  const mode = (sni: string) =>
    door.chain(door.gateway(), { port: 8443, scheme: 'https', sni })?.server.server.tls?.mode?.value
  assert.deepEqual([mode('app.test'), mode('x.test'), mode('x.other')], ['SIMPLE', 'MUTUAL', undefined])
})
