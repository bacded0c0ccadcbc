/** The API as a caller meets it: resources, their words, and what the gateway itself refuses. */
import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import {
  type AServer,
  anExperiment,
  anUpload,
  aRun,
  aServer,
  aSpec,
  aWorkflow,
  namespace,
} from './a-server.ts'

let server: AServer
let ask: AServer['ask']
beforeEach(() => {
  server?.close()
  server = aServer()
  ask = server.ask
})
after(() => server.close())

const v2 = '/apis/v2beta1'
const v1 = '/apis/v1beta1'
const inNamespace = [{ key: { type: 'NAMESPACE', id: namespace }, relationship: 'OWNER' }]

describe('the gateway', () => {
  const rows: readonly (readonly [
    about: string,
    method: string,
    path: string,
    body: string | undefined,
    status: number,
    message: string,
  ])[] = [
    ['no such path', 'GET', `${v2}/nothing`, undefined, 404, 'Not Found'],
    ['another API', 'GET', '/apis/v1/runs', undefined, 404, 'Not Found'],
    ['the UI is not here', 'GET', '/pipeline/', undefined, 404, 'Not Found'],
    ['no such method', 'PUT', `${v2}/runs`, '{}', 501, 'Method Not Allowed'],
    ['no such verb', 'POST', `${v2}/runs/x:explode`, undefined, 501, 'Method Not Allowed'],
    ['a path that does not decode', 'GET', `${v2}/runs/%ff`, undefined, 404, 'Not Found'],
    ['not JSON', 'POST', `${v2}/experiments`, '{', 400, 'proto: syntax error: the body is not JSON'],
    ['not an object', 'POST', `${v2}/experiments`, '[]', 400, 'proto: (line 1:1): unexpected token ['],
    [
      'a field that is not there',
      'POST',
      `${v2}/experiments`,
      '{"display_name":"x",\n "colour":1}',
      400,
      'proto: (line 2:2): unknown field "colour"',
    ],
    [
      'a number for text',
      'POST',
      `${v2}/experiments`,
      '{"display_name":1}',
      400,
      'proto: (line 1:17): invalid value for string field displayName: 1',
    ],
    [
      'the same field twice',
      'POST',
      `${v2}/experiments`,
      '{"display_name":"a","displayName":"b"}',
      400,
      'proto: (line 1:21): duplicate field "displayName"',
    ],
    [
      'no such state',
      'POST',
      `${v2}/experiments`,
      '{"display_name":"a","storage_state":"GONE"}',
      400,
      'proto: (line 1:37): invalid value for enum field storageState: "GONE"',
    ],
    [
      'not a time',
      'POST',
      `${v2}/experiments`,
      '{"display_name":"a","created_at":"now"}',
      400,
      'proto: (line 1:34): invalid google.protobuf.Timestamp value "now"',
    ],
    [
      'two sources',
      'POST',
      `${v2}/runs`,
      '{"pipeline_spec":{},"pipeline_version_id":"x"}',
      400,
      'error parsing "pipeline_version_id", oneof kubeflow.pipelines.backend.api.v2beta1.Run.pipeline_source is already set',
    ],
    [
      'an inherited name',
      'POST',
      `${v2}/experiments`,
      '{"__proto__":{"display_name":"x"}}',
      400,
      'unknown field "__proto__"',
    ],
  ]
  for (const [about, method, path, body, status, message] of rows) {
    test(about, async () => {
      const answer = await ask(method, path, body)
      assert.equal(answer.status, status)
      assert.ok(answer.body.message.includes(message), JSON.stringify(answer.body))
      assert.deepEqual(server.logged, [])
    })
  }

  test('version 1 of it speaks plain text of unknown routes, and names the message of an unknown field', async () => {
    const old = aServer({ release: '2.3.0' })
    const gone = await old.ask('GET', `${v2}/nothing`)
    assert.deepEqual([gone.status, gone.body], [404, 'Not Found\n'])
    assert.equal((await old.ask('PUT', `${v2}/runs`, '{}')).status, 405)
    const { body } = await old.ask('POST', `${v1}/experiments`, { colour: 1 })
    assert.deepEqual(body, {
      error: 'unknown field "colour" in api.Experiment',
      code: 3,
      message: 'unknown field "colour" in api.Experiment',
      details: [],
    })
    old.close()
  })

  test('a body of more than a message may have is not read', async () => {
    const { status } = await ask('POST', `${v2}/experiments`, ' '.repeat(5 * 2 ** 20))
    assert.equal(status, 400)
  })

  test('names may be written like_this and likeThis, numbers as text', async () => {
    const id = await anExperiment(server)
    const { status, body } = await ask('POST', `${v2}/recurringruns`, {
      displayName: 'j',
      experimentId: id,
      maxConcurrency: '2',
      pipelineSpec: aSpec,
      runtimeConfig: { parameters: { flower: 'a' } },
      trigger: { periodicSchedule: { intervalSecond: '60', startTime: '2026-01-01T00:00:00.5Z' } },
      mode: 2,
    })
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal(body.status, 'DISABLED')
    assert.deepEqual(body.trigger, {
      periodic_schedule: { start_time: '2026-01-01T00:00:00Z', interval_second: '60' },
    })
  })

  test('an old release may be asked to have no v2beta1', async () => {
    const old = aServer({ release: '2.0.0-alpha.5', apis: 'as-released' })
    assert.equal((await old.ask('GET', `${v2}/healthz`)).status, 404)
    assert.equal((await old.ask('GET', `${v1}/healthz`)).status, 200)
    old.close()
  })

  test('a server that breaks says nothing of how', async () => {
    const broken = aServer({ clock: () => assert.fail('the clock stopped') })
    const { status, body } = await broken.ask('POST', `${v2}/experiments`, { display_name: 'x', namespace })
    assert.deepEqual([status, body], [500, { code: 13, message: 'Internal Server Error', details: [] }])
    assert.match(broken.logged.join(), /the clock stopped/)
    broken.close()
  })
})

