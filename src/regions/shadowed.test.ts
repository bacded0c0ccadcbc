/** What is said to decide nothing decides nothing: without it every request fares as before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseAllDocuments } from 'yaml'
import { parseMesh } from '../mesh/index.ts'
import { assumedKeys } from '../policy/index.ts'
import { diffAccess } from './diff.ts'
import { anOddMesh } from './odd-mesh.test.ts'
import { aFront, aMesh } from './random-mesh.test.ts'
import { findShadowed, type Shadowed } from './shadowed.ts'

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
    'two that only together take as much',
    [
      allow(
        `[${to('paths: [/a/*], methods: [GET]')}, ${to('paths: [/a/*], notMethods: [GET]')}, ${to('paths: [/a/b]')}]`,
      ),
    ],
    ['rules[2] < rules[0] + rules[1]'],
  ],
  [
    'two that leave a method between them',
    [
      allow(
        `[${to('paths: [/a/*], methods: [GET]')}, ${to('paths: [/a/*], methods: [POST]')}, ${to('paths: [/a/b]')}]`,
      ),
    ],
    [],
  ],
  [
    'two prefixes under a longer list',
    [allow(`[${to('paths: [/a/*]')}, ${to('paths: [/b/*]')}, ${to('paths: [/a/x*, /b/x*]')}]`)],
    ['rules[2] < rules[0] + rules[1]'],
  ],
  [
    'one half denied, the other allowed anyway',
    [
      deny('one', `[${to('paths: [/a/*], methods: [GET]')}]`),
      allow(`[${to('notMethods: [GET]')}, ${to('paths: [/a/b]')}]`),
    ],
    ['rules[1] < rules[0] + rules[0]'],
  ],
  [
    'with a token and without one',
    [
      allow(
        `[{from: [{source: {requestPrincipals: ["*"]}}]}, {from: [{source: {notRequestPrincipals: ["*"]}}]}, ${to('paths: [/a]')}]`,
      ),
    ],
    ['rules[2] < rules[0] + rules[1]'],
  ],
  [
    'about HTTP only, beside one that holds for bytes too',
    [
      allow(
        `[${to('methods: [GET]')}, ${to('notMethods: [GET]')}, {from: [{source: {ipBlocks: [10.0.0.0/8]}}]}]`,
      ),
    ],
    [],
  ],
  [
    'what two take of each other',
    [allow(`[${to('paths: [/a/*, /b/*]')}, ${to('paths: [/b/*, /c/*]')}, ${to('paths: [/a/*, /c/*]')}]`)],
    ['rules[2] < rules[0] + rules[1]', 'rules[0].to[0].paths < rules[1] (/b/*)'],
  ],
  [
    'a path of a list under another one',
    [allow(`[${to('paths: [/a/*, /a/b, /c]')}]`)],
    ['rules[0].to[0].paths < rules[0] (/a/b)'],
  ],
  ['the same path twice', [allow(`[${to('paths: [/a, /a]')}]`)], ['rules[0].to[0].paths < rules[0] (/a)']],
  [
    'an exemption under another one',
    [deny('one', `[${to('notPaths: [/a/*, /a/b]')}]`)],
    ['rules[0].to[0].notPaths < rules[0] (/a/b)'],
  ],
  [
    'an exemption that another rule denies all the same',
    [deny('one', `[${to('notPaths: [/a/b, /c]')}]`), deny('two', `[${to('paths: [/a/*]')}]`)],
    ['rules[0].to[0].notPaths < rules[0] (/a/b)'],
  ],
  ['an exemption of two', [deny('one', `[${to('notPaths: [/a, /b]')}]`)], []],
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
    'a route for all behind another object’s',
    [routes('{uri: {prefix: /}}'), routes('{uri: {prefix: /}}').replace('name: routes,', 'name: routes-1,')],
    ['http[0].match[0] < http[0].match[0]'],
  ],
  [
    'one that holds back what its object says after it',
    [
      routes('{uri: {prefix: /}}'),
      routes('{uri: {prefix: /}}', '{uri: {prefix: /a}}').replace('name: routes,', 'name: routes-1,'),
    ],
    [],
  ],
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
      shadowed.map(
        ({ rule, by, also = [], value }) =>
          `${rule} < ${[by, ...also].map((each) => each.rule).join(' + ')}${value === undefined ? '' : ` (${value})`}`,
      ),
      found,
    )
  })
}

/** Without a rule, or one path of it; a policy left without rules stays where it is an ALLOW, and closes as before. */
function without(text: string, { object, rule, value }: Shadowed): string {
  const [kind, name] = object.split(' ') as [string, string]
  const index = Number(/\d+/.exec(rule)?.[0])
  return parseAllDocuments(text)
    .flatMap((document) => {
      const each = document.toJS()
      if (each.kind !== kind || `${each.metadata.namespace}/${each.metadata.name}` !== name) return [each]
      if (value !== undefined) {
        const [, entry, field] = /to\[(\d+)\]\.(\w+)$/.exec(rule) as unknown as [string, number, string]
        const paths: string[] = each.spec.rules[index].to[entry].operation[field]
        paths.splice(paths.lastIndexOf(value), 1)
        return [each]
      }
      const list: unknown[] = kind === 'VirtualService' ? each.spec.http : each.spec.rules
      const matches = kind === 'VirtualService' ? (each.spec.http[index].match ?? []) : []
      // A route goes on with what else it matches.
      if (matches.length > 1) {
        matches.splice(Number(/match\[(\d+)\]/.exec(rule)?.[1]), 1)
        return [each]
      }
      list.splice(index, 1)
      if (list.length > 0) return [each]
      delete each.spec.rules
      return each.spec.action === 'ALLOW' ? [each] : []
    })
    .map((each) => JSON.stringify(each))
    .join('\n---\n')
}

