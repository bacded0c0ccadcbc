/** Random policies of a sidecar and requests that meet them. */
import fc from 'fast-check'
import type { Caller, ChainRequest } from './chain.ts'
import { listOf, methodWord, one, pathPattern, pathWord, patternOf, teamWord } from './random-words.ts'

/** Values the field has, or has not. */
function field(name: string, word: fc.Arbitrary<string>): fc.Arbitrary<Record<string, readonly string[]>> {
  const not = `not${name[0]?.toUpperCase()}${name.slice(1)}`
  return fc.tuple(listOf(word), one(name, name, not)).map(([values, key]) => ({ [key]: values }))
}

const identity = patternOf(one('alice@example.com', 'bob@example.com'))
const namespace = one('istio-system', 'team-b', 'team-*', '*-c', '*')
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 1 })

/** Between one and three policies for `web`; `ingress` = the gateway's principal. */
export function sidecarPolicies(ingress: string): fc.Arbitrary<readonly object[]> {
  const principal = patternOf(one(ingress, ingress, 'cluster.local/ns/team-b/sa/client'))
  const source = fc.oneof(
    field('principals', principal),
    field('namespaces', namespace),
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
  const policy = fc.record({ action: one('ALLOW', 'ALLOW', 'DENY'), rules: listOf(rule, 3) })
  return fc.array(policy, { minLength: 1, maxLength: 3 }).map((policies) =>
    policies.map((spec, index) => ({
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: `p${index}`, namespace: 'team-a' },
      spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
    })),
  )
}

const header = fc.oneof(
  fc.tuple(one('kubeflow-userid', 'Kubeflow-Userid'), one('alice@example.com', 'bob@example.com', '')),
  fc.tuple(one('x-team'), teamWord),
  fc.tuple(one('x-forwarded-client-cert'), one('URI=spiffe://cluster.local/ns/team-b/sa/client')),
)

export const chainRequest: fc.Arbitrary<ChainRequest> = fc.record({
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
