import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Claims } from './attributes.ts'
import { attributesOf, meshOf } from './builders.test.ts'
import { compileRule, ruleMatches } from './rule.ts'
import type { NormalizedRequest } from './seam.ts'

function verdict(
  action: string,
  rule: string,
  request: Partial<NormalizedRequest>,
  claims?: Claims,
  tcp = false,
): boolean | string {
  const [policy] = meshOf(`
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: p, namespace: team }
spec:
  action: ${action}
  rules:
  - ${rule}
`).authorizationPolicies
  assert.ok(policy?.rules?.[0])
  const compiled = compileRule(policy, policy.rules[0], 0, { domains: ['cluster.local'], tcp })
  return 'reason' in compiled ? compiled.reason : ruleMatches(compiled, attributesOf(request, claims))
}

const to = (operation: string) => `to: [{ operation: { ${operation} } }]`
const from = (source: string) => `from: [{ source: { ${source} } }]`
const when = (condition: string) => `when: [{ ${condition} }]`
const peer = (name: string) => ({ principals: [`spiffe://cluster.local/ns/${name}`] })

type Row = readonly [rule: string, request: Partial<NormalizedRequest>, want: boolean, why: string]
const matches: readonly Row[] = [
  ['{}', {}, true, 'an empty rule takes everything'],
  [to('hosts: [App.Example.com]'), { host: 'app.EXAMPLE.com' }, true, 'hosts without case'],
  [to('hosts: [app.example.com]'), { host: 'app.example.com:8080' }, false, 'the port belongs to the host'],
  [to('hosts: ["app.example.com:*"]'), { host: 'app.example.com:8080' }, true, 'unless the pattern has one'],
  [to('hosts: ["*"]'), { host: '' }, true, 'any host is presence of the header'],
  [to('methods: [get]'), { method: 'GET' }, false, 'methods with case'],
  [to('paths: [/a]'), { path: '/a?x=1' }, true, 'the query is no path'],
  [to('paths: [/A]'), { path: '/a' }, false, 'paths with case'],
  [to('paths: ["/a/{*}"]'), { path: '/a/b' }, true, 'templates'],
  [to('ports: ["8080"]'), { port: 8080 }, true, 'the listener’s port'],
  [to('ports: ["80"]'), { port: 8080 }, false, 'not the Service’s'],
  [
    to('paths: [/a], notMethods: [POST]'),
    { path: '/a', method: 'POST' },
    false,
    'fields of an entry are ANDed',
  ],
  [
    'to: [{ operation: { paths: [/a] } }, { operation: { methods: [POST] } }]',
    { method: 'POST' },
    true,
    'entries ORed',
  ],
  [from('principals: ["cluster.local/ns/a/sa/b"]'), peer('a/sa/b'), true, 'a principal'],
  [from('principals: ["*"]'), {}, false, 'nobody without certificate'],
  [
    from('principals: ["*"]'),
    { principals: ['*.example.com'] },
    true,
    'any certificate, also without SPIFFE id',
  ],
  [from('principals: ["*/sa/b"]'), peer('a/sa/b'), true, 'a suffix'],
  [
    from('principals: ["*example.com"]'),
    { principals: ['*.example.com'] },
    false,
    'a suffix wants the scheme',
  ],
  [from('principals: ["cluster.local/ns/a/*"]'), peer('a/sa/b'), true, 'a prefix'],
  [from('notPrincipals: ["*"]'), {}, true, 'a negation holds where there is nothing'],
  [from('namespaces: [a]'), peer('a/sa/b'), true, 'a namespace'],
  [from('namespaces: [a]'), peer('ab/sa/b'), false, 'a whole one'],
  [from('namespaces: ["a*"]'), peer('ab/sa/b'), true, 'stars anywhere in it'],
  [from('namespaces: ["*b"]'), peer('ab/sa/b'), true, 'also before'],
  [from('serviceAccounts: [b]'), peer('team/sa/b'), true, 'an account of the policy’s own namespace'],
  [from('serviceAccounts: [b]'), peer('other/sa/b'), false, 'of no other'],
  [from('serviceAccounts: [other/b]'), peer('other/sa/b'), true, 'unless it is named'],
  [from('serviceAccounts: [b]'), peer('team/sa/bc'), false, 'a whole name'],
  [from('trustDomains: [cluster.local]'), peer('a/sa/b'), true, 'a trust domain'],
  [from('trustDomains: ["clus*"]'), peer('a/sa/b'), true, 'a pattern of one'],
  [from('trustDomains: [cluster]'), peer('a/sa/b'), false, 'a whole one'],
  [from('ipBlocks: [10.0.0.0/8]'), { sourceIp: '10.1.1.1' }, true, 'the TCP peer'],
  [from('ipBlocks: [10.0.0.0/8]'), { sourceIp: '1.1.1.1', remoteIp: '10.1.1.1' }, false, 'not what XFF says'],
  [from('remoteIpBlocks: [10.0.0.0/8]'), { remoteIp: '10.1.1.1' }, true, 'the client XFF tells'],
  [when('key: destination.ip, values: [127.0.0.1]'), {}, true, 'the address that was dialled'],
  [when('key: destination.port, notValues: ["8080"]'), {}, false, 'a negated condition'],
  [
    when('key: connection.sni, values: ["*.example.com"]'),
    { sni: 'A.Example.com' },
    true,
    'SNI in lower case',
  ],
  [when('key: connection.sni, values: ["*"]'), { sni: '' }, false, 'no SNI is not any'],
  [
    when('key: "request.headers[X-Team]", values: [red]'),
    {
      headers: [
        ['x-team', 'blue'],
        ['x-team', 'red'],
      ],
    },
    true,
    'any line of a header',
  ],
  [
    when('key: "request.headers[x-team]", values: [red]'),
    { headers: [['x-team', 'blue, red']] },
    false,
    'one line is one value',
  ],
  [
    when('key: "request.headers[x-team]", values: ["*"]'),
    { headers: [['x-team', '']] },
    true,
    'presence, even empty',
  ],
  [when('key: "request.headers[x-team]", notValues: [red]'), {}, true, 'a missing header is not red'],
  [
    when('key: "request.headers[:path]", values: ["/a?x=1"]'),
    { path: '/a?x=1' },
    true,
    'pseudo headers, query included',
  ],
  [when('key: "request.headers[host]", values: [app.example.com]'), {}, true, 'Host by its old name'],
  [when('key: "experimental.envoy.filters.a[b]", values: [c]'), {}, false, 'metadata nobody writes'],
]

