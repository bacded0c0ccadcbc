/** Small doors at random: routes, policies of every action at the gateway and at a sidecar, tokens, a check. */
import fc from 'fast-check'

const issuer = 'https://kubernetes.default.svc.cluster.local'

/** A gateway, an authorizer, and two Services with sidecars. */
export const aFront = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: ["*"]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    extensionProviders:
    - name: ask
      envoyExtAuthzHttp: {service: ask.auth.svc.cluster.local, port: 80, headersToUpstreamOnAllow: [kubeflow-userid, authorization]}
---
apiVersion: v1
kind: Service
metadata: {name: ask, namespace: auth}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: apps, labels: {istio-injection: enabled}}
${['a', 'b']
  .map(
    (name) => `---
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: apps}
spec: {selector: {app: ${name}}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: apps}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {serviceAccountName: ${name}, containers: [{name: main, image: x}]}
`,
  )
  .join('')}`

const paths = ['/a/*', '/a', '*/x', '/a/{*}', '/b/{**}/x', '/v1*', '*', '/a/b']
const some = <T>(list: readonly T[], most = 2) =>
  fc.uniqueArray(fc.constantFrom(...list), { minLength: 1, maxLength: most })
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined, freq: 2 })

const operation = fc.record(
  {
    paths: some(paths, 3),
    notPaths: some(paths),
    methods: some(['GET', 'POST', 'P*']),
    notMethods: some(['GET', 'DELETE']),
    hosts: some(['a.example.com', '*.example.com', '*']),
    ports: some(['8080', '80']),
  },
  { requiredKeys: [] },
)
const source = fc.record(
  {
    requestPrincipals: some(['*', `${issuer}/system:serviceaccount:team:one`, `${issuer}/*`]),
    notRequestPrincipals: some(['*', `${issuer}/system:serviceaccount:team:two`]),
    principals: some([
      'cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account',
      'cluster.local/ns/apps/sa/b',
      '*',
    ]),
    notPrincipals: some(['cluster.local/ns/apps/sa/a']),
    remoteIpBlocks: some(['10.0.0.0/8']),
  },
  { requiredKeys: [] },
)
const condition = fc.oneof(
  fc.constant({ key: 'request.auth.claims[kubernetes.io][namespace]', values: ['team'] }),
  fc.constant({ key: 'request.headers[kubeflow-userid]', values: ['admin@example.com'] }),
  fc.constant({ key: 'request.headers[x-team]', notValues: ['red', 'r*'] }),
)
const filled = <T extends object>(list: fc.Arbitrary<T[]>) =>
  list
    .map((each) => each.filter((one) => Object.keys(one).length > 0))
    .map((each) => (each.length > 0 ? each : undefined))
const rule = fc.record({
  from: maybe(
    filled(fc.array(source, { minLength: 1, maxLength: 2 })).map((list) =>
      list?.map((each) => ({ source: each })),
    ),
  ),
  to: maybe(
    filled(fc.array(operation, { minLength: 1, maxLength: 2 })).map((list) =>
      list?.map((each) => ({ operation: each })),
    ),
  ),
  when: maybe(fc.array(condition, { minLength: 1, maxLength: 1 })),
})
const policy = fc.record({
  action: fc.constantFrom('ALLOW', 'ALLOW', 'DENY', 'CUSTOM'),
  dry: fc.constantFrom(false, false, false, true),
  at: fc.constantFrom('gateway', 'gateway', 'a', 'mesh'),
  rules: fc.array(rule, { minLength: 1, maxLength: 2 }),
})
const route = fc.record({
  path: fc.constantFrom(
    { prefix: '/a' },
    { prefix: '/a/' },
    { exact: '/b' },
    { regex: '/v1/.*' },
    { prefix: '/' },
  ),
  header: maybe(fc.constantFrom('red', 'blue')),
  to: fc.constantFrom('a', 'b'),
  rewrite: maybe(fc.constantFrom('/', '/b/')),
})

type Rule = typeof rule extends fc.Arbitrary<infer R> ? R : never

/** CUSTOM comes first, and Istio refuses a rule of it that looks at tokens or certificates. */
function withoutCallers({ from, to, when }: Rule): Rule {
  const sources = from?.flatMap(({ source: { remoteIpBlocks } }) =>
    remoteIpBlocks === undefined ? [] : [{ source: { remoteIpBlocks } }],
  )
  const conditions = when?.filter(({ key }) => !key.startsWith('request.auth'))
  return {
    from: sources !== undefined && sources.length > 0 ? sources : undefined,
    to,
    when: conditions !== undefined && conditions.length > 0 ? conditions : undefined,
  }
}

/** YAML of a door. */
export const aMesh = fc
  .record({
    policies: fc.array(policy, { maxLength: 6 }),
    routes: fc.array(route, { minLength: 1, maxLength: 4 }),
    host: fc.constantFrom('*', 'a.example.com', '*.example.com'),
    tokens: fc.boolean(),
  })
  .map(({ policies, routes, host, tokens }) => {
    const documents = policies.map(({ action, dry, at, rules }, index) => {
      const namespace = at === 'a' ? 'apps' : 'istio-system'
      const labels = at === 'a' ? { app: 'a' } : { istio: 'ingressgateway' }
      return JSON.stringify({
        apiVersion: 'security.istio.io/v1',
        kind: 'AuthorizationPolicy',
        metadata: {
          name: `p${index}`,
          namespace,
          ...(dry && action !== 'CUSTOM' && { annotations: { 'istio.io/dry-run': 'true' } }),
        },
        spec: {
          action,
          rules: action === 'CUSTOM' ? rules.map(withoutCallers) : rules,
          ...(at !== 'mesh' && { selector: { matchLabels: labels } }),
          ...(action === 'CUSTOM' && { provider: { name: 'ask' } }),
        },
      })
    })
    const service = JSON.stringify({
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'routes', namespace: 'apps' },
      spec: {
        gateways: ['istio-system/door'],
        hosts: [host],
        http: routes.map(({ path, header, to, rewrite }) => ({
          match: [{ uri: path, ...(header && { headers: { 'x-team': { exact: header } } }) }],
          ...(rewrite && !('regex' in path) && { rewrite: { uri: rewrite } }),
          route: [{ destination: { host: `${to}.apps.svc.cluster.local`, port: { number: 80 } } }],
        })),
      },
    })
    const token = `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens, namespace: istio-system}
spec:
  jwtRules:
  - {issuer: "${issuer}", jwksUri: "${issuer}/openid/v1/jwks", forwardOriginalToken: true}
`
    return [aFront, service, ...documents, ...(tokens ? [token] : [])]
      .join('---\n')
      .replaceAll('}---', '}\n---')
  })
