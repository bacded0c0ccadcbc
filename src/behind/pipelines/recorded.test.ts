/**
 * Every request that the real kfp SDKs were recorded sending, put to this server: it takes them all,
 * and answers with at least the fields that the recorder answered with (which satisfied the SDK).
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it, test } from 'node:test'
import { sharedPath } from '../../../tools/shared.ts'
import { type AServer, anExperiment, anUpload, aRun, aServer, aSpec, namespace, user } from './a-server.ts'

interface Recorded {
  readonly label: string
  readonly method: string
  readonly path: string
  readonly rawQuery: string
  readonly body: null | {
    readonly kind: 'json' | 'multipart' | 'raw'
    readonly json?: unknown
    readonly parts?: readonly { readonly headers: readonly string[]; readonly text: string }[]
  }
  readonly response: { readonly status: number; readonly body: unknown }
}

const files = [
  'kfp-2.17.0.connect',
  'kfp-2.17.0.experiments',
  'kfp-2.17.0.pipelines',
  'kfp-2.17.0.runs',
  'kfp-2.17.0.recurring-runs',
  'kfp-1.8.22.v1beta1',
]

/** The ids the recorder made up, and what they stand for. */
const recordedId = (digit: string) =>
  [8, 4, 4, 4, 12]
    .map(
      (length, i) => (i === 2 ? '4' : i === 3 ? '8' : '') + digit.repeat(length - Number(i === 2 || i === 3)),
    )
    .join('-')

/** A server that has one of everything; recorded id → its own. */
async function seeded(server: AServer, request: Recorded): Promise<ReadonlyMap<string, string>> {
  const creates = request.method === 'POST' && request.path.endsWith('/experiments')
  const experiment = await anExperiment(server, creates ? 'another' : 'iris-exp')
  if (!creates) await anExperiment(server, 'Default')
  if (/get_pipeline_id|v10/.test(request.label)) {
    await server.ask('POST', '/apis/v2beta1/pipelines/upload?name=hello', anUpload(aSpec))
  }
  const spec = {
    ...aSpec,
    root: {
      ...aSpec.root,
      inputDefinitions: { parameters: { name: { parameterType: 'STRING', defaultValue: 'iris' } } },
    },
  }
  const uploaded = await server.ask(
    'POST',
    `/apis/v2beta1/pipelines/upload?name=seeded&namespace=${namespace}`,
    anUpload(spec),
  )
  const pipeline = uploaded.body.pipeline_id
  const versions = await server.ask('GET', `/apis/v2beta1/pipelines/${pipeline}/versions`)
  const [version] = versions.body.pipeline_versions
  if (request.label.includes('delete_pipeline') && !request.label.includes('version')) {
    // A pipeline goes when its versions are gone.
    const path = `/apis/v2beta1/pipelines/${pipeline}/versions/${version.pipeline_version_id}`
    await server.ask('DELETE', path)
  }
  const job = await server.ask('POST', '/apis/v2beta1/recurringruns', {
    display_name: 'job',
    experiment_id: experiment,
    max_concurrency: 1,
    pipeline_spec: spec,
    trigger: { cron_schedule: { cron: '0 0 * * * *' } },
    mode: 'ENABLE',
  })
  return new Map([
    [recordedId('1'), experiment],
    [recordedId('2'), await aRun(server, experiment)],
    [recordedId('3'), pipeline],
    [recordedId('4'), version.pipeline_version_id],
    [recordedId('5'), job.body.recurring_run_id],
  ])
}

const isNothing = (value: unknown): boolean =>
  value === null ||
  value === '' ||
  value === 0 ||
  (typeof value === 'object' && Object.values(value as object).every(isNothing))

/** Every field that was answered then is answered now, in the same kind. */
function assertCovers(then: unknown, now: unknown, where: string): void {
  if (isNothing(then)) return
  // int64: the recorder wrote it both ways, protobuf writes text, and the SDKs read both.
  const kind = (value: unknown) => (/max_concurrency|interval_second/.test(where) ? 'int64' : typeof value)
  assert.equal(kind(now), kind(then), `${where} was ${JSON.stringify(then)}, is ${JSON.stringify(now)}`)
  // What a pipeline holds is the caller's; a run here shows its own.
  if (/pipeline_spec|parameters|trigger/.test(where)) return
  if (Array.isArray(then)) {
    assert.ok(Array.isArray(now) && now.length > 0, `${where} is empty`)
    assertCovers(then[0], now[0], `${where}[0]`)
  } else if (typeof then === 'object') {
    for (const [key, value] of Object.entries(then as object)) {
      assertCovers(value, (now as Record<string, unknown>)[key], `${where}.${key}`)
    }
  }
}

function bodyOf(request: Recorded, rename: (text: string) => string): unknown {
  if (!request.body) return undefined
  if (request.body.kind === 'json') return rename(JSON.stringify(request.body.json))
  const form = new FormData()
  for (const part of request.body.parts ?? []) {
    const [, name, file] = /name="([^"]*)"; filename="([^"]*)"/.exec(part.headers.join('\n')) ?? []
    form.set(name as string, new File([part.text], file as string))
  }
  return form
}

const folder = sharedPath('fixtures/kfp-client/')
if (!folder) {
  test('requests of the kfp SDKs (left out: no shared folder beside the checkout)', { skip: true }, () => {})
}
for (const file of folder ? files : []) {
  const { requests } = JSON.parse(readFileSync(`${folder}${file}.json`, 'utf8')) as {
    requests: readonly Recorded[]
  }
  describe(file, () => {
    // The recordings of refused doors belong to the door.
    for (const request of requests.filter(
      (one) => one.response.status === 200 && one.path.includes('/apis/'),
    )) {
      it(`${request.label}: ${request.method} ${request.path}`, async () => {
        const server = aServer()
        try {
          const ids = await seeded(server, request)
          const rename = (text: string) =>
            [...ids].reduce((all, [then, now]) => all.replaceAll(then, now), text)
          const target = rename(`${request.path}${request.rawQuery ? `?${request.rawQuery}` : ''}`)
          const answer = await server.ask(request.method, target, bodyOf(request, rename), {
            'kubeflow-userid': user,
          })
          assert.equal(answer.status, 200, JSON.stringify(answer.body))
          assertCovers(request.response.body, answer.body, 'body')
        } finally {
          server.close()
        }
      })
    }
  })
}
