/** Whatever is sent, the answer is one of the server's own, and nothing breaks inside. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { type AServer, anExperiment, anUpload, aRun, aServer, aSpec, namespace } from './a-server.ts'
import { messagesV1 } from './wire/messages-v1.ts'
import { messagesV2 } from './wire/messages-v2.ts'
import type { Field, Message } from './wire/schema.ts'

let server: AServer
let ids: readonly string[]
before(async () => {
  server = aServer()
  const experiment = await anExperiment(server)
  const pipeline = await server.ask('POST', '/apis/v2beta1/pipelines/upload?name=p', anUpload(aSpec))
  ids = [experiment, await aRun(server, experiment), pipeline.body.pipeline_id, 'nope', '']
})
after(() => server.close())

/** A value that fits the field, or, one time in twenty, anything at all. */
function fieldValue(field: Field): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 19, arbitrary: fc.constant(null).chain(() => fitting(field)) },
    { weight: 1, arbitrary: fc.jsonValue() },
  )
}
function fitting(field: Field): fc.Arbitrary<unknown> {
  if (typeof field === 'object') {
    if ('message' in field) return messageOf(field.message)
    if ('repeated' in field) return fc.array(fieldValue(field.repeated), { maxLength: 3 })
    return fc.oneof(fc.constantFrom(...Object.keys(field.enum)), fc.integer({ min: -1, max: 10 }))
  }
  switch (field) {
    case 'string':
      return fc.oneof(
        fc.string(),
        fc.constantFrom(namespace, '0 0 3 * * *', JSON.stringify(aSpec), 'http://x/', ...ids),
      )
    case 'bool':
      return fc.boolean()
    case 'int32':
    case 'int64':
      return fc.oneof(fc.integer({ min: -1, max: 12 }), fc.integer().map(String))
    case 'timestamp':
      return fc
        .date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-12-31') })
        .map((date) => date.toISOString())
    case 'struct':
      return fc.oneof(fc.constant(aSpec), fc.dictionary(fc.string(), fc.jsonValue()))
    case 'values':
      return fc.oneof(fc.constant({ flower: 'x' }), fc.dictionary(fc.string(), fc.jsonValue()))
    case 'ignored':
      return fc.jsonValue()
  }
}
const messageOf = (message: Message): fc.Arbitrary<object> =>
  fc.record(
    Object.fromEntries(Object.entries(message.fields).map(([name, field]) => [name, fieldValue(field)])),
    { requiredKeys: [] },
  )

const targets: readonly (readonly [path: string, message: Message])[] = [
  ['/apis/v1beta1/experiments', messagesV1.experimentV1],
  ['/apis/v2beta1/experiments', messagesV2.experimentV2],
  ['/apis/v1beta1/pipelines', messagesV1.pipelineV1],
  ['/apis/v2beta1/pipelines', messagesV2.pipelineV2],
  ['/apis/v2beta1/pipelines/create', messagesV2.pipelineAndVersionV2],
  ['/apis/v1beta1/pipeline_versions', messagesV1.pipelineVersionV1],
  ['/apis/v2beta1/pipelines/nope/versions', messagesV2.pipelineVersionV2],
  ['/apis/v1beta1/runs', messagesV1.runV1],
  ['/apis/v2beta1/runs', messagesV2.runV2],
  ['/apis/v1beta1/jobs', messagesV1.jobV1],
  ['/apis/v2beta1/recurringruns', messagesV2.recurringRunV2],
]
for (const [path, message] of targets) {
  test(`POST ${path} survives any body`, async () => {
    await fc.assert(
      fc.asyncProperty(messageOf(message), async (body) => {
        const { status, body: answer } = await server.ask('POST', path, body)
        assert.deepEqual(server.logged, [])
        assert.ok([200, 400, 403, 404, 409, 500].includes(status))
        if (status === 200) return
        assert.notEqual(answer.message, 'Internal Server Error')
        assert.equal(typeof answer.code, 'number')
      }),
      { numRuns: 150 },
    )
  })
}

test('GET survives any query', async () => {
  const names = [
    'page_token',
    'page_size',
    'sort_by',
    'filter',
    'namespace',
    'experiment_id',
    'resource_reference_key.type',
    'resource_reference_key.id',
    'resource_key.type',
    'resource_key.id',
  ]
  const words = fc.constantFrom(
    namespace,
    'created_at desc',
    'NAMESPACE',
    '5',
    '{}',
    '{"predicates":[{}]}',
    'eyJ0IjoxfQ==',
  )
  const query = fc.dictionary(fc.constantFrom(...names), fc.oneof(words, fc.string()))
  const lists = [
    'v1beta1/experiments',
    'v2beta1/experiments',
    'v1beta1/pipelines',
    'v2beta1/pipelines',
    'v1beta1/pipeline_versions',
    'v1beta1/runs',
    'v2beta1/runs',
    'v1beta1/jobs',
    'v2beta1/recurringruns',
    'v2beta1/pipelines/x/versions',
  ]
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...lists), query, async (list, fields) => {
      const { status } = await server.ask('GET', `/apis/${list}?${new URLSearchParams(fields)}`)
      assert.deepEqual(server.logged, [])
      assert.ok([200, 400, 403, 404].includes(status))
    }),
    { numRuns: 500 },
  )
})

test('any path is answered', async () => {
  const segment = fc.oneof(
    fc.constantFrom(
      'apis',
      'pipeline',
      'v1beta1',
      'v2beta1',
      'runs',
      'pipelines',
      'names',
      'x:archive',
      '..',
      '%00',
    ),
    fc.webPath(),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'POST', 'DELETE', 'PATCH'),
      fc.array(segment, { maxLength: 6 }),
      async (method, path) => {
        const { status } = await server.ask(method, `/${path.join('/')}`)
        assert.deepEqual(server.logged, [])
        assert.ok(status < 502)
      },
    ),
    { numRuns: 300 },
  )
})
