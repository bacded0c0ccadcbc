import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from './index.ts'

const configMap = (mesh: string, name = 'istio', namespace = 'istio-system') => `apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}, namespace: ${namespace}}
data:
  meshNetworks: 'networks: {}'
  mesh: ${mesh}
`
const block = (yaml: string) => `|\n${yaml.replace(/^(?=.)/gm, '    ')}`

const read = (...texts: string[]) => parseMesh(texts.map((text, index) => ({ file: `${index}.yaml`, text })))

test('without a ConfigMap Istio’s defaults hold', () => {
  const { meshConfig } = read('').mesh
  assert.equal(meshConfig.at, undefined)
  assert.equal(meshConfig.rootNamespace, 'istio-system')
  assert.equal(meshConfig.trustDomain, 'cluster.local')
})

test('lines inside `mesh: |` are lines of the file', () => {
  const { mesh, problems } = read(
    configMap(
      block(`trustDomain: td
extensionProviders:
- name: oauth2-proxy
  envoyExtAuthzHttp:
    service: a.b.svc.cluster.local
    port: "80"
    includeRequestHeadersInCheck:
    - cookie
    headerToUpstreamOnAllow: []
`),
    ),
  )
  const provider = mesh.meshConfig.extensionProviders[0]
  assert.equal(provider?.at.line, 9)
  assert.equal(provider?.port, 80)
  assert.deepEqual(provider?.includeRequestHeadersInCheck, [
    { value: 'cookie', at: { file: '0.yaml', line: 14 } },
  ])
  assert.deepEqual(
    problems.map(({ code, at }) => [code, at.line]),
    [['unknown-field', 15]],
  )
})

test('YAML that is broken inside `mesh: |` is reported on its line', () => {
  const { problems } = read(configMap(block('trustDomain: td\nextensionProviders: [\nrootNamespace: a\n')))
  assert.deepEqual(
    problems.map(({ code, at }) => [code, at.file, at.line >= 8 && at.line <= 10]),
    [['yaml-syntax', '0.yaml', true]],
  )
})

test('a quoted mesh has no lines of its own: everything points at its key', () => {
  const json = JSON.stringify(JSON.stringify({ trustDomain: 'td', nonsense: 1 }))
  const { mesh, problems } = read(configMap(json))
  assert.equal(mesh.meshConfig.trustDomain, 'td')
  assert.deepEqual(
    problems.map(({ code, at }) => [code, at.line]),
    [['unknown-field', 6]],
  )
})

const choices: readonly (readonly [
  about: string,
  names: readonly string[],
  revision: string | undefined,
  want: string,
])[] = [
  ['the plain one wins', ['istio-canary', 'istio'], undefined, 'istio'],
  ['a revision that was asked for', ['istio', 'istio-canary'], 'canary', 'istio-canary'],
  ['the only one there is', ['istio-1-28'], undefined, 'istio-1-28'],
  ['an unknown revision has the defaults', ['istio'], 'canary', 'cluster.local'],
]

for (const [about, names, revision, want] of choices) {
  test(`${about}: ${names.join(', ')} for ${revision ?? 'no revision'}`, () => {
    const inputs = names.map((name) => ({ file: name, text: configMap(`"trustDomain: ${name}"`, name) }))
    assert.equal(parseMesh(inputs, { revision }).mesh.meshConfig.trustDomain, want)
  })
}

test('two revisions and no choice is worth a warning', () => {
  const { problems } = read(configMap('""', 'istio-a'), configMap('""', 'istio-b'))
  assert.deepEqual(
    problems.map(({ code }) => code),
    ['several-revisions'],
  )
})

test('the ConfigMap of istio-system goes before one of another namespace', () => {
  const { meshConfig } = read(
    configMap('"trustDomain: other"', 'istio', 'apps'),
    configMap('"trustDomain: root"'),
  ).mesh
  assert.equal(meshConfig.trustDomain, 'root')
})

test('an empty default export is none', () => {
  const { meshConfig } = read(
    configMap(
      block(
        "defaultServiceExportTo: []\ndefaultVirtualServiceExportTo: []\ndefaultDestinationRuleExportTo: ['.']\n",
      ),
    ),
  ).mesh
  assert.deepEqual(
    [
      meshConfig.defaultServiceExportTo,
      meshConfig.defaultVirtualServiceExportTo,
      meshConfig.defaultDestinationRuleExportTo,
    ],
    [undefined, undefined, ['.']],
  )
})
