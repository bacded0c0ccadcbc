/**
 * Whatever is written into the YAML and whatever is asked: the engine answers, and never throws. Objects
 * are made of the words Istio knows with values it does not expect; a failure prints its seed.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseMesh } from '../mesh/index.ts'
import { aContext } from './builders.test.ts'
import type { DoorRequest, HeaderList } from './decision.ts'
import { compileDoor, type Door } from './door.ts'
import { aroundGateways } from './entrances.ts'
import { explain } from './explain.ts'
import { parsePrincipal } from './principal.ts'
import { sidecarOf } from './workload-of.ts'

const words = fc.constantFrom(
  '*', '', '/', '/a/*', '*/b', '{**}', '/x/{*}', 'a.com', '*.a.com', 'web', 'web.apps', 'apps/gw', './gw', 'mesh',
  'cluster.local/ns/a/sa/b', '*/sa/b', '10.0.0.0/8', '::1', '1.2.3', '80', 'https://i/*', 'Bearer ', 'é', '(', '[', '%',
  '%REQ(x)%', '__proto__', 'constructor', 'true', '-1', '99999999999', 'istio-ingressgateway', 'x\u0000y', '💥',
) // biome-ignore format: a list
const scalar = fc.oneof(
  words,
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)
const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(words, tie('any'), { maxKeys: 3 }),
  ),
})).any

