import { experimentAndNamespace, getExperiment } from './experiment-rows.ts'
import { asInternal, failedPrecondition, internal, invalid, notFound, within } from './failure.ts'
import { askedFor, namespaceOf } from './list-scope.ts'
import { referencedId, referencesOf } from './references.ts'
import { begin, conditions, type Entry, notes } from './run-state.ts'
import { historyOf, runDetailToApiV1, runToApi, runToApiV1 } from './run-views.ts'
import { type Call, type Handler, type Route, type Service, text } from './service.ts'
import { inputsOf, resolveSource, sourceColumns, sourceV1, sourceV2 } from './source.ts'
import type { Row } from './store/database.ts'
import { type Listable, listOptions, listRows } from './store/list.ts'
import { checkInputs } from './template.ts'
import type { Fields } from './wire/decode.ts'
import { listQuery } from './wire/query.ts'

const listable: Listable = {
  table: 'run_details',
  type: 'Run',
  columns: {
    run_id: 'UUID',
    id: 'UUID',
    display_name: 'DisplayName',
    name: 'DisplayName',
    created_at: 'CreatedAtInSec',
    finished_at: 'FinishedAtInSec',
    description: 'Description',
    scheduled_at: 'ScheduledAtInSec',
    storage_state: 'StorageState',
    status: 'Conditions',
    namespace: 'Namespace',
    experiment_id: 'ExperimentUUID',
    state: 'State',
    state_history: 'StateHistory',
    runtime_details: 'PipelineRuntimeManifest',
    recurring_run_id: 'JobUUID',
  },
}

function findRun(service: Service, id: string): Row {
  const row = service.db.get('SELECT * FROM run_details WHERE UUID = ?', id)
  if (!row) throw notFound('Run', id).within(`Failed to fetch run ${id}`)
  return row
}

async function mayAccess(
  service: Service,
  call: Call,
  verb: string,
  target: { readonly id: string } | { readonly namespace: string },
): Promise<void> {
  if (!service.options.multiUser) return
  let { namespace, name } = { namespace: '', name: '', ...target }
  if ('id' in target) {
    const row = await within(`Failed to authorize with the run ID ${target.id}`, () =>
      findRun(service, target.id),
    )
    namespace = row.Namespace as string
    name = row.K8SName as string
  }
  if (namespace === '' || namespace === '-') {
    throw invalid('A run cannot have an empty namespace in multi-user mode')
  }
  await within(
    `Failed to access run ${'id' in target ? target.id : ''}. Check if you have access to namespace ${namespace}`,
    () => service.authorize(call, { namespace, verb, resource: 'runs', name }),
  )
}

const v1 = (call: Call) => call.api === 'v1beta1'
const show = (call: Call, row: Row) => (v1(call) ? runDetailToApiV1(row) : runToApi(row))
const kind = (call: Call) => (v1(call) ? 'v1beta1 run' : 'run')

/** A Kubernetes name made of the run's. */
const workflowName = (name: string, id: string) => {
  const base = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40)
  return `${base || 'run'}-${id.slice(0, 5)}`
}

function nameOf(call: Call): string {
  const spec = (call.body.pipeline_spec ?? {}) as Fields
  const name = v1(call) ? text(call.body.name) || text(spec.pipeline_name) : text(call.body.display_name)
  if (name !== '') return name
  const message = v1(call) ? 'v1beta1 API run detail' : 'API run detail'
  throw internal(
    'Invalid input error: Run name cannot be empty',
    `Failed to convert a ${message} to its internal representation`,
  ).within(`CreateJob(job.ToV2())Failed to create a ${kind(call)} due to conversion error`)
}

const create: Handler = async (service, call) => {
  const { body } = call
  const references = referencesOf(body)
  const name = nameOf(call)
  const asked = v1(call) ? sourceV1(body) : sourceV2(body)
  return within(v1(call) ? 'Failed to create a new v1beta1 run' : 'Failed to create a new run', async () => {
    const [experimentId, namespace] = await within(
      'Failed to create a run due to invalid experimentId and namespace combination',
      () =>
        experimentAndNamespace(
          service,
          v1(call) ? referencedId(references, 'EXPERIMENT') : text(body.experiment_id),
          v1(call) ? referencedId(references, 'NAMESPACE') : '',
        ),
    )
    await within(
      `Failed to create a run due to authorization error. Check if you have write permissions to namespace ${namespace}`,
      () => mayAccess(service, call, 'create', { namespace }),
    )
    const resolved = await asInternal('Failed to create a run due to error fetching manifest', () =>
      resolveSource(service, asked),
    )
    await within('Failed to generate the ExecutionSpec', () =>
      within('invalid pipeline job inputs', () => checkInputs(resolved.template, inputsOf(resolved.source))),
    )
    const id = service.newId()
    const now = service.now()
    const history = begin(service.options.runOutcome, now, notes.recorded)
    const last = history.at(-1) as Entry
    const row: Row = {
      UUID: id,
      ExperimentUUID: experimentId,
      DisplayName: name,
      Description: text(body.description),
      Namespace: namespace,
      StorageState: 'AVAILABLE',
      ServiceAccount:
        text(body.service_account) || (service.options.multiUser ? 'default-editor' : 'pipeline-runner'),
      CreatedAtInSec: now,
      ScheduledAtInSec: now,
      FinishedAtInSec: last.state === 'PENDING' ? 0 : last.at,
      State: last.state,
      Conditions: conditions[last.state],
      StateHistory: JSON.stringify(history),
      JobUUID: v1(call) ? referencedId(references, 'JOB') : text(body.recurring_run_id),
      K8SName: workflowName(name, id),
      PipelineRuntimeManifest: '',
      ...sourceColumns(resolved),
    }
    service.db.transaction(() => {
      service.db.insert('run_details', row)
      service.db.run('UPDATE experiments SET LastRunCreatedAtInSec = ? WHERE UUID = ?', now, experimentId)
    })
    return show(call, row)
  })
}

