/** The index finds a rule exactly when trying all of them would, whatever they are filed under. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AuthorizationPolicy, Source, Text } from '../mesh/index.ts'
import { attributesOf } from './builders.test.ts'
import { compileRule, type Rule, ruleMatches } from './rule.ts'
import { indexRules } from './rule-index.ts'

const at = { file: 'mesh.yaml', line: 1 }
const texts = (values: readonly string[]): readonly Text[] => values.map((value) => ({ value, at }))
const list = (...values: readonly string[]) =>
  fc.option(fc.subarray([...values], { minLength: 1 }).map(texts), { nil: undefined })

const paths = list('/a', '/a/*', '/b*', '*/x', '*', '/{*}/x')
const hosts = list('a.example.com', '*.example.com', 'A.*')
const methods = list('GET', 'POST')
const principals = list('cluster.local/ns/n1/sa/s', '*/sa/s', 'cluster.local/ns/n2/*', '*')
const namespaces = list('n1', 'n2', 'n*')
const requestPrincipals = list('i/u1', 'i/*', '*')
const headers = list('red', 'bl*', '*')

const operation = fc.record({ paths, notPaths: paths, hosts, methods })
const source = fc.record({ principals, notPrincipals: principals, namespaces, requestPrincipals })
const rule = fc.record({
  to: fc.option(fc.array(operation, { maxLength: 2 }), { nil: undefined }),
  from: fc.option(fc.array(source, { maxLength: 2 }), { nil: undefined }),
  team: headers,
  groups: list('g1', 'g*'),
})

function compile(written: readonly (typeof rule extends fc.Arbitrary<infer R> ? R : never)[]): Rule[] {
  const policy = { kind: 'AuthorizationPolicy', namespace: 'ns', name: 'p', at } as AuthorizationPolicy
  return written.map(({ to, from, team, groups }, index) => {
    const condition = (key: string, values: readonly Text[] | undefined) =>
      values === undefined ? [] : [{ at, key: { value: key, at }, values }]
    const compiled = compileRule(
      policy,
      {
        at,
        ...(to && { to: to.map((each) => ({ at, operation: { at, ...each } })) }),
        ...(from && { from: from.map((each) => ({ at, source: { at, ...each } as Source })) }),
        when: [
          ...condition('request.headers[x-team]', team),
          ...condition('request.auth.claims[groups]', groups),
        ],
      },
      index,
      { domains: ['cluster.local'], tcp: false },
    )
    assert.ok('name' in compiled)
    return compiled
  })
}

const request = fc.record({
  path: fc.constantFrom('/', '/a', '/a/x', '/b', '/bc?q=1', '/c/x'),
  host: fc.constantFrom('a.example.com', 'B.example.com', 'other'),
  method: fc.constantFrom('GET', 'POST'),
  principals: fc.subarray(['spiffe://cluster.local/ns/n1/sa/s', 'spiffe://cluster.local/ns/n2/sa/t']),
  headers: fc.subarray([
    ['x-team', 'red'],
    ['x-team', 'blue'],
  ] as [string, string][]),
})
const token = fc.option(
  fc.record({
    iss: fc.constant('i'),
    sub: fc.constantFrom('u1', 'u2'),
    groups: fc.constantFrom('g1', ['g2', 'x'], []),
  }),
  { nil: undefined },
)

test('the index agrees with trying every rule', () => {
  fc.assert(
    fc.property(fc.array(rule, { minLength: 6, maxLength: 24 }), request, token, (written, asked, claims) => {
      const rules = compile(written)
      const attributes = attributesOf(asked, claims)
      const found = indexRules(rules).find(attributes)
      const expected = rules.some((each) => ruleMatches(each, attributes))
      assert.equal(found !== undefined, expected)
      if (found !== undefined) assert.ok(ruleMatches(found, attributes))
    }),
    { numRuns: 2000 },
  )
})
