/** Schedules: `recurringruns` in v2, `jobs` in v1. They are kept and shown; nothing here starts a run. */
import { cronProblem } from './cron.ts'
import { experimentAndNamespace } from './experiment-rows.ts'
import { asInternal, internal, invalid, notFound, within } from './failure.ts'
import { askedFor, namespaceOf } from './list-scope.ts'
import { jobToApiV1, recurringRunToApi } from './recurring-run-views.ts'
import { referencedId, referencesOf } from './references.ts'
import { type Call, type Handler, type Route, type Service, text } from './service.ts'
import {
  inputsOf,
  type Resolved,
  resolveSource,
  type Source,
  sourceColumns,
  sourceV1,
  sourceV2,
} from './source.ts'
import type { Row } from './store/database.ts'
import { type Listable, listOptions, listRows } from './store/list.ts'
import { checkInputs } from './template.ts'
import type { Fields } from './wire/decode.ts'
import { listQuery } from './wire/query.ts'

const listable: Listable = {
  table: 'jobs',
  type: 'Job',
  columns: {
    id: 'UUID',
    recurring_run_id: 'UUID',
    name: 'DisplayName',
    display_name: 'DisplayName',
    created_at: 'CreatedAtInSec',
    updated_at: 'UpdatedAtInSec',
    description: 'Description',
  },
}

function findJob(service: Service, id: string): Row {
  const row = service.db.get('SELECT * FROM jobs WHERE UUID = ?', id)
  if (!row) throw notFound('Job', id)
  return row
}

async function mayAccess(
  service: Service,
  call: Call,
  verb: string,
  target: { readonly id: string } | { readonly namespace: string; readonly name?: string },
): Promise<void> {
  if (!service.options.multiUser) return
  let { namespace, name } = { namespace: '', name: '', ...target }
  if ('id' in target) {
    const row = await within(`failed to authorize with the recurring run ID`, () =>
      findJob(service, target.id),
    )
    namespace = row.Namespace as string
    name = row.DisplayName as string
  }
  if (namespace === '' || namespace === '-') {
    throw invalid('a recurring run cannot have an empty namespace in multi-user mode')
  }
  await within('failed to authorize with API', () =>
    service.authorize(call, { namespace, verb, resource: 'jobs', name }),
  )
}

const v1 = (call: Call) => call.api === 'v1beta1'
const show = (call: Call, row: Row) => (v1(call) ? jobToApiV1(row) : recurringRunToApi(row))
const kind = (call: Call) => (v1(call) ? 'v1beta1 recurring run' : 'recurring run')

function nameOf(call: Call): string {
  const spec = (call.body.pipeline_spec ?? {}) as Fields
  const name = v1(call) ? text(call.body.name) || text(spec.pipeline_name) : text(call.body.display_name)
  if (name !== '') return name
  throw v1(call)
    ? internal(
        'Invalid input error: Job name cannot be empty',
        'Failed to convert a v1beta1 API recurring run to its internal representation',
      )
    : internal(
        "Invalid input error: Recurring run's name cannot be empty",
        'Failed to convert a API recurring run to its internal representation',
      )
}

const create: Handler = (service, call) =>
  within('Failed to create a recurring run', async () => {
    const { body } = call
    const name = nameOf(call)
    checkSchedule(body)
    const references = referencesOf(body)
    const [experimentId, namespace] = await within(
      'Failed to create a recurring run due to invalid experimentId and namespace combination',
      () =>
        experimentAndNamespace(
          service,
          v1(call) ? referencedId(references, 'EXPERIMENT') : text(body.experiment_id),
          v1(call) ? referencedId(references, 'NAMESPACE') : text(body.namespace),
        ),
    )
    await within(
      `Failed to create a recurring run due to authorization error. Check if you have write permission to namespace ${namespace}`,
      () => mayAccess(service, call, 'create', { namespace, name }),
    )
    const resolved = await resolve(service, v1(call) ? sourceV1(body) : sourceV2(body))
    const now = service.now()
    const row: Row = {
      UUID: service.newId(),
      ExperimentUUID: experimentId,
      DisplayName: name,
      Description: text(body.description),
      Namespace: namespace,
      ServiceAccount:
        text(body.service_account) || (service.options.multiUser ? 'default-editor' : 'pipeline-runner'),
      MaxConcurrency: body.max_concurrency as number,
      NoCatchup: Number(body.no_catchup === true),
      Enabled: Number(isEnabled(body)),
      CreatedAtInSec: now,
      UpdatedAtInSec: now,
      Schedule: JSON.stringify(body.trigger ?? {}),
      ...sourceColumns(resolved),
    }
    service.db.insert('jobs', row)
    return show(call, row)
  })