for (const [rule, request, want, why] of matches) {
  test(`${want ? 'matches' : 'misses'} ${rule}: ${why}`, () => {
    assert.equal(verdict('ALLOW', rule, request), want)
  })
}

const claims = {
  iss: 'https://i',
  sub: 's',
  aud: ['x', 'y'],
  azp: 'z',
  n: 1,
  org: { ids: ['o1'] },
  'a.b': 'c',
}
const tokenRows: readonly (readonly [rule: string, want: boolean, why: string])[] = [
  [from('requestPrincipals: ["https://i/s"]'), true, 'issuer and subject'],
  [from('requestPrincipals: ["https://i/*"]'), true, 'any subject'],
  [from('requestPrincipals: ["https://i*"]'), false, 'parted at the last slash: issuer `https:/`'],
  [from('requestPrincipals: ["*/s"]'), true, 'any issuer'],
  [from('requestPrincipals: ["*i/s"]'), true, 'the end of an issuer'],
  [from('requestPrincipals: ["*s"]'), true, 'without slash the end of a subject'],
  [from('requestPrincipals: ["*"]'), true, 'anybody'],
  [from('notRequestPrincipals: ["*"]'), false, 'and nobody else'],
  [when('key: request.auth.principal, values: ["https://i/s"]'), true, 'as a condition'],
  [when('key: request.auth.audiences, values: [y]'), true, 'one of the audiences'],
  [when('key: request.auth.presenter, values: [z]'), true, 'the presenter'],
  [when('key: "request.auth.claims[org][ids]", values: [o1]'), true, 'a list below'],
  [when('key: "request.auth.claims[n]", values: ["1"]'), false, 'numbers never match'],
  [when('key: "request.auth.claims[a.b]", values: [c]'), true, 'a dot is part of a name'],
  [when('key: "request.auth.claims", values: ["*"]'), false, 'no name matches nothing'],
]

for (const [rule, want, why] of tokenRows) {
  test(`with a token ${want ? 'matches' : 'misses'} ${rule}: ${why}`, () => {
    assert.equal(verdict('ALLOW', rule, {}, claims), want)
  })
}

test('a token without subject is nobody', () => {
  assert.equal(verdict('ALLOW', from('requestPrincipals: ["*"]'), {}, { iss: 'i' }), false)
})

// What cannot be translated makes an ALLOW smaller and a DENY larger.
const badRows: readonly (readonly [action: string, rule: string, want: boolean | string, why: string])[] = [
  ['ALLOW', from('ipBlocks: [nonsense]'), 'bad-value', 'an ALLOW rule goes whole'],
  ['ALLOW', from('ipBlocks: [127.0.0.1, nonsense]'), 'bad-value', 'even with a good value beside'],
  ['DENY', from('ipBlocks: [nonsense]'), true, 'a DENY rule only loses the field'],
  ['DENY', from('ipBlocks: [10.0.0.0/8, nonsense]'), false, 'or the value'],
  ['DENY', from('notIpBlocks: [nonsense]'), true, 'negated as well'],
  ['CUSTOM', to('ports: ["99999"]'), true, 'CUSTOM as DENY'],
  ['DENY', when('key: request.unknown, values: [x]'), 'unknown-key', 'an unknown key drops any rule'],
  ['ALLOW', when('key: request.unknown, values: [x]'), 'unknown-key', 'of any action'],
  ['DENY', when('key: "request.headers", values: [x]'), true, 'a header without name is a bad value'],
]

for (const [action, rule, want, why] of badRows) {
  test(`${action} ${rule}: ${why}`, () => {
    assert.equal(verdict(action, rule, {}), want)
  })
}

const tcpRows: readonly (readonly [action: string, rule: string, want: boolean | string, why: string])[] = [
  ['ALLOW', to('paths: [/a]'), 'http-only-field', 'HTTP in an ALLOW rule'],
  ['DENY', to('paths: [/a]'), true, 'HTTP falls out of a DENY rule: it closes the port'],
  ['DENY', to('paths: [/a], ports: ["9"]'), false, 'unless something else limits it'],
  ['ALLOW', to('ports: ["8080"]'), true, 'ports are for both'],
  ['ALLOW', from('requestPrincipals: ["*"]'), 'http-only-field', 'tokens are HTTP'],
  ['ALLOW', when('key: "request.headers[x]", values: [y]'), 'http-only-field', 'headers are'],
]

for (const [action, rule, want, why] of tcpRows) {
  test(`on a TCP port ${action} ${rule}: ${why}`, () => {
    assert.equal(verdict(action, rule, {}, undefined, true), want)
  })
}