/** Each field holds what belongs there, or anything. */
const or = (usual: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 40, arbitrary: usual }, { weight: 1, arbitrary: value })
const some = (fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<unknown> =>
  or(fc.record(fields, { requiredKeys: [] }))
const many = (item: fc.Arbitrary<unknown>) => or(fc.array(item, { maxLength: 3 }))
const texts = many(words)
const port = or(fc.constantFrom(0, 80, 443, 8080, 70000))
const match = some({ exact: words, prefix: words, regex: words })
const matches = or(fc.dictionary(words, match, { maxKeys: 2 }))
const labels = or(fc.dictionary(words, words, { maxKeys: 2 }))
const operations = some({ set: labels, add: labels, remove: texts })

const source = some({
  principals: texts, notPrincipals: texts, requestPrincipals: texts, namespaces: texts, serviceAccounts: texts,
  trustDomains: texts, ipBlocks: texts, notIpBlocks: texts, remoteIpBlocks: texts,
}) // biome-ignore format: a list
const operation = some({
  hosts: texts, notHosts: texts, ports: texts, methods: texts, notMethods: texts, paths: texts, notPaths: texts,
}) // biome-ignore format: a list
const key = fc.constantFrom(
  'source.ip', 'remote.ip', 'source.namespace', 'source.principal', 'request.headers[x]', 'request.auth.claims[a][b]',
  'request.auth.claims', 'request.auth.audiences', 'destination.port', 'connection.sni', 'experimental.envoy.filters.a[b]', 'what',
) // biome-ignore format: a list
const selector = fc.option(some({ matchLabels: labels }), { nil: undefined, freq: 4 })
const policy = some({
  selector,
  action: fc.constantFrom('ALLOW', 'DENY', 'AUDIT', 'CUSTOM', 'x'),
  provider: some({ name: words }),
  rules: many(
    some({
      from: many(some({ source })),
      to: many(some({ operation })),
      when: many(some({ key: or(key), values: texts, notValues: texts })),
    }),
  ),
  targetRefs: many(some({ kind: words, name: words, group: words })),
})
const authentication = some({
  jwtRules: many(
    some({
      issuer: words,
      audiences: texts,
      jwks: fc.constantFrom('{"keys":[]}', '{', '{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}'),
      jwksUri: words,
      fromHeaders: many(some({ name: words, prefix: words })),
      fromParams: texts,
      fromCookies: texts,
      outputPayloadToHeader: words,
      outputClaimToHeaders: many(some({ header: words, claim: words })),
      forwardOriginalToken: fc.boolean(),
    }),
  ),
})
const gateway = some({
  selector: labels,
  servers: many(
    some({
      port: some({
        number: port,
        name: words,
        protocol: fc.constantFrom('HTTP', 'HTTPS', 'TLS', 'TCP', 'GRPC', 'x'),
      }),
      hosts: texts,
      tls: some({
        mode: fc.constantFrom('SIMPLE', 'MUTUAL', 'PASSTHROUGH', 'x'),
        httpsRedirect: fc.boolean(),
        credentialName: words,
      }),
    }),
  ),
})
const destination = some({ host: words, port: some({ number: port }), subset: words })
const service = some({
  hosts: texts,
  gateways: texts,
  exportTo: texts,
  http: many(
    some({
      match: many(
        some({
          uri: match,
          method: match,
          authority: match,
          headers: matches,
          withoutHeaders: matches,
          queryParams: matches,
          port,
          gateways: texts,
        }),
      ),
      route: many(
        some({
          destination,
          weight: fc.integer({ min: -1, max: 100 }),
          headers: some({ request: operations, response: operations }),
        }),
      ),
      redirect: some({ uri: words, authority: words, redirectCode: port, port }),
      directResponse: some({ status: port, body: some({ string: words, bytes: words }) }),
      delegate: some({ name: words, namespace: words }),
      rewrite: some({
        uri: words,
        authority: words,
        uriRegexRewrite: some({ match: words, rewrite: words }),
      }),
      fault: some({ abort: some({ httpStatus: port, percentage: some({ value: port }) }) }),
      corsPolicy: some({ allowOrigins: many(match), allowMethods: texts }),
      headers: some({ request: operations, response: operations }),
    }),
  ),
  tls: many(some({ match: many(some({ sniHosts: texts, port })), route: many(some({ destination })) })),
})
const filter = some({
  workloadSelector: some({ labels }),
  configPatches: many(
    some({
      applyTo: fc.constantFrom('HTTP_FILTER', 'NETWORK_FILTER', 'CLUSTER', 'HTTP_ROUTE', 'x'),
      match: some({ context: fc.constantFrom('GATEWAY', 'ANY'), listener: value }),
      patch: some({ operation: fc.constantFrom('INSERT_BEFORE', 'MERGE', 'REMOVE', 'x'), value }),
    }),
  ),
})
const pod = some({ template: some({ metadata: some({ labels, annotations: labels }), spec: some({ containers: many(some({ image: words, ports: many(some({ containerPort: port })) })) }) }) }) // biome-ignore format: one shape
const backend = some({ selector: labels, type: fc.constantFrom('NodePort', 'ExternalName', 'ClusterIP'), externalName: words, ports: many(some({ port, name: words, nodePort: port })) }) // biome-ignore format: one shape

const kinds: readonly (readonly [apiVersion: string, kind: string, spec: fc.Arbitrary<unknown>])[] = [
  ['security.istio.io/v1', 'AuthorizationPolicy', policy],
  ['security.istio.io/v1', 'RequestAuthentication', authentication],
  ['security.istio.io/v1', 'PeerAuthentication', some({ mtls: some({ mode: words }), portLevelMtls: value })],
  ['networking.istio.io/v1', 'Gateway', gateway],
  ['networking.istio.io/v1', 'VirtualService', service],
  ['networking.istio.io/v1', 'DestinationRule', some({ host: words, subsets: many(some({ name: words, labels })) })],
  ['networking.istio.io/v1', 'ServiceEntry', some({ hosts: texts, ports: many(some({ number: port, name: words, protocol: words })) })],
  ['networking.istio.io/v1', 'Sidecar', value],
  ['networking.istio.io/v1alpha3', 'EnvoyFilter', filter],
  ['extensions.istio.io/v1alpha1', 'WasmPlugin', value],
  ['gateway.networking.k8s.io/v1', 'Gateway', some({ gatewayClassName: fc.constant('istio'), listeners: many(some({ name: words, port, protocol: fc.constantFrom('HTTP', 'HTTPS'), hostname: words })) })],
  ['gateway.networking.k8s.io/v1', 'HTTPRoute', some({ parentRefs: many(some({ name: fc.constantFrom('gw', 'a') })), hostnames: texts, rules: many(some({ matches: many(value), filters: many(value), backendRefs: many(some({ name: words, port })) })) })],
  ['networking.k8s.io/v1', 'Ingress', value],
  ['apps/v1', 'Deployment', pod],
  ['v1', 'Service', backend],
  ['v1', 'Namespace', value],
  ['kubeflow.org/v1', 'Profile', value],
  ['rbac.authorization.k8s.io/v1', 'RoleBinding', value],
  ['serving.kserve.io/v1beta1', 'InferenceService', value],
] // biome-ignore format: a table

const object = fc.constantFrom(...kinds).chain(([apiVersion, kind, spec]) =>
  fc.record({
    apiVersion: fc.constant(apiVersion),
    kind: fc.constant(kind),
    metadata: or(
      fc.record(
        {
          name: fc.constantFrom('gw', 'web', 'istio-ingressgateway', 'x'),
          namespace: fc.constantFrom('istio-system', 'istio-system', 'apps'),
          labels,
          annotations: labels,
        },
        { requiredKeys: ['name'] },
      ),
    ),
    spec,
  }),
)
const header = fc.tuple(
  fc.constantFrom(
    'authorization',
    'x',
    'X-Forwarded-For',
    'cookie',
    'origin',
    'kubeflow-userid',
    'connection',
    'x y',
  ),
  fc.oneof(
    words,
    fc.constantFrom('Bearer a.b.c', 'Bearer eyJhbGciOiJSUzI1NiJ9.e30.AA', 'a=b', '1.2.3.4, ::1'),
  ),
)
const request = fc.record({
  method: fc.constantFrom('GET', 'GET', 'POST', 'OPTIONS', 'get'),
  scheme: fc.constantFrom('http' as const, 'http' as const, 'https' as const),
  host: fc.oneof(
    { weight: 1, arbitrary: words },
    { weight: 4, arbitrary: fc.constantFrom('a.com', 'a.com:80', '[::1]:80', 'web') },
  ),
  path: fc.oneof(
    words,
    fc.webPath(),
    fc.string(),
    fc.constantFrom('/', '/a/b?c=d', '/x/y', '/%2e%2e/a', '//', '/a/../..'),
  ),
  headers: fc.array(header, { maxLength: 4 }) as fc.Arbitrary<HeaderList>,
  port: fc.constantFrom(80, 8080, 8080, 8080),
  sourceIp: fc.constantFrom('127.0.0.1', '::1', 'x'),
})
const principals = ['anonymous', 'user:a@b', 'sa:apps/x', 'mesh:apps/x', 'outside+forged']

/** A door that works, so that most of what is made up on top is looked at. */
const sound = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: sound, namespace: apps }
spec: { servers: [{ port: { number: 8080, name: http, protocol: HTTP }, hosts: ["*"] }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: sound, namespace: apps }
spec: { hosts: ["*"], gateways: [sound], http: [{ route: [{ destination: { host: sound, port: { number: 80 } } }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: sound, namespace: apps }
spec: { selector: { app: sound }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: sound, namespace: apps, labels: { app: sound, sidecar.istio.io/inject: "true" } }
spec: { containers: [{ name: c, image: c }] }
---
`

function ask(door: Door, sent: DoorRequest, as: string): void {
  const context = aContext()
  for (const proxy of [...door.gateways, ...door.mesh.workloads.map(sidecarOf)]) {
    const { verdict, reason } = door.decide(proxy, sent, context)
    assert.ok(typeof verdict === 'string' && reason !== '')
  }
  const principal = parsePrincipal(as)
  assert.ok(principal)
  const { body: _, ...question } = sent
  const answer = explain(door, { ...question, principal, now: context.now })
  assert.ok('problem' in answer || answer.steps !== undefined)
  aroundGateways(door)
  door.keys()
}

test('no YAML and no request makes the engine throw', () => {
  const property = fc.property(
    fc.array(object, { minLength: 1, maxLength: 8 }),
    fc.array(request, { minLength: 1, maxLength: 3 }),
    fc.constantFrom(...principals),
    (objects, requests, as) => {
      const text = sound + objects.map((each) => JSON.stringify(each)).join('\n---\n')
      const door = compileDoor(parseMesh([{ file: 'random.yaml', text }]).mesh)
      for (const sent of requests) ask(door, sent, as)
    },
  )
  fc.assert(property, { numRuns: 300 })
})
