import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MeshInput, parseMesh } from './index.ts'

/** A VirtualService that nothing is wrong with, but for what a test adds to `spec`. */
const service = (spec = '') => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: vs, namespace: apps}
spec:
  hosts: [a.example.com]
  gateways: [gw]
  http: [{route: [{destination: {host: a}}]}]
${spec}`

const found = (...inputs: (string | MeshInput)[]) =>
  parseMesh(
    inputs.map((input, index) =>
      typeof input === 'string' ? { file: `${index}.yaml`, text: input } : input,
    ),
  ).problems.map(({ severity, code, at }) => `${severity} ${code} ${at.file}:${at.line}`)

const policy = (spec: string) =>
  `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata:\n  name: p\n  namespace: apps\nspec:\n${spec}`

const rows: readonly (readonly [about: string, text: string, problems: readonly string[]])[] = [
  ['a good VirtualService', service(), []],
  ['an unknown field', service('  hots: []\n'), ['warning unknown-field 0.yaml:8']],
  [
    'an unknown field deep inside',
    policy('  rules:\n  - to:\n    - operation:\n        path: ["/a"]\n'),
    ['warning unknown-field 0.yaml:10', 'error istio-rejects 0.yaml:10'],
  ],
  ['an unknown field beside spec', `${service()}specs: {}\n`, ['warning unknown-field 0.yaml:8']],
  ['a field under its proto name', policy('  rules: [{to: [{operation: {not_paths: ["/a"]}}]}]\n'), []],
  ['an enum by number', policy('  action: 1\n  rules: [{}]\n'), []],
  ['an enum nobody knows', policy('  action: DNY\n'), ['error unknown-value 0.yaml:7']],
  [
    'a port without quotes',
    policy('  rules:\n  - to:\n    - operation:\n        ports:\n        - 80\n'),
    ['error wrong-type 0.yaml:11'],
  ],
  ['a word where a list goes', policy('  rules: none\n'), ['error wrong-type 0.yaml:7']],
  [
    'a list where a mapping goes',
    'apiVersion: v1\nkind: Service\nmetadata: []\n',
    ['error wrong-type 0.yaml:3', 'error missing-name 0.yaml:1'],
  ],
  [
    'a condition on a key that does not exist',
    policy('  rules:\n  - when:\n    - key: request.path\n      values: [a]\n'),
    ['error istio-rejects 0.yaml:9'],
  ],
  [
    'a timeout without a unit',
    service().replace('host: a}', 'host: a}}], timeout: 10, match: [{port: 1'),
    ['error bad-duration 0.yaml:7'],
  ],
  [
    'no hosts',
    service().replace('  hosts: [a.example.com]\n', ''),
    ['error istio-rejects 0.yaml:1', 'warning missing-hosts 0.yaml:1'],
  ],
  ['no name', 'apiVersion: v1\nkind: Service\n', ['error missing-name 0.yaml:1']],
  ['no kind', 'apiVersion: v1\nmetadata: {name: a}\n', ['error not-an-object 0.yaml:1']],
  ['a text that is no object', 'hello\n', ['error not-an-object 0.yaml:1']],
  [
    'a version Istio never had',
    service().replace('istio.io/v1', 'istio.io/v2'),
    ['warning unknown-version 0.yaml:1'],
  ],
  ['old versions', service().replace('istio.io/v1', 'istio.io/v1alpha3'), []],
  ['an object twice', `${service()}---\n${service()}`, ['warning duplicate-object 0.yaml:9']],
  [
    'a Secret that was not encoded',
    'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  k: p@ss\n',
    ['error bad-base64 0.yaml:5'],
  ],
  [
    'a broken document does not hide its neighbours',
    `a: [\n---\n${service('  x: 1\n')}`,
    ['error yaml-syntax 0.yaml:2', 'warning unknown-field 0.yaml:10'],
  ],
]

for (const [about, text, problems] of rows) {
  test(about, () => assert.deepEqual(found(text), problems))
}

test('a problem says object, field and what would be right', () => {
  const { problems } = parseMesh([
    { file: 'a.yaml', text: policy('  rules: [{to: [{operation: {ports: [80]}}]}]\n') },
  ])
  assert.equal(
    problems[0]?.message,
    'AuthorizationPolicy apps/p: `spec.rules[0].to[0].operation.ports[0]` is the number `80` and has to be a string; write `"80"`',
  )
})

test('a secret’s value is in no message', () => {
  const text = 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  k: s3cret!\n'
  assert.equal(JSON.stringify(parseMesh([{ file: 'a', text }]).problems).includes('s3cret'), false)
})

test('every value knows its line', () => {
  const { mesh } = parseMesh([
    {
      file: 'p.yaml',
      text: policy(
        '  rules:\n  - to:\n    - operation:\n        paths:\n        - /a\n        - /b\n    when:\n    - key: source.ip\n      values: [1.1.1.1]\n',
      ),
    },
  ])
  const rule = mesh.authorizationPolicies[0]?.rules?.[0]
  assert.deepEqual(rule?.at, { file: 'p.yaml', line: 8 })
  assert.deepEqual(rule?.to?.[0]?.operation?.paths, [
    { value: '/a', at: { file: 'p.yaml', line: 11 } },
    { value: '/b', at: { file: 'p.yaml', line: 12 } },
  ])
  assert.equal(rule?.when?.[0]?.key.at.line, 14)
})

test('JSON, a List of it, and YAML are read alike', () => {
  const item = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: { ports: [{ port: 80 }] } }
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [item] }, undefined, '\t')
  const one = parseMesh([{ file: 'a.json', text: list }])
  const two = parseMesh([
    {
      file: 'a.yaml',
      text: 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n',
    },
  ])
  assert.deepEqual(one.problems, [])
  assert.deepEqual(one.mesh.services[0]?.ports, two.mesh.services[0]?.ports)
  assert.equal(one.mesh.services[0]?.namespace, 'default')
  assert.equal(one.mesh.services[0]?.at.line, 5)
})

test('absent, null and empty are told apart where Istio does', () => {
  const rulesOf = (spec: string) =>
    parseMesh([{ file: 'a', text: policy(spec) }]).mesh.authorizationPolicies[0]?.rules
  assert.equal(rulesOf('  action: ALLOW\n'), undefined)
  assert.equal(rulesOf('  rules:\n'), undefined)
  assert.deepEqual(rulesOf('  rules: []\n'), [])
  assert.equal(rulesOf('  rules: [{}]\n')?.length, 1)
})

test('the last of two objects counts, and an overlay replaces without a word', () => {
  const first = { file: 'a.yaml', text: service() }
  const second = { file: 'b.yaml', text: service().replace('a.example.com', 'b.example.com') }
  assert.deepEqual(found(first, second), ['warning duplicate-object b.yaml:1'])
  assert.deepEqual(found(first, { ...second, replaces: true }), [])
  assert.equal(parseMesh([first, second]).mesh.virtualServices[0]?.hosts[0]?.value, 'b.example.com')
})

test('a delegate has no hosts and is none the worse', () => {
  const root = service().replace('{route: [{destination: {host: a}}]}', '{delegate: {name: leaf}}')
  const leaf = service()
    .replace('name: vs', 'name: leaf')
    .replace(/ {2}(hosts|gateways).*\n/g, '')
  assert.deepEqual(found(root, leaf), [])
  assert.deepEqual(found(leaf), ['warning missing-hosts 0.yaml:1'])
})

test('the version of istiod is its image’s', () => {
  const text = `apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system}
spec: {template: {spec: {containers: [{name: discovery, image: "istio/pilot:1.22.1-distroless"}]}}}`
  assert.equal(parseMesh([{ file: 'a', text }]).mesh.istioVersion?.value, '1.22.1')
})

test('nothing a file can hold makes it throw', () => {
  for (const kind of [
    'AuthorizationPolicy',
    'RequestAuthentication',
    'Gateway',
    'VirtualService',
    'EnvoyFilter',
    'Sidecar',
    'DestinationRule',
    'ServiceEntry',
    'PeerAuthentication',
  ]) {
    for (const spec of [
      '',
      'null',
      '1',
      '[]',
      '{}',
      '"x"',
      '{__proto__: {a: 1}}',
      '{rules: [null, 1, []]}',
      '{http: [[]], servers: [null]}',
      '{selector: {matchLabels: {toString: null}}}',
    ]) {
      const group = /Auth/.test(kind) ? 'security' : 'networking'
      const text = `apiVersion: ${group}.istio.io/v1\nkind: ${kind}\nmetadata: {name: a}\nspec: ${spec}\n`
      assert.ok(Array.isArray(parseMesh([{ file: 'a', text }]).problems), text)
    }
  }
})