describe('experiments', () => {
  test('are made, with ids and times, and found again in both APIs', async () => {
    const made = await ask('POST', `${v2}/experiments`, { display_name: 'a', description: 'd', namespace })
    const id = made.body.experiment_id
    assert.match(id, /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/)
    assert.deepEqual(made.body, {
      experiment_id: id,
      display_name: 'a',
      description: 'd',
      created_at: '2026-11-24T12:00:01Z',
      last_run_created_at: '1970-01-01T00:00:00Z',
      namespace,
      storage_state: 'AVAILABLE',
    })
    assert.deepEqual((await ask('GET', `${v2}/experiments/${id}`)).body, made.body)
    assert.deepEqual((await ask('GET', `${v1}/experiments/${id}`)).body, {
      id,
      name: 'a',
      description: 'd',
      created_at: '2026-11-24T12:00:01Z',
      resource_references: inNamespace,
      storage_state: 'STORAGESTATE_AVAILABLE',
    })
  })

  test('have one name once: 409, code 6', async () => {
    await anExperiment(server, 'a')
    const { status, body } = await ask('POST', `${v1}/experiments`, {
      name: 'a',
      resource_references: inNamespace,
    })
    assert.equal(status, 409)
    assert.equal(body.code, 6)
    assert.equal(
      body.message,
      'Failed to create a v1beta1 experiment: Already exist error: Failed to create a new experiment. The name a already exists. Please specify a new name',
    )
  })

  for (const [about, body, text] of [
    ['no name', {}, 'Experiment must have a non-empty name'],
    ['too long a name', { display_name: 'x'.repeat(129) }, 'Experiment.Name length cannot exceed 128'],
    [
      'too long a namespace',
      { display_name: 'x', namespace: 'n'.repeat(64) },
      'Experiment.Namespace length cannot exceed 63',
    ],
  ] as const) {
    test(`${about}: 500, as Pipelines has it`, async () => {
      const answer = await ask('POST', `${v2}/experiments`, body)
      assert.equal(answer.status, 500)
      assert.equal(
        answer.body.message,
        `[ExperimentServer]: Failed to create a experiment due to conversion error: InternalServerError: Failed to convert API experiment to model experiment: Invalid input error: ${text}`,
      )
    })
  }

  test('unknown: 404, code 5', async () => {
    const { status, body } = await ask('GET', `${v2}/experiments/nope`)
    assert.equal(status, 404)
    assert.equal(
      body.message,
      'Failed to fetch experiment: Failed to authorize the request: Failed to authorize with the experiment ID: ResourceNotFoundError: Experiment nope not found',
    )
  })

  test('archived, take their runs along and stop their schedules; unarchived, come back alone', async () => {
    const id = await anExperiment(server)
    const run = await aRun(server, id)
    const job = await ask('POST', `${v2}/recurringruns`, {
      display_name: 'j',
      experiment_id: id,
      max_concurrency: 1,
      pipeline_spec: aSpec,
      runtime_config: { parameters: { flower: 'x' } },
      mode: 'ENABLE',
    })
    await ask('POST', `${v2}/experiments/${id}:archive`)
    assert.equal((await ask('GET', `${v2}/runs/${run}`)).body.storage_state, 'ARCHIVED')
    assert.equal(
      (await ask('GET', `${v2}/recurringruns/${job.body.recurring_run_id}`)).body.status,
      'DISABLED',
    )
    const early = await ask('POST', `${v2}/runs/${run}:unarchive`)
    assert.deepEqual([early.status, early.body.code], [400, 9])
    assert.match(early.body.message, /Unarchive the experiment first to allow the run to be restored$/)
    await ask('POST', `${v2}/experiments/${id}:unarchive`)
    assert.equal((await ask('GET', `${v2}/runs/${run}`)).body.storage_state, 'ARCHIVED')
    assert.equal((await ask('POST', `${v2}/runs/${run}:unarchive`)).status, 200)
  })

  test('single-user: the default one is made when a run needs it, once, and stays', async () => {
    const single = aServer({ multiUser: false })
    const run = () =>
      single.ask('POST', `${v2}/runs`, {
        display_name: 'r',
        pipeline_spec: aSpec,
        runtime_config: { parameters: { flower: 'x' } },
      })
    const [one, two] = [await run(), await run()]
    const id = one.body.experiment_id
    assert.equal(two.body.experiment_id, id)
    assert.equal((await single.ask('GET', `${v2}/experiments/${id}`)).body.display_name, 'Default')
    const { status, body } = await single.ask('DELETE', `${v2}/experiments/${id}`)
    assert.deepEqual([status, body.code], [409, 10])
    single.close()
  })
})

