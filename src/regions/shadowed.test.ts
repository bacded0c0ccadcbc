/** What is said to decide nothing decides nothing: without it every request fares as before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseAllDocuments } from 'yaml'
import { parseMesh } from '../mesh/index.ts'
import { assumedKeys } from '../policy/index.ts'
import { diffAccess } from './diff.ts'
import { aFront, aMesh } from './random-mesh.test.ts'
import { findShadowed } from './shadowed.ts'

const now = 1_800_000_000
const options = { fetched: assumedKeys }
const meshOf = (text: string) => parseMesh([{ file: 'door.yaml', text }]).mesh

const policy = (name: string, rest: string, at = 'istio-system') => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ${name}, namespace: ${at}}
spec: ${rest}
`
const gateway = 'selector: {matchLabels: {istio: ingressgateway}}'
const allow = (rules: string) => policy('p', `{${gateway}, rules: ${rules}}`)
const deny = (name: string, rules: string) => policy(name, `{${gateway}, action: DENY, rules: ${rules}}`)
const to = (operation: string) => `{to: [{operation: {${operation}}}]}`
const routes = (...list: readonly string[]) => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: routes, namespace: apps}
spec:
  gateways: [istio-system/door]
  hosts: ["*"]
  http: [${list.map((match) => `{match: [${match}], route: [{destination: {host: a.apps.svc.cluster.local}}]}`).join(', ')}]
`

/** What is found, as `who < by`. */
const rows: readonly (readonly [name: string, yaml: readonly string[], found: readonly string[]])[] = [
  [
    'a path under a prefix',
    [allow(`[${to('paths: [/a/*]')}, ${to('paths: [/a/b]')}]`)],
    ['rules[1] < rules[0]'],
  ],
  [
    'whichever stands first',
    [allow(`[${to('paths: [/a/b]')}, ${to('paths: [/a/*]')}]`)],
    ['rules[0] < rules[1]'],
  ],
  [
    'two that say the same: the second',
    [allow(`[${to('paths: [/a]')}, ${to('paths: [/a]')}]`)],
    ['rules[1] < rules[0]'],
  ],
  [
    'a narrower caller',
    [allow(`[{}, {from: [{source: {requestPrincipals: ["*"]}}]}]`)],
    ['rules[1] < rules[0]'],
  ],
  [
    'not a wider caller',
    [
      allow(
        `[{from: [{source: {requestPrincipals: ["*"]}}], to: [{operation: {paths: [/a]}}]}, ${to('paths: [/a]')}]`,
      ),
    ],
    ['rules[0] < rules[1]'],
  ],
  ['other methods', [allow(`[${to('paths: [/a/*], methods: [GET]')}, ${to('paths: [/a/b]')}]`)], []],
  [
    'the same method',
    [allow(`[${to('paths: [/a/*], methods: [GET]')}, ${to('paths: [/a/b], methods: [GET]')}]`)],
    ['rules[1] < rules[0]'],
  ],
  [
    'a template takes a path',
    [allow(`[${to('paths: ["/a/{*}/c"]')}, ${to('paths: [/a/b/c]')}]`)],
    ['rules[1] < rules[0]'],
  ],
  ['a template leaves a path', [allow(`[${to('paths: ["/a/{*}/c"]')}, ${to('paths: [/a/b/b/c]')}]`)], []],
  ['a double star is no prefix', [allow(`[${to('paths: [/a/**]')}, ${to('paths: [/a/b]')}]`)], []],
  ['a suffix', [allow(`[${to('paths: ["*/x"]')}, ${to('paths: [/a/x]')}]`)], ['rules[1] < rules[0]']],
  [
    'fewer exceptions take more',
    [allow(`[${to('notPaths: [/a]')}, ${to('notPaths: [/a, /b]')}]`)],
    ['rules[1] < rules[0]'],
  ],
  [
    'a path outside of the exceptions',
    [allow(`[${to('notPaths: [/a/*]')}, ${to('paths: [/b]')}]`)],
    ['rules[1] < rules[0]'],
  ],
  ['a path among the exceptions', [allow(`[${to('notPaths: [/a/*]')}, ${to('paths: [/a/b]')}]`)], []],
  [
    'hosts in another spelling are left alone',
    [allow(`[${to('hosts: ["*.example.com"]')}, ${to('hosts: [a.example.com]')}]`)],
    [],
  ],
  [
    'more conditions',
    [
      allow(
        `[${to('paths: [/a/*]')}, {to: [{operation: {paths: [/a/b]}}], when: [{key: 'request.headers[x-a]', values: [b]}]}]`,
      ),
    ],
    ['rules[1] < rules[0]'],
  ],
  [
    'a DENY behind a DENY',
    [deny('one', `[${to('paths: [/a/*]')}]`), deny('two', `[${to('paths: [/a/b]')}]`)],
    ['rules[0] < rules[0]'],
  ],
  [
    'an ALLOW behind a DENY',
    [deny('one', `[${to('paths: [/a/*]')}]`), allow(`[${to('paths: [/a/b]')}, ${to('paths: [/c]')}]`)],
    ['rules[0] < rules[0]'],
  ],
  [
    'a dry run shadows nothing',
    [
      policy('one', `{${gateway}, action: DENY, rules: [${to('paths: [/a/*]')}]}`).replace(
        'namespace: istio-system',
        'namespace: istio-system, annotations: {"istio.io/dry-run": "true"}',
      ),
      deny('two', `[${to('paths: [/a/b]')}]`),
    ],
    [],
  ],
  [
    'only at one of two proxies',
    [allow(`[${to('paths: [/a/*]')}]`), policy('wide', `{rules: [${to('paths: [/a/b]')}]}`)],
    [],
  ],
  [
    'at every proxy',
    [policy('all', `{rules: [${to('paths: [/a/*]')}]}`), policy('wide', `{rules: [${to('paths: [/a/b]')}]}`)],
    ['rules[0] < rules[0]'],
  ],
  [
    'a route behind a shorter prefix',
    [routes('{uri: {prefix: /a}}', '{uri: {prefix: /a/b}}')],
    ['http[1].match[0] < http[0].match[0]'],
  ],
  ['a route before a shorter prefix', [routes('{uri: {prefix: /a/b}}', '{uri: {prefix: /a}}')], []],
  [
    'a route behind an expression',
    [routes('{uri: {regex: "/a/.*"}}', '{uri: {prefix: /a/b}}')],
    ['http[1].match[0] < http[0].match[0]'],
  ],
  ['an expression of one segment', [routes('{uri: {regex: "/a/[^/]*"}}', '{uri: {prefix: /a/b}}')], []],
  [
    'behind one with a header',
    [routes('{uri: {prefix: /a}, headers: {x-a: {exact: b}}}', '{uri: {prefix: /a/b}}')],
    [],
  ],
  [
    'behind one with the same header',
    [
      routes(
        '{uri: {prefix: /a}, headers: {x-a: {exact: b}}}',
        '{uri: {prefix: /a/b}, headers: {x-a: {exact: b}}}',
      ),
    ],
    ['http[1].match[0] < http[0].match[0]'],
  ],
  ['behind one of the other case', [routes('{uri: {prefix: /A}}', '{uri: {prefix: /a/b}}')], []],
  [
    'behind one that ignores case',
    [routes('{uri: {prefix: /A}, ignoreUriCase: true}', '{uri: {prefix: /a/b}}')],
    ['http[1].match[0] < http[0].match[0]'],
  ],
]