const get: Handler = (service, call) =>
  within(`Failed to get a ${kind(call)}`, async () => {
    const id = call.params.id as string
    await within('Failed to authorize the request', () => mayAccess(service, call, 'get', { id }))
    return show(call, findRun(service, id))
  })

const list: Handler = async (service, call) => {
  const options = await within('Failed to create list options', () =>
    listOptions(listable, listQuery(call.query), call.api),
  )
  return within(`Failed to list ${kind(call)}s`, async () => {
    const asked = askedFor(service, call, 'ListRuns', 'run')
    const namespace = await namespaceOf(service, asked, 'runs')
    await within(
      `Failed to list runs due to authorization error. Check if you have permission to access namespace ${namespace}`,
      () => mayAccess(service, call, 'list', { namespace }),
    )
    const scope: Row =
      asked.experimentId === '' ? { Namespace: namespace } : { ExperimentUUID: asked.experimentId }
    const page = listRows(service.db, options, scope)
    return {
      runs: page.rows.map((row) => (v1(call) ? runToApiV1(row) : runToApi(row))),
      total_size: page.totalSize,
      next_page_token: page.nextPageToken,
    }
  })
}

/** One action on a run: its verb, its words, and what it does. */
function action(verb: string, act: (service: Service, row: Row, id: string) => void): Handler {
  return (service, call) =>
    within(`Failed to ${verb} a ${kind(call)}`, async () => {
      const id = call.params.id as string
      await within('Failed to authorize the request', () => mayAccess(service, call, verb, { id }))
      const row = await within(`Failed to ${verb} run ${id}`, () => findRun(service, id))
      service.db.transaction(() => act(service, row, id))
      return {}
    })
}

const archive = action('archive', ({ db }, _, id) => {
  db.run("UPDATE run_details SET StorageState = 'ARCHIVED' WHERE UUID = ?", id)
})

const unarchive = action('unarchive', (service, row, id) => {
  const experimentId = row.ExperimentUUID as string
  const experiment = getExperiment(service, experimentId)
  if (experiment.StorageState === 'ARCHIVED') {
    throw failedPrecondition(
      'Unarchive the experiment first to allow the run to be restored',
      `Failed to unarchive run ${id} as experiment ${experimentId} must be un-archived first`,
    )
  }
  service.db.run("UPDATE run_details SET StorageState = 'AVAILABLE' WHERE UUID = ?", id)
})

const remove = action('delete', ({ db }, _, id) => {
  db.run('DELETE FROM run_details WHERE UUID = ?', id)
})

const terminate = action('terminate', (service, row, id) => {
  if (row.State !== 'PENDING') throw invalid(`Failed to terminate a run ${id}. Row not found`)
  const at = service.now()
  enter(service, row, [
    { at, state: 'CANCELING', note: notes.terminated },
    { at, state: 'CANCELED', note: notes.terminated },
  ])
})

const retry = action('retry', (service, row, id) => {
  if (row.State !== 'FAILED' && row.State !== 'CANCELED') {
    throw internal(
      'Workflow must be Failed/Error to retry',
      `Failed to retry run ${id} as it does not allow retries`,
    )
  }
  enter(service, row, begin(service.options.runOutcome, service.now(), notes.retried))
})

function enter(service: Service, row: Row, entries: readonly Entry[]): void {
  const history = [...historyOf(row), ...entries]
  const last = history.at(-1) as Entry
  service.db.run(
    'UPDATE run_details SET State = ?, Conditions = ?, FinishedAtInSec = ?, StateHistory = ? WHERE UUID = ?',
    last.state,
    conditions[last.state],
    last.state === 'PENDING' ? 0 : last.at,
    JSON.stringify(history),
    row.UUID as string,
  )
}

const v2Path = '/apis/v2beta1/runs'
const v1Path = '/apis/v1beta1/runs'
export const runRoutes: readonly Route[] = [
  { method: 'POST', path: v2Path, body: 'runV2', handler: create },
  { method: 'GET', path: v2Path, handler: list },
  { method: 'GET', path: `${v2Path}/{id}`, handler: get },
  { method: 'DELETE', path: `${v2Path}/{id}`, handler: remove },
  { method: 'POST', path: `${v2Path}/{id}:archive`, handler: archive },
  { method: 'POST', path: `${v2Path}/{id}:unarchive`, handler: unarchive },
  { method: 'POST', path: `${v2Path}/{id}:terminate`, handler: terminate },
  { method: 'POST', path: `${v2Path}/{id}:retry`, handler: retry },
  { method: 'POST', path: v1Path, body: 'runV1', handler: create },
  { method: 'GET', path: v1Path, handler: list },
  { method: 'GET', path: `${v1Path}/{id}`, handler: get },
  { method: 'DELETE', path: `${v1Path}/{id}`, handler: remove },
  { method: 'POST', path: `${v1Path}/{id}:archive`, handler: archive },
  { method: 'POST', path: `${v1Path}/{id}:unarchive`, handler: unarchive },
  { method: 'POST', path: `${v1Path}/{id}/terminate`, handler: terminate },
  { method: 'POST', path: `${v1Path}/{id}/retry`, handler: retry },
]