describe('pipelines', () => {
  test('are uploaded, with a first version of the same name', async () => {
    const { status, body } = await ask(
      'POST',
      `${v2}/pipelines/upload?name=iris&description=d&namespace=${namespace}`,
      anUpload(aSpec),
    )
    assert.equal(status, 200)
    assert.deepEqual(
      { ...body, pipeline_id: '' },
      {
        pipeline_id: '',
        name: 'iris',
        display_name: 'iris',
        description: 'd',
        created_at: '2026-11-24T12:00:01Z',
        namespace,
      },
    )
    const versions = await ask('GET', `${v2}/pipelines/${body.pipeline_id}/versions`)
    assert.equal(versions.body.pipeline_versions[0].display_name, 'iris')
    assert.deepEqual(versions.body.pipeline_versions[0].pipeline_spec, aSpec)
  })

  test('go by their file\u2019s name when nobody names them', async () => {
    const { body } = await ask('POST', `${v2}/pipelines/upload`, anUpload(aSpec, 'some/folder/iris.json'))
    assert.equal(body.name, 'iris.json')
    assert.equal(body.namespace, undefined)
  })

  test('are found by name, within their namespace', async () => {
    await ask('POST', `${v2}/pipelines/upload?name=iris&namespace=${namespace}`, anUpload(aSpec))
    assert.equal((await ask('GET', `${v2}/pipelines/names/iris?namespace=${namespace}`)).status, 200)
    assert.equal((await ask('GET', `${v1}/namespaces/${namespace}/pipelines/iris`)).status, 200)
    const shared = await ask('GET', `${v2}/pipelines/names/iris`)
    assert.deepEqual([shared.status, shared.body.code], [404, 5])
    assert.match(shared.body.message, /ResourceNotFoundError: Namespace\/Pipeline \/iris not found$/)
  })

  test('are made without a version by create, and refused without a name', async () => {
    const made = await ask('POST', `${v2}/pipelines`, { display_name: 'iris', namespace })
    assert.equal(made.body.name, 'iris')
    const nameless = await ask('POST', `${v2}/pipelines`, { namespace })
    assert.equal(
      nameless.body.message,
      'Failed to create a pipeline due to server error: Invalid input error: name is required',
    )
  })

  test('are not fetched from anywhere', async () => {
    const url = { pipeline_url: 'http://169.254.169.254/latest/meta-data' }
    for (const [path, body] of [
      [`${v1}/pipelines`, { name: 'x', url }],
      [`${v2}/pipelines/create`, { pipeline: { display_name: 'x' }, pipeline_version: { package_url: url } }],
    ] as const) {
      const answer = await ask('POST', path, body)
      assert.equal(answer.status, 500)
      assert.match(answer.body.message, /this server fetches no packages; upload the file/)
    }
  })

  test('in v1 show the newest version as the default, or the one that was chosen', async () => {
    const made = await ask('POST', `${v1}/pipelines/upload?name=iris`, anUpload(aWorkflow))
    const { id, default_version: first } = made.body
    assert.deepEqual(made.body.parameters, [{ name: 'flower', value: 'iris' }])
    const second = await ask(
      'POST',
      `${v1}/pipelines/upload_version?name=v2&pipelineid=${id}`,
      anUpload(aWorkflow),
    )
    const shown = async () => (await ask('GET', `${v1}/pipelines/${id}`)).body.default_version.id
    assert.equal(await shown(), second.body.id)
    await ask('POST', `${v1}/pipelines/${id}/default_version/${first.id}`)
    assert.equal(await shown(), first.id)
    await ask('DELETE', `${v1}/pipeline_versions/${first.id}`)
    assert.equal(await shown(), second.body.id)
    const { body } = await ask('GET', `${v1}/pipelines/${id}/templates`)
    assert.deepEqual(JSON.parse(body.template), aWorkflow)
  })

  test('go when their versions have gone, or with them when asked', async () => {
    const { body } = await ask('POST', `${v2}/pipelines/upload?name=iris`, anUpload(aSpec))
    const path = `${v2}/pipelines/${body.pipeline_id}`
    const early = await ask('DELETE', path)
    assert.equal(early.status, 400)
    assert.match(early.body.message, /as it has existing pipeline versions \(e\.g\. .+\)\. Set cascade=true/)
    assert.equal((await ask('DELETE', `${path}?cascade=true`)).status, 200)
    assert.equal((await ask('GET', path)).status, 404)
  })

  const uploads: readonly (readonly [
    about: string,
    release: '2.16.0' | '2.3.0' | '2.0.0-alpha.5',
    form: unknown,
    status: number,
    message: string,
  ])[] = [
    ['a taken name', '2.16.0', anUpload(aSpec), 409, 'Failed to create a pipeline and a pipeline version'],
    [
      'a taken name',
      '2.3.0',
      anUpload(aSpec),
      409,
      'Failed to create a pipeline and a pipeline version. The pipeline already exists.: Already exist error: Failed to create a new pipeline. The name iris already exists. Please specify a new name',
    ],
    [
      'a taken name',
      '2.0.0-alpha.5',
      anUpload(aSpec),
      500,
      'Error creating pipeline: Already exist error: Failed to create a new pipeline. The name iris already exists. Please specify a new name',
    ],
    ['no form', '2.16.0', '{}', 400, 'Failed to read pipeline from file'],
    ['a file of another kind', '2.16.0', anUpload('x', 'x.txt'), 400, 'Failed to read a pipeline spec file'],
    [
      'no pipeline',
      '2.3.0',
      anUpload({ a: 1 }),
      500,
      'Failed to create a pipeline and a pipeline version: InvalidInputError: unknown template format: pipeline spec is invalid',
    ],
    [
      'a bad name inside',
      '2.16.0',
      anUpload({ ...aSpec, pipelineInfo: { name: 'Iris!' } }),
      500,
      'Failed to create a pipeline and a pipeline version',
    ],
  ]
  for (const [about, release, form, status, message] of uploads) {
    test(`an upload is refused at ${release}: ${about}`, async () => {
      const one = aServer({ release })
      await one.ask('POST', `${v2}/pipelines/upload?name=iris`, anUpload(aSpec))
      const answer = await one.ask(
        'POST',
        `${v2}/pipelines/upload?name=${about === 'a taken name' ? 'iris' : 'other'}`,
        form,
      )
      assert.equal(answer.status, status)
      assert.equal(answer.body.error_message, message)
      assert.ok(answer.body.error_details.length > message.length || release !== '2.16.0')
      const left = await one.ask('GET', `${v2}/pipelines`)
      assert.equal(left.body.total_size, 1, 'nothing half-made is left')
      one.close()
    })
  }

  test('an upload into another\u2019s namespace: 400, as Pipelines has it', async () => {
    const { status, body } = await ask(
      'POST',
      `${v2}/pipelines/upload?name=x&namespace=other`,
      anUpload(aSpec),
    )
    assert.equal(status, 400)
    assert.match(body.error_details, /PermissionDenied: User 'user@example\.com' is not authorized/)
  })

  test('an upload of too much is cut off', async () => {
    const { status } = await ask('POST', `${v2}/pipelines/upload?name=x`, 'x'.repeat(34 * 2 ** 20))
    assert.equal(status, 413)
  })
})