for (const [name, yaml, found] of rows) {
  test(`${found.length === 0 ? 'leaves' : 'finds'}: ${name}`, () => {
    const shadowed = findShadowed(meshOf([aFront, ...yaml].join('---\n')), options)
    assert.deepEqual(
      shadowed.map(({ rule, by }) => `${rule} < ${by.rule}`),
      found,
    )
  })
}

/** Without a rule; a policy left without rules stays where it is an ALLOW, and closes as before. */
function without(text: string, object: string, rule: string): string {
  const [kind, name] = object.split(' ') as [string, string]
  const index = Number(/\d+/.exec(rule)?.[0])
  return parseAllDocuments(text)
    .flatMap((document) => {
      const each = document.toJS()
      if (each.kind !== kind || `${each.metadata.namespace}/${each.metadata.name}` !== name) return [each]
      const list: unknown[] = kind === 'VirtualService' ? each.spec.http : each.spec.rules
      list.splice(index, 1)
      if (list.length > 0) return [each]
      delete each.spec.rules
      return each.spec.action === 'ALLOW' ? [each] : []
    })
    .map((each) => JSON.stringify(each))
    .join('\n---\n')
}

test('a random door without what is shadowed is the same door', () => {
  let taken = 0
  fc.assert(
    fc.property(aMesh, (text) => {
      const before = meshOf(text)
      const [first] = findShadowed(before, options)
      if (first === undefined) return
      taken++
      const after = meshOf(without(text, first.object, first.rule))
      // What is not known of either door stays unknown of both.
      const {
        deadRules: _,
        unknown: __,
        ...diff
      } = diffAccess(before, after, { now, old: options, new: options })
      const said = `${first.object} ${first.rule} ${first.how} ${first.by.object} ${first.by.rule}\n${text}`
      for (const [list, found] of Object.entries(diff)) assert.deepEqual([list, found], [list, []], said)
    }),
    { numRuns: process.env.KFDOOR_REGIONS === 'full' ? 2000 : 40, seed: 5 },
  )
  assert.ok(taken > 10, `${taken} doors had one`)
})
