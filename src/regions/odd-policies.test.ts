/** Policies at random that use what seldom is used: every field of a source, every `when` key. */
import fc from 'fast-check'

export const issuer = 'https://kubernetes.default.svc.cluster.local'
const some = <T>(list: readonly T[], most = 2) =>
  fc.uniqueArray(fc.constantFrom(...list), { minLength: 1, maxLength: most })
export const maybe = <T>(of: fc.Arbitrary<T>, freq = 2) => fc.option(of, { nil: undefined, freq })
export const rarely = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined, freq: 1 })
const optional = <T>(parts: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(parts, { requiredKeys: [] })

const oddPaths = [
  '/a/*',
  '/a',
  '*/x',
  '/a/{*}',
  '/b/{**}/x',
  '/{*}/b',
  '/v1*',
  '*',
  '/a/b',
  '/A',
  '/a%2Fb',
  '/a/*/',
  '/b//x',
  '*.js',
]
const hosts = [
  'a.example.com',
  '*.example.com',
  '*',
  'A.example.com',
  'a.example.com:*',
  '*:8080',
  'b.*',
  'a*',
]
const blocks = [
  '10.0.0.0/8',
  '10.0.0.0/16',
  '10.1.2.3',
  '0.0.0.0/0',
  '2001:db8::/32',
  '203.0.113.77',
  '::/0',
  '127.0.0.0/8',
]
const names = [
  'cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account',
  'cluster.local/ns/apps/sa/b',
  '*',
  '*/sa/b',
  'cluster.local/ns/apps/*',
]

const operation = optional({
  paths: some(oddPaths, 3),
  notPaths: some(oddPaths),
  methods: some(['GET', 'POST', 'P*', '*T', '*']),
  notMethods: some(['GET', 'DELETE', 'P*']),
  hosts: some(hosts),
  notHosts: some(hosts),
  ports: some(['8080', '80', '443', '9000']),
  notPorts: some(['8080', '9000']),
})
const source = optional({
  requestPrincipals: some(['*', `${issuer}/system:serviceaccount:team:one`, `${issuer}/*`, '*:one']),
  notRequestPrincipals: some(['*', `${issuer}/system:serviceaccount:team:two`]),
  principals: some(names),
  notPrincipals: some(names),
  namespaces: some(['apps', 'istio-*', '*']),
  notNamespaces: some(['apps', 'team']),
  ipBlocks: some(blocks),
  notIpBlocks: some(blocks),
  remoteIpBlocks: some(blocks),
  notRemoteIpBlocks: some(blocks),
})

const conditions: readonly (readonly [key: string, values: readonly string[]])[] = [
  ['request.auth.claims[kubernetes.io][namespace]', ['team', 't*', '*']],
  ['request.auth.claims[groups]', ['one', '*']],
  ['request.auth.audiences', ['kubeflow', '*']],
  ['request.auth.principal', ['*', `${issuer}/*`]],
  ['request.headers[kubeflow-userid]', ['admin@example.com', '*']],
  ['request.headers[x-team]', ['red', 'r*', '*d', '*', 'red,blue']],
  ['request.headers[:path]', ['/a*', '/a', '*x', '/a?v=1', '*v=1', '/b?*']],
  ['request.headers[:method]', ['GET', 'P*']],
  ['request.headers[:authority]', ['a.example.com', '*.com', 'a.example.com:8080']],
  ['request.headers[host]', ['a.example.com', '*:8080']],
  ['request.headers[:scheme]', ['http', 'https']],
  ['request.headers[x-forwarded-proto]', ['http', 'https']],
  ['source.ip', blocks],
  ['remote.ip', blocks],
  ['source.namespace', ['apps', '*']],
  ['source.principal', names],
  ['destination.ip', ['127.0.0.1', '10.0.0.0/8']],
  ['destination.port', ['8080', '443', '9000']],
  ['connection.sni', ['a.example.com', '*.example.com', 'b.example.com']],
  ['experimental.envoy.filters.network.mysql_proxy[db.table]', ['[update]']],
]
const condition = fc.constantFrom(...conditions).chain(([key, values]) =>
  fc
    .record({
      key: fc.constant(key),
      values: maybe(some(values)),
      notValues: rarely(some(values)),
    })
    .filter((one) => one.values !== undefined || one.notValues !== undefined),
)
const entries = <T extends object>(one: fc.Arbitrary<T>, name: string) =>
  fc.array(one, { minLength: 1, maxLength: 2 }).map((list) => {
    const filled = list.filter((each) => Object.keys(each).length > 0)
    return filled.length > 0 ? filled.map((each) => ({ [name]: each })) : undefined
  })
const rule = fc.record({
  from: maybe(entries(source, 'source')),
  to: maybe(entries(operation, 'operation')),
  when: maybe(fc.array(condition, { minLength: 1, maxLength: 2 })),
})
type Rule = typeof rule extends fc.Arbitrary<infer R> ? R : never

/** CUSTOM comes before tokens are read. */
function withoutTokens({ from, to, when }: Rule): unknown {
  const kept = when?.filter(({ key }) => !key.startsWith('request.auth') && !key.startsWith('source.'))
  const sources = from?.flatMap(({ source = {} }) => {
    const { remoteIpBlocks, ipBlocks } = source
    return remoteIpBlocks || ipBlocks ? [{ source: { remoteIpBlocks, ipBlocks } }] : []
  })
  return { ...(sources?.length && { from: sources }), ...(to && { to }), ...(kept?.length && { when: kept }) }
}

export const anOddPolicy = fc
  .record({
    action: fc.constantFrom('ALLOW', 'ALLOW', 'ALLOW', 'DENY', 'DENY', 'CUSTOM', 'AUDIT'),
    dry: fc.constantFrom(false, false, false, false, true),
    at: fc.constantFrom('gateway', 'gateway', 'gateway', 'a', 'b', 'mesh', 'target'),
    rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
  })
  .map(({ action, dry, at, rules }) => (name: string) => ({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: {
      name,
      namespace: at === 'a' || at === 'b' ? 'apps' : 'istio-system',
      ...(dry && { annotations: { 'istio.io/dry-run': 'true' } }),
    },
    spec: {
      action,
      rules: action === 'CUSTOM' ? rules.map(withoutTokens) : rules,
      ...((at === 'a' || at === 'b') && { selector: { matchLabels: { app: at } } }),
      ...(at === 'gateway' && { selector: { matchLabels: { istio: 'ingressgateway' } } }),
      ...(at === 'target' && {
        targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'door' }],
      }),
      ...(action === 'CUSTOM' && { provider: { name: 'ask' } }),
    },
  }))