describe('runs', () => {
  let experiment: string
  beforeEach(async () => {
    experiment = await anExperiment(server)
  })

  test('stay PENDING and say why', async () => {
    const { body } = await ask('GET', `${v2}/runs/${await aRun(server, experiment)}`)
    assert.equal(body.state, 'PENDING')
    assert.equal(body.error, undefined)
    assert.equal(body.finished_at, '1970-01-01T00:00:00Z')
    assert.equal(body.service_account, 'default-editor')
    assert.deepEqual(body.state_history, [
      {
        update_time: body.created_at,
        state: 'PENDING',
        error: { message: 'kfdoor records this run and does not execute it: it stays PENDING' },
      },
    ])
    assert.deepEqual(body.pipeline_spec, aSpec)
    assert.deepEqual(body.runtime_config, { parameters: { flower: 'rose' } })
  })

  for (const [outcome, state, status] of [
    ['succeeded', 'SUCCEEDED', 'Succeeded'],
    ['failed', 'FAILED', 'Failed'],
  ] as const) {
    test(`end as ${outcome} when asked to, and say that it is simulated`, async () => {
      const one = aServer({ runOutcome: outcome })
      const id = await aRun(one, await anExperiment(one))
      const { body } = await one.ask('GET', `${v2}/runs/${id}`)
      assert.equal(body.state, state)
      assert.equal(body.finished_at, body.created_at)
      assert.match(body.state_history[1].error.message, /^simulated by kfdoor .*nothing was executed$/)
      const old = await one.ask('GET', `${v1}/runs/${id}`)
      assert.equal(old.body.run.status, status)
      assert.match(
        JSON.parse(old.body.pipeline_runtime.workflow_manifest).status.message,
        /^simulated by kfdoor/,
      )
      one.close()
    })
  }

  test('may be stopped once, and begun again after', async () => {
    const path = `${v2}/runs/${await aRun(server, experiment)}`
    assert.equal((await ask('POST', `${path}:retry`)).status, 500)
    assert.equal((await ask('POST', `${path}:terminate`)).status, 200)
    const stopped = (await ask('GET', path)).body
    assert.equal(stopped.state, 'CANCELED')
    assert.deepEqual(
      stopped.state_history.map((one: { state: string }) => one.state),
      ['PENDING', 'CANCELING', 'CANCELED'],
    )
    const again = await ask('POST', `${path}:terminate`)
    assert.deepEqual([again.status, again.body.code], [400, 3])
    assert.match(again.body.message, /Failed to terminate a run .+\. Row not found$/)
    assert.equal((await ask('POST', `${path}:retry`)).status, 200)
    const retried = (await ask('GET', path)).body
    assert.deepEqual([retried.state, retried.finished_at], ['PENDING', '1970-01-01T00:00:00Z'])
  })

  test('move the time of their experiment\u2019s last run', async () => {
    const run = await ask('GET', `${v2}/runs/${await aRun(server, experiment)}`)
    const { body } = await ask('GET', `${v2}/experiments/${experiment}`)
    assert.equal(body.last_run_created_at, run.body.created_at)
  })

  test('of a version, or of a pipeline\u2019s newest, say which', async () => {
    const uploaded = await ask('POST', `${v2}/pipelines/upload?name=iris`, anUpload(aSpec))
    const pipeline_id = uploaded.body.pipeline_id
    const second = await ask(
      'POST',
      `${v2}/pipelines/upload_version?name=two&pipelineid=${pipeline_id}`,
      anUpload(aSpec),
    )
    const pipeline_version_id = second.body.pipeline_version_id
    for (const asked of [{ pipeline_id }, { pipeline_id, pipeline_version_id }, { pipeline_version_id }]) {
      const { body } = await ask('POST', `${v2}/runs`, {
        display_name: 'r',
        experiment_id: experiment,
        pipeline_version_reference: asked,
        runtime_config: { parameters: { flower: 'x' } },
      })
      assert.deepEqual(body.pipeline_version_reference, { pipeline_id, pipeline_version_id })
      assert.equal(body.pipeline_spec, undefined)
    }
  })

  test('in v1 carry their manifest, parameters and references', async () => {
    const resource_references = [{ key: { type: 1, id: experiment }, relationship: 'OWNER' }]
    const { body } = await ask('POST', `${v1}/runs`, {
      name: 'r',
      pipeline_spec: {
        workflow_manifest: JSON.stringify(aWorkflow),
        parameters: [{ name: 'flower', value: 'rose' }],
      },
      resource_references,
    })
    assert.deepEqual(body.run.resource_references, [
      ...inNamespace,
      { key: { type: 'EXPERIMENT', id: experiment }, relationship: 'OWNER' },
    ])
    assert.equal(body.run.status, 'Pending')
    assert.deepEqual(body.run.pipeline_spec, {
      workflow_manifest: JSON.stringify(aWorkflow),
      parameters: [{ name: 'flower', value: 'rose' }],
    })
    const status = JSON.parse(body.pipeline_runtime.workflow_manifest).status
    assert.match(status.message, /does not execute it/)
    const shown = await ask('GET', `${v2}/runs/${body.run.id}`)
    assert.deepEqual(shown.body.runtime_config, { parameters: { flower: 'rose' } })
  })

  const refused: readonly (readonly [about: string, over: object, status: number, text: string])[] = [
    [
      'no name',
      { display_name: '' },
      500,
      'CreateJob(job.ToV2())Failed to create a run due to conversion error: InternalServerError: Failed to convert a API run detail to its internal representation: Invalid input error: Run name cannot be empty',
    ],
    [
      'no experiment',
      { experiment_id: '' },
      400,
      'Failed to create a new run: Failed to create a run due to invalid experimentId and namespace combination: Invalid input error: Experiment id can not be empty in multi-user mode',
    ],
    [
      'an unknown experiment',
      { experiment_id: 'nope' },
      404,
      'ResourceNotFoundError: Experiment nope not found',
    ],
    [
      'no pipeline',
      { pipeline_spec: undefined },
      500,
      'Failed to create a new run: InternalServerError: Failed to create a run due to error fetching manifest: Invalid input error: Failed to fetch a template with an empty pipeline spec manifest',
    ],
    [
      'what is no pipeline',
      { pipeline_spec: { a: 1 } },
      500,
      'Failed to fetch a template with an invalid pipeline spec manifest: InvalidInputError: unknown template format: pipeline spec is invalid',
    ],
    [
      'an unknown version',
      { pipeline_spec: undefined, pipeline_version_reference: { pipeline_version_id: 'nope' } },
      500,
      'ResourceNotFoundError: PipelineVersion nope not found',
    ],
    [
      'missing inputs',
      { runtime_config: {} },
      400,
      'Failed to generate the ExecutionSpec: invalid pipeline job inputs: Invalid input error: parameter flower is not optional',
    ],
  ]
  for (const [about, over, status, text] of refused) {
    test(`are refused: ${about}`, async () => {
      const answer = await ask('POST', `${v2}/runs`, {
        display_name: 'r',
        experiment_id: experiment,
        pipeline_spec: aSpec,
        runtime_config: { parameters: { flower: 'x' } },
        ...over,
      })
      assert.equal(answer.status, status)
      assert.ok(answer.body.message.includes(text), answer.body.message)
      assert.equal((await ask('GET', `${v2}/runs?namespace=${namespace}`)).body.total_size, undefined)
    })
  }
})