const aCrowd = (() => {
  const some = (list: readonly string[]) =>
    fc.subarray([...list], { minLength: 1, maxLength: 2 }).map((each) => `[${each.join(', ')}]`)
  const paths = ['/a/*', '/a/b', '/b/*', '"*/x"', '/a/x', '/*']
  const operation = fc.record({
    paths: fc.option(some(paths)),
    notPaths: fc.option(some(paths), { freq: 1 }),
    methods: fc.option(some(['GET', 'POST', '"P*"']), { freq: 1 }),
    notMethods: fc.option(some(['GET', 'POST']), { freq: 1 }),
  })
  const rule = operation.map((fields) =>
    to(
      Object.entries(fields)
        .filter(([, value]) => value !== null)
        .map(([name, value]) => `${name}: ${value}`)
        .join(', '),
    ),
  )
  const rules = fc.array(rule, { minLength: 2, maxLength: 6 }).map((list) => `[${list.join(', ')}]`)
  const all = routes('{uri: {prefix: /}}')
  return fc
    .tuple(rules, fc.option(rules), fc.boolean())
    .map(([one, other, denies]) =>
      [aFront, all, denies ? deny('p', one) : allow(one), ...(other === null ? [] : [deny('q', other)])].join(
        '---\n',
      ),
    )
})()

test('a random door without what is shadowed is the same door', () => {
  let taken = 0
  fc.assert(
    fc.property(fc.oneof(aMesh, anOddMesh, aCrowd), fc.nat(), (text, at) => {
      const before = meshOf(text)
      const found = findShadowed(before, options)
      const first = found[at % found.length]
      if (first === undefined) return
      taken++
      const after = meshOf(without(text, first))
      // What is not known of either door stays unknown of both.
      const {
        deadRules: _,
        unknown: __,
        ...diff
      } = diffAccess(before, after, { now, old: options, new: options })
      const said = `${JSON.stringify(first)}\n${text}`
      for (const [list, found] of Object.entries(diff)) assert.deepEqual([list, found], [list, []], said)
    }),
    { numRuns: process.env.KFDOOR_REGIONS === 'full' ? 2000 : 40, seed: 5 },
  )
  assert.ok(taken > 10, `${taken} doors had one`)
})