async function resolve(service: Service, asked: Source): Promise<Resolved> {
  const resolved = await asInternal(
    'Failed to create a recurring run with an invalid pipeline spec manifest',
    () => resolveSource(service, asked),
  )
  await within('invalid pipeline job inputs', () => checkInputs(resolved.template, inputsOf(resolved.source)))
  // v2 without a version means "the newest when it runs", and is shown as it was asked for.
  const floating = asked.versionId === '' && asked.kind === 'none'
  return floating ? { ...resolved, source: { ...resolved.source, versionId: '' } } : resolved
}

const isEnabled = (body: Fields) => body.enabled === true || body.mode === 'ENABLED' || body.mode === 'ENABLE'

function checkSchedule(body: Fields): void {
  const concurrency = (body.max_concurrency as number | undefined) ?? 0
  if (concurrency < 1 || concurrency > 10) {
    throw invalid(
      `Max concurrency of a recurring run must be at least 1 and at most 10. Received ${concurrency}`,
    )
  }
  const trigger = (body.trigger ?? {}) as {
    readonly cron_schedule?: { readonly cron?: string }
    readonly periodic_schedule?: { readonly interval_second?: number }
  }
  if (trigger.cron_schedule) {
    const problem = cronProblem(trigger.cron_schedule.cron ?? '')
    if (problem) {
      throw invalid(
        `Schedule cron is not a supported format(https://godoc.org/github.com/robfig/cron). Error: ${problem}`,
      )
    }
  }
  const interval = trigger.periodic_schedule?.interval_second ?? 0
  if (trigger.periodic_schedule && interval < 1) {
    throw invalid(`Found invalid period schedule interval ${interval}. Set at interval to least 1 second`)
  }
}

const get: Handler = (service, call) =>
  within(`Failed to fetch a ${kind(call)}`, async () => {
    const id = call.params.id as string
    await within('Failed to authorize the request', () => mayAccess(service, call, 'get', { id }))
    return show(call, findJob(service, id))
  })

const list: Handler = async (service, call) => {
  const options = await within(
    `Failed to list ${v1(call) ? 'jobs' : 'recurring runs'} due to error parsing the listing options`,
    () => listOptions(listable, listQuery(call.query), call.api),
  )
  return within('Failed to list jobs', async () => {
    const asked = askedFor(service, call, 'ListJobs', 'job')
    const namespace = await namespaceOf(service, asked, 'recurring runs')
    await within(
      `Failed to list recurring runs due to authorization error. Check if you have permission to access namespace ${namespace}`,
      () => mayAccess(service, call, 'list', { namespace }),
    )
    const scope: Row =
      asked.experimentId === '' ? { Namespace: namespace } : { ExperimentUUID: asked.experimentId }
    const page = listRows(service.db, options, scope)
    return {
      [v1(call) ? 'jobs' : 'recurringRuns']: page.rows.map((row) => show(call, row)),
      total_size: page.totalSize,
      next_page_token: page.nextPageToken,
    }
  })
}

const setMode =
  (verb: 'enable' | 'disable'): Handler =>
  (service, call) =>
    within(`Failed to ${verb} a ${kind(call)}`, async () => {
      const id = call.params.id as string
      await within('Failed to authorize the request', () => mayAccess(service, call, verb, { id }))
      const enabled = verb === 'enable'
      await within(
        `Failed to change recurring run's mode to enable:${enabled}. Check if recurring run ${id} exists`,
        () => findJob(service, id),
      )
      const sql = 'UPDATE jobs SET Enabled = ?, UpdatedAtInSec = ? WHERE UUID = ?'
      service.db.run(sql, Number(enabled), service.now(), id)
      return {}
    })

const remove: Handler = (service, call) =>
  within(`Failed to ${v1(call) ? 'disable' : 'delete'} a recurring run`, async () => {
    const id = call.params.id as string
    await within('Failed to authorize the request', () => mayAccess(service, call, 'delete', { id }))
    await within(`Failed to delete recurring run ${id}. Check if exists`, () => findJob(service, id))
    service.db.run('DELETE FROM jobs WHERE UUID = ?', id)
    return {}
  })

const of = (
  path: string,
  body: 'jobV1' | 'recurringRunV2',
  verb: (name: string) => string,
): readonly Route[] => [
  { method: 'POST', path, body, handler: create },
  { method: 'GET', path, handler: list },
  { method: 'GET', path: `${path}/{id}`, handler: get },
  { method: 'DELETE', path: `${path}/{id}`, handler: remove },
  { method: 'POST', path: `${path}/{id}${verb('enable')}`, handler: setMode('enable') },
  { method: 'POST', path: `${path}/{id}${verb('disable')}`, handler: setMode('disable') },
]
export const recurringRunRoutes: readonly Route[] = [
  ...of('/apis/v2beta1/recurringruns', 'recurringRunV2', (name) => `:${name}`),
  ...of('/apis/v1beta1/jobs', 'jobV1', (name) => `/${name}`),
]
