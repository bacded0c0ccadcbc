import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aCall,
  aContext,
  aJwks,
  anAnswer,
  aRequest,
  aToken,
  ingressGateway,
  meshOf,
} from './builders.test.ts'
import { compileFilters } from './filters.ts'
import type { FilterCall, NormalizedRequest } from './seam.ts'

const provider = `
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data:
  mesh: |
    extensionProviders:
    - name: auth
      envoyExtAuthzHttp:
        service: auth.sys.svc.cluster.local
        port: 80
        includeRequestHeadersInCheck: [cookie]
        headersToUpstreamOnAllow: [x-user, authorization]
    - name: other
      envoyExtAuthzHttp: { service: auth.sys.svc.cluster.local, port: 80 }
---
apiVersion: v1
kind: Service
metadata: { name: auth, namespace: sys }
spec: { ports: [{ name: http, port: 80 }] }
---`

const policy = (action: string, name: string, rules: string, more = '') => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: istio-system${more} }
spec:
  action: ${action}${action === 'CUSTOM' ? '\n  provider: { name: auth }' : ''}
  rules: ${rules}
---`

const jwt = `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: jwt, namespace: istio-system }
spec: { jwtRules: [{ issuer: i, jwks: '${aJwks}' }] }
---`

const any = '[{}]'
const path = (value: string) => `[{ to: [{ operation: { paths: ["${value}"] } }] }]`
const people = '[{ from: [{ source: { requestPrincipals: ["*"] } }] }]'
const dryRun = ', annotations: { istio.io/dry-run: "true" }'

function run(yaml: string, request: Partial<NormalizedRequest> = {}, call: Partial<FilterCall> = {}) {
  return compileFilters(meshOf(yaml), ingressGateway, {}).run(aCall({ request: aRequest(request), ...call }))
}

type Row = readonly [name: string, yaml: string, want: string, request?: Partial<NormalizedRequest>]
const rows: readonly Row[] = [
  ['no policy at all lets everything pass', '', 'pass no-policy-applies'],
  ['ALLOW takes what matches', policy('ALLOW', 'a', any), 'pass allow-rule-matched'],
  ['ALLOW refuses what does not', policy('ALLOW', 'a', path('/x')), 'reply no-allow-rule-matched'],
  ['ALLOW without rules refuses everything', policy('ALLOW', 'a', '[]'), 'reply no-allow-rule-matched'],
  [
    'a second ALLOW policy may let it in',
    policy('ALLOW', 'a', path('/x')) + policy('ALLOW', 'b', any),
    'pass allow-rule-matched',
  ],
  ['DENY beats ALLOW', policy('ALLOW', 'a', any) + policy('DENY', 'd', any), 'reply deny-rule-matched'],
  ['DENY without rules never matches', policy('DENY', 'd', '[]'), 'pass no-deny-rule-matched'],
  ['AUDIT decides nothing', policy('AUDIT', 'u', any), 'pass no-policy-applies'],
  ['a dry run of DENY decides nothing', policy('DENY', 'd', any, dryRun), 'pass no-policy-applies'],
  [
    'an ALLOW that is only a dry run lets everything pass',
    policy('ALLOW', 'a', path('/x'), dryRun),
    'pass no-policy-applies',
  ],
  [
    'a dry run of CUSTOM is enforced as a denial',
    provider + policy('CUSTOM', 'c', any, dryRun),
    'reply dry-run-custom-matched',
  ],
  [
    'CUSTOM asks before tokens are looked at',
    provider + policy('CUSTOM', 'c', any) + jwt,
    'ask ask-provider',
    { headers: [['authorization', 'Bearer x']] },
  ],
  [
    'CUSTOM that does not match asks nobody',
    provider + policy('CUSTOM', 'c', path('/x')),
    'pass no-custom-rule-matched',
  ],
  ['an unknown provider denies what matches', policy('CUSTOM', 'c', any), 'reply provider-invalid'],
  ['and lets the rest pass', policy('CUSTOM', 'c', path('/x')), 'pass no-policy-applies'],
  [
    'two providers deny what matches',
    provider +
      policy('CUSTOM', 'c', path('/x')) +
      policy('CUSTOM', 'e', any).replace('name: auth', 'name: other'),
    'reply several-providers',
  ],
  [
    'a bad token ends it before DENY',
    jwt + policy('DENY', 'd', any),
    'reply token-malformed',
    { headers: [['authorization', 'Bearer x']] },
  ],
  [
    'a good token is somebody',
    jwt + policy('ALLOW', 'a', people),
    'pass allow-rule-matched',
    { headers: [['authorization', `Bearer ${aToken({ iss: 'i', sub: 's' })}`]] },
  ],
  ['no token is nobody', jwt + policy('ALLOW', 'a', people), 'reply no-allow-rule-matched'],
]

for (const [name, yaml, want, request] of rows) {
  test(name, () => {
    for (const trace of [true, false]) {
      const outcome = run(yaml, request, { trace })
      assert.equal(`${outcome.kind} ${outcome.reason}`, want)
    }
  })
}

test('a denial reads as Envoy words it', () => {
  const outcome = run(policy('DENY', 'd', any))
  assert.ok(outcome.kind === 'reply')
  assert.deepEqual(
    [outcome.status, outcome.body, outcome.headers],
    [403, 'RBAC: access denied', [['content-type', 'text/plain']]],
  )
})

const tokenReplies: readonly (readonly [token: string, status: number, body: string])[] = [
  ['x', 401, 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections'],
  [aToken({ iss: 'z' }), 401, 'Jwt issuer is not configured'],
]

for (const [token, status, body] of tokenReplies) {
  test(`a refused token says so: ${body}`, () => {
    const headers = [['authorization', `Bearer ${token}`]] as const
    const outcome = run(jwt, { headers, path: '/p?q' })
    assert.ok(outcome.kind === 'reply')
    assert.deepEqual([outcome.status, outcome.body], [status, body])
    assert.deepEqual(outcome.headers.at(-1), [
      'www-authenticate',
      'Bearer realm="http://app.example.com/p?q", error="invalid_token"',
    ])
  })
}

test('a wrong audience is 403, and a long path is cut in the realm', () => {
  const yaml = jwt.replace('issuer: i,', 'issuer: i, audiences: [x],')
  const headers = [['authorization', `Bearer ${aToken({ iss: 'i' })}`]] as const
  const outcome = run(yaml, { headers, path: `/${'p'.repeat(300)}` })
  assert.ok(outcome.kind === 'reply')
  assert.deepEqual([outcome.status, outcome.body], [403, 'Audiences in Jwt are not allowed'])
  const realm = `http://app.example.com/${'p'.repeat(255)}`
  assert.equal(outcome.headers.at(-1)?.[1], `Bearer realm="${realm}", error="invalid_token"`)
})

