/** Random policies of a sidecar and requests that meet them. */
import fc from 'fast-check'
import type { Caller, ChainRequest } from './chain.ts'
import { listOf, methodWord, one, pathPattern, pathWord, patternOf, teamWord } from './random-words.ts'

/** Values the field has, or has not. */
function field(name: string, word: fc.Arbitrary<string>): fc.Arbitrary<Record<string, readonly string[]>> {
  const not = `not${name[0]?.toUpperCase()}${name.slice(1)}`
  return fc.tuple(listOf(word), one(name, name, not)).map(([values, key]) => ({ [key]: values }))
}

const addresses = one('127.0.0.5', '127.0.0.0/24', '127.3.0.0/16', '10.0.0.0/8', '0.0.0.0/0')
const identity = patternOf(one('alice@example.com', 'bob@example.com'))
const namespace = one('istio-system', 'team-b', 'team-*', '*-c', '*')
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 1 })

/** Between one and three policies for `web`, and how it takes connections; `ingress` = the gateway's principal. */
export function sidecarPolicies(ingress: string): fc.Arbitrary<readonly object[]> {
  const principal = patternOf(one(ingress, ingress, 'cluster.local/ns/team-b/sa/client'))
  const source = fc.oneof(
    field('principals', principal),
    field('namespaces', namespace),
    field('remoteIpBlocks', addresses),
    field(
      'serviceAccounts',
      one('team-b/client', 'team-c/runner', 'istio-system/istio-ingressgateway-service-account'),
    ),
    fc
      .tuple(field('namespaces', namespace), field('principals', principal))
      .map(([a, b]) => ({ ...a, ...b })),
  )
  const operation = fc.oneof(
    field('paths', pathPattern),
    field('methods', patternOf(methodWord)),
    field('hosts', patternOf(one('shop.example.com', 'inner.test'))),
    field('ports', one('8000', '80')),
    fc.tuple(field('paths', pathPattern), field('methods', methodWord)).map(([a, b]) => ({ ...a, ...b })),
  )
  const condition = fc
    .oneof(
      fc.tuple(one('request.headers[kubeflow-userid]'), field('values', identity)),
      fc.tuple(one('request.headers[x-team]'), field('values', patternOf(teamWord))),
      fc.tuple(one('source.principal'), field('values', principal)),
      fc.tuple(one('source.namespace'), field('values', namespace)),
      fc.tuple(
        one('connection.sni'),
        field('values', one('outbound_.80_._.web.team-a.svc.cluster.local', '*')),
      ),
    )
    .map(([key, values]) => ({ key, ...values }))
  const rule = fc.record({
    from: maybe(listOf(source.map((each) => ({ source: each })))),
    to: maybe(listOf(operation.map((each) => ({ operation: each })))),
    when: maybe(listOf(condition)),
  })
  const policy = fc.record({
    action: one('ALLOW', 'ALLOW', 'DENY'),
    rules: listOf(rule, 3),
    dryRun: one(false, false, false, false, false, true),
  })
  const selector = { matchLabels: { app: 'web' } }
  const namespaced = (name: string) => ({ name, namespace: 'team-a' })
  const authorization = fc.array(policy, { minLength: 1, maxLength: 3 }).map((policies) =>
    policies.map(({ dryRun, ...spec }, index) => ({
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: {
        ...namespaced(`p${index}`),
        ...(dryRun && { annotations: { 'istio.io/dry-run': 'true' } }),
      },
      spec: { selector, ...spec },
    })),
  )
  const peer = one<object | undefined>(
    undefined,
    undefined,
    { mtls: { mode: 'PERMISSIVE' } },
    { mtls: { mode: 'STRICT' }, portLevelMtls: { 8000: { mode: 'PERMISSIVE' } } },
  ).map((spec) =>
    spec === undefined
      ? []
      : [
          {
            apiVersion: 'security.istio.io/v1',
            kind: 'PeerAuthentication',
            metadata: namespaced('web'),
            spec: { selector, ...spec },
          },
        ],
  )
  return fc.tuple(authorization, peer).map(([some, others]) => [...some, ...others])
}

const header = fc.oneof(
  fc.tuple(one('kubeflow-userid', 'Kubeflow-Userid'), one('alice@example.com', 'bob@example.com', '')),
  fc.tuple(one('x-team'), teamWord),
  fc.tuple(
    one('x_team', 'x-envoy-original-path', 'x-envoy-external-address', 'x-plain'),
    one('red', '10.1.1.1'),
  ),
  fc.tuple(one('x-forwarded-for'), one('10.1.1.1', '127.3.3.3', '10.1.1.1, 127.0.0.5')),
  fc.tuple(one('x-forwarded-proto'), one('https', 'http')),
  fc.tuple(one('x-forwarded-client-cert'), one('URI=spiffe://cluster.local/ns/team-b/sa/client')),
)

const anyRequest: fc.Arbitrary<ChainRequest> = fc.record({
  sourceIp: one('127.0.0.5', '127.3.3.3', '127.200.0.1'),
  caller: one<Caller>(
    ...Array<Caller>(8).fill('gateway'),
    'team-b/client',
    'team-b/client',
    'team-c/runner',
    'no certificate',
    'foreign certificate',
    'plain text',
  ),
  method: methodWord,
  path: fc.oneof(
    { weight: 5, arbitrary: pathWord },
    { weight: 1, arbitrary: pathWord.map((path) => `/alice${path}`) },
    { weight: 1, arbitrary: pathWord.map((path) => `/nobody${path}`) },
    { weight: 1, arbitrary: pathWord.map((path) => `${path}?a=/admin`) },
  ),
  headers: fc.array(header, { maxLength: 3 }),
})

/** YAML does not tell a pod's address, so who dials from inside says an address for itself. */
export const chainRequest: fc.Arbitrary<ChainRequest> = anyRequest.map((request) =>
  request.caller === 'gateway'
    ? request
    : { ...request, headers: [...request.headers, ['x-forwarded-for', '10.9.8.7']] },
)