describe('recurring runs', () => {
  let experiment: string
  beforeEach(async () => {
    experiment = await anExperiment(server)
  })
  const create = (over: object = {}) =>
    ask('POST', `${v2}/recurringruns`, {
      display_name: 'j',
      experiment_id: experiment,
      pipeline_spec: aSpec,
      runtime_config: { parameters: { flower: 'x' } },
      max_concurrency: 1,
      trigger: { cron_schedule: { cron: '0 0 3 * * *', end_time: '2030-01-01T00:00:00Z' } },
      mode: 'ENABLE',
      ...over,
    })

  test('are kept, switched on and off, and shown in both APIs', async () => {
    const { body } = await create()
    const id = body.recurring_run_id
    assert.deepEqual([body.status, body.mode, body.max_concurrency], ['ENABLED', 'ENABLE', '1'])
    assert.deepEqual(body.trigger, {
      cron_schedule: { end_time: '2030-01-01T00:00:00Z', cron: '0 0 3 * * *' },
    })
    await ask('POST', `${v2}/recurringruns/${id}:disable`)
    const old = await ask('GET', `${v1}/jobs/${id}`)
    assert.deepEqual([old.body.status, old.body.enabled], ['Disabled', undefined])
    await ask('POST', `${v1}/jobs/${id}/enable`)
    const listed = await ask('GET', `${v2}/recurringruns?namespace=${namespace}`)
    assert.deepEqual(
      listed.body.recurringRuns.map((one: { status: string }) => one.status),
      ['ENABLED'],
    )
    assert.equal((await ask('DELETE', `${v1}/jobs/${id}`)).status, 200)
    assert.equal((await ask('GET', `${v2}/recurringruns/${id}`)).status, 404)
  })

  test('of a pipeline without a version follow its newest', async () => {
    const uploaded = await ask('POST', `${v2}/pipelines/upload?name=iris`, anUpload(aSpec))
    const pipeline_id = uploaded.body.pipeline_id
    const { body } = await create({ pipeline_spec: undefined, pipeline_version_reference: { pipeline_id } })
    assert.deepEqual(body.pipeline_version_reference, { pipeline_id })
  })

  const refused: readonly (readonly [about: string, over: object, text: string])[] = [
    [
      'no concurrency',
      { max_concurrency: undefined },
      'Max concurrency of a recurring run must be at least 1 and at most 10. Received 0',
    ],
    ['too much of it', { max_concurrency: 11 }, 'at most 10. Received 11'],
    [
      'a schedule that is none',
      { trigger: { cron_schedule: { cron: 'daily' } } },
      'Schedule cron is not a supported format(https://godoc.org/github.com/robfig/cron). Error: Expected 5 to 6 fields, found 1: daily',
    ],
    [
      'no interval',
      { trigger: { periodic_schedule: {} } },
      'Found invalid period schedule interval 0. Set at interval to least 1 second',
    ],
    [
      'another namespace than the experiment\u2019s',
      { namespace: 'other' },
      `belongs to namespace '${namespace}' instead of 'other'`,
    ],
    ['missing inputs', { runtime_config: {} }, 'parameter flower is not optional'],
  ]
  for (const [about, over, text] of refused) {
    test(`are refused: ${about}`, async () => {
      const { status, body } = await create(over)
      assert.equal(status, 400)
      assert.ok(body.message.startsWith('Failed to create a recurring run: '), body.message)
      assert.ok(body.message.includes(text), body.message)
    })
  }
})
