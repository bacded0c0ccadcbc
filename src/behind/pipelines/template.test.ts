/** What counts as a pipeline, and which inputs it takes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aSpec, aWorkflow } from './a-server.ts'
import { Refusal } from './failure.ts'
import {
  checkInputs,
  checkPipelineName,
  type JsonObject,
  parseTemplate,
  templateOfStruct,
} from './template.ts'

const platform = { platforms: { kubernetes: { deploymentSpec: { executors: {} } } } }
const asYaml = (...docs: readonly object[]) => docs.map((doc) => JSON.stringify(doc, null, 1)).join('\n---\n')

test('a v2 specification is shown as it is', () => {
  const { kind, name, struct, parameters } = parseTemplate(JSON.stringify(aSpec))
  assert.deepEqual(
    { kind, name, struct, parameters },
    { kind: 'v2', name: 'iris', struct: aSpec, parameters: [] },
  )
})

for (const [about, docs] of [
  ['after it', [aSpec, platform]],
  ['before it', [platform, aSpec]],
] as const) {
  test(`a platform document ${about} is shown beside the specification`, () => {
    const { struct, spec } = parseTemplate(asYaml(...docs))
    assert.deepEqual(struct, { pipeline_spec: aSpec, platform_spec: platform })
    assert.deepEqual(spec, aSpec)
  })
}

test('a run request brings both in one object', () => {
  const { struct } = templateOfStruct({
    pipeline_spec: aSpec,
    platform_spec: platform,
  } as unknown as JsonObject)
  assert.deepEqual(struct, { pipeline_spec: aSpec, platform_spec: platform })
})

test('a v1 Workflow tells its parameters', () => {
  const { kind, parameters } = parseTemplate(asYaml(aWorkflow))
  assert.equal(kind, 'v1')
  assert.deepEqual(parameters, [{ name: 'flower', value: 'iris' }])
})

const aliases = `a: &a [1]\n${Array.from({ length: 200 }, () => '- *a').join('\n')}`
const refused: readonly (readonly [about: string, text: string, words: string])[] = [
  ['nothing', '', 'unknown template format'],
  ['a list', '[1, 2]', 'unknown template format'],
  ['no YAML', '{"a": [', 'unknown template format'],
  ['no root', JSON.stringify({ ...aSpec, root: undefined }), 'unknown template format'],
  ['no name', JSON.stringify({ ...aSpec, pipelineInfo: {} }), 'unknown template format'],
  [
    'another schema',
    JSON.stringify({ ...aSpec, schemaVersion: '2.0.0' }),
    'KFP only supports schema version 2.1.0, but the pipeline spec has version 2.0.0',
  ],
  ['two specifications', asYaml(aSpec, aSpec), 'multiple pipeline specs provided'],
  ['two platforms', asYaml(aSpec, platform, platform), 'multiple platform specs provided'],
  [
    'another Argo',
    JSON.stringify({ ...aWorkflow, apiVersion: 'argoproj.io/v2' }),
    'Unsupported argo version. Expected: argoproj.io/v1alpha1. Received: argoproj.io/v2',
  ],
  ['another kind', JSON.stringify({ ...aWorkflow, kind: 'CronWorkflow' }), 'unknown template format'],
  ['aliases without end', aliases, 'unknown template format'],
  ['nesting without end', '['.repeat(100_000), 'unknown template format'],
  ['more YAML than is good', '- {a: 1, b: 2}\n'.repeat(200_000), 'larger than this server reads'],
]
for (const [about, text, words] of refused) {
  test(`no pipeline: ${about}`, () => {
    assert.throws(
      () => parseTemplate(text),
      (error) => error instanceof Refusal && error.code === 3 && error.message.includes(words),
    )
  })
}

const inputs: readonly (readonly [about: string, given: JsonObject, refusal?: string])[] = [
  ['what is required', { flower: 'rose' }],
  ['all of it', { flower: 'rose', petals: 3, fresh: true }],
  ['nothing', {}, 'parameter flower is not optional, yet has neither default value nor user provided value'],
  [
    'a number for text',
    { flower: 5 },
    'input parameter flower requires type string, but the input parameter is not of string value type',
  ],
  [
    'text for a number',
    { flower: 'a', petals: '5' },
    'input parameter petals requires type double or integer, but the parameter value is not of number value type',
  ],
  [
    'a number for a truth',
    { flower: 'a', fresh: 1 },
    'input parameter fresh requires type bool, but the input parameter is not of bool value type',
  ],
  [
    'one too many',
    { flower: 'a', colour: 'red' },
    'parameter(s) provided are not required by pipeline: colour',
  ],
  [
    'an inherited name',
    { flower: 'a', toString: 'x' },
    'parameter(s) provided are not required by pipeline: toString',
  ],
]
for (const [about, given, refusal] of inputs) {
  test(`inputs: ${about}${refusal ? ' is refused' : ''}`, () => {
    const check = () => checkInputs(parseTemplate(JSON.stringify(aSpec)), given)
    if (!refusal) return check()
    assert.throws(check, (error) => error instanceof Refusal && error.external === refusal)
  })
}

for (const [name, good] of [
  ['iris', true],
  ['2-irises', true],
  ['Iris', false],
  ['-iris', false],
  ['a'.repeat(128), true],
  ['a'.repeat(129), false],
] as const) {
  test(`the name ${name.slice(0, 12)} (${name.length}) is ${good ? 'good' : 'refused'}`, () => {
    if (good) checkPipelineName(name)
    else assert.throws(() => checkPipelineName(name), Refusal)
  })
}
