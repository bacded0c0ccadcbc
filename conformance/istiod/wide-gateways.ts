/** Gateways as the smaller generator does not draw them: several on one selector, SNI, conflicts, namespaces of hosts. */
import fc from 'fast-check'
import { one } from '../envoy/random-words.ts'

const hosts = one(
  ['*'],
  ['*'],
  ['*'],
  ['*'],
  ['*.test'],
  ['app.test'],
  ['api.test', 'app.test'],
  ['*.wild.test'],
  ['x.wild.test'],
  ['*.test'],
  ['apps/*'],
  ['./*'],
  ['*/app.test'],
  ['apps/*.wild.test', 'other/api.test'],
  ['istio-system/app.test', 'api.test'],
  ['./app.test', 'other/*'],
)

const http = fc
  .record({ hosts, redirect: one(false, false, false, true), number: one(80, 80, 80, 80, 80, 80, 80, 8080) })
  .map((drawn) => (name: string) => ({
    port: { number: drawn.number, name, protocol: 'HTTP' },
    hosts: drawn.hosts,
    ...(drawn.redirect && { tls: { httpsRedirect: true } }),
  }))

const https = fc
  .record({
    hosts,
    number: one(443, 443, 443, 443, 443, 443, 8443),
    mode: one('SIMPLE', 'SIMPLE', 'MUTUAL', 'OPTIONAL_MUTUAL'),
    sans: one(undefined, undefined, ['a.example.com']),
  })
  .map((drawn) => (name: string) => ({
    port: { number: drawn.number, name, protocol: 'HTTPS' },
    hosts: drawn.hosts,
    tls: {
      mode: drawn.mode,
      credentialName: 'tls',
      ...(drawn.mode === 'MUTUAL' && drawn.sans && { subjectAltNames: drawn.sans }),
    },
  }))

const passed = fc
  .record({ hosts, protocol: one('TLS', 'HTTPS'), number: one(443, 9443) })
  .map((drawn) => (name: string) => ({
    port: { number: drawn.number, name, protocol: drawn.protocol },
    hosts: drawn.hosts,
    tls: { mode: 'PASSTHROUGH' },
  }))

const raw = fc
  .record({ hosts, number: one(9000, 9000, 80), tls: fc.boolean() })
  .map((drawn) => (name: string) => ({
    port: { number: drawn.tls ? 9443 : drawn.number, name, protocol: drawn.tls ? 'TLS' : 'TCP' },
    hosts: drawn.hosts,
    ...(drawn.tls && { tls: { mode: 'SIMPLE', credentialName: 'tls' } }),
  }))

const server = fc.oneof(
  { weight: 5, arbitrary: http },
  { weight: 4, arbitrary: https },
  { weight: 1, arbitrary: passed },
  { weight: 1, arbitrary: raw },
)

const gateway = fc.record({
  namespace: one('istio-system', 'istio-system', 'istio-system', 'apps'),
  selector: one<Record<string, string> | undefined>(
    { istio: 'ingressgateway' },
    { istio: 'ingressgateway' },
    { istio: 'ingressgateway' },
    { app: 'istio-ingressgateway' },
    { istio: 'other' },
    undefined,
  ),
  created: one(undefined, undefined, '2026-01-03T00:00:00Z', '2025-06-01T00:00:00Z'),
  servers: fc.array(server, { minLength: 1, maxLength: 3 }),
})

/** Most doors have one that opens both ports to the proxy that is asked. */
const usual = fc
  .record({ plain: http, secure: https, more: fc.array(server, { maxLength: 1 }) })
  .map(({ plain, secure, more }) => ({
    namespace: 'istio-system',
    selector: { istio: 'ingressgateway' },
    created: undefined,
    servers: [plain, secure, ...more],
  }))

const several = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(usual, fc.array(gateway, { maxLength: 2 })).map(([first, more]) => [first, ...more]),
  },
  { weight: 1, arbitrary: fc.array(gateway, { minLength: 1, maxLength: 3 }) },
)

/** Named `gw0` and on; a port's name tells its Gateway, as istiod wants it. */
export const wideGateways = several.map((list) =>
  list.map(({ namespace, selector, created, servers }, index) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: { name: `gw${index}`, namespace, ...(created && { creationTimestamp: created }) },
    spec: {
      ...(selector && { selector }),
      servers: servers.map((make, at) => make(`p${at}`)),
    },
  })),
)