test('without a route nobody is asked, and the later filters still run', () => {
  const yaml = provider + policy('CUSTOM', 'c', any) + policy('DENY', 'd', any)
  assert.equal(run(yaml, {}, { routed: false }).reason, 'deny-rule-matched')
})

test('what the authorizer hands over is what tokens are read from', () => {
  const yaml = provider + policy('CUSTOM', 'c', any) + jwt + policy('ALLOW', 'a', people)
  const headers = [['authorization', `Bearer ${aToken({ iss: 'i', sub: 's' })}`]] as const
  const outcome = run(yaml, {}, { context: aContext({ answers: [anAnswer({ headers })] }) })
  assert.equal(outcome.kind, 'pass')
  assert.deepEqual(outcome.kind === 'pass' && [outcome.claims?.sub, outcome.reroute], ['s', true])
})

test('steps name object, rule and line, and the field that was nearly right', () => {
  const yaml = policy(
    'ALLOW',
    'get',
    `
  - to: [{ operation: { methods: [POST], paths: ["/a"] } }]
  - to: [{ operation: { methods: [GET], paths: ["/b"] } }, { operation: { methods: [GET], paths: ["/a"] } }]`,
  )
  const missed = run(yaml, { path: '/a', method: 'PUT' })
  const near = missed.steps.filter((step) => step.outcome === 'near-miss')
  assert.deepEqual(
    near.map((step) => [step.object?.name, step.rule, step.reason, step.at?.line, step.text]),
    [
      ['get', 'rules[0].to[0]', 'near-miss-methods', 8, 'would have matched but for `methods`: POST'],
      ['get', 'rules[1].to[1]', 'near-miss-methods', 9, 'would have matched but for `methods`: GET'],
    ],
  )
  assert.equal(missed.steps.at(-1)?.reason, 'no-allow-rule-matched')
  const taken = run(yaml, { path: '/a' }).steps.at(-1)
  assert.deepEqual([taken?.rule, taken?.at?.line, taken?.outcome], ['rules[1].to[1]', 9, 'matched'])
})

test('without tracing there are no steps', () => {
  assert.deepEqual(run(policy('DENY', 'd', any), {}, { trace: false }).steps, [])
})

test('tokens are found wherever a rule looks for them', () => {
  const filters = compileFilters(meshOf(jwt), ingressGateway, {})
  assert.deepEqual(
    filters.tokensIn({ headers: [['Authorization', 'Bearer a.b.c']], path: '/?access_token=d.e.f&x=g.h.i' }),
    ['a.b.c', 'd.e.f'],
  )
  assert.deepEqual(
    filters.keys.map((key) => key.id),
    ['istio-system/jwt/jwtRules[0]/keys[0]'],
  )
})
