import fc from 'fast-check'
import { issuers, jwksOf } from './random-tokens.ts'
import { hostWord, listOf, methodWord, one, pathPattern, patternOf, teamWord } from './random-words.ts'

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 })

/** A field and its `not` twin, each sometimes there. */
function twin(name: string, word: fc.Arbitrary<string>): fc.Arbitrary<Record<string, unknown>> {
  const not = `not${name[0]?.toUpperCase()}${name.slice(1)}`
  return fc.oneof(
    { weight: 3, arbitrary: listOf(word).map((values) => ({ [name]: values })) },
    { weight: 2, arbitrary: listOf(word).map((values) => ({ [not]: values })) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(listOf(word), listOf(word))
        .map(([some, others]) => ({ [name]: some, [not]: others })),
    },
  )
}

const cidr = one(
  '127.0.0.1',
  '127.0.0.0/24',
  '127.0.0.5/32',
  '127.0.0.0/8',
  '10.0.0.0/8',
  '127.3.0.0/16',
  '::1',
)
const port = one('80', '8080', '8443', '443')
const principal = patternOf(
  one('cluster.local/ns/team-a/sa/runner', 'cluster.local/ns/team-b/sa/x', 'old.domain/ns/team-a/sa/runner'),
)
const requestPrincipal = fc.oneof(
  patternOf(one(`${issuers.a}/alice`, `${issuers.b}/bob`, `${issuers.a}/system:sa`)),
  one(`${issuers.a}/*`, '*/alice', '*', 'alice', `${issuers.b}*`),
)

const sourceFields = [
  twin('principals', principal),
  twin('requestPrincipals', requestPrincipal),
  twin('namespaces', one('team-a', 'team-b', 'team-*', '*-a', 'x')),
  twin('serviceAccounts', one('runner', 'team-a/runner', 'team-b/x', 'x')),
  twin('trustDomains', one('cluster.local', 'old.domain', '*', 'cluster.*')),
  twin('ipBlocks', cidr),
  twin('remoteIpBlocks', cidr),
]
const operationFields = [
  twin(
    'hosts',
    patternOf(
      fc.oneof(
        hostWord,
        hostWord.map((host) => `${host}:8080`),
      ),
    ),
  ),
  twin('ports', port),
  twin('methods', patternOf(methodWord)),
  twin('paths', pathPattern),
]

function someOf(fields: readonly fc.Arbitrary<Record<string, unknown>>[]) {
  return fc
    .subarray([...fields.keys()], { minLength: 1, maxLength: 2 })
    .chain((chosen) => fc.tuple(...chosen.map((at) => fields[at] as fc.Arbitrary<Record<string, unknown>>)))
    .map((parts) => Object.assign({}, ...parts) as Record<string, unknown>)
}

const claimText = patternOf(one('red', 'blue', 'alice', 'read', 'acme', 'kfp', 'cli'))
const conditions: readonly (readonly [key: string, values: fc.Arbitrary<string>])[] = [
  ['request.headers[x-team]', patternOf(teamWord)],
  ['request.headers[X-Team]', patternOf(teamWord)],
  ['request.headers[x-absent]', one('*', 'a')],
  ['source.ip', cidr],
  ['remote.ip', cidr],
  ['source.namespace', one('team-a', 'team-*')],
  ['source.principal', principal],
  ['source.serviceAccount', one('runner', 'team-b/x')],
  ['source.trustDomain', one('cluster.local', '*')],
  ['request.auth.principal', requestPrincipal],
  ['request.auth.audiences', claimText],
  ['request.auth.presenter', claimText],
  ['request.auth.claims[groups]', claimText],
  ['request.auth.claims[sub]', claimText],
  ['request.auth.claims[scope]', claimText],
  ['request.auth.claims[org][name]', claimText],
  ['request.auth.claims[org][ids]', one('two', '1')],
  ['destination.ip', cidr],
  ['destination.port', port],
  ['connection.sni', patternOf(hostWord)],
]
const condition = fc
  .constantFrom(...conditions)
  .chain(([key, values]) => twin('values', values).map((lists) => ({ key, ...lists })))

const rule = fc
  .record({
    from: maybe(listOf(someOf(sourceFields).map((source) => ({ source })))),
    to: maybe(listOf(someOf(operationFields).map((operation) => ({ operation })))),
    when: maybe(listOf(condition)),
  })
  .map((each) => JSON.parse(JSON.stringify(each)) as Record<string, unknown>)

export const authorizationPolicy = fc
  .record({
    action: one('ALLOW', 'DENY', 'DENY', 'DENY', 'AUDIT', 'CUSTOM'),
    namespace: one('istio-system', 'istio-system', 'apps'),
    dryRun: one(false, false, false, false, true),
    provider: one('http-authz', 'http-authz', 'http-authz', 'grpc-authz'),
    selector: one(
      undefined,
      { matchLabels: { istio: 'ingressgateway' } },
      { matchLabels: { istio: 'other' } },
    ),
    rules: one(true, true, true, false),
    some: fc.array(rule, { minLength: 1, maxLength: 3 }),
  })
  .map(({ action, namespace, dryRun, provider, selector, rules, some }) => (index: number) => ({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: {
      name: `p${index}`,
      namespace,
      ...(dryRun && { annotations: { 'istio.io/dry-run': 'true' } }),
    },
    spec: {
      ...(selector && { selector }),
      action,
      ...(action === 'CUSTOM' && { provider: { name: provider } }),
      ...(rules && { rules: some }),
    },
  }))

const jwtRule = fc
  .record({
    issuer: one('a', 'a', 'b'),
    audiences: maybe(listOf(one('kfp', 'other', 'https://kfp'))),
    fromHeaders: maybe(
      one(
        [{ name: 'x-token' }],
        [{ name: 'x-token', prefix: 'Tok ' }],
        [{ name: 'authorization', prefix: 'Bearer ' }],
      ),
    ),
    fromParams: maybe(one(['token'], ['access_token'])),
    fromCookies: maybe(one(['tok'])),
    forwardOriginalToken: fc.boolean(),
    outputPayloadToHeader: maybe(one('x-payload')),
    outputClaimToHeaders: maybe(
      one(
        [{ header: 'x-sub', claim: 'sub' }],
        [
          { header: 'x-org', claim: 'org.name' },
          { header: 'x-groups', claim: 'groups' },
        ],
      ),
    ),
  })
  .map(({ issuer, ...rest }) => ({
    issuer: issuers[issuer as 'a' | 'b'],
    jwks: jwksOf(issuer as 'a' | 'b'),
    ...(JSON.parse(JSON.stringify(rest)) as Record<string, unknown>),
  }))

export const requestAuthentication = fc
  .array(jwtRule, { minLength: 1, maxLength: 2 })
  .map((jwtRules) => (index: number) => ({
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata: { name: `r${index}`, namespace: 'istio-system' },
    spec: { jwtRules },
  }))
